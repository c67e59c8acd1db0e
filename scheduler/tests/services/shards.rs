use super::support::{START, World};
use entity::job::{self, JobState};
use entity::run::{Reason, RunKind, RunState, SPLIT};
use scheduler::runs::{self, Progress};
use scheduler::{Error, jobs};

/// A run that was split over two instances; its id and those of its shards, of which one waits.
async fn split(world: &World, job: &job::Model) -> (i64, [i64; 2]) {
    let whole = world
        .run(job, START, |run| {
            (run.state, run.shard_index, run.shard_total) = (RunState::Running, SPLIT, 2);
        })
        .await;
    let mut shards = [0; 2];
    for (index, state) in [RunState::Running, RunState::Waiting].into_iter().enumerate() {
        let shard = world.run(job, START, |run| {
            (run.kind, run.slot, run.state) = (RunKind::Shard, -run.id, state);
            (run.parent_id, run.shard_index, run.shard_total) = (Some(whole), index as i32, 2);
            (run.follow_ok, run.follow_fail) = (true, true);
        });
        shards[index] = shard.await;
    }
    (whole, shards)
}

#[tokio::test]
async fn stopping_skips_the_shards_that_wait_and_leaves_it_to_the_engine_to_end_the_whole() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let (whole, [running, waiting]) = split(&world, &job).await;
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    let skipped = world.stored_run(waiting).await;
    assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Reason::Stopped));
    assert_eq!(skipped.live_bucket, Some(skipped.bucket), "it may be the last one");
    assert_eq!(world.stored_run(running).await.state, RunState::Running);
    assert_eq!(world.stored_run(whole).await.state, RunState::Running);
}

#[tokio::test]
async fn the_page_of_a_split_run_shows_each_shard_by_its_last_attempt_and_how_far_they_are() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let (whole, [running, waiting]) = split(&world, &job).await;
    let retry = world.run(&job, START, |run| {
        (run.kind, run.slot, run.attempt) = (RunKind::Retry, running, 2);
        (run.parent_id, run.shard_index, run.shard_total) = (Some(whole), 0, 2);
        run.state = RunState::Succeeded;
    });
    let retry = retry.await;
    let detail = runs::get(&world.services, &world.root, whole).await.unwrap();
    let shards = detail.shards.unwrap();
    assert_eq!(shards.rows.iter().map(|row| row.run.id).collect::<Vec<_>>(), [retry, waiting]);
    let expected = Progress { total: 2, waiting: 1, succeeded: 1, ended: 1, ..Progress::default() };
    assert_eq!((shards.progress, shards.progress.percent()), (expected, 50));
    assert_eq!(runs::get(&world.services, &world.root, retry).await.unwrap().shards, None);
    let hidden = runs::get(&world.services, &world.stranger(), whole).await;
    assert!(matches!(hidden, Err(Error::NotFound("run"))), "{hidden:?}");
    // Beside its job it is one mark, and at home one line.
    let beside = jobs::get(&world.services, &world.root, job.id).await.unwrap().recent;
    assert_eq!(beside.iter().map(|run| run.id).collect::<Vec<_>>(), [whole]);
    let summary = runs::summary(&world.services, &world.root, START).await.unwrap();
    assert_eq!(summary.running.iter().map(|row| row.run.id).collect::<Vec<_>>(), [whole]);
}
