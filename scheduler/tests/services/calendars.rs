//! Calendars and blackouts, from what is typed to the cursors of the jobs.

use super::support::{HOUR, MINUTE, START, World, draft, faults};
use entity::calendar::Model as Calendar;
use entity::fault::Fault;
use entity::job::{BlackoutPolicy, CalendarUse, JobState, Model as Job, ScheduleKind};
use entity::run::{self, Reason, RunState};
use entity::{Millis, job_cursor};
use scheduler::calendars::{self, CalendarEdit};
use scheduler::jobs::{self, JobDraft, SchedulePreview};
use scheduler::rules::preview::PreviewNote;
use scheduler::rules::timetable::Hold;
use scheduler::{Error, Refusal, namespaces};
use sea_orm::{EntityTrait, QueryOrder};

const DAY: Millis = 24 * HOUR;

fn typed(name: &str, days: &str) -> CalendarEdit {
    CalendarEdit { name: name.into(), days: days.into() }
}

/// A calendar in `default:default`.
async fn calendar(world: &World, name: &str, days: &str) -> Calendar {
    let namespace = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    calendars::create(&world.services, &world.root, namespace.id, &typed(name, days)).await.unwrap()
}

/// Each hour in UTC.
async fn hourly(world: &World) -> JobDraft {
    let executor_id = world.executor("default", "worker").await.0.id;
    JobDraft { schedule: "0 0 * * * ?".into(), ..draft(executor_id) }
}

async fn create(world: &World, draft: JobDraft) -> scheduler::Result<Job> {
    jobs::create(&world.services, &world.root, draft, JobState::On).await
}

/// When it is looked at next, and since when fires are held, from [`START`].
async fn cursor(world: &World, job: &Job) -> (Option<Millis>, Option<Millis>) {
    let found = job_cursor::Entity::find_by_id(job.id).one(world.services.db.reader()).await.unwrap();
    let found = found.unwrap();
    (found.next_at.map(|at| at - START), found.held_from.map(|at| at - START))
}

/// All skipped rows: reason, first and last time from [`START`], and how many.
async fn skipped(world: &World) -> Vec<(Reason, Millis, Millis, i32)> {
    let query = run::Entity::find().order_by_asc(run::Column::NominalAt);
    let runs = query.all(world.services.db.reader()).await.unwrap();
    assert!(runs.iter().all(|run| (run.state, run.live_bucket) == (RunState::Skipped, None)));
    let row = |run: run::Model| {
        (run.reason, run.nominal_at - START, run.span_last.unwrap() - START, run.span_count)
    };
    runs.into_iter().map(row).collect()
}

#[tokio::test]
async fn a_calendar_is_checked_line_by_line_and_its_name_is_unique_in_the_namespace() {
    let world = World::new().await;
    let holidays = calendar(&world, " holidays ", "2026-12-25 # Christmas\r\n").await;
    assert_eq!((&*holidays.name, &*holidays.days), ("holidays", "2026-12-25 # Christmas"));
    let create = async |name: &str, days: &str| {
        let id = holidays.namespace_id;
        calendars::create(&world.services, &world.root, id, &typed(name, days)).await
    };
    let line = Fault::Line { number: 2, text: "12-32".into() };
    assert_eq!(faults(create(" ", "sat\n12-32").await), [("name", Fault::Required), ("days", line)]);
    assert_eq!(faults(create("none", "# none").await), [("days", Fault::Required)]);
    let taken = Fault::Taken { id: Some(holidays.id.into()) };
    assert_eq!(faults(create("holidays", "sat").await), [("name", taken)]);
    let elsewhere = namespaces::ensure(&world.services, "default", "other").await.unwrap();
    let twin = typed("holidays", "sat");
    calendars::create(&world.services, &world.root, elsewhere.id, &twin).await.unwrap();
}

#[tokio::test]
async fn of_two_people_who_save_a_calendar_the_second_is_told() {
    let world = World::new().await;
    let found = calendar(&world, "holidays", "sat").await;
    let save = async |version, edit: CalendarEdit| {
        calendars::edit(&world.services, &world.root, found.id, version, &edit).await
    };
    assert_eq!(save(1, typed("weekend", "sat\nsun")).await.unwrap().version, 2);
    assert!(matches!(save(1, typed("weekend", "sun")).await, Err(Error::Conflict(2))));
    let row = calendars::get(&world.services, &world.root, found.id).await.unwrap();
    assert_eq!((&*row.calendar.name, &*row.calendar.days, row.jobs), ("weekend", "sat\nsun", 0));
}

