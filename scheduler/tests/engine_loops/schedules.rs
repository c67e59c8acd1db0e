//! Schedules other than cron expressions, and fires that are spread.

use crate::rows::{START, cursor, job};
use crate::run_rows::waiting;
use crate::world::{Server, World};
use entity::job::{MisfirePolicy, Model as Job, ScheduleKind};
use entity::job_cursor;
use entity::run::{Model as Run, Reason, RunState};
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::rules::misfire::TOLERANCE_MS;
use scheduler::rules::spread::delay_ms;
use sea_orm::EntityTrait;

const HOUR: i64 = 3_600_000;

async fn next_at(world: &World, id: i32) -> Option<i64> {
    let cursor = job_cursor::Entity::find_by_id(id).one(world.fresh.databases.web.reader()).await.unwrap();
    cursor.unwrap().next_at
}

/// Fires at each full hour, up to ten minutes late on purpose, and makes up for nothing.
fn spread_job() -> Job {
    Job {
        schedule: "0 0 * * * ?".to_owned(),
        spread_s: 600,
        misfire_policy: MisfirePolicy::Skip,
        ..job(1, 1)
    }
}

/// A world in which the fire of [`START`] is the next one of the spread job; and its delay.
async fn spread_world() -> (World, i64) {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let delay = delay_ms(1, 600);
    world.fresh.put_job(spread_job(), cursor(&spread_job(), Some(START + delay))).await;
    (world, delay)
}

#[tokio::test]
async fn a_fixed_rate_keeps_step_over_a_restart() {
    let kind = ScheduleKind::FixedRate;
    let every_seven =
        Job { schedule_kind: kind, schedule: "7".to_owned(), created_at: START + 300, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[every_seven]).await;
    for pause in [0, 1_234, 2_345] {
        // Each life begins at another part of a second.
        world.clock.advance(pause);
        let mut server = world.server().await;
        for _ in 0..100 {
            server.turn().await;
            world.clock.advance(100);
        }
    }
    let times: Vec<i64> = world.runs().await.iter().map(|run| run.nominal_at).collect();
    let expected: Vec<i64> = (0..5).map(|fire| START + fire * 7_000).collect();
    assert_eq!(times, expected);
    assert_eq!(world.executors.runs().len(), 5);
}

#[tokio::test]
async fn a_job_for_one_instant_fires_once_and_ends() {
    let at = "2026-01-01 00:00:00".to_owned();
    let once = Job { schedule_kind: ScheduleKind::Once, schedule: at, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    let mut server = world.server().await;
    for _ in 0..5 {
        server.turn().await;
        world.clock.advance(60_000);
    }
    let mut server = world.server().await;
    server.turn().await;
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].state, runs[0].nominal_at), (RunState::Running, START));
    assert_eq!(next_at(&world, 1).await, None);
}

#[tokio::test]
async fn a_spread_delays_when_a_run_is_due_and_not_its_nominal_time() {
    let (world, delay) = spread_world().await;
    assert!(delay > 150);
    let mut server = world.server().await;
    assert_eq!(server.plan().await.planned, 0);
    world.clock.set(START + delay - 151);
    assert_eq!(server.plan().await.planned, 0);
    world.clock.advance(1);
    assert_eq!(server.plan().await.claimed, 1);
    assert_eq!(server.send(0).await, 0);
    world.clock.set(START + delay);
    assert_eq!(server.send(0).await, 1);
    server.record().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.sent_at), (RunState::Running, Some(START + delay)));
    assert_eq!((run.nominal_at, run.due_at), (START, START + delay));
    assert_eq!(next_at(&world, 1).await, Some(START + HOUR + delay));
}

#[tokio::test]
async fn a_spread_fire_has_missed_its_time_only_when_it_is_late_after_the_spread() {
    let (world, delay) = spread_world().await;
    world.clock.set(START + delay + TOLERANCE_MS);
    world.server().await.turn().await;
    assert_eq!(world.states().await, [RunState::Running]);

    let (world, delay) = spread_world().await;
    world.clock.set(START + delay + TOLERANCE_MS + 1);
    world.server().await.turn().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason), (RunState::Skipped, Reason::Misfire));
    assert_eq!((run.nominal_at, run.due_at, run.span_last), (START, START + delay, Some(START)));
}

