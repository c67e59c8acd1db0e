use super::support::{HOUR, MINUTE, START, World, faults};
use entity::fault::Fault;
use entity::instance::Client;
use entity::job::JobState;
use entity::run::{RunKind, RunState};
use entity::run_text;
use scheduler::authority::Caller;
use scheduler::instances::{self, RegistrationCall, SILENCE};
use scheduler::runs::{self, RunFilter};
use scheduler::signals::Change;
use scheduler::{Error, Refusal, executors};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

/// The ids of all pages.
async fn all(world: &World, filter: &RunFilter) -> Vec<i64> {
    let (mut ids, mut after) = (Vec::new(), None);
    for _ in 0..100 {
        let page = runs::list(&world.services, &world.root, filter, after.as_deref()).await.unwrap();
        assert!(page.rows.len() <= 50);
        ids.extend(page.rows.iter().map(|row| row.run.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
    panic!("the list does not end");
}

#[tokio::test]
async fn a_run_by_hand_waits_for_the_engine_and_says_who_started_it() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let mut signals = world.services.signals.subscribe();
    let parameter = Some("only\r\nthis time".to_owned());
    let id = runs::run_now(&world.services, &world.root, job.id, parameter).await.unwrap();
    assert_eq!(signals.try_recv(), Ok(Change::Run(id)));
    let run = world.stored_run(id).await;
    assert_eq!((run.kind, run.state, run.slot), (RunKind::Manual, RunState::Waiting, -id));
    assert_eq!((run.due_at, run.live_bucket), (START, Some(run.bucket)));
    let text = run_text::Entity::find_by_id(id).one(world.services.db.reader()).await.unwrap().unwrap();
    assert_eq!(text.parameter.as_deref(), Some("only\nthis time"));
    let second = runs::run_now(&world.services, &world.root, job.id, None).await.unwrap();
    assert_ne!(id, second, "twice at the same instant is two runs");
    let huge = runs::run_now(&world.services, &world.root, job.id, Some("x".repeat(65_537))).await;
    assert_eq!(faults(huge), [("parameter", Fault::TooLong { max: 65_536 })]);
}

#[tokio::test]
async fn the_list_is_newest_first_over_all_executors_without_gaps() {
    let world = World::new().await;
    let first = world.job("first", JobState::On).await;
    let (other, _) = world.executor("other", "zeta").await;
    let draft = super::support::draft(other.id);
    let second = scheduler::jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap();
    let mut expected = Vec::new();
    for minute in 0..130 {
        let job = if minute % 10 == 0 { &second } else { &first };
        // Pairs are due at the same instant.
        let due_at = START + minute / 2 * 2 * MINUTE;
        let id = world.run(job, due_at, |run| run.slot = -run.id).await;
        expected.push((due_at, id));
    }
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(all(&world, &RunFilter::default()).await, expected);
    let of_second = RunFilter { executor_id: Some(other.id), ..Default::default() };
    assert_eq!(all(&world, &of_second).await.len(), 13);
    let of_first = RunFilter { job_id: Some(first.id), ..Default::default() };
    assert_eq!(all(&world, &of_first).await.len(), 117);
}

#[tokio::test]
async fn filters_by_state_attention_and_time_find_every_match() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let mut failed = Vec::new();
    for minute in 0..400 {
        let id = world
            .run(&job, START + minute * MINUTE, |run| {
                run.state = if minute % 100 == 0 { RunState::Failed } else { RunState::Succeeded };
                run.attention = (minute == 200).then_some(run.executor_id);
            })
            .await;
        if minute % 100 == 0 {
            failed.insert(0, id);
        }
    }
    let by_state = RunFilter { states: vec![RunState::Failed], ..Default::default() };
    assert_eq!(all(&world, &by_state).await, failed);
    let of_job = RunFilter { job_id: Some(job.id), ..by_state.clone() };
    assert_eq!(all(&world, &of_job).await, failed);
    let attention = RunFilter { attention: true, ..Default::default() };
    assert_eq!(all(&world, &attention).await, [failed[1]]);
    let span =
        RunFilter { from: Some(START + 10 * MINUTE), to: Some(START + 13 * MINUTE), ..Default::default() };
    assert_eq!(all(&world, &span).await.len(), 3);
}

#[tokio::test]
async fn a_row_names_what_is_there_and_nothing_of_what_was_deleted() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    world.run(&job, START, |run| (run.state, run.live_bucket) = (RunState::Succeeded, None)).await;
    let row = async || {
        let page = runs::list(&world.services, &world.root, &RunFilter::default(), None).await.unwrap();
        page.rows.into_iter().next().unwrap()
    };
    assert_eq!(row().await.job_name.as_deref(), Some("invoice"));
    assert_eq!(row().await.app_name.as_deref(), Some("worker"));
    scheduler::jobs::delete(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(row().await.job_name, None);
}

#[tokio::test]
async fn an_ended_run_cannot_be_killed() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let running = world.run(&job, START, |run| run.state = RunState::Running).await;
    let ended = world.run(&job, START + MINUTE, |run| run.state = RunState::Succeeded).await;
    runs::order_kill(&world.services, &world.root, running).await.unwrap();
    let refused = runs::order_kill(&world.services, &world.root, ended).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::RunEnded))));
    let unknown = runs::order_kill(&world.services, &world.root, 1).await;
    assert!(matches!(unknown, Err(Error::NotFound("run"))));
}

