//! Runs that wait because another run of their job is in doubt at the instance that they would go to.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::{sending, waiting};
use crate::world::{JavaExecutor, Server, World, reply};
use entity::bucket;
use entity::executor as executors;
use entity::instance::{Client, Model as Instance};
use entity::job::{Model as Job, Overlap, Routing, ScheduleKind};
use entity::run::{Model as Run, Reason, RunState};
use entity::run_text::{self, Try, TryOutcome};
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::engine::step::{Step, What};
use scheduler::rules::bucket::bucket_of_limited;
use scheduler::signals::Change;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, EntityTrait, IntoActiveModel};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const RUNS: (RunState, Reason) = (RunState::Running, Reason::None);
const DOUBTED: (RunState, Reason) = (RunState::Unknown, Reason::NoAnswer);
const HELD: (RunState, Reason) = (RunState::Waiting, Reason::InDoubt);

/// The first request for a run of job 1 gets no answer; everything else is accepted.
fn first_is_lost() -> ScriptedDispatcher {
    let lost = Arc::new(AtomicBool::new(false));
    ScriptedDispatcher::new(move |_, call| match call {
        Call::Run(request) if request.job_id == 1 && !lost.swap(true, Ordering::SeqCst) => Some(no_answer()),
        _ => Some(Ok(reply(200, ""))),
    })
}

fn no_answer<T>() -> Result<T, CallFailure> {
    Err(CallFailure::NoAnswer("the connection broke".to_owned()))
}

async fn outcomes(world: &World) -> Vec<(RunState, Reason)> {
    world.runs().await.iter().map(|run| (run.state, run.reason)).collect()
}

async fn second(server: &mut Server, world: &World) {
    world.clock.advance(1_000);
    server.turn().await;
}

async fn succeed(server: &mut Server, run_id: i64) {
    server.report(vec![ResultFact { run_id, executor_id: 1, code: 200, text: String::new() }]).await;
}

/// A job started by hand only, with this strategy.
fn by_hand(routing: Routing) -> Job {
    Job { routing, schedule_kind: ScheduleKind::Manual, schedule: String::new(), ..job(1, 1) }
}

/// Three instances, run 500 of this job in doubt at the first that it went to, and run 501 at hand.
async fn one_in_doubt(routing: Routing) -> (World, Server) {
    let job = by_hand(routing);
    let world = World::with(first_is_lost(), &[]).await;
    world.fresh.put_instance(instance(2, 1)).await;
    world.fresh.put_instance(instance(3, 1)).await;
    world.fresh.put_job(job.clone(), cursor(&job, None)).await;
    let mut server = world.server().await;
    for id in [500, 501] {
        world.start_by_hand(waiting(id, &job, START), "").await;
        server.plan_asking().await;
        server.send(0).await;
        server.record().await;
    }
    (world, server)
}

async fn places(world: &World) -> Vec<Option<i32>> {
    world.runs().await.iter().map(|run| run.instance_id).collect()
}

#[tokio::test]
async fn while_a_run_is_in_doubt_the_others_of_its_job_wait_and_go_when_it_is_settled() {
    let other = job(2, 1);
    let world = World::with(first_is_lost(), &[job(1, 1), other]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    second(&mut server, &world).await;
    let runs = world.runs().await;
    let of = |id: i32| -> Vec<_> {
        runs.iter().filter(|run| run.job_id == id).map(|run| (run.state, run.reason)).collect()
    };
    assert_eq!(of(1), [DOUBTED, HELD, HELD]);
    assert_eq!(of(2), [RUNS; 3], "another job is not concerned");
    let report = server.plan().await;
    assert_eq!(report.next_at, Some(START + 2_880), "nothing is tried again until something happens");
    let own: Vec<i64> = runs.iter().filter(|run| run.job_id == 1).map(|run| run.id).collect();
    succeed(&mut server, own[0]).await;
    assert_eq!(server.plan().await.claimed, 2, "at once, and not with the next poll");
    server.send(0).await;
    server.record().await;
    let sent: Vec<i64> = world.executors.runs().into_iter().filter(|id| own.contains(id)).collect();
    assert_eq!(sent, own);
}

#[tokio::test]
async fn a_run_that_never_started_is_sent_again_before_those_that_wait_for_it() {
    let java = JavaExecutor::default();
    let arrived = Mutex::new(0);
    // The second request is lost on its way.
    let executors = ScriptedDispatcher::new(move |_, call| {
        if let Call::Run(_) = call {
            let mut arrived = arrived.lock().unwrap();
            *arrived += 1;
            if *arrived == 2 {
                return Some(no_answer());
            }
        }
        Some(java.answer(call))
    });
    let fives = Job { schedule: "0/5 * * * * ?".to_owned(), ..job(1, 1) };
    let world = World::with(executors, &[fives]).await;
    let mut server = world.server().await;
    server.turn().await;
    let first = world.runs().await[0].id;
    succeed(&mut server, first).await;
    for _ in 0..28 {
        world.clock.advance(500);
        server.turn().await;
        server.rescue().await;
    }
    let ids: Vec<i64> = world.runs().await.iter().map(|run| run.id).collect();
    assert_eq!(world.executors.runs(), [ids[0], ids[1], ids[1], ids[2]]);
}

#[tokio::test]
async fn what_waits_goes_on_when_the_run_in_doubt_is_lost() {
    let minutes = Job { schedule: "0 * * * * ?".to_owned(), ..job(1, 2) };
    let world = World::with(first_is_lost(), &[minutes]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(Instance { client: Client::Go, ..instance(2, 2) }).await;
    let mut server = world.server().await;
    server.turn().await;
    for _ in 0..299 {
        second(&mut server, &world).await;
        server.rescue().await;
    }
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD, HELD, HELD, HELD]);
    for _ in 0..5 {
        second(&mut server, &world).await;
        server.rescue().await;
    }
    let states = world.states().await;
    assert_eq!(states[0], RunState::Lost);
    assert_eq!(states[1..], [RunState::Running; 5]);
}

