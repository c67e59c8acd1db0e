//! Jobs of an executor that limits its runs lie in one bucket, whoever sets the limit and when.

use super::support::{START, World, automatic, draft};
use entity::job::{JobState, Model as Job};
use entity::run::{Reason, RunState};
use entity::{bucket as buckets, job_cursor};
use futures::future::join_all;
use protocol::native::SENDS;
use scheduler::executors::{self, ExecutorEdit};
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::bucket::{bucket_of, bucket_of_limited};
use scheduler::runs;
use scheduler::store::engine::{SqlStore, Store};
use sea_orm::EntityTrait;

async fn bucket(world: &World, job: &Job) -> i16 {
    let cursor = job_cursor::Entity::find_by_id(job.id).one(world.services.db.reader()).await.unwrap();
    cursor.unwrap().bucket
}

async fn epoch(world: &World, id: i16) -> i64 {
    let row = buckets::Entity::find_by_id(id).one(world.services.db.reader()).await.unwrap();
    row.unwrap().epoch
}

async fn limit(world: &World, executor_id: i32, max_parallel: i32) {
    let detail = executors::get(&world.services, &world.root, executor_id).await.unwrap();
    let edit = ExecutorEdit { max_parallel, ..automatic(&detail.executor.app_name) };
    let version = detail.executor.version;
    executors::edit(&world.services, &world.root, executor_id, version, &edit).await.unwrap();
}

#[tokio::test]
async fn a_limit_brings_jobs_and_what_waits_of_them_together_and_its_end_parts_them() {
    let world = World::new().await;
    let first = world.job("first", JobState::On).await;
    let second = world.job("second", JobState::Stopped).await;
    let waits = world.run(&first, START, |_| ()).await;
    let sent = world.run(&second, START, |run| run.state = RunState::Sending).await;
    let is_over = |run: &mut entity::run::Model| {
        (run.nominal_at, run.state, run.live_bucket) = (START - 1, RunState::Succeeded, None);
    };
    let over = world.run(&first, START - 1, is_over).await;
    let fence = world.stored_run(waits).await.fence;

    let shared = bucket_of_limited(first.executor_id);
    let own = [shared, bucket_of(first.id), bucket_of(second.id)];
    let epochs = async || join_all(own.map(|id| epoch(&world, id))).await;
    let before = epochs().await;
    let grown = |by: [i64; 3]| before.iter().zip(by).map(|(epoch, by)| epoch + by).collect::<Vec<_>>();
    limit(&world, first.executor_id, 5).await;
    assert_eq!(epochs().await, grown([1, 0, 0]), "whoever has it reads what came and may be in doubt");
    assert_eq!((bucket(&world, &first).await, bucket(&world, &second).await), (shared, shared));
    let run = world.stored_run(waits).await;
    assert_eq!((run.bucket, run.live_bucket, run.fence), (shared, Some(shared), fence + SENDS));
    assert_eq!(world.stored_run(over).await.live_bucket, None);
    let third = world.job("third", JobState::On).await;
    let by_hand = runs::run_now(&world.services, &world.root, third.id, None).await.unwrap();
    assert_eq!(bucket(&world, &third).await, shared);
    assert_eq!(world.stored_run(by_hand).await.live_bucket, Some(shared));

    limit(&world, first.executor_id, 6).await;
    assert_eq!(epochs().await, grown([1, 0, 0]), "nothing moved");
    limit(&world, first.executor_id, 0).await;
    assert_eq!(epochs().await, grown([1, 2, 2]), "to whom a run was sent has heard of as late an epoch");
    assert_eq!(world.stored_run(sent).await.live_bucket, Some(bucket_of(second.id)));
    for job in [&first, &second, &third] {
        assert_eq!(bucket(&world, job).await, bucket_of(job.id));
    }
    assert_eq!(world.stored_run(waits).await.live_bucket, Some(bucket_of(first.id)));
}

#[tokio::test]
async fn a_job_goes_to_the_bucket_of_its_executor_and_away_with_another() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let (other, _) = world.executor("default", "other").await;
    limit(&world, other.id, 1).await;
    let waits = world.run(&job, START, |_| ()).await;
    let edit = async |version, executor_id| {
        let draft = JobDraft { name: "invoice".into(), ..draft(executor_id) };
        jobs::edit(&world.services, &world.root, job.id, version, draft).await.unwrap();
    };
    edit(1, other.id).await;
    assert_eq!(bucket(&world, &job).await, bucket_of_limited(other.id));
    assert_eq!(world.stored_run(waits).await.live_bucket, Some(bucket_of_limited(other.id)));
    edit(2, job.executor_id).await;
    assert_eq!(bucket(&world, &job).await, bucket_of(job.id));
    assert_eq!(world.stored_run(waits).await.live_bucket, Some(bucket_of(job.id)));
}

#[tokio::test]
async fn what_a_server_wrote_that_did_not_know_of_the_limit_is_found_and_skipped_with_its_job() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    limit(&world, job.executor_id, 1).await;
    let shared = bucket_of_limited(job.executor_id);
    let strays = [world.run(&job, START, |_| ()).await, world.run(&job, START + 1, |_| ()).await];
    assert!(shared != bucket_of(job.id), "the test would show nothing");
    let engine = SqlStore::new(world.services.db.clone());
    assert_eq!(engine.regroup().await.unwrap(), 2);
    assert_eq!(engine.regroup().await.unwrap(), 0);
    assert_eq!(world.stored_run(strays[0]).await.live_bucket, Some(shared));
    let late = world.run(&job, START + 2, |_| ()).await;
    jobs::disable(&world.services, &world.root, job.id).await.unwrap();
    for id in strays.into_iter().chain([late]) {
        assert_eq!(world.stored_run(id).await.reason, Reason::Disabled);
    }
}
