use super::support::{MINUTE, START, World, faults};
use entity::fault::Fault;
use entity::freeze::EVERYWHERE;
use scheduler::freezes::{self, FreezeDraft, FreezeRow};
use scheduler::signals::Change;
use scheduler::store::engine::{Newcomer, SqlStore, Store};
use scheduler::{Error, Refusal, namespaces};

fn draft(namespace_id: Option<i32>) -> FreezeDraft {
    FreezeDraft { namespace_id, reason: " year end ".into() }
}

async fn lasting(world: &World) -> Vec<FreezeRow> {
    freezes::list(&world.services, &world.root, true).await.unwrap()
}

#[tokio::test]
async fn a_freeze_has_a_reason_and_an_end_and_stays_in_the_list() {
    let world = World::new().await;
    let namespace = namespaces::ensure(&world.services, "default", "billing").await.unwrap();
    let mut signals = world.services.signals.subscribe();
    let freeze = freezes::freeze(&world.services, &world.root, draft(Some(namespace.id))).await.unwrap();
    assert_eq!(signals.try_recv(), Ok(Change::Freeze(freeze.id)));
    assert_eq!((freeze.reason.as_str(), freeze.frozen_at, freeze.thawed_at), ("year end", START, None));
    assert_eq!(lasting(&world).await[0].namespace.as_deref(), Some("default:billing"));
    let again = freezes::freeze(&world.services, &world.root, draft(Some(namespace.id))).await;
    assert!(matches!(again, Err(Error::Refused(Refusal::Frozen))));
    // Everything is something else.
    let all = freezes::freeze(&world.services, &world.root, draft(None)).await.unwrap();
    assert_eq!((all.namespace_id, lasting(&world).await.len()), (EVERYWHERE, 2));
    world.clock.advance(MINUTE);
    for _ in 0..2 {
        freezes::thaw(&world.services, &world.root, freeze.id).await.unwrap();
        world.clock.advance(MINUTE);
    }
    assert_eq!(lasting(&world).await.len(), 1);
    let every = freezes::list(&world.services, &world.root, false).await.unwrap();
    let thawed: Vec<_> = every.iter().map(|row| (row.freeze.id, row.freeze.thawed_at)).collect();
    assert_eq!(thawed, [(all.id, None), (freeze.id, Some(START + MINUTE))], "the newest first");
    freezes::freeze(&world.services, &world.root, draft(Some(namespace.id))).await.unwrap();
}

#[tokio::test]
async fn a_freeze_without_a_reason_or_a_right_is_refused() {
    let world = World::new().await;
    let empty = FreezeDraft { namespace_id: None, reason: "  ".into() };
    assert_eq!(
        faults(freezes::freeze(&world.services, &world.root, empty).await),
        [("reason", Fault::Required)]
    );
    let long = FreezeDraft { namespace_id: None, reason: "x".repeat(501) };
    let too_long = faults(freezes::freeze(&world.services, &world.root, long).await);
    assert_eq!(too_long, [("reason", Fault::TooLong { max: 500 })]);
    let nowhere = freezes::freeze(&world.services, &world.root, draft(Some(99))).await;
    assert!(matches!(nowhere, Err(Error::NotFound("namespace"))));
    assert!(freezes::freeze(&world.services, &world.stranger(), draft(None)).await.is_err());
    let freeze = freezes::freeze(&world.services, &world.root, draft(None)).await.unwrap();
    assert!(freezes::thaw(&world.services, &world.stranger(), freeze.id).await.is_err());
    assert!(matches!(freezes::thaw(&world.services, &world.root, 99).await, Err(Error::NotFound("freeze"))));
    assert_eq!(lasting(&world).await.len(), 1);
}

#[tokio::test]
async fn a_freeze_waits_until_every_living_server_heeds_it_and_counts_those_that_do_not() {
    let world = World::new().await;
    let store = SqlStore::new(world.services.db.clone());
    let newcomer = |identity: &str| Newcomer {
        identity: identity.to_owned(),
        incarnation: 7,
        address: String::new(),
        cluster_url: String::new(),
        lease_ms: 0,
        now: START,
    };
    let gone = store.join(&newcomer("gone")).await.unwrap();
    store.leave(gone).await.unwrap();
    let living = store.join(&newcomer("living")).await.unwrap();
    let unheeded = freezes::freeze(&world.services, &world.root, draft(None)).await;
    assert!(matches!(unheeded, Err(Error::Refused(Refusal::FreezeUnheeded(1)))));
    let freeze = lasting(&world).await[0].freeze.id;
    freezes::thaw(&world.services, &world.root, freeze).await.unwrap();
    // One that drains still sends what it has claimed.
    store.drain(living).await.unwrap();
    let unheeded = freezes::freeze(&world.services, &world.root, draft(None)).await;
    assert!(matches!(unheeded, Err(Error::Refused(Refusal::FreezeUnheeded(1)))));
    let freeze = lasting(&world).await[0].freeze.id;
    freezes::thaw(&world.services, &world.root, freeze).await.unwrap();
    store.heed(living, freeze + 1).await.unwrap();
    freezes::freeze(&world.services, &world.root, draft(None)).await.unwrap();
}