#[tokio::test]
async fn a_server_that_starts_knows_what_is_in_doubt_before_it_claims() {
    let world = World::with(first_is_lost(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    drop(server);
    world.clock.advance(1_000);
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD, HELD]);
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD, HELD, HELD]);
    let doubted = world.runs().await[0].id;
    succeed(&mut server, doubted).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await[1..], [RUNS; 3]);
}

/// As another server does it.
async fn change<A>(world: &World, row: A)
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    row.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_in_doubt_is_known_before_anything_is_claimed_that_came_into_the_bucket_with_it() {
    let job = by_hand(Routing::Round);
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_job(job.clone(), cursor(&job, None)).await;
    let mut server = world.server().await;
    server.turn().await;
    // What a server has sent that is gone since comes with the limit of its executor, and so does what waits.
    world.fresh.put_run(sending(499, &job, START - 1_000, 77), None).await;
    let limited = executors::ActiveModel { id: Unchanged(1), max_parallel: Set(5), ..Default::default() };
    change(&world, limited).await;
    assert_eq!(server.shared.store.regroup().await.unwrap(), 2);
    let shared = bucket_of_limited(1);
    let came = Run { bucket: shared, live_bucket: Some(shared), ..waiting(500, &job, START) };
    world.start_by_hand(came, "").await;
    server.turn().await;
    let waits = (RunState::Waiting, Reason::None);
    assert_eq!(outcomes(&world).await[1], waits, "nothing is decided that it has not read");
    server.keeper.tick(Instant::now()).await.unwrap();
    world.signals.publish(Change::Run(500));
    server.turn().await;
    assert_eq!(outcomes(&world).await[1], HELD);
    assert!(world.executors.runs().is_empty());
}

