use super::support::{MINUTE, START, World, draft, faults};
use entity::fault::{CronFault, Fault};
use entity::job::{JobState, RetryOn, RunMode, ScheduleKind};
use entity::job_cursor;
use entity::run::{Reason, RunKind, RunState};
use scheduler::jobs::{self, JobDraft, SchedulePreview};
use scheduler::rules::bucket::bucket_of;
use scheduler::signals::Change;
use scheduler::{Error, Refusal};
use sea_orm::EntityTrait;

async fn cursor(world: &World, id: i32) -> Option<job_cursor::Model> {
    job_cursor::Entity::find_by_id(id).one(world.services.db.reader()).await.unwrap()
}

#[tokio::test]
async fn a_job_is_created_with_its_cursor_at_the_next_fire() {
    let world = World::new().await;
    let mut signals = world.services.signals.subscribe();
    let job = world.job("invoice", JobState::On).await;
    let cursor = cursor(&world, job.id).await.unwrap();
    assert_eq!(cursor.next_at, Some(START + MINUTE));
    assert_eq!((cursor.version, cursor.bucket), (1, bucket_of(job.id)));
    let seen: Vec<_> = std::iter::from_fn(|| signals.try_recv().ok()).collect();
    assert!(seen.contains(&Change::Job(job.id)));
}

#[tokio::test]
async fn a_stopped_job_and_a_manual_one_have_no_next_fire() {
    let world = World::new().await;
    let stopped = world.job("stopped", JobState::Stopped).await;
    assert_eq!(cursor(&world, stopped.id).await.unwrap().next_at, None);
    let by_hand = JobDraft {
        name: "by hand".into(),
        schedule_kind: ScheduleKind::Manual,
        schedule: "left over".into(),
        ..draft(stopped.executor_id)
    };
    let job = jobs::create(&world.services, &world.root, by_hand, JobState::On).await.unwrap();
    assert_eq!(job.schedule, "");
    assert_eq!(cursor(&world, job.id).await.unwrap().next_at, None);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let wrong = JobDraft {
        name: "x".repeat(10_000),
        description: "x".repeat(501),
        owner: "a\u{7}b".into(),
        schedule: "61 * * * * ?".into(),
        zone: "Mars/Olympus".into(),
        catch_up_ms: -1,
        timeout_s: 604_801,
        retries: 101,
        retry_delay_s: 86_401,
        retry_jitter_s: -1,
        retry_on: RetryOn::default(),
        children: (1..=101).collect(),
        handler: "two words".into(),
        parameter: "x".repeat(65_537),
        ..draft(executor.id)
    };
    let found = faults(jobs::create(&world.services, &world.root, wrong, JobState::On).await);
    let fields: Vec<_> = found.iter().map(|(field, _)| *field).collect();
    let expected = [
        "name",
        "description",
        "owner",
        "schedule",
        "zone",
        "catch_up_ms",
        "timeout_s",
        "retries",
        "retry_delay_s",
        "retry_jitter_s",
        "retry_on",
        "children",
        "handler",
        "parameter",
    ];
    assert_eq!(fields, expected);
    assert_eq!(found[0].1, Fault::TooLong { max: 120 });
    assert!(matches!(&found[3].1, Fault::Cron { position: Some(1), .. }), "{:?}", found[3]);
    assert_eq!(found[4].1, Fault::Zone);
}

#[tokio::test]
async fn markup_and_emoji_are_a_name_like_any_other() {
    let world = World::new().await;
    let name = "<script>alert('🦀')</script> 每日对账";
    let job = world.job(name, JobState::Stopped).await;
    assert_eq!(jobs::get(&world.services, &world.root, job.id).await.unwrap().job.name, name);
}

#[tokio::test]
async fn a_schedule_that_never_fires_is_refused() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let never = JobDraft { schedule: "0 0 0 30 2 ?".into(), ..draft(executor.id) };
    let found = faults(jobs::create(&world.services, &world.root, never, JobState::On).await);
    let fault = Fault::Cron { position: None, detail: CronFault::Never };
    assert_eq!(found, [("schedule", fault)]);
}

