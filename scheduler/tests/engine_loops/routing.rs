//! Which instance gets a run, where that rests on more than the run: turns, earlier use, and what
//! the instances say when they are asked.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::waiting;
use crate::world::{Server, World, reply};
use entity::instance::Model as Instance;
use entity::job::{Model as Job, Routing};
use entity::run::{Reason, RunState};
use entity::run_text::{self, Try, TryOutcome};
use protocol::RemoteReply;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::engine::step::{Step, What};
use scheduler::store::filling;
use sea_orm::EntityTrait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Instant;

type Answer = Option<Result<RemoteReply, CallFailure>>;

/// The two that ask, and the one that splits, last.
const EVERY_STRATEGY: [Routing; 10] = [
    Routing::First,
    Routing::Last,
    Routing::Round,
    Routing::Random,
    Routing::ConsistentHash,
    Routing::LeastFrequentlyUsed,
    Routing::LeastRecentlyUsed,
    Routing::Failover,
    Routing::Busyover,
    Routing::Broadcast,
];

/// Three instances of executor 1, and these jobs.
async fn three_instances(executors: ScriptedDispatcher, jobs: &[Job]) -> World {
    let world = World::with(executors, jobs).await;
    world.fresh.put_instance(instance(2, 1)).await;
    world.fresh.put_instance(instance(3, 1)).await;
    world
}

/// Instances that accept runs, and answer questions by their id.
fn asked(answer: impl Fn(i32) -> Answer + Send + Sync + 'static) -> ScriptedDispatcher {
    ScriptedDispatcher::new(move |target, call| match call {
        Call::Beat | Call::IdleBeat { .. } => answer(target.instance_id),
        _ => Some(Ok(reply(200, ""))),
    })
}

fn dead() -> Answer {
    Some(Err(CallFailure::NeverArrived("connection refused".to_owned())))
}

/// The instances that runs were sent to, in order.
fn sent_to(world: &World) -> Vec<String> {
    let diary = world.executors.diary();
    let runs = diary.into_iter().filter(|asked| matches!(asked.call, Call::Run(_)));
    runs.map(|asked| asked.address.trim_start_matches("http://10.0.0.").replace(":9999", "")).collect()
}

/// Whom a run was routed past, and what came of asking.
async fn tries(world: &World, run_id: i64) -> Vec<(String, TryOutcome)> {
    let texts = run_text::Entity::find_by_id(run_id).one(world.fresh.databases.web.reader()).await.unwrap();
    let tries: Vec<Try> = serde_json::from_str(&texts.unwrap().tries.unwrap()).unwrap();
    tries.into_iter().map(|tried| (tried.address, tried.outcome)).collect()
}

fn at(id: i32, outcome: TryOutcome) -> (String, TryOutcome) {
    (format!("http://10.0.0.{id}:9999"), outcome)
}

/// So many seconds of a job that fires every second.
async fn seconds(world: &World, server: &mut Server, count: usize) {
    for _ in 0..count {
        server.turn().await;
        world.clock.advance(1_000);
    }
}

#[tokio::test]
async fn last_takes_the_last_address_and_a_hashed_job_stays_where_it_is() {
    let last = Job { routing: Routing::Last, ..job(1, 1) };
    let hashed = Job { routing: Routing::ConsistentHash, ..job(2, 1) };
    let world = three_instances(ScriptedDispatcher::accepting(), &[last, hashed]).await;
    let mut server = world.server().await;
    seconds(&world, &mut server, 3).await;
    let mut server = world.server().await;
    seconds(&world, &mut server, 3).await;
    let mut at = [Vec::new(), Vec::new()];
    for run in world.runs().await {
        at[run.job_id as usize - 1].push(run.instance_id.unwrap());
    }
    let [last, mut hashed] = at;
    assert_eq!(last, [3; 6]);
    assert_eq!(hashed.len(), 6);
    hashed.dedup();
    assert_eq!(hashed.len(), 1);
}

#[tokio::test]
async fn runs_by_hand_and_by_the_schedule_take_turns_together() {
    let round = Job { routing: Routing::Round, ..job(1, 1) };
    let world = three_instances(ScriptedDispatcher::accepting(), std::slice::from_ref(&round)).await;
    let mut server = world.server().await;
    for second in 0..3 {
        server.turn().await;
        world.start_by_hand(waiting(500 + second, &round, START + second * 1_000), "").await;
        server.turn().await;
        world.clock.advance(1_000);
    }
    assert_eq!(sent_to(&world), ["1", "2", "3", "1", "2", "3"]);
}

