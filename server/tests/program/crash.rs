//! Kills and stops in the middle of jobs that fire each second.

use crate::executor::{Account, Behaviour, Executor, Received};
use crate::support::{Installation, Run, SOON, Serving, census, job, now};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio::time::sleep;

const JOBS: usize = 20;
const SECOND: i64 = 1_000;
/// For what was interrupted to be asked about twice, and sent again.
const ASKED: Duration = Duration::from_secs(45);

/// A server with jobs of each second and an executor that does its work.
struct Scene {
    installation: Installation,
    executor: Executor,
    random: StdRng,
    /// What all lives before the present one logged.
    logged: Vec<String>,
}

impl Scene {
    async fn start() -> (Self, Serving) {
        let seed = now();
        println!("seed {seed}");
        let installation = Installation::new();
        let jobs: Vec<_> = (0..JOBS).map(|number| job(&format!("job {number:02}"), "worker", 0)).collect();
        let tokens = installation.apply(&["worker"], &jobs).await;
        let (answer, work) = (Duration::from_millis(30), Duration::from_millis(120));
        let executor = Executor::start("worker", &tokens["worker"], Behaviour::Work { answer, work });
        let serving = installation.serve().await;
        executor.register(&serving).await;
        executor.first_run().await;
        let random = StdRng::seed_from_u64(seed.unsigned_abs());
        (Self { installation, executor, random, logged: Vec::new() }, serving)
    }

    /// Lets it run on for so many seconds, and then to a random moment of the next second within
    /// these milliseconds.
    async fn run_on(&mut self, seconds: i64, within: std::ops::Range<i64>) {
        let now = now();
        let moment = (now / SECOND + 1 + seconds) * SECOND + self.random.random_range(within);
        sleep(Duration::from_millis((moment - now).unsigned_abs())).await;
    }

    async fn start_again(&mut self, logged: Vec<String>) -> Serving {
        self.logged.extend(logged);
        let serving = self.installation.serve().await;
        self.executor.report_to(&serving);
        serving
    }

    /// Waits until everything up to the present second has ended, stops, and checks the account of
    /// every second up to then. Returns the rows up to then.
    async fn finish(mut self, serving: Serving) -> (Self, Vec<Run>) {
        let end = now() / SECOND * SECOND;
        let done = |runs: &[Run]| {
            let reached = runs.iter().filter(|run| run.nominal_at == end).count() == JOBS;
            reached && runs.iter().all(|run| run.nominal_at > end || run.is_final())
        };
        self.installation.runs_when(ASKED, "every run has ended", done).await;
        let (status, _, logged) = serving.terminate().await;
        assert!(status.success(), "{status}");
        self.logged.extend(logged);
        for line in &self.logged {
            assert!(!line.contains("invariant violated") && !line.contains("panicked"), "{line}");
        }
        let mut runs = self.installation.runs().await;
        runs.retain(|run| run.nominal_at <= end);
        assert_every_second_once(&runs, end);
        assert_same_account(&runs, &self.executor.account(), end);
        (self, runs)
    }
}

/// Each second of each job from its first to `end` belongs to exactly one row.
fn assert_every_second_once(runs: &[Run], end: i64) {
    let mut seconds: BTreeMap<&str, BTreeMap<i64, usize>> = BTreeMap::new();
    for run in runs {
        let last = run.span_last.unwrap_or(run.nominal_at);
        let covered: Vec<i64> = (run.nominal_at..=last).step_by(1_000).collect();
        assert_eq!(covered.len(), usize::try_from(run.span_count).unwrap(), "{run:?}");
        for second in covered {
            *seconds.entry(&run.job).or_default().entry(second).or_default() += 1;
        }
    }
    assert_eq!(seconds.len(), JOBS);
    for (job, seconds) in seconds {
        let first = *seconds.keys().next().unwrap();
        for second in (first..=end).step_by(1_000) {
            assert_eq!(seconds.get(&second), Some(&1), "rows of {job} for {second}");
        }
    }
}

