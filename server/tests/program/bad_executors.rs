//! Executors that die, hang, and answer nonsense, and a healthy one beside them.

use crate::executor::{Account, Behaviour, Executor};
use crate::support::{Installation, Run, SOON, Serving, census, job, now};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What the server adds to a job's time-out before it ends a run itself.
const GRACE_MS: i64 = 30_000;
const SECOND: i64 = 1_000;

fn of(runs: &[Run], id: i64) -> &Run {
    runs.iter().find(|run| run.id == id).unwrap()
}

/// An executor that has taken a run, is known to have taken it, and is dead.
async fn dead_with_a_run(
    installation: &Installation,
    serving: &Serving,
    app_name: &str,
    token: &str,
) -> (Executor, i64) {
    let mut executor = Executor::start(app_name, token, Behaviour::Hold);
    executor.register(serving).await;
    let run = executor.first_run().await.run_id;
    let running = |runs: &[Run]| of(runs, run).state == "running";
    installation.runs_when(SOON, "the run is known to run", running).await;
    executor.kill();
    (executor, run)
}

#[tokio::test]
async fn runs_of_a_killed_executor_end_at_their_limit_or_are_put_in_doubt_when_it_has_signed_off() {
    let installation = Installation::new();
    let apps = ["limited", "unlimited", "leaving"];
    let jobs = [job("limited", "limited", 1), job("unlimited", "unlimited", 0), job("leaving", "leaving", 0)];
    let tokens = installation.apply(&apps, &jobs).await;
    let serving = installation.serve().await;
    let (_limited, with_limit) =
        dead_with_a_run(&installation, &serving, "limited", &tokens["limited"]).await;
    let (_unlimited, without_limit) =
        dead_with_a_run(&installation, &serving, "unlimited", &tokens["unlimited"]).await;
    let (leaving, left) = dead_with_a_run(&installation, &serving, "leaving", &tokens["leaving"]).await;
    leaving.sign_off(&serving).await;
    let signed_off = now();

    let doubted = |runs: &[Run]| of(runs, left).state == "unknown";
    let runs = installation.runs_when(SOON, "the run of who signed off is in doubt", doubted).await;
    let doubted_after = now() - signed_off;
    assert_eq!(of(&runs, left).reason, "instance_gone");
    assert!(doubted_after > 9 * SECOND, "its last results were not waited for: {doubted_after} ms");
    assert_eq!(of(&runs, with_limit).state, "running", "the executor has its time to report the limit");

    let limit = Duration::from_secs(40);
    let runs =
        installation.runs_when(limit, "the limit ends the run", |runs| of(runs, with_limit).is_final());
    let runs = runs.await;
    let ended = of(&runs, with_limit);
    assert_eq!(ended.end(), ("timed_out", "deadline"));
    let (deadline, ended_at) = (ended.deadline_at.unwrap(), ended.ended_at.unwrap());
    let after_due = deadline - ended.nominal_at - SECOND - GRACE_MS;
    assert!((0..SECOND).contains(&after_due), "one second and the grace: {after_due} ms off");
    println!("ended {} ms after its limit, doubted {doubted_after} ms after leaving", ended_at - deadline);
    assert!((0..=2 * SECOND).contains(&(ended_at - deadline)), "{} ms after", ended_at - deadline);
    assert_eq!(of(&runs, without_limit).end(), ("running", "none"), "nothing says that it is over");

    // What was sent to the dead one's port never arrived, and what came later had nowhere to go.
    let census = census(&runs);
    assert!(census.contains_key(&("limited", "failed", "unreachable")), "{census:?}");
    assert!(census.contains_key(&("leaving", "skipped", "no_instance")), "{census:?}");
    results_come_after_all(&installation, &serving, &tokens, [with_limit, without_limit, left]).await;
}