#[tokio::test]
async fn a_calendar_that_jobs_use_is_not_deleted() {
    let world = World::new().await;
    let weekend = calendar(&world, "weekend", "sat,sun").await;
    let on_workdays =
        JobDraft { calendar_id: Some(weekend.id), calendar_use: CalendarUse::Except, ..hourly(&world).await };
    let job = create(&world, on_workdays.clone()).await.unwrap();
    // It is Saturday.
    assert_eq!(cursor(&world, &job).await, (Some(2 * DAY), Some(HOUR)));
    let refused = calendars::delete(&world.services, &world.root, weekend.id).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::CalendarHasJobs(1)))));
    assert_eq!(calendars::list(&world.services, &world.root).await.unwrap()[0].jobs, 1);
    let free = JobDraft { calendar_id: None, ..on_workdays };
    jobs::edit(&world.services, &world.root, job.id, 1, free).await.unwrap();
    assert_eq!(cursor(&world, &job).await, (Some(HOUR), None));
    calendars::delete(&world.services, &world.root, weekend.id).await.unwrap();
    let gone = calendars::get(&world.services, &world.root, weekend.id).await;
    assert!(matches!(gone, Err(Error::NotFound("calendar"))));
}

#[tokio::test]
async fn only_a_calendar_of_the_jobs_namespace_that_leaves_a_fire_is_taken() {
    let world = World::new().await;
    let elsewhere = namespaces::ensure(&world.services, "default", "other").await.unwrap();
    let foreign = calendars::create(&world.services, &world.root, elsewhere.id, &typed("far", "sat")).await;
    let past = calendar(&world, "past", "2026-11-20").await;
    let hourly = hourly(&world).await;
    let created = async |calendar_id, blackouts: &str| {
        let draft =
            JobDraft { calendar_id: Some(calendar_id), blackouts: blackouts.into(), ..hourly.clone() };
        faults(create(&world, draft).await)
    };
    for unknown in [foreign.unwrap().id, 4_711] {
        assert_eq!(created(unknown, "").await, [("calendar_id", Fault::Unknown)]);
    }
    assert_eq!(created(past.id, "").await, [("calendar_id", Fault::NothingLeft)]);
    let line = Fault::Line { number: 1, text: "22-06".into() };
    assert_eq!(created(past.id, "22-06").await, [("blackouts", line)]);
    let always = JobDraft { blackouts: "0:00-12:00\n12:00-24:00".into(), ..hourly.clone() };
    assert_eq!(faults(create(&world, always).await), [("blackouts", Fault::NothingLeft)]);
    let long = JobDraft { blackouts: "22:00-06:00\n".repeat(400), ..hourly.clone() };
    assert_eq!(faults(create(&world, long).await), [("blackouts", Fault::TooLong { max: 4_000 })]);
    let manual = JobDraft {
        schedule_kind: ScheduleKind::Manual,
        calendar_id: Some(past.id),
        blackouts: "22:00-06:00".into(),
        ..hourly.clone()
    };
    let manual = create(&world, manual).await.unwrap();
    assert_eq!((manual.calendar_id, &*manual.blackouts), (None, ""), "nothing that it does not use");
}

