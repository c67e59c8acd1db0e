//! Fires that a calendar or a blackout holds back.

use crate::rows::{START, cursor, job};
use crate::world::World;
use entity::job::{BlackoutPolicy, CalendarUse, Model as Job};
use entity::run::{Reason, RunState};
use entity::{calendar, job_cursor};
use scheduler::Services;
use scheduler::authority::Caller;
use scheduler::calendars::{self, CalendarEdit};
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::rules::audit::Key;
use scheduler::rules::timetable::{Definition, Outlook, Timetable};
use scheduler::store::ids::RunIds;
use sea_orm::EntityTrait;
use std::sync::Arc;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// At half past each hour, and not in the first six hours of the day.
fn nightly(policy: BlackoutPolicy) -> Job {
    Job {
        schedule: "0 30 * * * ?".to_owned(),
        blackouts: "00:00-06:00".to_owned(),
        blackout_policy: policy,
        ..job(1, 1)
    }
}

/// Each hour except on the days of calendar 7.
fn on_workdays() -> Job {
    let calendar_use = CalendarUse::Except;
    Job { schedule: "0 0 * * * ?".to_owned(), calendar_id: Some(7), calendar_use, ..job(1, 1) }
}

fn days(days: &str) -> calendar::Model {
    calendar::Model {
        id: 7,
        namespace_id: 1,
        name: "holidays".to_owned(),
        days: days.to_owned(),
        version: 1,
        created_at: START,
        updated_at: START,
        updated_by: None,
    }
}

/// A world whose job has its cursor as the services write it at [`START`].
async fn world(job: Job, calendar: Option<calendar::Model>) -> World {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let timetable = Timetable::parse(Definition::of(&job, calendar.as_ref())).unwrap();
    let Outlook { next_at, held_from } = timetable.outlook_after(START - 1);
    let cursor = job_cursor::Model { held_from, ..cursor(&job, next_at) };
    world.fresh.put_job(job, cursor).await;
    if let Some(calendar) = calendar {
        world.fresh.put_calendar(calendar).await;
    }
    world
}

async fn stored_cursor(world: &World) -> job_cursor::Model {
    let found = job_cursor::Entity::find_by_id(1).one(world.fresh.databases.web.reader()).await;
    found.unwrap().unwrap()
}

/// Reason, first and last time and their number, for each row.
async fn rows(world: &World) -> Vec<(Reason, i64, Option<i64>, i32)> {
    let facts = |run: entity::run::Model| {
        let (first, last) = (run.nominal_at - START, run.span_last.map(|last| last - START));
        (run.reason, first, last, run.span_count)
    };
    world.runs().await.into_iter().map(facts).collect()
}

#[tokio::test]
async fn a_night_that_is_suppressed_is_one_row_and_the_fire_after_it_runs() {
    let world = world(nightly(BlackoutPolicy::Suppress), None).await;
    let mut server = world.server().await;
    for _ in 0..13 {
        server.turn().await;
        world.clock.advance(30 * MINUTE);
    }
    world.clock.set(START + 6 * HOUR + 30 * MINUTE);
    server.turn().await;
    let night = (Reason::Blackout, 30 * MINUTE, Some(5 * HOUR + 30 * MINUTE), 6);
    assert_eq!(rows(&world).await, [night, (Reason::None, 6 * HOUR + 30 * MINUTE, None, 1)]);
    assert_eq!(world.states().await, [RunState::Skipped, RunState::Running]);
    assert!(world.runs().await[0].attention.is_none(), "somebody asked for it");
    assert_eq!(world.executors.runs().len(), 1);
    let cursor = stored_cursor(&world).await;
    assert_eq!((cursor.next_at, cursor.held_from), (Some(START + 7 * HOUR + 30 * MINUTE), None));
}

#[tokio::test]
async fn a_night_that_is_delayed_runs_once_at_its_end() {
    let world = world(nightly(BlackoutPolicy::Delay), None).await;
    assert_eq!(stored_cursor(&world).await.next_at, Some(START + 6 * HOUR));
    let mut server = world.server().await;
    world.clock.set(START + 6 * HOUR - 1_000);
    server.turn().await;
    assert_eq!(rows(&world).await, []);
    world.clock.set(START + 6 * HOUR);
    server.turn().await;
    let night = (Reason::Blackout, 30 * MINUTE, Some(4 * HOUR + 30 * MINUTE), 5);
    assert_eq!(rows(&world).await, [night, (Reason::None, 5 * HOUR + 30 * MINUTE, None, 1)]);
    let run = &world.runs().await[1];
    assert_eq!((run.state, run.due_at), (RunState::Running, START + 6 * HOUR));
    let cursor = stored_cursor(&world).await;
    assert_eq!((cursor.next_at, cursor.held_from), (Some(START + 6 * HOUR + 30 * MINUTE), None));
}

#[tokio::test]
async fn held_fires_survive_a_crash_between_two_lives() {
    let world = world(nightly(BlackoutPolicy::Suppress), None).await;
    for hour in 1..=7 {
        world.clock.set(START + hour * HOUR - 30 * MINUTE);
        world.server().await.turn().await;
    }
    let night = (Reason::Blackout, 30 * MINUTE, Some(5 * HOUR + 30 * MINUTE), 6);
    assert_eq!(rows(&world).await, [night, (Reason::None, 6 * HOUR + 30 * MINUTE, None, 1)]);
}

#[tokio::test]
async fn an_edited_calendar_holds_for_the_next_fire_also_on_a_server_that_is_told_nothing() {
    let world = world(on_workdays(), Some(days("2026-06-01"))).await;
    let mut server = world.server().await;
    server.turn().await;
    // The server where it is edited is another one: its signals are not heard here.
    let elsewhere = Services {
        db: world.fresh.databases.web.clone(),
        clock: world.clock.clone(),
        signals: Default::default(),
        audit: Arc::new(Key::new([7; 32])),
        run_ids: Arc::new(RunIds::new(world.fresh.databases.web.clone())),
    };
    let edit = CalendarEdit { name: "holidays".to_owned(), days: "2026-01-01".to_owned() };
    calendars::edit(&elsewhere, &Caller::operator(), 7, 1, &edit).await.unwrap();
    world.clock.set(START + HOUR);
    server.turn().await;
    assert_eq!(world.executors.runs().len(), 1, "only the fire before the edit");
    let cursor = stored_cursor(&world).await;
    assert_eq!((cursor.next_at, cursor.held_from), (Some(START + DAY), Some(START + HOUR)));
    world.clock.set(START + DAY);
    server.turn().await;
    let held = (Reason::Calendar, HOUR, Some(23 * HOUR), 23);
    assert_eq!(rows(&world).await, [(Reason::None, 0, None, 1), held, (Reason::None, DAY, None, 1)]);
}

#[tokio::test]
async fn a_job_whose_calendar_is_gone_keeps_its_cursor_and_is_counted_until_it_is_there_again() {
    let job = on_workdays();
    let world = World::with(ScriptedDispatcher::accepting(), std::slice::from_ref(&job)).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!((rows(&world).await, server.handle.status().unreadable), (vec![], 1));
    assert_eq!(stored_cursor(&world).await, cursor(&job, Some(START)));
    world.fresh.put_calendar(days("2026-06-01")).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(server.handle.status().unreadable, 0);
    assert_eq!(world.states().await, [RunState::Running]);
}
