//! What one server learns and another one waits for: two lives on one database, each with signals of its own. The clock
//! stands still, so that nobody polls.

use crate::rows::{START, cursor, job};
use crate::run_rows::waiting;
use crate::world::{Server, World};
use entity::job::{Model as Job, Overlap, ScheduleKind};
use entity::run::{Model as Run, RunState};
use futures::FutureExt;
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::engine::effects::EffectsReport;
use scheduler::engine::finish;
use scheduler::hints::Hint;
use scheduler::signals::Change;
use std::time::Instant;

/// Two servers, of which the first decides for every job, and jobs that only people and parents start.
async fn two_servers(jobs: &[Job]) -> (World, Server, Server) {
    let mut world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    for job in jobs {
        world.fresh.put_job(job.clone(), cursor(job, None)).await;
    }
    world.settings.cluster_url = "http://of.a.server".to_owned();
    let mut owner = world.server_named("owner").await;
    let signals = std::mem::take(&mut world.signals);
    let other = world.server_named("other").await;
    world.signals = signals;
    // Only now they know of each other.
    owner.keeper.tick(Instant::now()).await.unwrap();
    owner.plan().await;
    (world, owner, other)
}

fn by_hand(id: i32) -> Job {
    Job { schedule_kind: ScheduleKind::Manual, schedule: String::new(), ..job(id, 1) }
}

/// A run by hand that its owner alone is told of, and that has gone out if it may.
async fn start(world: &World, owner: &mut Server, run: Run) {
    let id = run.id;
    world.fresh.put_run(run, None).await;
    owner.shared.signals.publish_here(Change::Run(id));
    owner.turn().await;
    // That it was accepted is no end.
    assert_eq!(owner.effects.tick_changed().await.unwrap(), EffectsReport::default());
}

/// Carries what one server has for another; how much that was.
fn carry(from: &Server, to: &Server) -> usize {
    let letters = from.shared.signals.outbox().take(|_| true);
    letters.iter().for_each(|letter| to.handle.hear(&letter.hints));
    letters.iter().map(|letter| letter.hints.iter().count()).sum()
}

async fn succeed_at(server: &mut Server, run_id: i64) {
    server.report(vec![ResultFact { run_id, executor_id: 1, code: 200, text: String::new() }]).await;
}

#[tokio::test]
async fn an_owner_that_is_told_of_an_end_starts_what_follows_without_a_poll() {
    let (world, mut owner, mut other) = two_servers(&[by_hand(1), by_hand(2)]).await;
    world.fresh.put_child(1, 2).await;
    start(&world, &mut owner, Run { follow_ok: true, ..waiting(5_000, &by_hand(1), START) }).await;
    succeed_at(&mut other, 5_000).await;
    assert_eq!(owner.effects.tick_changed().await.unwrap(), EffectsReport::default(), "nobody told it");
    assert_eq!(carry(&other, &owner), 1);
    let one_child = EffectsReport { ended: 1, children: 1, ..EffectsReport::default() };
    assert_eq!(owner.effects.tick_changed().await.unwrap(), one_child);
    assert_eq!(carry(&owner, &other), 0, "the child is its own");
}

#[tokio::test]
async fn an_end_that_nothing_follows_or_waits_for_is_told_to_nobody() {
    let (world, mut owner, mut other) = two_servers(&[by_hand(1)]).await;
    start(&world, &mut owner, waiting(5_000, &by_hand(1), START)).await;
    succeed_at(&mut other, 5_000).await;
    assert_eq!((carry(&other, &owner), carry(&owner, &other)), (0, 0));
    assert_eq!(world.states().await, [RunState::Succeeded]);
}

#[tokio::test]
async fn what_waits_for_a_slot_goes_when_its_owner_is_told_of_the_end_and_not_by_others_ends() {
    let one_by_one = Job { overlap: Overlap::Queue, ..by_hand(1) };
    let (world, mut owner, mut other) = two_servers(&[one_by_one.clone(), by_hand(2)]).await;
    start(&world, &mut owner, waiting(5_000, &one_by_one, START)).await;
    start(&world, &mut owner, waiting(5_001, &by_hand(2), START)).await;
    assert_eq!(carry(&owner, &other), 0, "nothing waits");
    start(&world, &mut owner, waiting(5_002, &one_by_one, START)).await;
    assert_eq!(carry(&owner, &other), 1, "something waits");
    owner.turn().await;
    assert_eq!(carry(&owner, &other), 0, "it was told");
    for (run_id, claimed) in [(5_001, 0), (5_000, 1)] {
        succeed_at(&mut other, run_id).await;
        assert_eq!(carry(&other, &owner), 1);
        assert_eq!(owner.plan().await.claimed, claimed, "{run_id}");
    }
}

#[tokio::test]
async fn a_server_that_is_told_of_more_than_can_be_named_looks_at_everything() {
    let (world, mut owner, other) = two_servers(&[by_hand(1)]).await;
    let run = waiting(5_000, &by_hand(1), START);
    world.fresh.put_run(run, None).await;
    assert_eq!(owner.plan().await.claimed, 0, "nobody told it");
    for id in 0..10_000 {
        other.shared.signals.publish(Change::Job(id));
    }
    assert_eq!(carry(&other, &owner), 1);
    assert_eq!(owner.plan().await.claimed, 1);
    assert!(owner.shared.overlooked.notified().now_or_never().is_some());
}

#[tokio::test]
async fn whoever_gets_buckets_looks_at_once_and_whoever_is_to_drain_does() {
    let (_world, mut owner, mut other) = two_servers(&[by_hand(1)]).await;
    let has_reason_to_renew = |server: &Server| server.shared.handover.stopped().now_or_never().is_some();
    assert!(!has_reason_to_renew(&owner) && !has_reason_to_renew(&other));
    // As the page of the other one has it written.
    let lease = owner.shared.holdings().lease.unwrap();
    other.shared.store.drain(lease).await.unwrap();
    other.shared.signals.publish(Change::Servers);
    assert_eq!(carry(&other, &owner), 1);
    owner.plan().await;
    assert!(has_reason_to_renew(&owner));
    owner.keeper.tick(Instant::now()).await.unwrap();
    owner.plan().await;
    other.plan().await;
    assert!(owner.keeper.tick(Instant::now()).await.unwrap().given > 0);
    assert_eq!(carry(&owner, &other), 1);
    other.plan().await;
    assert!(has_reason_to_renew(&other));
}

#[tokio::test]
async fn what_a_server_that_stops_hands_back_is_told_after_it_has_left() {
    let (world, mut owner, other) = two_servers(&[by_hand(1)]).await;
    let run = waiting(5_000, &by_hand(1), START);
    world.fresh.put_run(run, None).await;
    owner.shared.signals.publish_here(Change::Run(5_000));
    assert_eq!(owner.plan().await.claimed, 1);
    finish(&owner.shared, &mut owner.keeper, &mut owner.recorder).await;
    assert_eq!(world.states().await, [RunState::Waiting]);
    let letters = owner.shared.signals.outbox().take(|_| true);
    let told: Vec<Hint> = letters.iter().flat_map(|letter| letter.hints.iter()).collect();
    assert_eq!(told, [Hint::Changed(Change::Run(5_000)), Hint::Changed(Change::Servers)]);
    drop(other);
}