#[tokio::test]
async fn a_name_is_unique_in_its_namespace() {
    let world = World::new().await;
    let first = world.job("invoice", JobState::Stopped).await;
    let twin = jobs::create(&world.services, &world.root, draft(first.executor_id), JobState::On).await;
    assert_eq!(faults(twin), [("name", Fault::Taken { id: Some(first.id.into()) })]);
    let (elsewhere, _) = world.executor("other", "worker").await;
    jobs::create(&world.services, &world.root, draft(elsewhere.id), JobState::On).await.unwrap();
}

#[tokio::test]
async fn a_script_needs_source_and_a_handler_keeps_none() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let script = JobDraft { run_mode: RunMode::Shell, ..draft(executor.id) };
    let missing = jobs::create(&world.services, &world.root, script.clone(), JobState::On).await;
    assert_eq!(faults(missing), [("source", Fault::Required)]);
    let huge = JobDraft { source: "x".repeat((1 << 20) + 1), ..script.clone() };
    let huge = jobs::create(&world.services, &world.root, huge, JobState::On).await;
    assert_eq!(faults(huge), [("source", Fault::TooLong { max: 1 << 20 })]);
    let typed = JobDraft { source: "#!/bin/sh\r\necho hi\r\n".into(), ..script };
    let job = jobs::create(&world.services, &world.root, typed, JobState::On).await.unwrap();
    assert_eq!((job.source.as_str(), job.handler.as_str()), ("#!/bin/sh\necho hi\n", ""));
}

#[tokio::test]
async fn the_version_of_the_source_grows_only_when_the_source_changes() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let script =
        |source: &str| JobDraft { run_mode: RunMode::Shell, source: source.into(), ..draft(executor.id) };
    let job = jobs::create(&world.services, &world.root, script("one"), JobState::On).await.unwrap();
    let edit = async |version, source| {
        jobs::edit(&world.services, &world.root, job.id, version, script(source)).await.unwrap()
    };
    assert_eq!(edit(1, "one").await.source_changed_at, job.source_changed_at);
    assert_eq!(edit(2, "two").await.source_changed_at, job.source_changed_at + 1);
}

#[tokio::test]
async fn of_two_people_saving_the_second_is_told() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let save = async |owner: &str| {
        let typed = JobDraft { owner: owner.into(), ..draft(job.executor_id) };
        jobs::edit(&world.services, &world.root, job.id, job.version, typed).await
    };
    assert_eq!(save("first").await.unwrap().version, 2);
    assert!(matches!(save("second").await, Err(Error::Conflict(2))));
    assert_eq!(jobs::get(&world.services, &world.root, job.id).await.unwrap().job.owner, "first");
}

#[tokio::test]
async fn a_new_schedule_moves_the_cursor_and_a_new_description_loses_no_fire() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    world.clock.advance(MINUTE + 10);
    let described = JobDraft { description: "monthly".into(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &world.root, job.id, 1, described).await.unwrap();
    let due = cursor(&world, job.id).await.unwrap();
    assert_eq!((due.next_at, due.version), (Some(START + MINUTE), 2));
    let hourly = JobDraft { schedule: "0 0 * * * ?".into(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &world.root, job.id, 2, hourly).await.unwrap();
    let moved = cursor(&world, job.id).await.unwrap();
    assert_eq!((moved.next_at, moved.version), (Some(START + 60 * MINUTE), 3));
}

#[tokio::test]
async fn a_job_moves_to_another_executor_of_its_namespace_only() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let (foreign, _) = world.executor("other", "worker").await;
    for executor_id in [foreign.id, 77] {
        let moved = jobs::edit(&world.services, &world.root, job.id, 1, draft(executor_id)).await;
        assert_eq!(faults(moved), [("executor_id", Fault::Unknown)]);
    }
    let (sibling, _) = world.executor("default", "sibling").await;
    let moved = jobs::edit(&world.services, &world.root, job.id, 1, draft(sibling.id)).await.unwrap();
    assert_eq!(moved.executor_id, sibling.id);
}