#[tokio::test]
async fn fires_closer_than_the_spread_keep_their_order() {
    let each_second = Job { schedule: "* * * * * ?".to_owned(), ..spread_job() };
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let delay = delay_ms(1, 600);
    world.fresh.put_job(each_second.clone(), cursor(&each_second, Some(START + delay))).await;
    world.clock.set(START + delay);
    let mut server = world.server().await;
    for _ in 0..10 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    let runs = world.runs().await;
    let expected: Vec<_> = (0..10).map(|n| START + n * 1_000).map(|at| (at, at + delay)).collect();
    assert_eq!(runs.iter().map(|run| (run.nominal_at, run.due_at)).collect::<Vec<_>>(), expected);
    assert_eq!(world.executors.runs(), runs.iter().map(|run| run.id).collect::<Vec<_>>());
}

/// Fires 90 s after the end of its last run.
fn delayed() -> Job {
    Job { schedule_kind: ScheduleKind::FixedDelay, schedule: "90".to_owned(), ..job(1, 1) }
}

async fn report(server: &mut Server, world: &World, code: i32) {
    let running = world.runs().await.into_iter().find(|run| run.state == RunState::Running).unwrap();
    let fact = ResultFact { run_id: running.id, executor_id: 1, code, text: String::new() };
    server.report(vec![fact]).await;
    server.follow().await;
}

#[tokio::test]
async fn a_fixed_delay_counts_from_the_end_of_the_last_attempt() {
    let retried = Job { retries: 1, ..delayed() };
    let world = World::with(ScriptedDispatcher::accepting(), &[retried]).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(next_at(&world, 1).await, None, "a run is under way");
    world.clock.advance(1_000_000);
    server.turn().await;
    report(&mut server, &world, 500).await;
    assert_eq!(next_at(&world, 1).await, None, "it is tried again");
    world.clock.advance(5_000);
    server.turn().await;
    report(&mut server, &world, 200).await;
    assert_eq!(next_at(&world, 1).await, Some(START + 1_005_000 + 90_000));
    // The end is decided about once, also by the next life.
    let mut server = world.server().await;
    server.follow().await;
    world.clock.advance(90_000);
    server.turn().await;
    let runs = world.runs().await;
    let times: Vec<_> = runs.iter().map(|run| (run.nominal_at - START, run.state)).collect();
    let expected = [(0, RunState::Failed), (0, RunState::Succeeded), (1_095_000, RunState::Running)];
    assert_eq!(times, expected);
}

#[tokio::test]
async fn a_fixed_delay_goes_on_after_a_time_at_which_nothing_ran() {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let nowhere = Job { executor_id: 9, ..delayed() };
    world.fresh.put_job(nowhere.clone(), cursor(&nowhere, Some(START))).await;
    let late = Job { id: 2, name: "late".to_owned(), misfire_policy: MisfirePolicy::Skip, ..delayed() };
    world.fresh.put_job(late.clone(), cursor(&late, Some(START - 60_000))).await;
    let mut server = world.server().await;
    server.turn().await;
    let reasons: Vec<_> = world.runs().await.iter().map(|run| (run.job_id, run.reason)).collect();
    assert_eq!(reasons, [(2, Reason::Misfire), (1, Reason::NoInstance)]);
    for id in [1, 2] {
        assert_eq!(next_at(&world, id).await, Some(START + 90_000), "job {id}");
    }
}

#[tokio::test]
async fn a_run_by_hand_does_not_move_a_fixed_delay() {
    let world = World::with(ScriptedDispatcher::accepting(), &[delayed()]).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.advance(10_000);
    world.start_by_hand(Run { follow_ok: true, ..waiting(5_000, &delayed(), START + 10_000) }, "").await;
    server.turn().await;
    server.report(vec![ResultFact { run_id: 5_000, executor_id: 1, code: 200, text: String::new() }]).await;
    server.follow().await;
    assert_eq!(next_at(&world, 1).await, None, "the run of the schedule is under way");
    report(&mut server, &world, 200).await;
    assert_eq!(next_at(&world, 1).await, Some(START + 100_000));
}