/// The executors come back and report: a result still ends what is open, and changes nothing else.
async fn results_come_after_all(
    installation: &Installation,
    serving: &Serving,
    tokens: &HashMap<String, String>,
    [with_limit, without_limit, left]: [i64; 3],
) {
    for (app_name, run) in [("limited", with_limit), ("unlimited", without_limit), ("leaving", left)] {
        let body = format!(r#"[{{"logId":{run},"handleCode":200}}]"#);
        assert_eq!(serving.call("callback", &tokens[app_name], body).await["code"], 200);
    }
    let runs = installation.runs().await;
    assert_eq!(of(&runs, with_limit).end(), ("timed_out", "deadline"));
    assert_eq!(of(&runs, with_limit).late_code, Some(200));
    assert_eq!(of(&runs, without_limit).end(), ("succeeded", "none"));
    assert_eq!(of(&runs, left).end(), ("succeeded", "none"));
}

/// Delays from due to received of what was due in this span, in order.
fn delays(account: &Account, due: std::ops::Range<i64>) -> Vec<i64> {
    let received = account.received.iter().filter(|one| due.contains(&one.due_at));
    let mut delays: Vec<i64> = received.map(|one| one.received_at - one.due_at).collect();
    delays.sort_unstable();
    delays
}

fn p99(delays: &[i64]) -> i64 {
    delays[(delays.len() * 99).div_ceil(100) - 1]
}

/// Every job has fired for every second of this span.
fn assert_fired_each_second(account: &Account, jobs: usize, due: std::ops::Range<i64>) {
    let mut fires: BTreeMap<i64, usize> = BTreeMap::new();
    for one in account.received.iter().filter(|one| due.contains(&one.due_at)) {
        *fires.entry(one.due_at).or_default() += 1;
    }
    for second in due.step_by(1_000) {
        assert_eq!(fires.get(&second), Some(&jobs), "fires for {second}");
    }
}

/// All ended runs of a job that went out ended so.
fn assert_all_ended(runs: &[Run], job: &str, end: (&str, &str)) {
    let mut count = 0;
    for run in runs.iter().filter(|run| run.job == job && run.is_final() && run.reason != "no_instance") {
        assert_eq!(run.end(), end, "{run:?}");
        count += 1;
    }
    assert!(count >= 5, "{job}: {count}");
}

#[tokio::test]
async fn executors_that_answer_nonsense_or_nothing_or_late_delay_only_their_own_runs() {
    const HEALTHY: usize = 5;
    let installation = Installation::new();
    let bad = [
        ("garbage", Behaviour::Garbage),
        ("broken", Behaviour::Broken),
        ("silent", Behaviour::Silent),
        ("late", Behaviour::Late(Duration::from_secs(10))),
        ("missing", Behaviour::Refuse("job handler [missing] not found.")),
    ];
    let mut jobs: Vec<_> = bad.iter().map(|(name, _)| job(name, name, 0)).collect();
    jobs.extend((0..HEALTHY).map(|number| job(&format!("healthy {number}"), "healthy", 0)));
    let mut apps: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    apps.push("healthy");
    let tokens = installation.apply(&apps, &jobs).await;
    let serving = installation.serve().await;

    let (answer, work) = (Duration::from_millis(5), Duration::from_millis(50));
    let healthy = Executor::start("healthy", &tokens["healthy"], Behaviour::Work { answer, work });
    healthy.register(&serving).await;
    let first = healthy.first_run().await.due_at / SECOND * SECOND + SECOND;
    healthy.until(SOON, "alone", |account| account.received.len() >= 5 * HEALTHY).await;
    let begun = now() / SECOND * SECOND;
    let mut executors = HashMap::new();
    for (name, behaviour) in bad {
        let executor = Executor::start(name, &tokens[name], behaviour);
        executor.register(&serving).await;
        executors.insert(name, executor);
    }

    let late = executors["late"].first_run().await.run_id;
    let doubted = |runs: &[Run]| of(runs, late).end() == ("unknown", "no_answer");
    installation.runs_when(SOON, "without an answer the run is in doubt", doubted).await;
    let reported = |account: &Account| account.reported.len() >= 3;
    executors["late"].until(SOON, "late answers and their results are taken", reported).await;
    let ended = now() / SECOND * SECOND - SECOND;
    let runs = installation.runs_with_texts().await;

    assert_fired_each_second(&healthy.account(), HEALTHY, first..ended);
    let (alone, beside) =
        (delays(&healthy.account(), first..begun), delays(&healthy.account(), begun..ended));
    let (alone_p99, beside_p99) = (p99(&alone), p99(&beside));
    println!(
        "healthy: p99 {alone_p99} ms alone ({}), {beside_p99} ms beside ({})",
        alone.len(),
        beside.len()
    );
    // Generous, for machines that do other things as well; a lane in the way would cost 3 s.
    assert!(beside_p99 < 750, "the healthy one is held up: {alone_p99} ms alone, {beside_p99} ms beside");

    println!("{:?}", census(&runs));
    assert_all_ended(&runs, "garbage", ("failed", "garbage"));
    assert_all_ended(&runs, "broken", ("failed", "garbage"));
    assert_all_ended(&runs, "missing", ("failed", "refused"));
    let text = |job: &str| {
        let run = runs.iter().find(|run| run.job == job && run.state == "failed").unwrap();
        run.dispatch.clone().unwrap_or_default()
    };
    assert_eq!(text("missing"), "job handler [missing] not found.");
    assert!(text("garbage").contains("It works!"), "{}", text("garbage"));
    assert_eq!(of(&runs, late).end(), ("succeeded", "none"));
    let horizon = now() - 6 * SECOND;
    let silent = runs.iter().filter(|run| run.job == "silent" && run.reason != "no_instance");
    let silent: Vec<&Run> = silent.filter(|run| run.nominal_at < horizon).collect();
    // Those that were sent before the first was in doubt; nothing follows them there.
    let (doubted, held): (Vec<&Run>, Vec<&Run>) =
        silent.into_iter().partition(|run| run.end() == ("unknown", "no_answer"));
    assert!(doubted.len() >= 3, "{doubted:?}");
    assert!(held.iter().all(|run| run.end() == ("waiting", "in_doubt")), "{held:?}");
}
