//! Standing still while something is frozen, and going on afterwards.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::waiting;
use crate::world::World;
use entity::executor::Model as Executor;
use entity::freeze::{self, EVERYWHERE};
use entity::job::{MisfirePolicy, Model as Job, ScheduleKind};
use entity::run::{Reason, RunKind, RunState};
use entity::server;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::signals::Change;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};

async fn freeze(world: &World, namespace_id: i32, at: i64) -> i32 {
    let row = freeze::ActiveModel {
        namespace_id: Set(namespace_id),
        reason: Set("the books are being closed".to_owned()),
        frozen_at: Set(at),
        ..Default::default()
    };
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let freeze = row.insert(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.signals.publish(Change::Freeze(freeze.id));
    freeze.id
}

async fn thaw(world: &World, id: i32, at: i64) {
    let row = freeze::ActiveModel { id: Set(id), thawed_at: Set(Some(at)), ..Default::default() };
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    row.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.signals.publish(Change::Freeze(id));
}

async fn heeded(world: &World) -> i32 {
    let reader = world.fresh.databases.web.reader();
    server::Entity::find().one(reader).await.unwrap().unwrap().freeze_seen
}

fn skipping() -> Job {
    Job { misfire_policy: MisfirePolicy::Skip, ..job(1, 1) }
}

#[tokio::test]
async fn while_frozen_nothing_goes_out_and_the_thaw_accounts_for_the_times_that_passed() {
    let by_hand = Job { id: 2, name: "two".to_owned(), schedule_kind: ScheduleKind::Manual, ..skipping() };
    let world = World::with(ScriptedDispatcher::accepting(), &[skipping()]).await;
    world.fresh.put_job(by_hand.clone(), cursor(&by_hand, None)).await;
    let id = freeze(&world, 1, START).await;
    let mut server = world.server().await;
    world.start_by_hand(waiting(5_000, &by_hand, START), "").await;
    for _ in 0..30 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    let runs = world.runs().await;
    assert_eq!((runs.len(), runs[0].state, runs[0].reason), (1, RunState::Waiting, Reason::Frozen));
    assert!(world.executors.runs().is_empty());
    thaw(&world, id, START + 30_000).await;
    server.turn().await;
    let runs = world.runs().await;
    let manual = runs.iter().find(|run| run.id == 5_000).unwrap();
    assert_eq!((manual.state, manual.reason), (RunState::Running, Reason::None));
    let by_schedule: Vec<_> = runs.iter().filter(|run| run.kind == RunKind::Schedule).collect();
    let missed = by_schedule[0];
    assert_eq!((missed.state, missed.reason, missed.attention), (RunState::Skipped, Reason::Frozen, None));
    assert_eq!((missed.nominal_at, missed.span_last, missed.span_count), (START, Some(START + 24_000), 25));
    // What is no later than a restart takes is not missed.
    assert!(by_schedule[1..].iter().all(|run| run.state == RunState::Running));
    assert_eq!(by_schedule.len(), 7);
}

#[tokio::test]
async fn a_claim_that_was_not_sent_is_handed_back_before_the_freeze_is_heeded() {
    let world = World::with(ScriptedDispatcher::accepting(), &[skipping()]).await;
    world.clock.set(START - 150);
    let mut server = world.server().await;
    assert_eq!(server.plan().await.claimed, 1);
    let id = freeze(&world, EVERYWHERE, START - 100).await;
    assert_eq!(heeded(&world).await, 0);
    server.plan().await;
    assert_eq!(heeded(&world).await, id);
    world.clock.set(START);
    assert_eq!(server.send(0).await, 0);
    server.record().await;
    world.clock.advance(1_000);
    server.turn().await;
    let runs = world.runs().await;
    assert_eq!((runs.len(), runs[0].state, runs[0].reason), (1, RunState::Waiting, Reason::Frozen));
    // It outlives the server.
    drop(server);
    let mut server = world.server().await;
    server.turn().await;
    assert!(world.executors.runs().is_empty());
    thaw(&world, id, START + 1_000).await;
    server.turn().await;
    assert_eq!(world.executors.runs().first(), Some(&runs[0].id));
}

#[tokio::test]
async fn a_request_on_its_way_holds_up_the_word_that_all_stands_still() {
    let world = World::with(ScriptedDispatcher::new(|_, _| None), &[skipping()]).await;
    let mut server = world.server().await;
    server.plan().await;
    let parcels = server.shared.lanes.start(START, 1, |_| false).parcels;
    let [parcel] = &parcels[..] else { panic!("{parcels:?}") };
    let id = freeze(&world, 1, START).await;
    server.plan().await;
    assert_eq!(heeded(&world).await, 0);
    server.shared.lanes.finished(parcel, true);
    world.clock.advance(1_000);
    server.plan().await;
    assert_eq!(heeded(&world).await, id);
}

#[tokio::test]
async fn another_namespace_goes_on() {
    let world = World::with(ScriptedDispatcher::accepting(), &[skipping()]).await;
    world.fresh.put_executor(Executor { namespace_id: 2, ..executor(2) }).await;
    world.fresh.put_instance(instance(2, 2)).await;
    let elsewhere = Job { namespace_id: 2, ..job(2, 2) };
    world.fresh.put_job(elsewhere.clone(), cursor(&elsewhere, Some(START))).await;
    freeze(&world, 1, START).await;
    let mut server = world.server().await;
    for _ in 0..3 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    let jobs: Vec<i32> = world.runs().await.iter().map(|run| run.job_id).collect();
    assert_eq!(jobs, [2, 2, 2]);
}

#[tokio::test]
async fn what_is_frozen_for_long_breaks_no_promise() {
    let world = World::with(ScriptedDispatcher::accepting(), &[skipping()]).await;
    freeze(&world, 1, START).await;
    let mut server = world.server().await;
    world.clock.advance(3_600_000);
    server.turn().await;
    let found = scheduler::engine::scan::tick(&server.shared).await.unwrap();
    assert_eq!(found, Some(Default::default()));
}
