//! Runs that others of their job, or of their executor, hold up.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::waiting;
use crate::world::{Server, World, reply};
use entity::executor::Model as Executor;
use entity::job::{Model as Job, Overlap, ScheduleKind};
use entity::run::{self, Model as Run, Reason, RunState};
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::signals::Change;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};

/// A job that fires every second, and of which one run may be out.
fn limited(overlap: Overlap) -> Job {
    Job { overlap, queue_length: 2, ..job(1, 1) }
}

async fn second(server: &mut Server, world: &World) {
    world.clock.advance(1_000);
    server.turn().await;
}

/// Ends the run that is running, with success.
async fn finish_one(server: &mut Server, world: &World) {
    let running = world.runs().await.into_iter().find(|run| run.state == RunState::Running);
    finish(server, running.unwrap().id).await;
}

async fn finish(server: &mut Server, run_id: i64) {
    let executor_id = server.shared.store.runs(&[run_id]).await.unwrap()[0].run.executor_id;
    server.report(vec![ResultFact { run_id, executor_id, code: 200, text: String::new() }]).await;
}

async fn outcomes(world: &World) -> Vec<(RunState, Reason)> {
    world.runs().await.iter().map(|run| (run.state, run.reason)).collect()
}

const RUNS: (RunState, Reason) = (RunState::Running, Reason::None);
const DONE: (RunState, Reason) = (RunState::Succeeded, Reason::None);
const BEHIND: (RunState, Reason) = (RunState::Waiting, Reason::BehindRun);

#[tokio::test]
async fn a_job_that_skips_never_has_two_runs_out_and_each_skipped_fire_is_a_row() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Skip)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    let skipped = (RunState::Skipped, Reason::Overlap);
    assert_eq!(outcomes(&world).await, [RUNS, skipped]);
    finish_one(&mut server, &world).await;
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [DONE, skipped, RUNS]);
    let runs = world.runs().await;
    assert!(runs.iter().all(|run| run.attention.is_none()), "the job is meant to skip");
    assert_eq!(world.executors.runs(), [runs[0].id, runs[2].id]);
}

#[tokio::test]
async fn whether_a_run_is_in_the_way_is_decided_when_the_next_is_due_and_not_a_lead_before() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Skip)]).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.set(START + 850);
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, (RunState::Waiting, Reason::None)]);
    finish_one(&mut server, &world).await;
    let report = server.plan().await;
    assert_eq!(report.next_at, Some(START + 1_000), "it wakes when the run is due");
    world.clock.set(START + 1_000);
    server.turn().await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS]);
}

#[tokio::test]
async fn a_queue_is_bounded_and_goes_on_as_soon_as_a_run_ends() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Queue)]).await;
    let mut server = world.server().await;
    server.turn().await;
    for _ in 0..3 {
        second(&mut server, &world).await;
    }
    let full = (RunState::Skipped, Reason::QueueFull);
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND, full]);
    finish_one(&mut server, &world).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS, BEHIND, full]);
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS, BEHIND, full, BEHIND]);
    for run in &world.runs().await[1..3] {
        finish(&mut server, run.id).await;
        server.turn().await;
    }
    assert_eq!(outcomes(&world).await, [DONE, DONE, DONE, full, RUNS]);
}

#[tokio::test]
async fn a_run_of_which_nobody_knows_keeps_its_slot() {
    let silent = ScriptedDispatcher::new(|_, call| match call {
        Call::Run(_) => Some(Err(CallFailure::NoAnswer("silence".to_owned()))),
        _ => Some(Ok(reply(200, ""))),
    });
    let world = World::with(silent, &[limited(Overlap::Queue)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [(RunState::Unknown, Reason::NoAnswer), BEHIND]);
}

#[tokio::test]
async fn a_later_run_takes_the_place_of_the_one_that_is_out_when_that_has_been_stopped() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Replace)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    let killed = (RunState::Killed, Reason::Replaced);
    assert_eq!(outcomes(&world).await, [killed, BEHIND]);
    server.planner.answered().await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [killed, RUNS]);
    let calls: Vec<&str> = world.executors.diary().iter().map(|asked| name(&asked.call)).collect();
    assert_eq!(calls, ["run", "kill", "run"]);
}

fn name(call: &Call) -> &'static str {
    match call {
        Call::Run(_) => "run",
        Call::Kill { .. } => "kill",
        _ => "another",
    }
}

#[tokio::test]
async fn the_queue_outlives_its_server() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Queue)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND]);
    drop(server);
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [RUNS, BEHIND, BEHIND]);
    finish_one(&mut server, &world).await;
    server.turn().await;
    assert_eq!(outcomes(&world).await, [DONE, RUNS, BEHIND]);
}

