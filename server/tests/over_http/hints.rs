//! What servers of one database tell one another: two real ones on PostgreSQL that look for nothing by themselves for
//! a minute.

use crate::support::{MockExecutor, TestServer, client, sign_in};
use entity::executor::Registration;
use entity::job::{JobState, Overlap};
use entity::run::RunState;
use entity::user::UserRole;
use reqwest::Client;
use scheduler::authority::Caller;
use scheduler::clock::{Clock, SystemClock};
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::hints::{AT, Key, LASTS_MS, MOST_BYTES, PATH, SIGNATURE};
use scheduler::jobs::{self, JobDraft};
use scheduler::store::Databases;
use scheduler::{Services, namespaces, runs, servers};
use sea_orm::ConnectionTrait;
use server::config::{Layers, Settings};
use server::lifecycle::{self, Server};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const TOKEN: &str = "one-token-for-this-test";
const METRICS: &str = "scrape-me";
/// How often the servers look by themselves, where only a hint is to wake them: longer than a test takes.
const NEVER_MS: u32 = 600_000;
/// So soon what is told happens at the latest.
const SOON: Duration = Duration::from_secs(20);

/// Two servers, a and b, each of which has jobs to decide for.
struct Pair {
    a: Node,
    b: Node,
    services: Services,
    client: Client,
    /// Of an administrator who is signed in.
    cookie: String,
    executor: MockExecutor,
    executor_id: i32,
}

struct Node {
    server: Server,
    /// By its row.
    id: i32,
    _folder: TempDir,
}