#[tokio::test]
async fn starting_fires_from_now_on_and_never_repeats_a_fire() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    world.clock.advance(10 * MINUTE);
    let started = jobs::start(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!((started.state, started.version), (JobState::On, 2));
    let next = cursor(&world, job.id).await.unwrap();
    assert_eq!((next.next_at, next.version), (Some(START + 11 * MINUTE), 2));
    let again = jobs::start(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(again.version, 2, "starting twice is starting once");
}

#[tokio::test]
async fn stopping_skips_what_waits_by_the_schedule_and_leaves_what_a_person_started() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let neighbour = world.job("neighbour", JobState::On).await;
    let waiting = world.run(&job, START, |_| ()).await;
    let by_hand = world.run(&job, START, |run| (run.kind, run.slot) = (RunKind::Manual, -run.id)).await;
    let running = world.run(&job, START - MINUTE, |run| run.state = RunState::Running).await;
    let foreign = world.run(&neighbour, START, |_| ()).await;
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    let skipped = world.stored_run(waiting).await;
    assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Reason::Stopped));
    assert_eq!((skipped.live_bucket, skipped.ended_at), (None, Some(START)));
    assert_eq!(world.stored_run(by_hand).await.state, RunState::Waiting);
    assert_eq!(world.stored_run(running).await.state, RunState::Running);
    assert_eq!(world.stored_run(foreign).await.state, RunState::Waiting);
    assert_eq!(cursor(&world, job.id).await.unwrap().next_at, None);
    let counted = entity::stat_hour::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(counted.iter().map(|row| row.runs).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn stopping_waits_for_a_request_on_its_way_and_names_it_if_it_stays() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let sending = world.run(&job, START, |run| run.state = RunState::Sending).await;
    let stopped = jobs::stop(&world.services, &world.root, job.id).await;
    assert!(matches!(stopped, Err(Error::Refused(Refusal::RunUnderWay(id))) if id == sending), "{stopped:?}");
    let stored = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(stored.job.state, JobState::Stopped);
}

#[tokio::test]
async fn nothing_starts_a_disabled_job_and_what_waits_is_skipped() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let job = world.job("invoice", JobState::On).await;
    let by_schedule = world.run(&job, START, |_| ()).await;
    let by_hand = world.run(&job, START, |run| (run.kind, run.slot) = (RunKind::Manual, -run.id)).await;
    let running = world
        .run(&job, START, |run| {
            (run.state, run.kind, run.slot) = (RunState::Running, RunKind::Manual, -run.id);
        })
        .await;
    let disabled = jobs::disable(services, root, job.id).await.unwrap();
    assert_eq!((disabled.state, disabled.version), (JobState::Disabled, 2));
    assert_eq!(cursor(&world, job.id).await.unwrap().next_at, None);
    for waiting in [by_schedule, by_hand] {
        let skipped = world.stored_run(waiting).await;
        assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Reason::Disabled));
    }
    assert_eq!(world.stored_run(running).await.state, RunState::Running);
    let refused = scheduler::runs::run_now(services, root, job.id, None).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::JobIs(JobState::Disabled)))), "{refused:?}");
    for word in [jobs::start(services, root, job.id).await, jobs::stop(services, root, job.id).await] {
        assert!(matches!(word, Err(Error::Refused(Refusal::JobIs(JobState::Disabled)))), "{word:?}");
    }
    assert_eq!(jobs::disable(services, root, job.id).await.unwrap().version, 2, "again changes nothing");
    let described = JobDraft { description: "off".into(), ..draft(job.executor_id) };
    let edited = jobs::edit(services, root, job.id, 2, described).await.unwrap();
    assert_eq!(edited.state, JobState::Disabled, "an edit leaves it disabled");
    world.clock.advance(10 * MINUTE);
    let enabled = jobs::enable(services, root, job.id).await.unwrap();
    assert_eq!(enabled.state, JobState::On);
    assert_eq!(cursor(&world, job.id).await.unwrap().next_at, Some(START + 11 * MINUTE), "from now on");
    scheduler::runs::run_now(services, root, job.id, None).await.unwrap();
}

