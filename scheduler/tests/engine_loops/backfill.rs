//! Runs for past times of a job, and what they and its other runs mean to each other.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::waiting;
use crate::world::{Server, World};
use entity::executor::Model as Executor;
use entity::job::{Model as Job, Overlap, Routing, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use scheduler::Services;
use scheduler::authority::Caller;
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::rules::audit::Key;
use scheduler::runs::{self, BackfillDraft};
use scheduler::signals::Signals;
use scheduler::store::ids::RunIds;
use std::sync::Arc;

const HOUR: i64 = 3_600_000;
const RUNS: (RunState, Reason) = (RunState::Running, Reason::None);
const DONE: (RunState, Reason) = (RunState::Succeeded, Reason::None);
const BEHIND: (RunState, Reason) = (RunState::Waiting, Reason::BehindRun);

/// Every hour; whether it fires is up to its cursor.
fn hourly() -> Job {
    Job { schedule: "0 0 * * * ?".to_owned(), ..job(1, 1) }
}

/// A world in which the schedule of this job does not fire.
async fn world(job: &Job) -> World {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_job(job.clone(), cursor(job, None)).await;
    world
}

/// The last `count` hours before [`START`], so many at once; asked for where `signals` are heard.
async fn ask_at(world: &World, signals: Signals, count: i64, parallel: i64) {
    let services = Services {
        db: world.fresh.databases.web.clone(),
        clock: world.clock.clone(),
        signals,
        audit: Arc::new(Key::new([7; 32])),
        run_ids: Arc::new(RunIds::new(world.fresh.databases.web.clone())),
    };
    let draft = BackfillDraft {
        from: format!("2025-12-31 {:02}:00", 24 - count),
        until: "2025-12-31 23:00".to_owned(),
        parallel,
    };
    let asked = runs::backfill(&services, &Caller::operator(), 1, &draft).await.unwrap();
    assert_eq!(asked as i64, count);
}

async fn ask(world: &World, count: i64, parallel: i64) {
    ask_at(world, world.signals.clone(), count, parallel).await;
}

async fn finish(server: &mut Server, run: &Run) {
    let (run_id, executor_id) = (run.id, run.executor_id);
    server.report(vec![ResultFact { run_id, executor_id, code: 200, text: String::new() }]).await;
    server.turn().await;
}

/// Those of the runs for past times, by their times.
async fn backfills(world: &World) -> Vec<Run> {
    let mut runs = world.runs().await;
    runs.retain(|run| run.kind == RunKind::Backfill);
    runs
}

async fn outcomes(world: &World) -> Vec<(RunState, Reason)> {
    backfills(world).await.iter().map(|run| (run.state, run.reason)).collect()
}

/// The runs of the schedule or by hand.
async fn others(world: &World) -> Vec<(RunState, Reason)> {
    let mut runs = world.runs().await;
    runs.retain(|run| run.kind != RunKind::Backfill);
    runs.iter().map(|run| (run.state, run.reason)).collect()
}

#[tokio::test]
async fn past_times_go_in_order_and_never_more_at_once_than_asked_for() {
    let world = world(&hourly()).await;
    let mut server = world.server().await;
    ask(&world, 5, 2).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, RUNS, BEHIND, BEHIND, BEHIND]);
    // The second ends first.
    for (ended, out) in [(1, 2), (0, 2), (3, 2), (2, 1), (4, 0)] {
        let run = backfills(&world).await.swap_remove(ended);
        finish(&mut server, &run).await;
        let running = outcomes(&world).await.iter().filter(|outcome| **outcome == RUNS).count();
        assert_eq!(running, out, "after {ended}");
    }
    assert_eq!(outcomes(&world).await, [DONE; 5]);
    let runs = backfills(&world).await;
    assert_eq!(
        runs.iter().map(|run| START - run.nominal_at).collect::<Vec<_>>(),
        [5, 4, 3, 2, 1].map(|n| n * HOUR)
    );
    assert_eq!(world.executors.runs(), runs.iter().map(|run| run.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn fires_of_the_schedule_go_past_what_waits_for_past_times() {
    let world = World::with(ScriptedDispatcher::accepting(), &[hourly()]).await;
    let mut server = world.server().await;
    ask(&world, 3, 1).await;
    server.turn().await;
    assert_eq!(others(&world).await, [RUNS]);
    world.clock.advance(HOUR);
    server.turn().await;
    assert_eq!(others(&world).await, [RUNS, RUNS]);
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND]);
}

#[tokio::test]
async fn past_times_outlive_their_server_and_so_does_their_limit() {
    let world = world(&hourly()).await;
    let mut server = world.server().await;
    ask(&world, 4, 2).await;
    server.turn().await;
    drop(server);
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, RUNS, BEHIND, BEHIND]);
    let first = backfills(&world).await.swap_remove(0);
    finish(&mut server, &first).await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS, RUNS, BEHIND]);
}

