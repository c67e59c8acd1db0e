//! The lease and the gate.

use crate::rows::{START, job};
use crate::world::World;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::engine::gate::Gate;
use scheduler::engine::lease::Keeper;
use scheduler::engine::shared::{Parts, Shared};
use scheduler::engine::timekeeper::Timekeeper;
use scheduler::engine::{EngineSettings, record};
use scheduler::signals::Signals;
use scheduler::store::engine::MemoryStore;
use scheduler::store::ids::RunIds;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TTL: Duration = Duration::from_secs(6);

async fn world() -> World {
    let mut world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    world.settings.lease_ttl = TTL;
    world
}

#[tokio::test]
async fn the_gate_shuts_a_margin_before_the_lease_ends_and_nothing_goes_out() {
    let world = world().await;
    let mut server = world.server().await;
    let renewed = Instant::now();
    server.keeper.tick(renewed).await.unwrap();
    let gate = &server.shared.gate;
    assert!(gate.is_open_at(renewed + Duration::from_millis(4_999)));
    assert!(!gate.is_open_at(renewed + Duration::from_secs(5)));
    server.plan().await;
    server.shared.gate.shut();
    assert_eq!(server.send(0).await, 0);
    assert!(world.executors.diary().is_empty());
}

#[tokio::test]
async fn a_life_that_was_replaced_loses_its_lease_and_its_claims() {
    let world = world().await;
    let mut old = world.server().await;
    old.plan().await;
    let new = world.server().await;
    assert_eq!(new.shared.holdings().epochs.len(), 257);
    let report = old.keeper.tick(Instant::now()).await.unwrap();
    assert!(report.lost);
    assert!(!old.shared.gate.is_open());
    assert_eq!(old.send(0).await, 0);
}

#[tokio::test]
async fn a_stale_server_cannot_claim_what_another_one_owns_now() {
    let world = world().await;
    let mut old = world.server().await;
    let mut new = world.server().await;
    // It has not noticed yet, and its gate is still open.
    assert_eq!(old.plan().await.claimed, 0);
    assert_eq!(new.plan().await.claimed, 1);
    assert_eq!(world.runs().await.len(), 1);
    assert_eq!(world.runs().await[0].nominal_at, START);
}

#[tokio::test]
async fn a_server_that_stops_renewing_is_deposed_after_a_full_lease_and_its_buckets_are_taken() {
    let world = world().await;
    let first = world.server().await;
    let second = world.server().await.shared;
    let mut watcher = Keeper::new(second.clone(), "two".to_owned());
    let begin = Instant::now();
    watcher.tick(begin).await.unwrap();
    assert_eq!(watcher.tick(begin + TTL - Duration::from_millis(1)).await.unwrap().deposed, 0);
    let report = watcher.tick(begin + TTL).await.unwrap();
    assert_eq!(report.deposed, 1);
    // Free buckets go to whoever is meant for them; with one server left that is all of them.
    let report = watcher.tick(begin + TTL + Duration::from_secs(2)).await.unwrap();
    assert_eq!(report.buckets, 257);
    drop(first);
}

#[tokio::test]
async fn a_server_that_leaves_frees_its_buckets_at_once() {
    let world = world().await;
    let mut server = world.server().await;
    server.keeper.leave().await.unwrap();
    assert!(!server.shared.gate.is_open());
    assert!(server.shared.holdings().lease.is_none());
    let next = world.server().await;
    assert_eq!(next.shared.holdings().epochs.len(), 257);
}

/// A server that goes by the clock of this store.
fn listening(world: &World, store: &MemoryStore) -> Arc<Shared> {
    let timekeeper = Arc::new(Timekeeper::new(0, Instant::now()));
    let parts = Parts {
        store: Arc::new(store.clone()),
        dispatcher: Arc::new(ScriptedDispatcher::accepting()),
        clock: timekeeper.clone(),
        timekeeper: Some(timekeeper),
        signals: Signals::default(),
        settings: EngineSettings::default(),
        gate: Arc::new(Gate::default()),
        run_ids: Arc::new(RunIds::new(world.fresh.databases.engine.clone())),
    };
    Shared::new(parts, record::queue().0)
}

#[tokio::test]
async fn what_else_a_renewal_takes_does_not_blur_when_the_time_was_read() {
    let (world, store) = (world().await, MemoryStore::default());
    let shared = listening(&world, &store);
    store.tables().now = START;
    let long_ago = Instant::now().checked_sub(Duration::from_secs(20)).unwrap();
    Keeper::new(shared.clone(), "one".to_owned()).tick(long_ago).await.unwrap();
    assert!((0..9_000).contains(&(shared.now() - START)), "{}", shared.now());
}

#[tokio::test]
async fn a_clock_of_the_database_that_jumps_shuts_the_gate_until_it_has_said_so_twice() {
    const HOUR: i64 = 3_600_000;
    let (world, store) = (world().await, MemoryStore::default());
    let shared = listening(&world, &store);
    let mut keeper = Keeper::new(shared.clone(), "one".to_owned());
    let near = |time: i64| (shared.clock.now() - time).abs() < HOUR / 2;
    for (says, is_open, expected) in [
        (START, true, START),
        (START + HOUR, false, START),
        (START + HOUR, true, START + HOUR),
        (START, false, START + HOUR),
        (START + HOUR, true, START + HOUR),
    ] {
        store.tables().now = says;
        keeper.tick(Instant::now()).await.unwrap();
        assert_eq!((shared.gate.is_open(), near(expected)), (is_open, true), "{says}");
        assert!(shared.holdings().lease.is_some(), "the lease goes on");
    }
}