#[tokio::test]
async fn the_least_used_instance_is_known_after_a_restart_and_to_runs_by_hand() {
    for routing in [Routing::LeastFrequentlyUsed, Routing::LeastRecentlyUsed] {
        let by_use = Job { routing, ..job(1, 1) };
        let world = three_instances(ScriptedDispatcher::accepting(), std::slice::from_ref(&by_use)).await;
        let mut server = world.server().await;
        seconds(&world, &mut server, 2).await;
        let mut server = world.server().await;
        world.start_by_hand(waiting(500, &by_use, START + 1_500), "").await;
        server.turn().await;
        seconds(&world, &mut server, 3).await;
        let mut sent = sent_to(&world);
        assert_eq!(sent[..2], ["1", "2"], "{routing:?}");
        sent.sort_unstable();
        assert_eq!(sent, ["1", "1", "2", "2", "3", "3"], "{routing:?}");
    }
}

#[tokio::test]
async fn runs_of_one_batch_see_each_others_use() {
    let by_use = Job { routing: Routing::LeastFrequentlyUsed, ..job(1, 1) };
    let world = three_instances(ScriptedDispatcher::accepting(), std::slice::from_ref(&by_use)).await;
    world.clock.set(START - 60_000);
    let mut server = world.server().await;
    for id in 500..506 {
        world.start_by_hand(waiting(id, &by_use, START - 60_000), "").await;
    }
    server.turn().await;
    let mut sent = sent_to(&world);
    sent.sort_unstable();
    assert_eq!(sent, ["1", "1", "2", "2", "3", "3"]);
}

#[tokio::test]
async fn failover_skips_a_dead_address_and_the_remark_lists_the_tries() {
    let executors = asked(|id| match id {
        1 => dead(),
        _ => Some(Ok(reply(200, ""))),
    });
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let world = three_instances(executors, &[failover]).await;
    let mut server = world.server().await;
    assert_eq!(server.plan().await.claimed, 0);
    assert_eq!(world.states().await, [RunState::Waiting]);
    server.planner.answered().await;
    assert_eq!(server.plan().await.claimed, 1);
    server.turn().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.instance_id), (RunState::Running, Some(2)));
    assert_eq!(sent_to(&world), ["2"]);
    let expected = [at(1, TryOutcome::Unreachable), at(2, TryOutcome::Chosen)];
    assert_eq!(tries(&world, run.id).await, expected);
}

#[tokio::test]
async fn where_nobody_answers_or_nobody_is_idle_the_run_is_skipped_with_its_tries() {
    let executors = asked(|id| match id {
        1 => dead(),
        2 => Some(Ok(reply(500, "job thread is running or has trigger queue."))),
        _ => Some(Err(CallFailure::NoAnswer("the connection broke".to_owned()))),
    });
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let busyover = Job { routing: Routing::Busyover, ..job(2, 1) };
    let world = three_instances(executors, &[failover, busyover]).await;
    let mut server = world.server().await;
    server.plan().await;
    while world.states().await.iter().any(|state| !state.is_final()) {
        server.plan_asking().await;
    }
    let runs = world.runs().await;
    let of = |job: i32| runs.iter().find(|run| run.job_id == job).unwrap();
    assert_eq!((of(1).state, of(1).reason), (RunState::Skipped, Reason::NoneAlive));
    assert_eq!((of(2).state, of(2).reason), (RunState::Skipped, Reason::NoneIdle));
    assert_eq!((of(1).attention, of(1).live_bucket), (Some(1), None));
    let expected = |second| [at(1, TryOutcome::Unreachable), at(2, second), at(3, TryOutcome::NoAnswer)];
    assert_eq!(tries(&world, of(1).id).await, expected(TryOutcome::Refused));
    assert_eq!(tries(&world, of(2).id).await, expected(TryOutcome::Busy));
    assert_eq!(sent_to(&world), Vec::<String>::new());
}

#[tokio::test]
async fn busyover_takes_the_first_that_is_idle_and_two_runs_at_once_take_two() {
    let executors = asked(|id| match id {
        1 => Some(Ok(reply(500, "busy"))),
        _ => Some(Ok(reply(200, ""))),
    });
    let busyover = Job { routing: Routing::Busyover, ..job(1, 1) };
    let world = three_instances(executors, std::slice::from_ref(&busyover)).await;
    let mut server = world.server().await;
    world.start_by_hand(waiting(500, &busyover, START), "").await;
    // The second asks after the first was claimed: until that has arrived, nobody else can know of it.
    assert_eq!(server.plan_asking().await.claimed, 1);
    assert_eq!(server.plan_asking().await.claimed, 1);
    server.send(0).await;
    let mut sent = sent_to(&world);
    sent.sort_unstable();
    assert_eq!(sent, ["2", "3"]);
}

