//! Jobs that are stopped after failures in a row.

use super::alerts::Stage;
use super::support::{MINUTE, START, World, draft};
use entity::alert_rule::Event;
use entity::audit_entry::Verb;
use entity::job::{JobState, Model};
use entity::run::{RunKind, RunState};
use scheduler::alert_rules::AlertRuleEdit;
use scheduler::audit;
use scheduler::jobs::failures::FailureWatch;
use scheduler::jobs::{self, JobDraft};
use std::sync::Arc;

/// A job with a limit that fires every minute.
async fn limited(world: &World, limit: i32) -> Model {
    let (executor, _) = world.executor("default", "worker").await;
    let draft = JobDraft { stop_after_failures: limit, ..draft(executor.id) };
    jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap()
}

/// A run of the job that ends now; the clock goes on by a minute.
async fn ends(world: &World, job: &Model, state: RunState) -> i64 {
    world.clock.advance(MINUTE);
    let now = world.services.clock.now();
    let wants_attention = state != RunState::Succeeded && state != RunState::Killed;
    let executor_id = job.executor_id;
    world
        .run(job, now - 1, |run| {
            (run.state, run.live_bucket, run.ended_at) = (state, None, Some(now));
            run.attention = wants_attention.then_some(executor_id);
        })
        .await
}

fn watch(world: &World) -> FailureWatch {
    FailureWatch::new(world.services.clone(), Arc::new(|| true))
}

async fn stored(world: &World, job: &Model) -> Model {
    jobs::get(&world.services, &world.root, job.id).await.unwrap().job
}

#[tokio::test]
async fn the_third_failure_in_a_row_stops_the_job_once_and_says_why() {
    let world = World::new().await;
    let job = limited(&world, 3).await;
    let (mut first, mut second) = (watch(&world), watch(&world));
    ends(&world, &job, RunState::Failed).await;
    ends(&world, &job, RunState::TimedOut).await;
    ends(&world, &job, RunState::Killed).await;
    assert!(first.tick().await.unwrap().is_empty());
    let last = ends(&world, &job, RunState::Lost).await;
    assert_eq!(first.tick().await.unwrap(), [job.id]);
    assert!(second.tick().await.unwrap().is_empty(), "another server that believes to be on duty");
    let stopped = stored(&world, &job).await;
    assert_eq!(stopped.state, JobState::Stopped);
    let why = (stopped.failure_stop_count, stopped.failure_stop_run, stopped.failure_stop_at);
    assert_eq!(why, (3, Some(last), Some(world.services.clock.now())));
    let entries = audit::list(&world.services, &world.root, &Default::default(), None).await.unwrap().entries;
    let told: Vec<_> = entries.iter().filter(|entry| entry.verb == Verb::Stop).collect();
    assert_eq!((told.len(), &*told[0].actor), (1, "server"));
    assert!(told[0].after.as_deref().unwrap().contains("\"failures\":3"), "{:?}", told[0].after);
}

#[tokio::test]
async fn a_success_and_a_start_count_anew() {
    let world = World::new().await;
    let job = limited(&world, 2).await;
    let mut watch = watch(&world);
    ends(&world, &job, RunState::Failed).await;
    ends(&world, &job, RunState::Succeeded).await;
    ends(&world, &job, RunState::Failed).await;
    assert!(watch.tick().await.unwrap().is_empty());
    ends(&world, &job, RunState::Failed).await;
    assert_eq!(watch.tick().await.unwrap(), [job.id]);
    let started = jobs::start(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(
        (started.failure_stop_at, started.failure_stop_count, started.failure_stop_run),
        (None, 0, None)
    );
    ends(&world, &job, RunState::Failed).await;
    assert!(watch.tick().await.unwrap().is_empty(), "the first since the start");
    ends(&world, &job, RunState::Failed).await;
    assert_eq!(watch.tick().await.unwrap(), [job.id]);
}

#[tokio::test]
async fn a_job_without_a_limit_goes_on_and_a_new_limit_counts_what_comes() {
    let world = World::new().await;
    let job = limited(&world, 0).await;
    let mut watch = watch(&world);
    for _ in 0..3 {
        ends(&world, &job, RunState::Failed).await;
    }
    assert!(watch.tick().await.unwrap().is_empty());
    let edit = JobDraft { stop_after_failures: 1, ..draft(job.executor_id) };
    let job = jobs::edit(&world.services, &world.root, job.id, job.version, edit).await.unwrap();
    assert!(watch.tick().await.unwrap().is_empty(), "what was before does not count");
    ends(&world, &job, RunState::Failed).await;
    assert_eq!(watch.tick().await.unwrap(), [job.id]);
    assert!(stored(&world, &job).await.failure_stop_at.is_some_and(|at| at > START));
}

#[tokio::test]
async fn a_run_with_its_attempts_is_one_failure() {
    let world = World::new().await;
    let job = limited(&world, 2).await;
    let first = ends(&world, &job, RunState::Failed).await;
    let mut cause = first;
    for _ in 0..3 {
        let retry = ends(&world, &job, RunState::Failed).await;
        let transaction = world.services.db.begin().await.unwrap();
        let row = entity::run::ActiveModel {
            id: sea_orm::Set(retry),
            kind: sea_orm::Set(RunKind::Retry),
            slot: sea_orm::Set(cause),
            ..Default::default()
        };
        sea_orm::ActiveModelTrait::update(row, &transaction).await.unwrap();
        transaction.commit().await.unwrap();
        cause = retry;
    }
    assert!(watch(&world).tick().await.unwrap().is_empty());
    ends(&world, &job, RunState::Failed).await;
    assert_eq!(watch(&world).tick().await.unwrap(), [job.id]);
}

#[tokio::test]
async fn a_rule_tells_once_that_a_job_was_stopped() {
    let mut stage = Stage::new().await;
    let edit = AlertRuleEdit { events: vec![Event::AutoPaused], group_s: 0, ..stage.edit() };
    stage.rule(edit).await;
    let job = &stage.job;
    let limited = JobDraft { name: job.name.clone(), stop_after_failures: 1, ..draft(job.executor_id) };
    let job =
        jobs::edit(&stage.world.services, &stage.world.root, job.id, job.version, limited).await.unwrap();
    ends(&stage.world, &job, RunState::Failed).await;
    assert_eq!(stage.after(MINUTE).await.told, 0, "it failed, and goes on");
    assert_eq!(watch(&stage.world).tick().await.unwrap(), [job.id]);
    assert_eq!(stage.after(MINUTE).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0);
    assert_eq!(stage.titles(), ["[default:default] Stopped after failures: invoices"]);
}