/// Settings of a server on this database.
fn settings(folder: &TempDir, database_url: &str, changed: &[(&str, &str)]) -> Settings {
    let key = "a7".repeat(32);
    let mut flags: Vec<(String, String)> = [
        ("listen", "127.0.0.1:0"),
        ("database_url", database_url),
        ("data_dir", &folder.path().display().to_string()),
        ("admin_password", "correct horse battery"),
        ("executor_api.token", TOKEN),
        ("http.metrics_token", METRICS),
        ("audit.key", &key),
        ("engine.lease_ttl_ms", "1500"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    flags.extend(changed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Layers::new(None, Vec::new(), &flags).unwrap().settings().unwrap()
}

/// A new database on the server of this URL.
async fn new_database(server: &str) -> String {
    let admin = Databases::connect(server).await.unwrap();
    let name = format!("orrery_hints_{:x}", rand::random::<u64>());
    admin.web.reader().execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

impl Node {
    async fn start(database_url: &str, poll_ms: u32, changed: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(&folder, database_url, changed);
        settings.engine.poll_ms = poll_ms;
        let server = Server::start(settings).await.unwrap();
        Self { server, id: 0, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// A figure of its metrics.
    async fn figure(&self, client: &Client, name: &str) -> u64 {
        let text = client.get(self.url("/metrics")).bearer_auth(METRICS).send().await.unwrap();
        let text = text.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap();
        line.parse().unwrap()
    }
}

impl Pair {
    /// None without PostgreSQL. What these jobs run on is there before the servers start. `of_b` is set for b alone.
    async fn start(poll_ms: u32, of_b: &[(&str, &str)]) -> Option<Self> {
        let Ok(server) = std::env::var("ORRERY_TEST_POSTGRES_URL") else {
            eprintln!("skipped: ORRERY_TEST_POSTGRES_URL is not set");
            return None;
        };
        let url = new_database(&server).await;
        let client = client();
        let folder = tempfile::tempdir().unwrap();
        let (_, services) = lifecycle::open(&settings(&folder, &url, &[])).await.unwrap();
        lifecycle::prepare(&services, Some("correct horse battery".to_owned())).await.unwrap();
        let executor = MockExecutor::start().await;
        let executor_id = put_executor(&services, &executor.address).await;
        let cookie = sign_in(&services, "ada", UserRole::SuperAdmin).await;
        let mut a = Node::start(&url, poll_ms, &[]).await;
        let mut b = Node::start(&url, poll_ms, of_b).await;
        (a.id, b.id) = share(&services).await;
        let pair = Self { a, b, services, client, cookie, executor, executor_id };
        pair.both_know().await;
        Some(pair)
    }

    /// Both have renewed their leases since the buckets were handed over, and know who has which.
    async fn both_know(&self) {
        let counters = async || {
            let cluster = servers::cluster(&self.services, &Caller::operator()).await.unwrap();
            let counters: HashMap<i32, i64> =
                cluster.servers.iter().map(|row| (row.server.id, row.server.counter)).collect();
            [counters[&self.a.id], counters[&self.b.id]]
        };
        let before = counters().await;
        // One may have been under way.
        until(async || counters().await.iter().zip(before).all(|(now, before)| *now >= before + 2)).await;
    }

    /// A job that only people and parents start, which this server decides for. It is told to nobody.
    async fn job_of(&self, node: &Node, change: impl Fn(&mut JobDraft)) -> i32 {
        loop {
            let name = format!("{:x}", rand::random::<u64>());
            let mut draft = JobDraft::by_hand(self.executor_id, &name, "demo");
            change(&mut draft);
            let job = jobs::create(&self.services, &Caller::operator(), draft, JobState::Stopped).await;
            let job_id = job.unwrap().id;
            let owner = servers::owner_of_job(&self.services, job_id).await.unwrap();
            if owner.unwrap().id == node.id {
                return job_id;
            }
        }
    }

    /// *Run now* at this server.
    async fn run_at(&self, node: &Node, job_id: i32) {
        let form = format!("id={job_id}");
        let request = self.client.post(node.url("/rpc/app/api/jobs/run_job")).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        assert!(answer.status().is_success() || answer.status().is_redirection(), "{:?}", answer);
    }

    /// The executor reports success to this server.
    async fn succeed_at(&self, node: &Node, run_id: i64, triggered_at: i64) {
        let body = format!(
            r#"[{{"logId":{run_id},"logDateTim":{triggered_at},"handleCode":200,"handleMsg":"","executeResult":{{"code":200,"msg":""}}}}]"#
        );
        let request = self.client.post(node.url("/api/callback")).header("XXL-JOB-ACCESS-TOKEN", TOKEN);
        let answer = request.body(body).send().await.unwrap().text().await.unwrap();
        assert!(answer.contains("200"), "{answer}");
    }

    async fn state_of(&self, run_id: i64) -> RunState {
        runs::get(&self.services, &Caller::operator(), run_id).await.unwrap().run.state
    }

    /// The job whose run arrives next, and the run: within [`SOON`].
    async fn next_run(&mut self) -> (i32, i64, i64) {
        let arrived = tokio::time::timeout(SOON, self.executor.next_trigger()).await.expect("no run arrived");
        (arrived.job_id, arrived.log_id, arrived.log_date_time)
    }

    async fn stop(self) {
        tokio::join!(self.a.server.stop(), self.b.server.stop());
    }
}

async fn put_executor(services: &Services, address: &str) -> i32 {
    let namespace = namespaces::ensure(services, "default", "default").await.unwrap();
    let edit = ExecutorEdit {
        app_name: "demo".to_owned(),
        title: "demo".to_owned(),
        registration: Registration::Manual,
        addresses: address.to_owned(),
        max_parallel: 0,
    };
    let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
    executors::create(services, &Caller::operator(), draft).await.unwrap().0.id
}

/// Waits until two servers share the buckets; their ids, the older one's first.
async fn share(services: &Services) -> (i32, i32) {
    let begin = Instant::now();
    loop {
        let cluster = servers::cluster(services, &Caller::operator()).await.unwrap();
        let having: Vec<i32> =
            cluster.servers.iter().filter(|row| row.buckets > 0).map(|row| row.server.id).collect();
        if let [a, b] = having[..] {
            return (a, b);
        }
        assert!(begin.elapsed() < SOON, "{having:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_by_hand_goes_out_at_once_whichever_server_is_asked() {
    let Some(mut pair) = Pair::start(NEVER_MS, &[]).await else { return };
    let job = pair.job_of(&pair.b, |_| {}).await;
    for _ in 0..3 {
        pair.run_at(&pair.a, job).await;
        assert_eq!(pair.next_run().await.0, job);
    }
    // Each is counted when its answer is there.
    until(async || pair.a.figure(&pair.client, "orrery_hints_sent_total").await >= 3).await;
    assert_eq!(pair.a.figure(&pair.client, "orrery_hints_failed_total").await, 0);
    assert!(pair.b.figure(&pair.client, "orrery_hints_received_total").await >= 3);
    // What is its own it need not tell anybody.
    let told = pair.b.figure(&pair.client, "orrery_hints_sent_total").await;
    pair.run_at(&pair.b, job).await;
    assert_eq!(pair.next_run().await.0, job);
    assert_eq!(pair.b.figure(&pair.client, "orrery_hints_sent_total").await, told);
    pair.stop().await;
}

#[tokio::test]
async fn a_chain_over_two_servers_goes_on_at_once_whichever_is_told_of_the_ends() {
    let Some(mut pair) = Pair::start(NEVER_MS, &[]).await else { return };
    let third = pair.job_of(&pair.a, |_| {}).await;
    let second = pair.job_of(&pair.b, |draft| draft.children = vec![third]).await;
    let first = pair.job_of(&pair.a, |draft| draft.children = vec![second]).await;
    pair.run_at(&pair.a, first).await;
    let mut order = Vec::new();
    // Each end is told to the server that does not decide for the job.
    for is_told_to_b in [true, false] {
        let (job_id, run_id, at) = pair.next_run().await;
        order.push(job_id);
        pair.succeed_at(if is_told_to_b { &pair.b } else { &pair.a }, run_id, at).await;
    }
    order.push(pair.next_run().await.0);
    assert_eq!(order, [first, second, third]);
    pair.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_run_goes_out_when_another_server_is_told_of_its_end() {
    let Some(mut pair) = Pair::start(NEVER_MS, &[]).await else { return };
    let one_by_one = |draft: &mut JobDraft| draft.overlap = Overlap::Queue;
    let job = pair.job_of(&pair.b, one_by_one).await;
    pair.run_at(&pair.b, job).await;
    let (_, run_id, at) = pair.next_run().await;
    // That it was accepted has been written, so that nothing but its end wakes b.
    until(async || pair.state_of(run_id).await == RunState::Running).await;
    let told = pair.a.figure(&pair.client, "orrery_hints_received_total").await;
    pair.run_at(&pair.b, job).await;
    // The second one waits, and so b has told a that it wants to know.
    until(async || pair.a.figure(&pair.client, "orrery_hints_received_total").await > told).await;
    assert!(pair.executor.another_trigger().is_none());
    pair.succeed_at(&pair.a, run_id, at).await;
    let (next_job, next_run, _) = pair.next_run().await;
    assert!(next_job == job && next_run != run_id);
    pair.stop().await;
}

#[tokio::test]
async fn ends_that_nobody_waits_for_are_told_to_nobody() {
    let Some(mut pair) = Pair::start(NEVER_MS, &[]).await else { return };
    let job = pair.job_of(&pair.b, |_| {}).await;
    let heard_by_b = async |pair: &Pair| pair.b.figure(&pair.client, "orrery_hints_received_total").await;
    let before = heard_by_b(&pair).await;
    for _ in 0..3 {
        pair.run_at(&pair.b, job).await;
        let (_, run_id, at) = pair.next_run().await;
        pair.succeed_at(&pair.a, run_id, at).await;
    }
    // What a tells next comes after whatever it told before.
    pair.run_at(&pair.a, job).await;
    assert_eq!(pair.next_run().await.0, job);
    assert_eq!(heard_by_b(&pair).await, before + 1);
    pair.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_told_finds_the_run_by_itself_and_nobody_waits_for_it() {
    // Whoever connects there is never answered.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("http://{}", mute.local_addr().unwrap());
    for wrong in [mute.as_str(), "http://127.0.0.1:9"] {
        let Some(mut pair) = Pair::start(1_000, &[("cluster_url", wrong)]).await else { return };
        let job = pair.job_of(&pair.b, |_| {}).await;
        for _ in 0..2 {
            let begin = Instant::now();
            pair.run_at(&pair.a, job).await;
            assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
            assert_eq!(pair.next_run().await.0, job);
        }
        until(async || pair.a.figure(&pair.client, "orrery_hints_failed_total").await >= 1).await;
        assert_eq!(pair.b.figure(&pair.client, "orrery_hints_received_total").await, 0);
        pair.stop().await;
    }
}

/// What a server answers to hints that were said at this time and signed with this key.
async fn answer(test: &TestServer, key: &Key, at: i64, hints: &str) -> u16 {
    let signature = key.signature(at, hints.as_bytes());
    let request = test.post(PATH).header(AT, at).header(SIGNATURE, signature);
    let answer = request.body(hints.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    assert!(answer.bytes().await.unwrap().is_empty(), "nothing is told in return");
    status
}

#[tokio::test]
async fn hints_are_taken_from_servers_of_the_cluster_and_only_when_they_are_said() {
    let test =
        TestServer::start_with(&[("audit.key", &"a7".repeat(32)), ("http.metrics_token", METRICS)]).await;
    let key = Key::of(&scheduler::rules::audit::Key::new([0xa7; 32]));
    let other = Key::of(&scheduler::rules::audit::Key::new([0xa8; 32]));
    let now = SystemClock.now();
    assert_eq!(answer(&test, &key, now, "run 5\njob 6\nmoon 7\n").await, 204);
    assert_eq!(answer(&test, &key, now, "run 5\n").await, 204, "doubled, it does no harm");
    assert_eq!(answer(&test, &other, now, "run 5\n").await, 401);
    for late in [LASTS_MS + 5_000, -LASTS_MS - 5_000] {
        assert_eq!(answer(&test, &key, now + late, "run 5\n").await, 401);
    }
    assert_eq!(answer(&test, &key, now, &"x".repeat(MOST_BYTES + 1)).await, 413);
    let signature = key.signature(now, b"run 5\n");
    let changed = test.post(PATH).header(AT, now).header(SIGNATURE, &signature).body("run 6\n");
    assert_eq!(changed.send().await.unwrap().status(), 401);
    let unsigned = [
        test.post(PATH).body("run 5\n"),
        test.post(PATH).header(AT, now).body("run 5\n"),
        test.post(PATH).header(SIGNATURE, &signature).body("run 5\n"),
        test.post(PATH).header(AT, "yesterday").header(SIGNATURE, &signature).body("run 5\n"),
    ];
    for request in unsigned {
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let metrics = test.get("/metrics").bearer_auth(METRICS).send().await.unwrap().text().await.unwrap();
    for line in [
        "orrery_hints_received_total 2",
        "orrery_hints_refused_total 9",
        "orrery_hints_sent_total 0",
        "orrery_hints_failed_total 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn nobody_who_is_signed_in_can_say_a_hint() {
    let test = TestServer::start().await;
    let cookie = test.signed_in("ada", UserRole::SuperAdmin).await;
    let request = test.post(PATH).header("cookie", cookie).body("run 5\n");
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(test.get(PATH).send().await.unwrap().status(), 405);
}