#[tokio::test]
async fn a_doubt_that_was_refused_is_written_when_it_is_known_what_is_held() {
    let world = World::with(first_is_lost(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.plan().await;
    server.send(0).await;
    // Jobs of another executor came into one of its buckets.
    let came = bucket::ActiveModel { id: Unchanged(9), epoch: Set(1_000), ..Default::default() };
    change(&world, came).await;
    assert!(server.recorder.tick_all().await.is_err());
    assert_eq!(outcomes(&world).await[0].0, RunState::Sending);
    server.keeper.tick(Instant::now()).await.unwrap();
    server.record().await;
    assert_eq!(outcomes(&world).await[0], DOUBTED);
}

#[tokio::test]
async fn what_settles_elsewhere_is_found_by_the_poll() {
    let world = World::with(first_is_lost(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    let doubted = world.runs().await[0].clone();
    // As another server records it, of which this one hears nothing.
    let what = What::Result { executor_id: 1, code: 200, text: String::new() };
    let step = Step { run_id: doubted.id, at: server.shared.now(), what };
    server.shared.store.apply(None, &[step]).await.unwrap();
    assert_eq!(outcomes(&world).await[1], HELD);
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await[1..], [RUNS, RUNS]);
}

#[tokio::test]
async fn a_run_that_was_claimed_before_the_doubt_does_not_go_out_into_it() {
    let hanging = ScriptedDispatcher::new(|_, call| match call {
        Call::Run(_) => None,
        _ => Some(Ok(reply(200, ""))),
    });
    let mut world = World::with(hanging, &[job(1, 1)]).await;
    world.settings.answer_within = Duration::from_millis(1);
    let mut server = world.server().await;
    server.plan().await;
    server.send(1).await;
    world.clock.set(START + 850);
    server.plan().await;
    assert_eq!(world.states().await, [RunState::Sending; 2]);
    while world.states().await[0] != RunState::Unknown {
        server.record().await;
    }
    world.clock.set(START + 1_000);
    assert_eq!(server.send(1).await, 0, "the next is due, and stays");
    server.record().await;
    world.clock.set(START + 1_800);
    server.plan().await;
    server.record().await;
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD]);
    assert_eq!(world.executors.runs().len(), 1);
}

#[tokio::test]
async fn where_another_instance_may_take_a_run_it_does() {
    for routing in [
        Routing::Round,
        Routing::Random,
        Routing::LeastFrequentlyUsed,
        Routing::LeastRecentlyUsed,
        Routing::Failover,
        Routing::Busyover,
    ] {
        let (world, _server) = one_in_doubt(routing).await;
        assert_eq!(outcomes(&world).await, [DOUBTED, RUNS], "{routing:?}");
        let places = places(&world).await;
        assert_ne!(places[0], places[1], "{routing:?}");
    }
}

#[tokio::test]
async fn a_strategy_that_stands_for_one_instance_waits_for_it() {
    for routing in [Routing::First, Routing::Last, Routing::ConsistentHash] {
        let (world, mut server) = one_in_doubt(routing).await;
        assert_eq!(outcomes(&world).await, [DOUBTED, HELD], "{routing:?}");
        succeed(&mut server, 500).await;
        server.turn().await;
        let places = places(&world).await;
        assert_eq!(places[0], places[1], "{routing:?}");
    }
}

#[tokio::test]
async fn a_run_whose_only_other_instances_are_dead_waits_and_its_page_says_whom_it_went_past() {
    let lost = AtomicBool::new(false);
    let executors = ScriptedDispatcher::new(move |target, call| match call {
        Call::Run(_) if !lost.swap(true, Ordering::SeqCst) => Some(no_answer()),
        Call::Beat if target.instance_id == 2 => {
            Some(Err(CallFailure::NeverArrived("connection refused".to_owned())))
        }
        _ => Some(Ok(reply(200, ""))),
    });
    let failover = by_hand(Routing::Failover);
    let world = World::with(executors, &[]).await;
    world.fresh.put_instance(instance(2, 1)).await;
    world.fresh.put_job(failover.clone(), cursor(&failover, None)).await;
    let mut server = world.server().await;
    for id in [500, 501] {
        world.start_by_hand(waiting(id, &failover, START), "").await;
        server.plan_asking().await;
        server.send(0).await;
        server.record().await;
    }
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD]);
    world.fresh.put_instance(instance(3, 1)).await;
    world.clock.advance(1_000);
    server.plan_asking().await;
    let run = &world.runs().await[1];
    assert_eq!((run.state, run.instance_id), (RunState::Sending, Some(3)), "one that came takes it");
    let texts = run_text::Entity::find_by_id(501).one(world.fresh.databases.web.reader()).await.unwrap();
    let tries: Vec<Try> = serde_json::from_str(&texts.unwrap().tries.unwrap()).unwrap();
    let outcomes: Vec<TryOutcome> = tries.iter().map(|tried| tried.outcome).collect();
    assert_eq!(outcomes, [TryOutcome::InDoubt, TryOutcome::Unreachable, TryOutcome::Chosen]);
}

#[tokio::test]
async fn of_a_broadcast_only_the_shard_of_the_instance_in_doubt_waits() {
    let broadcast = by_hand(Routing::Broadcast);
    let world = World::with(first_is_lost(), &[]).await;
    world.fresh.put_instance(instance(2, 1)).await;
    world.fresh.put_job(broadcast.clone(), cursor(&broadcast, None)).await;
    let mut server = world.server().await;
    for id in [500, 501] {
        world.start_by_hand(waiting(id, &broadcast, START), "").await;
        server.turn().await;
    }
    let runs = world.runs().await;
    let shards = |parent: i64| -> Vec<_> {
        let mut own: Vec<&Run> = runs.iter().filter(|run| run.parent_id == Some(parent)).collect();
        own.sort_by_key(|run| run.shard_index);
        own.into_iter().map(|run| (run.state, run.reason)).collect()
    };
    let first = shards(500);
    let doubted = first.iter().position(|outcome| *outcome == DOUBTED).unwrap();
    let mut expected = [RUNS; 2];
    expected[doubted] = HELD;
    assert_eq!(shards(501), expected);
}

#[tokio::test]
async fn one_that_waits_can_be_killed_and_the_others_go_as_far_as_there_are_slots() {
    let two = Job { overlap: Overlap::Queue, slots: 2, ..job(1, 1) };
    let world = World::with(first_is_lost(), &[two]).await;
    let mut server = world.server().await;
    server.turn().await;
    for _ in 0..4 {
        second(&mut server, &world).await;
    }
    assert_eq!(outcomes(&world).await, [DOUBTED, HELD, HELD, HELD, HELD]);
    let runs = world.runs().await;
    let kill = Step { run_id: runs[1].id, at: server.shared.now(), what: What::Kill { by: None } };
    server.shared.store.apply(None, &[kill]).await.unwrap();
    succeed(&mut server, runs[0].id).await;
    server.turn().await;
    let outcomes = outcomes(&world).await;
    let behind = (RunState::Waiting, Reason::BehindRun);
    assert_eq!(outcomes[1..], [(RunState::Killed, Reason::Person), RUNS, RUNS, behind]);
}
