//! Running a job for past times of its schedule: what is typed, and the rows that come of it.

use super::support::{HOUR, MINUTE, START, World, draft, faults};
use entity::fault::Fault;
use entity::job::{JobState, Model as Job, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use entity::{job_cursor, run, run_text};
use scheduler::jobs::{self, JobDraft};
use scheduler::runs::{self, BackfillDraft};
use scheduler::signals::Change;
use scheduler::{Error, Refusal};
use sea_orm::{EntityTrait, QueryOrder};

fn typed(from: &str, until: &str) -> BackfillDraft {
    BackfillDraft { from: from.into(), until: until.into(), parallel: 3 }
}

/// A job of this schedule that is on.
async fn job(world: &World, change: impl FnOnce(&mut JobDraft)) -> Job {
    let (executor, _) = world.executor("default", "worker").await;
    let mut draft = draft(executor.id);
    change(&mut draft);
    jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap()
}

async fn stored(world: &World) -> Vec<Run> {
    let runs = run::Entity::find().order_by_asc(run::Column::Id);
    runs.all(world.services.db.reader()).await.unwrap()
}

#[tokio::test]
async fn each_time_becomes_a_run_that_waits_in_the_order_of_the_times() {
    let world = World::new().await;
    let job = job(&world, |draft| (draft.priority, draft.retries) = (4, 2)).await;
    let draft = typed("2026-11-20 22:00", "2026-11-20T22:04:30");
    let mut signals = world.services.signals.subscribe();
    let times = runs::preview_backfill(&world.services, &world.root, job.id, &draft).await.unwrap();
    assert_eq!(times, [0, 1, 2, 3, 4].map(|minute| START - 2 * HOUR + minute * MINUTE));
    assert!(stored(&world).await.is_empty() && signals.try_recv().is_err(), "it was only looked at");

    assert_eq!(runs::backfill(&world.services, &world.root, job.id, &draft).await.unwrap(), 5);
    let runs = stored(&world).await;
    assert_eq!(runs.iter().map(|run| run.nominal_at).collect::<Vec<_>>(), times);
    for run in &runs {
        assert_eq!((run.kind, run.state, run.slot), (RunKind::Backfill, RunState::Waiting, -run.id));
        assert_eq!((run.due_at, run.live_bucket, run.priority), (START, Some(run.bucket), -96));
        assert!(run.follow_fail, "it is retried as others are");
    }
    assert_eq!(signals.try_recv(), Ok(Change::Job(job.id)));
    assert_eq!(signals.try_recv(), Ok(Change::Run(runs[0].id)));
    let text =
        run_text::Entity::find_by_id(runs[0].id).one(world.services.db.reader()).await.unwrap().unwrap();
    assert_eq!(text.parameter, None, "the job's own");
    let cursor =
        job_cursor::Entity::find_by_id(job.id).one(world.services.db.reader()).await.unwrap().unwrap();
    assert_eq!((cursor.backfill_slots, cursor.version), (3, job.version));
    // Asked for again, they run again.
    assert_eq!(runs::backfill(&world.services, &world.root, job.id, &draft).await.unwrap(), 5);
}

#[tokio::test]
async fn each_wrong_field_of_a_request_for_past_times_is_named() {
    let world = World::new().await;
    let job = job(&world, |draft| draft.schedule = "0 0 3 * * ?".into()).await;
    let wrong = async |draft: BackfillDraft| {
        let refused = runs::backfill(&world.services, &world.root, job.id, &draft).await;
        let looked = runs::preview_backfill(&world.services, &world.root, job.id, &draft).await;
        let faults = faults(refused);
        assert_eq!(faults, self::faults(looked));
        faults
    };
    let all = BackfillDraft { parallel: 0, ..typed(" ", "yesterday") };
    let range = Fault::OutOfRange { min: 1, max: 100 };
    assert_eq!(
        wrong(all).await,
        [("from", Fault::Required), ("until", Fault::DateTime), ("parallel", range)]
    );
    assert_eq!(wrong(typed("2026-11-01 00:00", "2026-11-21 00:00:01")).await, [("until", Fault::Future)]);
    assert_eq!(wrong(typed("2026-11-02 00:00", "2026-11-01 00:00")).await, [("until", Fault::NotLater)]);
    assert_eq!(wrong(typed("2026-11-01 03:01", "2026-11-02 02:59")).await, [("from", Fault::NoTime)]);
    let parallel = BackfillDraft { parallel: 101, ..typed("2026-11-01 03:00", "2026-11-01 03:00") };
    assert_eq!(wrong(parallel).await, [("parallel", Fault::OutOfRange { min: 1, max: 100 })]);
    assert!(stored(&world).await.is_empty());
}

#[tokio::test]
async fn a_thousand_times_are_written_and_one_more_is_refused() {
    let world = World::new().await;
    let job = job(&world, |_| {}).await;
    // 16 hours and 39 minutes before midnight is the thousandth minute.
    let too_many = typed("2026-11-20 07:20", "2026-11-21 00:00");
    let refused = runs::backfill(&world.services, &world.root, job.id, &too_many).await;
    assert_eq!(faults(refused), [("until", Fault::TooMany { max: 1_000 })]);
    let most = typed("2026-11-20 07:21", "2026-11-21 00:00");
    assert_eq!(runs::backfill(&world.services, &world.root, job.id, &most).await.unwrap(), 1_000);
    let runs = stored(&world).await;
    assert!(runs.is_sorted_by_key(|run| run.nominal_at) && runs.len() == 1_000);
}

#[tokio::test]
async fn the_range_is_on_the_clock_of_the_job_and_a_change_of_the_clocks_is_in_it() {
    let world = World::new().await;
    let job = job(&world, |draft| {
        (draft.schedule, draft.zone) = ("0 */30 * * * ?".into(), "Europe/Berlin".into());
    })
    .await;
    let times = async |from: &str, until: &str| {
        let found = runs::preview_backfill(&world.services, &world.root, job.id, &typed(from, until)).await;
        found.unwrap()
    };
    // The hour from two to three comes twice on 25 October: 00:00Z to 02:00Z.
    let twice = times("2026-10-25 02:00", "2026-10-25 02:30").await;
    assert_eq!(twice.len(), 4);
    assert_eq!(twice[3] - twice[0], HOUR + 30 * MINUTE);
    // And is skipped on 29 March.
    assert_eq!(times("2026-03-29 01:30", "2026-03-29 03:00").await.len(), 2);
}

#[tokio::test]
async fn what_a_blackout_held_back_is_not_made_up_for() {
    let world = World::new().await;
    let job = job(&world, |draft| {
        (draft.schedule, draft.blackouts) = ("0 0 * * * ?".into(), "01:00-04:30".into());
    })
    .await;
    let night = typed("2026-11-20 00:00", "2026-11-20 06:00");
    let times = runs::preview_backfill(&world.services, &world.root, job.id, &night).await.unwrap();
    assert_eq!(times, [0, 5, 6].map(|hour| START - 24 * HOUR + hour * HOUR));
}

#[tokio::test]
async fn a_job_without_past_times_or_that_is_disabled_is_refused() {
    let world = World::new().await;
    let hour = typed("2026-11-20 00:00", "2026-11-20 01:00");
    let kinds = [
        (ScheduleKind::Manual, ""),
        (ScheduleKind::Once, "2026-12-01 00:00"),
        (ScheduleKind::FixedDelay, "60"),
    ];
    let (executor, _) = world.executor("default", "worker").await;
    for (schedule_kind, schedule) in kinds {
        let name = format!("{schedule_kind:?}");
        let draft = JobDraft { schedule_kind, schedule: schedule.into(), name, ..draft(executor.id) };
        let job = jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap();
        let refused = runs::backfill(&world.services, &world.root, job.id, &hour).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::NoPastTimes))), "{schedule_kind:?}");
    }
    let disabled = world.job("disabled", JobState::On).await;
    jobs::disable(&world.services, &world.root, disabled.id).await.unwrap();
    let refused = runs::backfill(&world.services, &world.root, disabled.id, &hour).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::JobIs(JobState::Disabled)))));
    let stranger = runs::backfill(&world.services, &world.stranger(), disabled.id, &hour).await;
    assert!(matches!(stranger, Err(Error::NotFound("job"))));
}

#[tokio::test]
async fn past_times_of_a_job_that_is_stopped_still_run_and_are_skipped_when_it_is_disabled() {
    let world = World::new().await;
    let job = job(&world, |_| {}).await;
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    let asked = typed("2026-11-20 00:00", "2026-11-20 00:01");
    assert_eq!(runs::backfill(&world.services, &world.root, job.id, &asked).await.unwrap(), 2);
    jobs::start(&world.services, &world.root, job.id).await.unwrap();
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    assert!(stored(&world).await.iter().all(|run| run.state == RunState::Waiting));
    jobs::disable(&world.services, &world.root, job.id).await.unwrap();
    let outcomes: Vec<_> = stored(&world).await.iter().map(|run| (run.state, run.reason)).collect();
    assert_eq!(outcomes, [(RunState::Skipped, Reason::Disabled); 2]);
}
