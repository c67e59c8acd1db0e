use super::support::World;
use entity::DUTY_BUCKET;
use entity::audit_entry::{Noun, Verb};
use entity::job::JobState;
use entity::server::ServerState;
use scheduler::audit::{self, Filter};
use scheduler::jobs::{self, JobFilter, JobOrder};
use scheduler::rules::bucket::bucket_of;
use scheduler::servers::{self, Cluster, ServerRow};
use scheduler::store::engine::{Assignment, Lease, Newcomer, SqlStore, Store, Vitals};
use scheduler::{Error, Result};

const DAY: i64 = 24 * 3_600_000;

/// The engines' side of the database.
fn store(world: &World) -> SqlStore {
    SqlStore::new(world.services.db.clone())
}

/// A server of this name begins a life.
async fn join(world: &World, name: &str, incarnation: i64) -> Lease {
    let (identity, address) = (name.to_owned(), format!("http://{name}:8080"));
    store(world)
        .join(&Newcomer { identity, incarnation, address, cluster_url: String::new(), lease_ms: 0, now: 0 })
        .await
        .unwrap()
}

async fn give(world: &World, to: Lease, buckets: &[i16]) {
    let there = store(world).renew(to, Vitals::default()).await.unwrap().unwrap().buckets;
    let meant = there.iter().filter(|bucket| buckets.contains(&bucket.id));
    let assign = |bucket: &entity::bucket::Model| Assignment {
        bucket: bucket.id,
        seen: bucket.epoch,
        owner: to.server_id,
    };
    store(world).assign(&meant.map(assign).collect::<Vec<_>>()).await.unwrap();
}

async fn cluster(world: &World) -> Cluster {
    servers::cluster(&world.services, &world.root).await.unwrap()
}

async fn states(world: &World) -> Vec<(i32, ServerState)> {
    let rows = cluster(world).await.servers.into_iter();
    rows.map(|ServerRow { server, .. }| (server.id, server.state)).collect()
}

fn is_not_there(result: &Result<()>) -> bool {
    matches!(result, Err(Error::NotFound("server")))
}

#[tokio::test]
async fn the_list_says_who_is_there_how_they_do_what_they_have_and_who_leads() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for name in ["invoice", "report", "backup"] {
        jobs.push(bucket_of(world.job(name, JobState::On).await.id));
    }
    let (one, two) = (join(&world, "one", 11).await, join(&world, "two", 21).await);
    give(&world, one, &jobs[..2]).await;
    give(&world, two, &[DUTY_BUCKET]).await;
    store(&world).renew(one, Vitals { lateness_ms: 7, waiting: 8 }).await.unwrap();
    let Cluster { servers, unowned_jobs, .. } = cluster(&world).await;
    let had: Vec<_> = servers.iter().map(|row| (row.buckets, row.jobs, row.is_leader)).collect();
    assert_eq!(had, [(2, 2, false), (0, 0, true)]);
    assert_eq!(unowned_jobs, 1);
    let told: Vec<_> = servers
        .iter()
        .map(|ServerRow { server, .. }| (server.address.as_str(), server.lateness_ms, server.waiting))
        .collect();
    assert_eq!(told, [("http://one:8080", 7, 8), ("http://two:8080", 0, 0)]);
}