#[tokio::test]
async fn a_run_that_is_killed_in_the_queue_makes_room_in_it() {
    let world = World::with(ScriptedDispatcher::accepting(), &[limited(Overlap::Queue)]).await;
    let mut server = world.server().await;
    server.turn().await;
    second(&mut server, &world).await;
    let queued = world.runs().await[1].id;
    let handle = server.handle.clone();
    let killing = tokio::spawn(async move { handle.kill(queued, None).await });
    while !killing.is_finished() {
        tokio::task::yield_now().await;
        server.record().await;
    }
    killing.await.unwrap().unwrap();
    finish_one(&mut server, &world).await;
    second(&mut server, &world).await;
    assert_eq!(outcomes(&world).await, [DONE, (RunState::Killed, Reason::Person), RUNS]);
}

/// Executor 2, of which two runs may be out, and three jobs there that only people start.
async fn capped(jobs: &[Job]) -> World {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_executor(Executor { max_parallel: 2, ..executor(2) }).await;
    world.fresh.put_instance(instance(2, 2)).await;
    for job in jobs {
        world.fresh.put_job(job.clone(), cursor(job, None)).await;
    }
    world
}

fn by_hand(id: i32, priority: i16) -> Job {
    Job { schedule_kind: ScheduleKind::Manual, schedule: String::new(), priority, ..job(id, 2) }
}

/// Starts a job by hand: run 5,000 + `number`.
async fn start(world: &World, job: &Job, number: i64) {
    world.start_by_hand(waiting(5_000 + number, job, START), "").await;
}

#[tokio::test]
async fn an_executor_never_exceeds_its_limit_and_the_higher_priority_goes_first() {
    let jobs = [by_hand(1, 0), by_hand(2, 5), by_hand(3, 0)];
    let world = capped(&jobs).await;
    let mut server = world.server().await;
    start(&world, &jobs[0], 0).await;
    start(&world, &jobs[2], 1).await;
    server.turn().await;
    for (number, job) in [(2, 0), (3, 2), (4, 1)] {
        start(&world, &jobs[job], number).await;
    }
    server.turn().await;
    let waits = (RunState::Waiting, Reason::AtCapacity);
    assert_eq!(outcomes(&world).await, [RUNS, RUNS, waits, waits, waits]);
    for (ended, next) in [(5_000, 5_004), (5_001, 5_002), (5_004, 5_003)] {
        finish(&mut server, ended).await;
        server.turn().await;
        assert_eq!(world.executors.runs().last(), Some(&next), "after {ended}");
    }
    assert_eq!(world.executors.runs().len(), 5);
}

#[tokio::test]
async fn a_run_that_is_moved_to_the_front_goes_next() {
    let jobs = [by_hand(1, 0)];
    let world = capped(&jobs).await;
    let mut server = world.server().await;
    for number in 0..5 {
        start(&world, &jobs[0], number).await;
    }
    server.turn().await;
    assert_eq!(world.executors.runs(), [5_000, 5_001]);
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let moved = run::ActiveModel { id: Set(5_004), priority: Set(100), ..Default::default() };
    moved.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.signals.publish(Change::Run(5_004));
    server.turn().await;
    finish(&mut server, 5_000).await;
    server.turn().await;
    assert_eq!(world.executors.runs(), [5_000, 5_001, 5_004]);
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_the_queue_go() {
    let jobs = [by_hand(1, 0)];
    let world = capped(&jobs).await;
    let mut server = world.server().await;
    for number in 0..4 {
        start(&world, &jobs[0], number).await;
    }
    server.turn().await;
    assert_eq!(world.executors.runs().len(), 2);
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let update = entity::executor::Entity::update_many();
    let unlimited = update.col_expr(entity::executor::Column::MaxParallel, 0.into());
    unlimited.exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    second(&mut server, &world).await;
    assert_eq!(world.executors.runs().len(), 4);
}

#[tokio::test]
async fn a_job_waits_for_its_own_slot_and_others_of_its_executor_go_past() {
    let queued = Job { overlap: Overlap::Queue, queue_length: 9, ..by_hand(1, 9) };
    let jobs = [queued, by_hand(2, 0)];
    let world = capped(&jobs).await;
    let mut server = world.server().await;
    for number in 0..3 {
        start(&world, &jobs[0], number).await;
    }
    start(&world, &jobs[1], 3).await;
    server.turn().await;
    let states: Vec<(RunState, Reason)> = outcomes(&world).await;
    assert_eq!(states, [RUNS, BEHIND, BEHIND, RUNS]);
    let held: Vec<Run> = server.shared.store.queued(&server.shared.holdings().buckets()).await.unwrap();
    assert_eq!(held.iter().map(|run| run.id).collect::<Vec<_>>(), [5_001, 5_002]);
}
