//! Kinds of schedules, their validity and their spread, from what is typed to the cursor.

use super::support::{HOUR, MINUTE, START, World, draft, faults};
use entity::fault::{CronFault, Fault};
use entity::job::{JobState, Model as Job, ScheduleKind};
use entity::{Millis, job_cursor};
use scheduler::jobs::{self, JobDraft, SchedulePreview};
use scheduler::rules::spread::delay_ms;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};

const DAY: Millis = 24 * HOUR;

async fn next_at(world: &World, id: i32) -> Option<Millis> {
    let cursor = job_cursor::Entity::find_by_id(id).one(world.services.db.reader()).await.unwrap();
    cursor.unwrap().next_at
}

async fn executor(world: &World) -> i32 {
    world.executor("default", "worker").await.0.id
}

async fn create(world: &World, draft: JobDraft) -> scheduler::Result<Job> {
    jobs::create(&world.services, &world.root, draft, JobState::On).await
}

async fn edit(world: &World, job: &Job, draft: JobDraft) -> scheduler::Result<Job> {
    jobs::edit(&world.services, &world.root, job.id, job.version, draft).await
}

fn rate(executor_id: i32, seconds: &str) -> JobDraft {
    JobDraft { schedule_kind: ScheduleKind::FixedRate, schedule: seconds.to_owned(), ..draft(executor_id) }
}

fn once(executor_id: i32, at: &str) -> JobDraft {
    let zone = "Europe/Berlin".to_owned();
    JobDraft { schedule_kind: ScheduleKind::Once, schedule: at.to_owned(), zone, ..draft(executor_id) }
}

#[tokio::test]
async fn a_fixed_rate_keeps_step_with_the_jobs_creation_through_edits_and_stops() {
    let world = World::new().await;
    world.clock.advance(700);
    let typed = rate(executor(&world).await, " 90 ");
    let job = create(&world, typed.clone()).await.unwrap();
    assert_eq!((job.schedule.as_str(), job.created_at), ("90", START + 700));
    assert_eq!(next_at(&world, job.id).await, Some(START + 90_000));
    world.clock.advance(3 * MINUTE);
    let slower = JobDraft { schedule: "120".into(), ..typed };
    edit(&world, &job, slower).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, Some(START + 240_000));
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    world.clock.advance(HOUR + 1);
    jobs::start(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, Some(START + HOUR + 240_000));
}

#[tokio::test]
async fn a_fixed_rate_is_a_whole_number_of_seconds_up_to_a_year() {
    let world = World::new().await;
    let executor_id = executor(&world).await;
    for wrong in ["0", "-1", "1.5", "31536001", "ten"] {
        let fault = Fault::OutOfRange { min: 1, max: 31_536_000 };
        assert_eq!(faults(create(&world, rate(executor_id, wrong)).await), [("schedule", fault)], "{wrong}");
    }
    assert_eq!(faults(create(&world, rate(executor_id, " ")).await), [("schedule", Fault::Required)]);
}

#[tokio::test]
async fn a_job_for_one_instant_is_read_in_its_zone_and_has_no_fire_afterwards() {
    let world = World::new().await;
    let typed = once(executor(&world).await, "2026-11-22T03:00");
    let job = create(&world, typed.clone()).await.unwrap();
    assert_eq!(job.schedule, "2026-11-22 03:00:00");
    assert_eq!(next_at(&world, job.id).await, Some(START + 26 * HOUR));
    world.clock.advance(2 * DAY);
    assert_eq!(jobs::coming(&job, None, START + 2 * DAY, 5), []);
    let stopped = jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    let started = jobs::start(&world.services, &world.root, job.id).await;
    assert_eq!(faults(started), [("schedule", Fault::Past)]);
    // It is over; the rest of the job can still be changed, but not to another past time.
    let described = JobDraft { description: "moved house".into(), ..typed.clone() };
    let edited = edit(&world, &stopped, described).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, None);
    let past = JobDraft { schedule: "2026-11-22 04:00:00".into(), ..typed };
    assert_eq!(faults(edit(&world, &edited, past).await), [("schedule", Fault::Past)]);
}

#[tokio::test]
async fn times_are_typed_on_the_clock_of_the_zone_and_each_wrong_one_is_named() {
    let world = World::new().await;
    let executor_id = executor(&world).await;
    let bounded = |valid_from: &str, valid_until: &str| JobDraft {
        zone: "Europe/Berlin".into(),
        valid_from: valid_from.into(),
        valid_until: valid_until.into(),
        ..draft(executor_id)
    };
    let job = create(&world, bounded("2026-11-21 12:30:30", " 2026-11-21T12:45 ")).await.unwrap();
    let (from, until) = (START + 11 * HOUR + 30 * MINUTE + 30_000, START + 11 * HOUR + 45 * MINUTE);
    assert_eq!((job.valid_from, job.valid_until), (Some(from), Some(until)));
    assert_eq!(next_at(&world, job.id).await, Some(from + 30_000));
    let fires = jobs::coming(&job, None, START, 100);
    assert_eq!((fires.len(), fires[14].at), (15, until));

    let unreadable = JobDraft { spread_s: 86_401, ..bounded("soon", "2026-13-01 00:00") };
    let range = Fault::OutOfRange { min: 0, max: 86_400 };
    assert_eq!(
        faults(create(&world, unreadable).await),
        [("valid_from", Fault::DateTime), ("valid_until", Fault::DateTime), ("spread_s", range)]
    );
    let backwards = create(&world, bounded("2026-11-22 00:00", "2026-11-21 23:59")).await;
    assert_eq!(faults(backwards), [("valid_until", Fault::NotLater)]);
    let never = Fault::Cron { position: None, detail: CronFault::Never };
    assert_eq!(faults(create(&world, bounded("", "2026-11-20 00:00")).await), [("schedule", never)]);
    let wrong = faults(create(&world, once(executor_id, "tomorrow")).await);
    assert_eq!(wrong, [("schedule", Fault::DateTime)]);
}