#[tokio::test]
async fn each_job_names_the_server_that_decides_for_it_and_each_server_its_jobs() {
    let world = World::new().await;
    let services = &world.services;
    let (first, second) = (world.job("first", JobState::On).await, world.job("second", JobState::On).await);
    let (one, two) = (join(&world, "one", 11).await, join(&world, "two", 21).await);
    give(&world, one, &[bucket_of(first.id)]).await;
    let owner = async |job_id| servers::owner_of_job(services, job_id).await.unwrap().map(|owner| owner.id);
    assert_eq!((owner(first.id).await, owner(second.id).await), (Some(one.server_id), None));
    let jobs_of = async |lease: Lease| {
        let filter = JobFilter { server_id: Some(lease.server_id), ..JobFilter::default() };
        let page = jobs::list(services, &world.root, &filter, JobOrder::Name, None).await.unwrap();
        page.rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!((jobs_of(one).await, jobs_of(two).await), (vec![first.id], vec![]));
    assert_eq!(servers::get(services, &world.root, one.server_id).await.unwrap().jobs, 1);
    let nobody = servers::get(services, &world.root, two.server_id + 1).await;
    assert!(matches!(nobody, Err(Error::NotFound("server"))), "{nobody:?}");
}

#[tokio::test]
async fn a_server_that_died_is_named_for_a_day() {
    let world = World::new().await;
    let gone = join(&world, "gone", 11).await;
    let living = join(&world, "living", 21).await;
    store(&world).renew(gone, Vitals::default()).await.unwrap();
    store(&world).leave(gone).await.unwrap();
    let beat_at = cluster(&world).await.servers[0].server.beat_at;
    world.clock.set(beat_at + DAY - 1);
    let both = [(gone.server_id, ServerState::Dead), (living.server_id, ServerState::Live)];
    assert_eq!(states(&world).await, both);
    world.clock.set(beat_at + DAY);
    // However long it has not renewed: nobody has declared it dead.
    assert_eq!(states(&world).await, both[1..]);
}

#[tokio::test]
async fn a_server_drains_until_somebody_takes_it_back_or_its_next_life_begins() {
    let world = World::new().await;
    let lease = join(&world, "one", 11).await;
    let id = lease.server_id;
    for _ in 0..2 {
        servers::drain(&world.services, &world.root, id).await.unwrap();
    }
    assert_eq!(states(&world).await, [(id, ServerState::Draining)]);
    assert!(store(&world).renew(lease, Vitals::default()).await.unwrap().is_some(), "its lease holds");
    servers::take_back(&world.services, &world.root, id).await.unwrap();
    assert_eq!(states(&world).await, [(id, ServerState::Live)]);
    servers::drain(&world.services, &world.root, id).await.unwrap();
    assert_eq!(join(&world, "one", 12).await.server_id, id);
    assert_eq!(states(&world).await, [(id, ServerState::Live)]);
    let filter = Filter { noun: Some(Noun::Server), ..Filter::default() };
    let told = audit::list(&world.services, &world.root, &filter, None).await.unwrap().entries;
    let verbs: Vec<_> = told.iter().map(|entry| (entry.verb, entry.object_id)).collect();
    assert_eq!(verbs, [Verb::Drain, Verb::TakeBack, Verb::Drain].map(|verb| (verb, id.into())));
    assert!(told.iter().all(|entry| entry.object == "http://one:8080" && entry.actor == world.root.name));
}

#[tokio::test]
async fn who_may_not_or_asks_for_a_server_that_does_not_live_is_refused() {
    let world = World::new().await;
    let (living, gone) = (join(&world, "living", 11).await, join(&world, "gone", 21).await);
    store(&world).leave(gone).await.unwrap();
    let (services, root, stranger) = (&world.services, &world.root, world.stranger());
    assert!(matches!(servers::cluster(services, &stranger).await, Err(Error::Forbidden)));
    let id = living.server_id;
    assert!(matches!(servers::drain(services, &stranger, id).await, Err(Error::Forbidden)));
    assert_eq!(states(&world).await[0], (id, ServerState::Live));
    servers::drain(services, root, id).await.unwrap();
    assert!(matches!(servers::take_back(services, &stranger, id).await, Err(Error::Forbidden)));
    assert_eq!(states(&world).await[0], (id, ServerState::Draining));
    for id in [gone.server_id, gone.server_id + 1] {
        assert!(is_not_there(&servers::drain(services, root, id).await), "{id}");
        assert!(is_not_there(&servers::take_back(services, root, id).await), "{id}");
    }
    let dead = store(&world).renew(gone, Vitals::default()).await.unwrap();
    assert_eq!(dead, None, "nobody is taken back from the dead");
}

#[tokio::test]
async fn the_database_says_how_it_keeps_what_it_was_given() {
    let world = World::new().await;
    let database = cluster(&world).await.database;
    let settings: Vec<_> = database.settings.iter().map(|setting| setting.name).collect();
    let (name, expected): (_, &[&str]) = match std::env::var("ORRERY_TEST_SERVICES_URL") {
        Err(_) => ("SQLite 3.", &["synchronous", "journal_mode"]),
        Ok(url) if url.starts_with("postgres") => {
            ("PostgreSQL ", &["fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names"])
        }
        Ok(_) => ("MariaDB ", &["innodb_flush_log_at_trx_commit", "innodb_doublewrite"]),
    };
    assert!(database.database.starts_with(name), "{}", database.database);
    assert_eq!(settings, expected);
    if name.starts_with("SQLite") {
        let values: Vec<_> =
            database.settings.iter().map(|setting| (setting.value.as_str(), setting.is_weak)).collect();
        assert_eq!(values, [("2", false), ("wal", false)]);
    }
}

#[tokio::test]
async fn a_newcomer_knows_who_is_at_work_beside_it() {
    let world = World::new().await;
    let lease = join(&world, "one", 11).await;
    store(&world).renew(lease, Vitals::default()).await.unwrap();
    let beat_at = cluster(&world).await.servers[0].server.beat_at;
    world.clock.set(beat_at + 59_000);
    let beside = async |address: &str| servers::beside(&world.services, address).await.unwrap();
    assert_eq!(beside("http://two:8080").await.as_deref(), Some("http://one:8080"));
    assert_eq!(beside("http://one:8080").await, None, "it is that one itself");
    world.clock.set(beat_at + 60_000);
    assert_eq!(beside("http://two:8080").await, None, "nobody has heard of it for a minute");
}
