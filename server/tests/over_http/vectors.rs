//! The protocol's test vectors that take a server and an executor at once: something happens at the one, and
//! what the other then does is looked at. The numbers are those of the protocol's table.
//!
//! Where the others are: 1 to 4 in `executor_api`, 5 to 10 and 21 in `callbacks`; in `scheduler/tests`, 13, 16
//! and 24's answer of 6 MB in `engine_loops/http`, 15 in `services/logs`, 24's log of 50 MB in
//! `services/log_origin`, 18 in `services/instances`, 22 in `engine_loops/firing` and, measured, in
//! `cargo xtask bench isolate`, 23 in `engine_loops/doubt`.

use crate::support::{MockExecutor, TestServer};
use entity::job::{JobState, Routing};
use entity::run::RunState;
use entity::user::UserRole;
use protocol::TriggerRequest;
use scheduler::authority::Caller;
use scheduler::jobs::{self, JobDraft};
use scheduler::runs::{self, RunDetail};
use serde_json::json;
use server::http::access::FUNCTIONS;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server with an executor of the name `billing`, and a job on it that is started by hand.
struct World {
    test: TestServer,
    token: String,
    job: i32,
}

impl World {
    async fn start(routing: Routing) -> Self {
        let test = TestServer::start().await;
        let (view, token) = test.executor("billing").await;
        let draft = JobDraft { routing, ..JobDraft::by_hand(view.id, "invoice", "invoice") };
        let operator = Caller::operator();
        let job = jobs::create(&test.services, &operator, draft, JobState::Stopped).await.unwrap().id;
        Self { test, token, job }
    }

    /// Calls a method of the executor API for the instance at this address.
    async fn says(&self, method: &str, address: &str) {
        let body = json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": address });
        assert_eq!(self.test.call(method, &self.token, body.to_string()).await["code"], 200);
    }

    async fn run_now(&self) -> i64 {
        runs::run_now(&self.test.services, &Caller::operator(), self.job, None).await.unwrap()
    }

    async fn succeeds(&self, run: i64) {
        let body = json!([{ "logId": run, "handleCode": 200, "handleMsg": "42 rows" }]);
        assert_eq!(self.test.call("callback", &self.token, body.to_string()).await["code"], 200);
    }

    async fn stored(&self, run: i64) -> RunDetail {
        runs::get(&self.test.services, &Caller::operator(), run).await.unwrap()
    }

    async fn comes_to(&self, run: i64, state: RunState) -> RunDetail {
        loop {
            let detail = self.stored(run).await;
            if detail.run.state == state {
                return detail;
            }
            assert!(!detail.run.state.is_final(), "{:?} instead of {state:?}", detail.run.state);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn vector_11_a_killed_run_stays_killed_whatever_its_executor_reports() {
    let world = World::start(Routing::First).await;
    let mut executor = MockExecutor::start().await;
    world.says("registry", &executor.address).await;
    let run = world.run_now().await;
    executor.next_trigger().await;
    let cookie = world.test.signed_in("ada", UserRole::SuperAdmin).await;
    let kill = world.test.post(&format!("{FUNCTIONS}app/api/runs/kill_run")).body(format!("id={run}"));
    let kill = kill.header("content-type", "application/x-www-form-urlencoded").header("cookie", cookie);
    assert!(kill.send().await.unwrap().status().is_success());
    world.succeeds(run).await;
    assert_eq!(world.stored(run).await.run.state, RunState::Killed);
}

#[tokio::test]
async fn vector_12_an_array_is_the_refusal_of_a_go_executor() {
    let world = World::start(Routing::First).await;
    let words = r#"[{"code":500,"msg":"There are tasks running"}]"#;
    let executor = MockExecutor::answering(Duration::ZERO, words).await;
    world.says("registry", &executor.address).await;
    let run = world.run_now().await;
    let failed = world.comes_to(run, RunState::Failed).await;
    let said = format!("{:?}", failed.text);
    assert!(said.contains("There are tasks running"), "{said}");
}

#[tokio::test]
async fn vector_14_a_late_answer_and_a_later_result_are_one_run_that_succeeded() {
    let world = World::start(Routing::First).await;
    // Beyond the three seconds after which a run is in doubt.
    let mut executor = MockExecutor::answering(Duration::from_secs(4), r#"{"code":200}"#).await;
    world.says("registry", &executor.address).await;
    let run = world.run_now().await;
    assert_eq!(executor.next_trigger().await.log_id, run);
    world.comes_to(run, RunState::Unknown).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.succeeds(run).await;
    assert_eq!(world.stored(run).await.run.state, RunState::Succeeded);
    assert_eq!(executor.another_trigger().map(|again| again.log_id), None);
}

/// Reads a request to its end; false when there is none any more.
async fn read_request(connection: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
        if connection.read_buf(&mut request).await.unwrap() == 0 {
            return false;
        }
    }
}

#[tokio::test]
async fn vector_17_a_connection_that_the_executor_closed_is_not_used_again() {
    let world = World::start(Routing::First).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.says("registry", &format!("http://{}", listener.local_addr().unwrap())).await;
    let mut closed: Option<TcpStream> = None;
    for _ in 0..2 {
        let run = world.run_now().await;
        let (mut connection, _) = listener.accept().await.unwrap();
        if let Some(mut closed) = closed.take() {
            assert!(!read_request(&mut closed).await);
        }
        assert!(read_request(&mut connection).await);
        // It says nothing about closing, as after a long idle time.
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"code\":200}";
        connection.write_all(answer.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        closed = Some(connection);
        world.comes_to(run, RunState::Running).await;
        world.succeeds(run).await;
        assert_eq!(world.stored(run).await.run.state, RunState::Succeeded);
    }
}

#[tokio::test]
async fn vector_19_an_instance_that_signed_off_is_not_chosen_by_the_next_run() {
    let world = World::start(Routing::Round).await;
    let (mut stays, mut leaves) = (MockExecutor::start().await, MockExecutor::start().await);
    world.says("registry", &stays.address).await;
    world.says("registry", &leaves.address).await;
    let both = [world.run_now().await, world.run_now().await];
    let mut arrived = [stays.next_trigger().await.log_id, leaves.next_trigger().await.log_id];
    arrived.sort_unstable();
    assert_eq!(arrived, both, "one after the other");
    world.says("registryRemove", &leaves.address).await;
    for _ in 0..2 {
        let run = world.run_now().await;
        assert_eq!(stays.next_trigger().await.log_id, run);
    }
    assert!(leaves.another_trigger().is_none());
}

#[tokio::test]
async fn vector_20_a_broadcast_is_a_run_for_each_address_in_their_order() {
    let world = World::start(Routing::Broadcast).await;
    let mut executors = Vec::new();
    for _ in 0..3 {
        executors.push(MockExecutor::start().await);
    }
    executors.sort_by(|one, other| one.address.cmp(&other.address));
    for executor in executors.iter().rev() {
        world.says("registry", &executor.address).await;
    }
    for _ in 0..2 {
        world.run_now().await;
        let mut requests: Vec<TriggerRequest> = Vec::new();
        for executor in &mut executors {
            requests.push(executor.next_trigger().await);
        }
        let shards: Vec<(i32, i32)> =
            requests.iter().map(|request| (request.broadcast_index, request.broadcast_total)).collect();
        assert_eq!(shards, [(0, 3), (1, 3), (2, 3)]);
        let distinct = |of: fn(&TriggerRequest) -> i64| {
            requests.iter().map(of).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!((distinct(|request| request.log_id), distinct(|request| request.log_date_time)), (3, 1));
        for request in &requests {
            world.succeeds(request.log_id).await;
        }
    }
}