#[tokio::test]
async fn an_address_that_hangs_when_asked_delays_only_its_own_job() {
    let executors = asked(|id| (id != 1).then(|| Ok(reply(200, ""))));
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let other = Job { routing: Routing::Failover, ..job(2, 2) };
    let world = three_instances(executors, &[failover, job(3, 1)]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(instance(4, 2)).await;
    world.fresh.put_job(other.clone(), cursor(&other, Some(START))).await;
    let mut server = world.server().await;
    // One after the other: what asks nobody, whose instances have answered, and at last its own.
    for _ in 0..3 {
        assert_eq!(server.plan().await.claimed, 1);
        server.send(0).await;
        server.planner.answered().await;
    }
    assert_eq!(sent_to(&world), ["1", "4", "2"]);
    let runs = world.runs().await;
    let own = runs.iter().find(|run| run.job_id == 1).unwrap();
    let expected = [at(1, TryOutcome::NoAnswer), at(2, TryOutcome::Chosen)];
    assert_eq!(tries(&world, own.id).await, expected);
}

#[tokio::test]
async fn an_address_that_hung_the_last_time_is_waited_for_less_until_it_answers() {
    let hanging = Arc::new(AtomicI32::new(1));
    let told = hanging.clone();
    let executors = asked(move |id| (id != told.load(Ordering::Relaxed)).then(|| Ok(reply(200, ""))));
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let world = three_instances(executors, &[failover]).await;
    let mut server = world.server().await;
    for limit in [None, Some(world.settings.probe_within)] {
        server.plan().await;
        let began = Instant::now();
        server.planner.answered().await;
        assert!(limit.is_none_or(|limit| began.elapsed() < limit));
        server.turn().await;
        world.clock.advance(1_000);
    }
    hanging.store(0, Ordering::Relaxed);
    server.plan_asking().await;
    server.send(0).await;
    assert_eq!(sent_to(&world), ["2", "2", "1"]);
}

fn killed(run_id: i64) -> [Step; 1] {
    [Step { run_id, at: START, what: What::Kill { by: None } }]
}

#[tokio::test]
async fn a_run_that_is_killed_while_its_instances_are_asked_goes_nowhere() {
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let world = three_instances(asked(|_| Some(Ok(reply(200, "")))), &[failover]).await;
    let mut server = world.server().await;
    server.plan().await;
    let run_id = world.runs().await[0].id;
    server.shared.store.apply(None, &killed(run_id)).await.unwrap();
    server.planner.answered().await;
    assert_eq!(server.plan().await.claimed, 0);
    assert_eq!(world.states().await, [RunState::Killed]);
    assert_eq!(sent_to(&world), Vec::<String>::new());
}

#[tokio::test]
async fn a_dead_address_that_comes_back_gets_the_next_run() {
    let down = Arc::new(AtomicI32::new(1));
    let told = down.clone();
    let executors = asked(move |id| match id == told.load(Ordering::Relaxed) {
        true => dead(),
        false => Some(Ok(reply(200, ""))),
    });
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    let world = three_instances(executors, &[failover]).await;
    let mut server = world.server().await;
    for _ in 0..2 {
        server.plan_asking().await;
        server.send(0).await;
        world.clock.advance(1_000);
        down.store(0, Ordering::Relaxed);
    }
    assert_eq!(sent_to(&world), ["2", "1"]);
}

#[tokio::test]
async fn a_job_runs_only_where_it_may_by_every_strategy() {
    let by_label = |id, routing| Job { only_on: "zone=b".to_owned(), routing, ..job(id, 1) };
    let strategies = &EVERY_STRATEGY[..7];
    let jobs: Vec<Job> =
        (1..).zip(strategies.iter().copied()).map(|(id, routing)| by_label(id, routing)).collect();
    let world = World::with(ScriptedDispatcher::accepting(), &jobs).await;
    let labelled = Instance { labels: "disk=ssd,zone=b".to_owned(), ..instance(2, 1) };
    world.fresh.put_instance(labelled).await;
    world.fresh.put_instance(Instance { labels: "zone=a".to_owned(), ..instance(3, 1) }).await;
    let mut server = world.server().await;
    seconds(&world, &mut server, 3).await;
    assert_eq!(sent_to(&world), vec!["2"; 3 * jobs.len()]);
}

#[tokio::test]
async fn where_a_job_may_run_nowhere_it_is_skipped_with_that_reason_and_nobody_is_asked() {
    let elsewhere = |id, routing| Job { only_on: "10.0.0.9".to_owned(), routing, ..job(id, 1) };
    let jobs = [Routing::Round, Routing::Failover, Routing::Broadcast];
    let jobs: Vec<Job> = (1..).zip(jobs).map(|(id, routing)| elsewhere(id, routing)).collect();
    let world = three_instances(ScriptedDispatcher::accepting(), &jobs).await;
    let mut server = world.server().await;
    server.turn().await;
    let facts: Vec<_> = world.runs().await.iter().map(|run| (run.state, run.reason, run.attention)).collect();
    assert_eq!(facts, [(RunState::Skipped, Reason::NoneAllowed, Some(1)); 3]);
    assert!(world.executors.diary().is_empty());
}

fn draining(id: i32) -> Instance {
    Instance { draining_since: Some(START), ..instance(id, 1) }
}

#[tokio::test]
async fn no_strategy_takes_an_instance_that_drains() {
    let jobs: Vec<Job> =
        (1..).zip(EVERY_STRATEGY).map(|(id, routing)| Job { routing, ..job(id, 1) }).collect();
    let executors = asked(|_| Some(Ok(reply(200, "here"))));
    let world = World::with(executors, &jobs).await;
    world.fresh.put_instance(draining(2)).await;
    world.fresh.put_instance(draining(3)).await;
    let mut server = world.server().await;
    for _ in 0..3 {
        server.turn().await;
        server.planner.answered().await;
        server.turn().await;
        world.clock.advance(1_000);
    }
    let runs = world.runs().await;
    assert!(runs.len() >= jobs.len());
    let elsewhere = runs.iter().filter_map(|run| run.instance_id).any(|instance| instance != 1);
    assert!(!elsewhere && sent_to(&world).iter().all(|sent| sent == "1"), "{:?}", sent_to(&world));
    assert!(!sent_to(&world).is_empty());
}

#[tokio::test]
async fn where_all_that_may_run_a_job_drain_it_is_skipped_with_that_reason() {
    let here = Job { only_on: "10.0.0.2".to_owned(), ..job(1, 1) };
    let split = Job { only_on: "10.0.0.2".to_owned(), routing: Routing::Broadcast, ..job(2, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[here, split]).await;
    world.fresh.put_instance(draining(2)).await;
    let mut server = world.server().await;
    server.turn().await;
    let facts: Vec<_> = world.runs().await.iter().map(|run| (run.state, run.reason, run.attention)).collect();
    assert_eq!(facts, [(RunState::Skipped, Reason::Draining, Some(1)); 2]);
    assert!(world.executors.diary().is_empty());
}

#[tokio::test]
async fn among_thousands_of_instances_each_strategy_chooses_one_and_asks_a_bounded_number() {
    const CROWD: i32 = 10_000;
    let ways = &EVERY_STRATEGY[..9];
    let jobs: Vec<Job> =
        (1..).zip(ways.iter().copied()).map(|(id, routing)| Job { routing, ..job(id, 1) }).collect();
    let executors = asked(|_| Some(Ok(reply(500, "busy"))));
    let world = World::with(executors, &jobs).await;
    let address = |number: i32| format!("http://10.1.{}.{}:9999", number / 100, number % 100);
    let crowd = (2..=CROWD).map(|number| Instance { address: address(number), ..instance(number, 1) });
    filling::instances(&world.fresh.databases.web, crowd).await.unwrap();
    let mut server = world.server().await;
    server.turn().await;
    server.planner.answered().await;
    server.planner.answered().await;
    server.turn().await;
    let diary = world.executors.diary();
    let questions =
        diary.iter().filter(|asked| matches!(asked.call, Call::Beat | Call::IdleBeat { .. })).count();
    assert_eq!(questions, 200, "a hundred of each of the two that ask");
    let runs = world.runs().await;
    assert_eq!(runs.len(), ways.len());
    let running =
        runs.iter().filter(|run| run.state == RunState::Running && run.instance_id.is_some()).count();
    assert_eq!(running, ways.len() - 2, "the two that ask found nobody idle");
}

#[tokio::test]
async fn a_broadcast_to_thousands_of_instances_makes_a_shard_for_each_once() {
    const CROWD: i32 = 5_000;
    let broadcast = Job { routing: Routing::Broadcast, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[broadcast]).await;
    let address = |number: i32| format!("http://10.1.{}.{}:9999", number / 100, number % 100);
    let crowd = (2..=CROWD).map(|number| Instance { address: address(number), ..instance(number, 1) });
    filling::instances(&world.fresh.databases.web, crowd).await.unwrap();
    let mut server = world.server().await;
    server.turn().await;
    let runs = world.runs().await;
    let mut instances: Vec<i32> =
        runs.iter().filter(|run| run.parent_id.is_some()).filter_map(|run| run.instance_id).collect();
    assert_eq!(instances.len(), CROWD as usize);
    instances.sort_unstable();
    instances.dedup();
    assert_eq!(instances.len(), CROWD as usize);
}
