use super::statistics::{job_with_instance, past};
use super::support::{HOUR, START, World, copy_of};
use chrono_tz::Tz;
use entity::job;
use entity::job::JobState;
use entity::run::{self, RunState};
use scheduler::clock::Clock;
use scheduler::engine::step::Texts;
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::bucket::bucket_of;
use scheduler::rules::topology::Node;
use scheduler::store::filling;
use scheduler::topology::{Topology, topology};

async fn map(world: &World, namespace: Option<i32>) -> Topology {
    topology(&world.services, &world.root, namespace, Tz::UTC, world.clock.now()).await.unwrap()
}

/// A job by hand on the executor of another, which starts these.
async fn beside(world: &World, like: &job::Model, name: &str, children: &[i32]) -> job::Model {
    let draft = JobDraft { children: children.to_vec(), ..JobDraft::by_hand(like.executor_id, name, "any") };
    jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap()
}

#[tokio::test]
async fn the_map_shows_what_the_caller_may_see_and_nothing_else() {
    let world = World::new().await;
    world.clock.advance(6 * HOUR);
    let (one, other) = (job_with_instance(&world, "billing").await, job_with_instance(&world, "mail").await);
    let child = beside(&world, &one.0, "child", &[]).await;
    let parent = beside(&world, &one.0, "parent", &[child.id]).await;
    past(&world, &one, (0..20).map(|minute| START + HOUR + minute * 60_000)).await;
    past(&world, &other, (0..3).map(|minute| START - 2 * HOUR + minute * 60_000)).await;
    let found = map(&world, None).await;
    assert_eq!((found.namespaces.len(), found.executors.len(), found.more_executors), (2, 2, false));
    let billing = &found.executors[0];
    assert_eq!((billing.jobs.len(), billing.jobs_in_all, billing.instances.len()), (3, 3, 1));
    assert_eq!((billing.ends.succeeded, billing.ends.failed), (18, 2), "of today");
    assert_eq!(found.executors[1].ends.total(), 0, "yesterday does not count");
    assert_eq!(found.links, [(parent.id, child.id)]);
    let last = |id: i32| billing.jobs.iter().find(|node| node.job.id == id).unwrap().last;
    assert_eq!((last(one.0.id), last(child.id)), (Some(RunState::Succeeded), None));
    let nodes = found.layout.places.iter().filter(|place| matches!(place.node, Node::Job(_))).count();
    assert_eq!(nodes, 4);
    let narrowed = map(&world, Some(other.0.namespace_id)).await;
    assert_eq!((narrowed.executors.len(), narrowed.executors[0].jobs.len()), (1, 1));
    let now = world.clock.now();
    for namespace in [None, Some(one.0.namespace_id)] {
        let stranger = topology(&world.services, &world.stranger(), namespace, Tz::UTC, now).await.unwrap();
        assert!(stranger.executors.is_empty() && stranger.namespaces.is_empty() && stranger.links.is_empty());
    }
}

#[tokio::test]
async fn the_last_run_of_a_broadcast_is_the_whole_and_not_a_shard() {
    let world = World::new().await;
    let (job, _) = job_with_instance(&world, "billing").await;
    let first = filling::first_free(&world.services.db).await.unwrap();
    let ended = |id: i64, state| run::Model {
        state,
        live_bucket: None,
        ended_at: Some(START - HOUR),
        ..run::Model::waiting(id, &job, bucket_of(job.id), START - HOUR)
    };
    let whole = run::Model { shard_index: run::SPLIT, shard_total: 2, ..ended(first, RunState::Failed) };
    let shard = |id: i64, state| run::Model { parent_id: Some(first), slot: -id, ..ended(id, state) };
    let shards = [shard(first + 1, RunState::Failed), shard(first + 2, RunState::Succeeded)];
    let rows = std::iter::once(whole).chain(shards).map(|run| (run, Texts::default())).collect();
    filling::past(&world.services.db, rows).await.unwrap();
    assert_eq!(map(&world, None).await.executors[0].jobs[0].last, Some(RunState::Failed));
}

#[tokio::test]
async fn what_went_wrong_or_runs_is_seen_among_ten_thousand_jobs() {
    let world = World::new().await;
    let (first, _) = job_with_instance(&world, "billing").await;
    let copy = |number| copy_of(&first, number);
    filling::jobs(&world.services.db, (1..10_000).map(copy)).await.unwrap();
    let (failed, runs) = (copy(9_000).0, copy(5_000).0);
    world
        .run(&failed, START - HOUR, |run| {
            (run.state, run.live_bucket) = (RunState::Failed, None);
            (run.attention, run.ended_at) = (Some(run.executor_id), Some(START - HOUR));
        })
        .await;
    world.run(&runs, START - 1_000, |run| run.state = RunState::Running).await;
    let found = map(&world, None).await;
    let executor = &found.executors[0];
    let shown: Vec<i32> = executor.jobs.iter().map(|node| node.job.id).collect();
    assert_eq!(shown, [runs.id, failed.id]);
    assert_eq!((executor.jobs_in_all, executor.wrong, executor.under_way), (10_000, 1, 1));
    assert_eq!(executor.jobs[1].last, Some(RunState::Failed));
    assert!(found.layout.places.iter().any(|place| place.node == Node::MoreJobs(executor.executor.id)));
}