/// The executor received exactly what the rows say: each succeeded run once, and nothing else.
fn assert_same_account(runs: &[Run], account: &Account, end: i64) {
    let received: Vec<Received> =
        account.received.iter().filter(|received| received.due_at <= end).copied().collect();
    let mut fires = HashSet::new();
    let mut ids = HashSet::new();
    for one in &received {
        assert!(ids.insert(one.run_id), "started twice: {one:?}");
        assert!(fires.insert((one.job_id, one.due_at)), "fired twice: {one:?}");
    }
    let first_received = received.iter().map(|one| one.due_at).min().unwrap();
    for run in runs {
        match run.end() {
            ("succeeded", "none") => assert!(ids.remove(&run.id), "never received: {run:?}"),
            // Before the executor had registered, and while nobody could fire.
            ("skipped", "no_instance") => assert!(run.nominal_at <= first_received, "{run:?}"),
            ("skipped", "misfire") => {}
            _ => panic!("neither carried out nor explained: {run:?}"),
        }
    }
    assert!(ids.is_empty(), "received without a row that succeeded: {ids:?}");
}

/// How late runs arrived: the latest, and how many more than three seconds, which are those that
/// were asked about first.
fn lateness(account: &Account) -> (i64, usize) {
    let late: Vec<i64> = account.received.iter().map(|one| one.received_at - one.due_at).collect();
    (late.iter().copied().max().unwrap_or(0), late.iter().filter(|late| **late > 3 * SECOND).count())
}

/// How many of the rows stand in each of the states, by state.
fn states(runs: &[Run]) -> HashMap<&str, usize> {
    let mut states = HashMap::new();
    for run in runs {
        *states.entry(run.state.as_str()).or_default() += 1;
    }
    states
}

#[tokio::test]
async fn killed_amid_jobs_of_each_second_the_server_loses_no_fire_and_repeats_none() {
    let (mut scene, mut serving) = Scene::start().await;
    // Anywhere in a second; while the next one is being claimed; while it is being sent.
    for within in [0..1_000, 860..1_000, 0..60] {
        scene.run_on(2, within).await;
        let received = scene.executor.account().received.len();
        let logged = serving.kill().await;
        let killed_at = now();
        serving = scene.start_again(logged).await;
        let down = now() - killed_at;
        let mut runs = scene.installation.runs().await;
        runs.retain(|run| run.nominal_at <= killed_at + 150 && !run.is_final());
        println!(
            "killed at .{:03} after {received} requests, down for {down} ms, open at the return: {:?}",
            killed_at % SECOND,
            states(&runs)
        );
    }
    scene.run_on(3, 0..1).await;
    let (scene, runs) = scene.finish(serving).await;
    let (latest, asked) = lateness(&scene.executor.account());
    println!(
        "{} rows: {:?}; latest start {latest} ms, {asked} started after asking",
        runs.len(),
        states(&runs)
    );
    assert!(runs.len() >= 10 * JOBS, "{:?}", census(&runs));
}

#[tokio::test]
async fn stopped_amid_jobs_of_each_second_the_server_leaves_nothing_in_doubt() {
    let (mut scene, mut serving) = Scene::start().await;
    for within in [860..1_000, 0..60] {
        scene.run_on(1, within).await;
        let (status, taken, logged) = serving.terminate().await;
        assert!(status.success() && taken < Duration::from_secs(10), "{status} after {taken:?}");
        let runs = scene.installation.runs().await;
        let left = states(&runs);
        println!("stopped in {taken:?}, left behind: {left:?}");
        assert!(!left.contains_key("sending") && !left.contains_key("unknown"), "{:?}", census(&runs));
        serving = scene.start_again(logged).await;
    }
    let seen = scene.executor.account().received.len();
    scene.executor.until(SOON, "it goes on", |account| account.received.len() >= seen + 2 * JOBS).await;
    let (scene, runs) = scene.finish(serving).await;
    let (latest, asked) = lateness(&scene.executor.account());
    println!("{} rows: {:?}; latest start {latest} ms", runs.len(), states(&runs));
    assert_eq!(asked, 0, "nothing had to be asked about; the latest start was {latest} ms late");
}
