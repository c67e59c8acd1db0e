use super::support::{START, World};
use entity::audit_entry::{Noun, Verb};
use entity::bucket;
use entity::freeze::EVERYWHERE;
use entity::job::JobState;
use entity::run::{Reason, RunState, SPLIT};
use scheduler::audit::{self, Filter};
use scheduler::clock::{Clock, SystemClock};
use scheduler::restored;
use scheduler::store::engine::{Assignment, Lease, Newcomer, SqlStore, Store, Vitals};
use scheduler::store::ids::RunIds;
use scheduler::{Error, Result, freezes, servers};
use std::time::Duration;

const LEASE: Duration = Duration::from_millis(300);

fn store(world: &World) -> SqlStore {
    SqlStore::new(world.services.db.clone())
}

/// A server begins a life, and takes bucket 7. What the services write is of now, as what the database writes.
async fn join(world: &World) -> Lease {
    world.clock.set(SystemClock.now());
    let newcomer = Newcomer {
        identity: "one".to_owned(),
        incarnation: 11,
        address: "http://one:8080".to_owned(),
        cluster_url: String::new(),
        lease_ms: 0,
        now: 0,
    };
    let lease = store(world).join(&newcomer).await.unwrap();
    let seen = buckets(world, lease).await[7].epoch;
    let take = Assignment { bucket: 7, seen, owner: lease.server_id };
    store(world).assign(&[take]).await.unwrap();
    lease
}

/// It renews, and learns this.
async fn buckets(world: &World, lease: Lease) -> Vec<bucket::Model> {
    store(world).renew(lease, Vitals::default()).await.unwrap().unwrap().buckets
}

fn says<T: std::fmt::Debug>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Unavailable(text)) => assert!(text.contains(part), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn numbers_and_epochs_go_on_above_what_was_given_since_the_backup() {
    let world = World::new().await;
    let lease = join(&world).await;
    let (id, before) = (world.services.run_ids.take_one().await.unwrap(), buckets(&world, lease).await);
    let pulses = restored::pulses(&world.services.db).await.unwrap();
    let report = restored::prepare(&world.services, &world.root, &pulses, false).await.unwrap();
    assert!(report.ids >= 10_000_000 && report.epochs >= 1_000_000 && report.servers == 1, "{report:?}");
    let next = RunIds::new(world.services.db.clone()).take_one().await.unwrap();
    assert!(next == report.first_id && next > id + report.ids - 10_000, "{next} {report:?}");

    assert!(store(&world).renew(lease, Vitals::default()).await.unwrap().is_none(), "its lease is over");
    let after = buckets(&world, join(&world).await).await;
    assert_eq!((before[7].owner, before.len()), (Some(lease.server_id), after.len()));
    for (before, after) in before.iter().zip(&after) {
        assert!(after.epoch >= before.epoch + report.epochs, "{before:?} {after:?}");
    }
}

#[tokio::test]
async fn what_was_out_is_in_doubt_and_what_waited_or_had_ended_stays() {
    let world = World::new().await;
    join(&world).await;
    let job = world.job("invoice", JobState::On).await;
    let mut runs = Vec::new();
    for (due, state, is_out) in [
        (1, RunState::Sending, true),
        (2, RunState::Running, true),
        (3, RunState::Waiting, false),
        (4, RunState::Succeeded, false),
    ] {
        let run = world.run(&job, START + due, |run| {
            run.state = state;
            run.instance_id = Some(1);
            run.live_bucket = (!state.is_final()).then_some(run.bucket);
        });
        runs.push((run.await, state, is_out));
    }
    let split = world.run(&job, START + 5, |run| {
        (run.state, run.shard_index, run.shard_total) = (RunState::Running, SPLIT, 2);
    });
    runs.push((split.await, RunState::Running, false));

    let pulses = restored::pulses(&world.services.db).await.unwrap();
    let report = restored::prepare(&world.services, &world.root, &pulses, false).await.unwrap();
    assert_eq!((report.out, report.waiting, report.is_frozen), (2, 1, false));
    assert!(report.jobs.contains(&(job.misfire_policy, 1)), "{report:?}");
    assert_eq!((report.jobs.len(), report.jobs.iter().map(|(_, jobs)| jobs).sum()), (3, 1_u64));
    for (id, state, is_out) in runs {
        let run = world.stored_run(id).await;
        match is_out {
            true => {
                let expected = (RunState::Unknown, Reason::Restored, Some(job.executor_id));
                assert_eq!((run.state, run.reason, run.attention), expected);
            }
            false => assert_eq!((run.state, run.reason), (state, Reason::None)),
        }
    }
}

#[tokio::test]
async fn a_server_that_renews_its_lease_is_noticed_and_one_that_does_not_is_none() {
    let world = World::new().await;
    let lease = join(&world).await;
    let db = &world.services.db;
    let renewing = async {
        loop {
            buckets(&world, lease).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        found = restored::without_servers(db, LEASE) => says(found, "http://one:8080 is at work"),
        () = renewing => {}
    }
    let silent = restored::without_servers(db, LEASE).await.unwrap();
    assert_eq!(silent.iter().map(|pulse| pulse.server).collect::<Vec<_>>(), [lease.server_id]);
    // At the last moment it turns out that it was only slow.
    buckets(&world, lease).await;
    says(restored::prepare(&world.services, &world.root, &silent, true).await, "is at work");
    assert!(
        freezes::list(&world.services, &world.root, true).await.unwrap().is_empty(),
        "nothing was written"
    );
}

#[tokio::test]
async fn the_audit_says_that_the_database_was_put_back_and_frozen() {
    let world = World::new().await;
    join(&world).await;
    let pulses = restored::pulses(&world.services.db).await.unwrap();
    for _ in 0..2 {
        let report = restored::prepare(&world.services, &world.root, &pulses, true).await;
        assert!(report.unwrap().is_frozen);
    }
    let lasting = freezes::list(&world.services, &world.root, true).await.unwrap();
    assert_eq!(lasting.iter().map(|row| row.freeze.namespace_id).collect::<Vec<_>>(), [EVERYWHERE]);
    let page = audit::list(&world.services, &world.root, &Filter::default(), None).await.unwrap();
    let told: Vec<(Noun, Verb)> = page.entries.iter().map(|entry| (entry.noun, entry.verb)).collect();
    let restored = (Noun::Database, Verb::Restore);
    assert_eq!(told, [restored, (Noun::Freeze, Verb::Start), restored]);
    assert!(audit::verify(&world.services, None).await.unwrap().broken.is_none());
    let cluster = servers::cluster(&world.services, &world.root).await.unwrap();
    assert!(cluster.servers.iter().all(|row| !row.server.state.is_alive()), "{cluster:?}");
}

#[tokio::test]
async fn whoever_is_no_super_administrator_prepares_nothing() {
    let world = World::new().await;
    let refused = restored::prepare(&world.services, &world.stranger(), &[], false).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    says(restored::prepare(&world.services, &world.root, &[], false).await, "no server has ever worked");
}