#[tokio::test]
async fn what_was_held_back_has_its_row_when_the_job_is_stopped_or_changed() {
    let world = World::new().await;
    let nightly = JobDraft { blackouts: " 22:00-06:00\r\n".into(), ..hourly(&world).await };
    let job = create(&world, nightly.clone()).await.unwrap();
    assert_eq!(job.blackouts, "22:00-06:00");
    assert_eq!(cursor(&world, &job).await, (Some(6 * HOUR), Some(HOUR)));
    world.clock.advance(2 * HOUR + 30 * MINUTE);
    let described = JobDraft { description: "nightly".into(), ..nightly.clone() };
    let job = jobs::edit(&world.services, &world.root, job.id, 1, described).await.unwrap();
    assert_eq!((skipped(&world).await, cursor(&world, &job).await), (vec![], (Some(6 * HOUR), Some(HOUR))));
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    let first = (Reason::Blackout, HOUR, 2 * HOUR, 2);
    assert_eq!((skipped(&world).await, cursor(&world, &job).await), (vec![first], (None, None)));
    world.clock.advance(HOUR);
    let job = jobs::start(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(cursor(&world, &job).await, (Some(6 * HOUR), Some(4 * HOUR)));
    world.clock.advance(HOUR);
    let free = JobDraft { blackouts: String::new(), ..nightly };
    let job = jobs::edit(&world.services, &world.root, job.id, job.version, free).await.unwrap();
    let second = (Reason::Blackout, 4 * HOUR, 4 * HOUR, 1);
    assert_eq!(
        (skipped(&world).await, cursor(&world, &job).await),
        (vec![first, second], (Some(5 * HOUR), None))
    );
}

#[tokio::test]
async fn an_edit_of_a_calendar_is_a_new_version_of_its_jobs_from_now_on() {
    let world = World::new().await;
    let weekend = calendar(&world, "weekend", "sat,sun").await;
    let (calendar_id, calendar_use) = (Some(weekend.id), CalendarUse::Except);
    let hourly = hourly(&world).await;
    let job = create(&world, JobDraft { calendar_id, calendar_use, ..hourly.clone() }).await.unwrap();
    let other = create(&world, JobDraft { name: "other".into(), ..hourly }).await.unwrap();
    world.clock.advance(5 * HOUR);
    let mut signals = world.services.signals.subscribe();
    let sundays = typed("weekend", "sun");
    calendars::edit(&world.services, &world.root, weekend.id, 1, &sundays).await.unwrap();
    assert_eq!(signals.try_recv().ok(), Some(scheduler::signals::Change::Job(job.id)));
    assert_eq!(cursor(&world, &job).await, (Some(6 * HOUR), None));
    assert_eq!(skipped(&world).await, [(Reason::Calendar, HOUR, 5 * HOUR, 5)]);
    let versions = async || {
        let version =
            async |job: &Job| jobs::get(&world.services, &world.root, job.id).await.unwrap().job.version;
        (version(&job).await, version(&other).await)
    };
    assert_eq!(versions().await, (2, 1));
    // Another name changes no fire.
    calendars::edit(&world.services, &world.root, weekend.id, 2, &typed("free", "sun")).await.unwrap();
    assert_eq!(versions().await, (2, 1));
}

#[tokio::test]
async fn a_preview_shows_what_is_held_back_and_what_is_delayed() {
    let world = World::new().await;
    let weekend = calendar(&world, "weekend", "sat").await;
    let nightly = SchedulePreview {
        schedule_kind: ScheduleKind::Cron,
        schedule: "0 30 4,5,7 * * ?".into(),
        zone: "UTC".into(),
        gap_policy: entity::job::GapPolicy::EndOfGap,
        repeat_policy: entity::job::RepeatPolicy::First,
        valid_from: String::new(),
        valid_until: String::new(),
        calendar_id: Some(weekend.id),
        calendar_use: CalendarUse::Except,
        blackouts: "22:00-06:00".into(),
        blackout_policy: BlackoutPolicy::Suppress,
        created_at: None,
    };
    let shown = async |typed: &SchedulePreview| {
        let fires = jobs::preview(&world.services, &world.root, typed, START, 3).await.unwrap();
        fires.into_iter().map(|fire| (fire.local, fire.note)).collect::<Vec<_>>()
    };
    let held = |at: &str, by, last: &str, count| {
        (at.to_owned(), Some(PreviewNote::Held { by, last: last.to_owned(), count }))
    };
    let saturday = held("2026-11-21 04:30:00 UTC", Hold::Calendar, "2026-11-21 07:30:00 UTC", 3);
    let night = held("2026-11-22 04:30:00 UTC", Hold::Blackout, "2026-11-22 05:30:00 UTC", 2);
    let free = ("2026-11-22 07:30:00 UTC".to_owned(), None);
    assert_eq!(shown(&nightly).await, [saturday.clone(), night, free.clone()]);
    let delayed = SchedulePreview { blackout_policy: BlackoutPolicy::Delay, ..nightly };
    let since = "2026-11-22 04:30:00 UTC".to_owned();
    let at_its_end = ("2026-11-22 06:00:00 UTC".to_owned(), Some(PreviewNote::Delayed { since, count: 2 }));
    assert_eq!(shown(&delayed).await, [saturday, at_its_end, free]);
}

#[tokio::test]
async fn calendars_of_foreign_namespaces_do_not_exist() {
    let world = World::new().await;
    let found = calendar(&world, "holidays", "sat").await;
    let (services, stranger) = (&world.services, &world.stranger());
    assert_eq!(calendars::list(services, stranger).await.unwrap(), []);
    let not_found = |result: Error| assert!(matches!(result, Error::NotFound(_)), "{result:?}");
    not_found(calendars::get(services, stranger, found.id).await.unwrap_err());
    let edit = typed("mine", "sun");
    not_found(calendars::edit(services, stranger, found.id, 1, &edit).await.unwrap_err());
    not_found(calendars::create(services, stranger, found.namespace_id, &edit).await.unwrap_err());
    not_found(calendars::delete(services, stranger, found.id).await.unwrap_err());
}