#[tokio::test]
async fn runs_of_foreign_namespaces_do_not_exist() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let id = world.run(&job, START, |run| run.state = RunState::Running).await;
    let (services, stranger) = (&world.services, &world.stranger());
    assert!(matches!(runs::get(services, stranger, id).await, Err(Error::NotFound("run"))));
    assert!(matches!(runs::order_kill(services, stranger, id).await, Err(Error::NotFound("run"))));
    let filters = [
        RunFilter::default(),
        RunFilter { job_id: Some(job.id), ..Default::default() },
        RunFilter { executor_id: Some(job.executor_id), ..Default::default() },
    ];
    for filter in filters {
        assert_eq!(runs::list(services, stranger, &filter, None).await.unwrap().rows, []);
    }
    let summary = runs::summary(services, stranger, START).await.unwrap();
    assert_eq!((summary.running, summary.next), (vec![], vec![]));
}

#[tokio::test]
async fn the_summary_says_what_runs_what_comes_and_what_went_wrong() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    world.job("stopped", JobState::Stopped).await;
    let running = world.run(&job, START, |run| run.state = RunState::Running).await;
    for (minute, state) in [(1, RunState::Failed), (2, RunState::Failed), (3, RunState::Lost)] {
        let failed = |run: &mut entity::run::Model| {
            (run.state, run.live_bucket) = (state, None);
            run.attention = Some(run.executor_id);
        };
        world.run(&job, START + minute * MINUTE, failed).await;
    }
    let summary = runs::summary(&world.services, &world.root, START).await.unwrap();
    assert_eq!(summary.running.iter().map(|row| row.run.id).collect::<Vec<_>>(), [running]);
    assert_eq!((summary.wrong.failed, summary.wrong.lost, summary.wrong.more), (2, 1, false));
    let next: Vec<_> = summary.next.iter().map(|fire| (fire.job_name.as_str(), fire.at)).collect();
    assert_eq!(next, [("invoice", START + MINUTE)]);
    assert_eq!(summary.next[0].app_name, "worker");
}

#[tokio::test]
async fn the_summary_names_instances_that_fell_silent_but_not_those_that_signed_off() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let call = |address: &str| RegistrationCall {
        group: "EXECUTOR".into(),
        app_name: "worker".into(),
        address: address.into(),
        namespace: None,
        token: Some(token.clone()),
        labels: String::new(),
        life: String::new(),
        announces: None,
        client: Client::Java,
    };
    for address in ["http://crashed:1", "http://stopped:1"] {
        instances::register(&world.services, None, &call(address)).await.unwrap();
    }
    instances::remove(&world.services, None, &call("http://stopped:1")).await.unwrap();
    let now = world.clock.advance(SILENCE);
    world.expire_instances().await;
    let offline = async |now| {
        let summary = runs::summary(&world.services, &world.root, now).await.unwrap();
        summary.offline.into_iter().map(|row| (row.app_name, row.instance.address)).collect::<Vec<_>>()
    };
    assert_eq!(offline(now).await, [("worker".to_owned(), "http://crashed:1".to_owned())]);
    assert_eq!(offline(now + 25 * HOUR).await, []);
    let row = &executors::list(&world.services, &world.root, &Default::default()).await.unwrap()[0];
    assert_eq!((row.executor.id, row.online), (executor.id, 0));
}

#[tokio::test]
async fn the_summary_names_the_jobs_that_are_due_and_cannot_be_planned() {
    let world = World::new().await;
    let invoice = world.job("invoice", JobState::On).await;
    world.job("report", JobState::On).await;
    // As when a zone is missing in the time zones of a new version.
    let mut changes = invoice.into_active_model();
    changes.zone = Set("Mars/Olympus".to_owned());
    let transaction = world.services.db.begin().await.unwrap();
    changes.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let unreadable = async |caller: &Caller, now| {
        let summary = runs::summary(&world.services, caller, now).await.unwrap();
        let is_next = |name: &str| summary.next.iter().any(|fire| fire.job_name == name);
        assert!(!summary.unreadable.iter().any(|job| is_next(&job.name)), "it does not fire");
        summary.unreadable.into_iter().map(|job| job.name).collect::<Vec<_>>()
    };
    assert_eq!(unreadable(&world.root, START).await, [] as [&str; 0], "it is not due yet");
    assert_eq!(unreadable(&world.root, START + MINUTE).await, ["invoice"]);
    assert_eq!(unreadable(&world.stranger(), START + MINUTE).await, [] as [&str; 0]);
}