#[tokio::test]
async fn a_stopped_job_is_disabled_and_not_enabled() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let job = world.job("invoice", JobState::Stopped).await;
    let enabled = jobs::enable(services, root, job.id).await;
    assert!(matches!(enabled, Err(Error::Refused(Refusal::JobIs(JobState::Stopped)))), "{enabled:?}");
    assert_eq!(jobs::disable(services, root, job.id).await.unwrap().state, JobState::Disabled);
    assert_eq!(jobs::enable(services, root, job.id).await.unwrap().state, JobState::On);
    jobs::delete(services, root, job.id).await.unwrap();
}

#[tokio::test]
async fn a_deleted_job_leaves_its_history_and_nothing_that_fires() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let waiting = world.run(&job, START, |run| (run.kind, run.slot) = (RunKind::Manual, -run.id)).await;
    jobs::delete(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(cursor(&world, job.id).await, None);
    assert!(matches!(jobs::get(&world.services, &world.root, job.id).await, Err(Error::NotFound("job"))));
    assert_eq!(world.stored_run(waiting).await.state, RunState::Skipped);
    let detail = scheduler::runs::get(&world.services, &world.root, waiting).await.unwrap();
    assert_eq!(detail.job, None);
}

#[tokio::test]
async fn a_preview_comes_from_the_schedule_as_typed() {
    let world = World::new().await;
    let typed = SchedulePreview {
        schedule_kind: ScheduleKind::Cron,
        schedule: " 0 0 3 * * ? ".into(),
        zone: "asia/shanghai".into(),
        gap_policy: entity::job::GapPolicy::EndOfGap,
        repeat_policy: entity::job::RepeatPolicy::First,
        valid_from: String::new(),
        valid_until: String::new(),
        calendar_id: None,
        calendar_use: entity::job::CalendarUse::Only,
        blackouts: String::new(),
        blackout_policy: entity::job::BlackoutPolicy::Suppress,
        created_at: None,
    };
    let fires = jobs::preview(&world.services, &world.root, &typed, START, 1_000).await.unwrap();
    assert_eq!(fires.len(), jobs::MOST_FIRES);
    assert_eq!(fires[0].local, "2026-11-22 03:00:00 CST");
    let broken = SchedulePreview { schedule: "* * *".into(), zone: "nowhere".into(), ..typed };
    let refused = jobs::preview(&world.services, &world.root, &broken, START, 5).await;
    let fields: Vec<_> = faults(refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["schedule", "zone"]);
}

#[tokio::test]
async fn jobs_of_foreign_namespaces_do_not_exist() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let (services, stranger, id) = (&world.services, &world.stranger(), job.id);
    assert!(matches!(jobs::get(services, stranger, id).await, Err(Error::NotFound(_))));
    assert!(matches!(jobs::start(services, stranger, id).await, Err(Error::NotFound(_))));
    assert!(matches!(jobs::stop(services, stranger, id).await, Err(Error::NotFound(_))));
    assert!(matches!(jobs::delete(services, stranger, id).await, Err(Error::NotFound(_))));
    let edited = jobs::edit(services, stranger, id, 1, draft(job.executor_id)).await;
    assert!(matches!(edited, Err(Error::NotFound(_))));
    let created = jobs::create(services, stranger, draft(job.executor_id), JobState::On).await;
    assert_eq!(faults(created), [("executor_id", Fault::Unknown)]);
    assert!(matches!(scheduler::runs::run_now(services, stranger, id, None).await, Err(Error::NotFound(_))));
    assert_eq!(jobs::get(services, &world.root, id).await.unwrap().job.version, 1);
}
