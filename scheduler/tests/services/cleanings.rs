//! Cleaning up the history of runs.

use super::support::{HOUR, MINUTE, START, World};
use entity::cleaning::What;
use entity::job::{self, JobState};
use entity::run::{self, RunState, SPLIT};
use entity::{log, log_part, run_by_job, run_text};
use scheduler::authority::Caller;
use scheduler::cleanings::work::Cleaner;
use scheduler::cleanings::{self, CleaningDraft, JobExtent};
use scheduler::retention::{self, RetentionEdit};
use scheduler::{Error, Refusal, audit};
use sea_orm::{EntityTrait, IntoActiveModel, PaginatorTrait};
use std::sync::Arc;

const DAY: i64 = 24 * HOUR;

fn usual() -> RetentionEdit {
    RetentionEdit::from(&entity::retention::Model::default())
}

fn ended(run: &mut run::Model) {
    (run.state, run.live_bucket, run.ended_at) = (RunState::Failed, None, Some(run.due_at + 1));
}

/// A run that has ended, with its text, its kept log and its entry in the index by job.
async fn past_run(world: &World, job: &job::Model, due_at: i64) -> i64 {
    let id = world.run(job, due_at, ended).await;
    let transaction = world.services.db.begin().await.unwrap();
    let text = run_text::Model {
        run_id: id,
        parameter: None,
        started_by: None,
        ended_by: None,
        tries: None,
        dispatch: None,
        result: Some("no such table".into()),
        late_result: None,
    };
    run_text::Entity::insert(text.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    let entry = run_by_job::Model { job_id: job.id, due_at, run_id: id };
    run_by_job::Entity::insert(entry.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.begun_log(id, due_at).await;
    id
}

fn of(job: &job::Model, what: What) -> CleaningDraft {
    CleaningDraft { executor_id: Some(job.executor_id), job_id: Some(job.id), what }
}

fn cleaner(world: &World) -> Cleaner {
    Cleaner::new(world.services.clone(), Arc::new(|| true))
}

async fn work(world: &World) {
    let mut cleaner = cleaner(world);
    while cleaner.tick().await.unwrap() {}
}

async fn is_there(world: &World, id: i64) -> bool {
    run::Entity::find_by_id(id).one(world.services.db.reader()).await.unwrap().is_some()
}

#[tokio::test]
async fn runs_older_than_a_month_go_with_all_that_is_theirs_and_the_audit_says_how_many() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let (job, other) =
        (world.job("chosen", JobState::Stopped).await, world.job("other", JobState::Stopped).await);
    let old = past_run(&world, &job, START - 32 * DAY).await;
    let young = past_run(&world, &job, START - 29 * DAY).await;
    let others = past_run(&world, &other, START - 32 * DAY).await;
    let waiting = world.run(&job, START - 32 * DAY + 1, |_| ()).await;
    let draft = of(&job, What::OverOneMonth);
    let extent = cleanings::preview(services, root, draft).await.unwrap();
    let named = JobExtent { job_id: job.id, name: Some("chosen".into()), runs: 1 };
    assert_eq!((extent.runs, extent.jobs), (1, vec![named]));
    assert!(is_there(&world, old).await, "it was only looked at");
    cleanings::order(services, root, draft).await.unwrap();
    work(&world).await;
    assert!(!is_there(&world, old).await);
    for stays in [young, others, waiting] {
        assert!(is_there(&world, stays).await);
    }
    let reader = services.db.reader();
    assert!(run_text::Entity::find_by_id(old).one(reader).await.unwrap().is_none());
    assert!(log::Entity::find_by_id(old).one(reader).await.unwrap().is_none());
    assert_eq!(run_by_job::Entity::find().count(reader).await.unwrap(), 2);
    assert_eq!(log_part::Entity::find().count(reader).await.unwrap(), 2);
    let told = &audit::list(services, root, &Default::default(), None).await.unwrap().entries[0];
    assert_eq!((&*told.actor, &*told.object), ("operator", "worker · chosen"));
    let after = told.after.as_deref().unwrap();
    assert!(after.contains("\"over_one_month\"") && after.contains("\"runs\":1"), "{after}");
}

#[tokio::test]
async fn all_but_the_last_thousand_of_each_job_stay_over_many_transactions_and_a_change_of_servers() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let job = world.job("busy", JobState::Stopped).await;
    let other = world.job("calm", JobState::Stopped).await;
    let times = (1..=1_600).map(|minute| START - minute * MINUTE);
    let ids = services.run_ids.take(1_600).await.unwrap();
    let rows = ids.iter().zip(times).map(|(id, at)| {
        let mut run = run::Model::waiting(*id, &job, 0, at);
        ended(&mut run);
        run.into_active_model()
    });
    let transaction = services.db.begin().await.unwrap();
    for rows in rows.collect::<Vec<_>>().chunks(400) {
        run::Entity::insert_many(rows.to_vec()).exec_without_returning(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let others = past_run(&world, &other, START - 100 * DAY).await;
    let draft = CleaningDraft { executor_id: None, job_id: None, what: What::AllButThousand };
    assert_eq!(cleanings::preview(services, root, draft).await.unwrap().runs, 600);
    cleanings::order(services, root, draft).await.unwrap();
    let mut first = cleaner(&world);
    assert!(first.tick().await.unwrap());
    let under_way = &cleanings::list(services, root).await.unwrap()[0].cleaning;
    assert!(under_way.gone > 0 && under_way.gone < 600 && under_way.ended_at.is_none(), "{under_way:?}");
    // Another server goes on, and the first one never knew.
    work(&world).await;
    while first.tick().await.unwrap() {}
    assert!(is_there(&world, others).await && is_there(&world, ids[999]).await);
    assert!(!is_there(&world, ids[1_000]).await);
    let done = &cleanings::list(services, root).await.unwrap()[0].cleaning;
    assert_eq!((done.gone, done.expected, done.ended_at), (600, 600, Some(START)));
    let entries = audit::list(services, root, &Default::default(), None).await.unwrap().entries;
    let told = entries.iter().filter(|entry| entry.noun == entity::audit_entry::Noun::Cleaning).count();
    assert_eq!(told, 1, "by the one who ended it");
}

#[tokio::test]
async fn a_run_that_was_split_goes_with_its_shards_and_stays_while_one_of_them_goes_on() {
    let world = World::new().await;
    let job = world.job("split", JobState::Stopped).await;
    let split = |run: &mut run::Model| {
        ended(run);
        run.shard_index = SPLIT;
    };
    let whole = world.run(&job, START - 2 * DAY, split).await;
    let shard = |whole| {
        move |run: &mut run::Model| {
            ended(run);
            run.parent_id = Some(whole);
        }
    };
    let done = world.run(&job, START - 2 * DAY + 7, shard(whole)).await;
    let held = world.run(&job, START - 3 * DAY, split).await;
    let running = world.run(&job, START - 3 * DAY + 7, |run| run.parent_id = Some(held)).await;
    assert_eq!(cleanings::preview(&world.services, &world.root, of(&job, What::All)).await.unwrap().runs, 2);
    cleanings::order(&world.services, &world.root, of(&job, What::All)).await.unwrap();
    work(&world).await;
    assert!(!is_there(&world, whole).await && !is_there(&world, done).await);
    assert!(is_there(&world, held).await && is_there(&world, running).await);
    assert_eq!(cleanings::list(&world.services, &world.root).await.unwrap()[0].cleaning.gone, 1);
}

#[tokio::test]
async fn what_may_be_deleted_is_decided_by_the_executor_and_nothing_is_not_asked_for() {
    let world = World::new().await;
    let job = world.job("foreign", JobState::Stopped).await;
    past_run(&world, &job, START - DAY).await;
    let order = async |caller: &Caller, draft| cleanings::order(&world.services, caller, draft).await.err();
    let unseen = order(&world.stranger(), of(&job, What::All)).await;
    assert!(matches!(unseen, Some(Error::NotFound("executor"))), "{unseen:?}");
    let everywhere = CleaningDraft { executor_id: None, job_id: None, what: What::All };
    assert!(matches!(order(&world.stranger(), everywhere).await, Some(Error::Forbidden)));
    let nothing = order(&world.root, of(&job, What::OverOneYear)).await;
    assert!(matches!(nothing, Some(Error::Refused(Refusal::NothingToClean))), "{nothing:?}");
    let by_job = CleaningDraft { executor_id: None, job_id: Some(job.id), what: What::All };
    let ordered = cleanings::order(&world.services, &world.root, by_job).await.unwrap();
    assert_eq!(ordered.executor_id, Some(job.executor_id), "that of the job");
    assert!(cleanings::list(&world.services, &world.stranger()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_policy_lets_go_goes_once_a_day_and_the_audit_says_that_the_server_did_it() {
    let world = World::new().await;
    let services = &world.services;
    let policy = RetentionEdit { success_days: 7, ..usual() };
    retention::edit(services, &world.root, 0, &policy).await.unwrap();
    let job = world.job("nightly", JobState::Stopped).await;
    let succeeded = async |due_at| {
        let change = |run: &mut run::Model| {
            ended(run);
            run.state = RunState::Succeeded;
        };
        world.run(&job, due_at, change).await
    };
    let old = past_run(&world, &job, START - 91 * DAY).await;
    let failed = past_run(&world, &job, START - 89 * DAY).await;
    let old_success = succeeded(START - 8 * DAY).await;
    let young_success = succeeded(START - 6 * DAY).await;
    let mut cleaner = cleaner(&world);
    assert!(!cleaner.tick().await.unwrap(), "a server that starts has better to do");
    world.clock.advance(10 * MINUTE);
    while cleaner.tick().await.unwrap() {}
    for gone in [old, old_success] {
        assert!(!is_there(&world, gone).await);
    }
    for stays in [failed, young_success] {
        assert!(is_there(&world, stays).await);
    }
    let rows = cleanings::list(services, &world.root).await.unwrap();
    let done: Vec<_> = rows.iter().map(|row| (row.cleaning.what, row.cleaning.gone)).collect();
    assert_eq!(done, [(What::SuccessTooOld, 1), (What::TooOld, 1)]);
    let told = &audit::list(services, &world.root, &Default::default(), None).await.unwrap().entries[0];
    assert_eq!(told.actor, "server");
    assert!(told.after.as_deref().unwrap().contains("\"success_too_old\""), "{told:?}");
    let anew = past_run(&world, &job, START - 95 * DAY).await;
    world.clock.advance(22 * HOUR);
    while cleaner.tick().await.unwrap() {}
    assert!(is_there(&world, anew).await, "not twice a day");
    world.clock.advance(HOUR);
    while cleaner.tick().await.unwrap() {}
    assert!(!is_there(&world, anew).await);
}

#[tokio::test]
async fn another_policy_holds_the_same_day_and_leaves_each_job_its_newest_runs() {
    let world = World::new().await;
    let services = &world.services;
    let job = world.job("busy", JobState::Stopped).await;
    let mut runs = Vec::new();
    for hour in 1..=5 {
        runs.push(past_run(&world, &job, START - hour * HOUR).await);
    }
    let mut cleaner = cleaner(&world);
    world.clock.advance(10 * MINUTE);
    while cleaner.tick().await.unwrap() {}
    assert!(is_there(&world, runs[4]).await, "nothing is too old or too much");
    let few = RetentionEdit { runs_per_job: 2, ..usual() };
    retention::edit(services, &world.root, 0, &few).await.unwrap();
    world.clock.advance(10 * MINUTE);
    while cleaner.tick().await.unwrap() {}
    for (age, run) in runs.into_iter().enumerate() {
        assert_eq!(is_there(&world, run).await, age < 2, "{age}");
    }
}