#[tokio::test]
async fn a_kind_keeps_nothing_that_it_does_not_use() {
    let world = World::new().await;
    let executor_id = executor(&world).await;
    let left_over = |name: &str, draft: JobDraft| JobDraft {
        name: name.into(),
        valid_from: "left over".into(),
        valid_until: "2020-01-01 00:00".into(),
        spread_s: 60,
        ..draft
    };
    let at_once = create(&world, left_over("once", once(executor_id, "2026-11-22 03:00"))).await.unwrap();
    assert_eq!((at_once.valid_from, at_once.valid_until, at_once.spread_s), (None, None, 60));
    let manual = JobDraft { schedule_kind: ScheduleKind::Manual, ..draft(executor_id) };
    let manual = create(&world, left_over("manual", manual)).await.unwrap();
    assert_eq!((manual.valid_from, manual.valid_until, manual.spread_s), (None, None, 0));
}

#[tokio::test]
async fn a_spread_delays_the_cursor_and_a_new_one_loses_no_fire() {
    let world = World::new().await;
    let hourly = JobDraft { schedule: "0 0 * * * ?".into(), spread_s: 600, ..draft(executor(&world).await) };
    let job = create(&world, hourly.clone()).await.unwrap();
    let delay = delay_ms(job.id, 600);
    assert_eq!(next_at(&world, job.id).await, Some(START + HOUR + delay));
    let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!((detail.delay_ms, detail.next_at), (delay, Some(START + HOUR + delay)));
    assert_eq!(jobs::coming(&job, None, START, 1)[0].at, START + HOUR);
    // The fire of this hour has not gone out yet.
    world.clock.advance(HOUR + delay - 1);
    let wider = JobDraft { spread_s: 3_600, ..hourly };
    edit(&world, &job, wider).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, Some(START + HOUR + delay_ms(job.id, 3_600)));
}

#[tokio::test]
async fn a_preview_knows_the_kind_the_creation_and_the_validity() {
    let world = World::new().await;
    let typed = SchedulePreview {
        schedule_kind: ScheduleKind::FixedRate,
        schedule: "3600".into(),
        zone: "asia/shanghai".into(),
        gap_policy: entity::job::GapPolicy::EndOfGap,
        repeat_policy: entity::job::RepeatPolicy::First,
        valid_from: String::new(),
        valid_until: "2026-11-21 10:00".into(),
        calendar_id: None,
        calendar_use: entity::job::CalendarUse::Only,
        blackouts: String::new(),
        blackout_policy: entity::job::BlackoutPolicy::Suppress,
        created_at: Some(START - 30 * MINUTE),
    };
    let shown = async |typed: &SchedulePreview| {
        let fires = jobs::preview(&world.services, &world.root, typed, START, 10).await.unwrap();
        fires.into_iter().map(|fire| fire.local).collect::<Vec<_>>()
    };
    assert_eq!(shown(&typed).await, ["2026-11-21 08:30:00 CST", "2026-11-21 09:30:00 CST"]);
    let begun = SchedulePreview { valid_from: "2026-11-21 08:45".into(), ..typed.clone() };
    assert_eq!(shown(&begun).await, ["2026-11-21 08:45:00 CST", "2026-11-21 09:45:00 CST"]);
    let once =
        SchedulePreview { schedule_kind: ScheduleKind::Once, schedule: "2026-11-21 08:30".into(), ..typed };
    assert_eq!(shown(&once).await, ["2026-11-21 08:30:00 CST"]);
}

#[tokio::test]
async fn a_fixed_delay_begins_at_once_and_an_edit_while_a_run_is_under_way_waits_for_its_end() {
    let world = World::new().await;
    let executor_id = executor(&world).await;
    let delayed = JobDraft {
        schedule_kind: ScheduleKind::FixedDelay,
        blackouts: "22:00-06:00".into(),
        ..rate(executor_id, "90")
    };
    let job = create(&world, delayed.clone()).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, Some(START + 1));
    assert_eq!(job.blackouts, "", "its times come from its runs");
    let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(detail.coming(START + MINUTE, 5).iter().map(|fire| fire.at).collect::<Vec<_>>(), [START + 1]);
    // The engine claims it.
    let transaction = world.services.db.begin().await.unwrap();
    let claimed = job_cursor::ActiveModel {
        job_id: Set(job.id),
        next_at: Set(None),
        last_at: Set(START + 1),
        ..Default::default()
    };
    claimed.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let job = edit(&world, &job, JobDraft { schedule: "60".into(), ..delayed.clone() }).await.unwrap();
    assert_eq!(next_at(&world, job.id).await, None);
    let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert!(detail.coming(START + MINUTE, 5).is_empty());
    edit(&world, &job, JobDraft { schedule: "60".into(), ..rate(executor_id, "60") }).await.unwrap();
    assert!(next_at(&world, job.id).await.is_some(), "another kind goes by the clock");
    let wrong = create(&world, JobDraft { name: "b".into(), schedule: "0".into(), ..delayed }).await;
    assert_eq!(faults(wrong), [("schedule", Fault::OutOfRange { min: 1, max: 31_536_000 })]);
}