#[tokio::test]
async fn a_job_that_skips_or_replaces_does_neither_with_its_runs_for_past_times() {
    for overlap in [Overlap::Skip, Overlap::Replace] {
        let world = world(&Job { overlap, ..hourly() }).await;
        let mut server = world.server().await;
        ask(&world, 3, 9).await;
        for done in 0..3 {
            server.turn().await;
            let expected: Vec<_> = (0..3)
                .map(|n| {
                    if n < done {
                        DONE
                    } else if n == done {
                        RUNS
                    } else {
                        BEHIND
                    }
                })
                .collect();
            assert_eq!(outcomes(&world).await, expected, "{overlap:?}: the job has one slot");
            let run = backfills(&world).await.swap_remove(done);
            finish(&mut server, &run).await;
        }
        assert_eq!(outcomes(&world).await, [DONE; 3], "{overlap:?}");
    }
}

#[tokio::test]
async fn to_the_jobs_other_runs_a_run_for_a_past_time_is_one_that_is_out() {
    let skips = Job { overlap: Overlap::Skip, ..hourly() };
    let world = world(&skips).await;
    let mut server = world.server().await;
    ask(&world, 2, 2).await;
    server.turn().await;
    world.start_by_hand(waiting(5_000, &skips, START), "").await;
    server.turn().await;
    assert_eq!(others(&world).await, [(RunState::Skipped, Reason::Overlap)]);
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND]);
}

#[tokio::test]
async fn past_times_stand_behind_the_queue_of_their_job_and_do_not_fill_it() {
    let queues = Job { overlap: Overlap::Queue, queue_length: 1, ..hourly() };
    let world = world(&queues).await;
    let mut server = world.server().await;
    ask(&world, 3, 3).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND]);
    world.clock.advance(1_000);
    world.start_by_hand(waiting(5_000, &queues, START + 1_000), "").await;
    server.turn().await;
    assert_eq!(others(&world).await, [BEHIND]);
    let first = backfills(&world).await.swap_remove(0);
    finish(&mut server, &first).await;
    assert_eq!((others(&world).await, outcomes(&world).await), (vec![RUNS], vec![DONE, BEHIND, BEHIND]));
}

#[tokio::test]
async fn past_times_stand_behind_all_others_that_wait_for_their_executor() {
    let past = Job { executor_id: 2, ..hourly() };
    let by_hand =
        Job { schedule_kind: ScheduleKind::Manual, schedule: String::new(), priority: -9, ..job(2, 2) };
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_executor(Executor { max_parallel: 1, ..executor(2) }).await;
    world.fresh.put_instance(instance(2, 2)).await;
    for job in [&past, &by_hand] {
        world.fresh.put_job(job.clone(), cursor(job, None)).await;
    }
    let mut server = world.server().await;
    ask(&world, 3, 9).await;
    server.turn().await;
    let full = (RunState::Waiting, Reason::AtCapacity);
    assert_eq!(outcomes(&world).await, [RUNS, full, full]);
    world.clock.advance(1_000);
    world.start_by_hand(waiting(5_000, &by_hand, START + 1_000), "").await;
    server.turn().await;
    let first = backfills(&world).await.swap_remove(0);
    finish(&mut server, &first).await;
    assert_eq!((others(&world).await, outcomes(&world).await), (vec![RUNS], vec![DONE, full, full]));
}

#[tokio::test]
async fn a_later_request_sets_the_limit_for_what_waits_also_where_it_is_not_heard() {
    let world = world(&hourly()).await;
    let mut server = world.server().await;
    ask(&world, 3, 1).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND]);
    ask_at(&world, Signals::default(), 1, 3).await;
    world.clock.advance(1_000);
    server.turn().await;
    let out = outcomes(&world).await.iter().filter(|outcome| **outcome == RUNS).count();
    assert_eq!((out, world.executors.runs().len()), (3, 3));
}

#[tokio::test]
async fn a_past_time_that_is_split_is_out_until_its_last_shard_has_ended() {
    let world = world(&Job { routing: Routing::Broadcast, ..hourly() }).await;
    world.fresh.put_instance(instance(2, 1)).await;
    let mut server = world.server().await;
    ask(&world, 2, 1).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND]);
    let shards: Vec<Run> = world.runs().await.into_iter().filter(Run::is_shard).collect();
    assert_eq!(shards.len(), 2);
    finish(&mut server, &shards[0]).await;
    server.follow().await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND]);
    finish(&mut server, &shards[1]).await;
    server.follow().await;
    world.clock.advance(1_000);
    server.turn().await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS]);
}
