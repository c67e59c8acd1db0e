//! Thousands of instances of one executor: what is shown is bounded, what is not is counted, nobody else is hidden,
//! and one too many is refused with its reason.

use super::support::{START, World, automatic};
use chrono_tz::Tz;
use entity::Millis;
use entity::executor::Registration;
use entity::instance::{self, Client};
use entity::turned_away::Cause;
use scheduler::Error;
use scheduler::executors::{
    self, ADDRESSES_SHOWN, ExecutorEdit, ExecutorFilter, ExecutorView, INSTANCES_SHOWN,
};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall};
use scheduler::rules::topology::Node;
use scheduler::store::filling;
use scheduler::topology::topology;

/// Twice as many as may register.
const CROWD: i32 = 10_000;
/// As many as may register.
const FULL: i32 = 5_000;
const DAY: Millis = 24 * 3_600_000;

fn address(number: i32) -> String {
    format!("http://10.0.{}.{}:9999", 100 + number / 100, 100 + number % 100)
}

fn call(app_name: &str, token: &str, number: i32) -> RegistrationCall {
    RegistrationCall {
        group: "EXECUTOR".into(),
        app_name: app_name.into(),
        address: address(number),
        namespace: None,
        token: Some(token.into()),
        labels: String::new(),
        life: String::new(),
        announces: None,
        client: Client::Java,
    }
}

async fn register(world: &World, call: &RegistrationCall) -> RegisterOutcome {
    instances::register(&world.services, None, call).await.unwrap()
}

/// An executor with so many instances: the first has registered, the others are made like it, and changed.
async fn crowded(
    world: &World,
    app_name: &str,
    instances: i32,
    change: impl Fn(&mut instance::Model, i32),
) -> (ExecutorView, String) {
    let (executor, token) = world.executor("default", app_name).await;
    register(world, &call(app_name, &token, 0)).await;
    let first = executors::get(&world.services, &world.root, executor.id).await.unwrap().instances.remove(0);
    let others = (1..instances).map(|number| {
        let mut other = instance::Model { address: address(number), ..first.clone() };
        change(&mut other, number);
        other
    });
    filling::instances(&world.services.db, others).await.unwrap();
    (executor, token)
}

#[tokio::test]
async fn of_ten_thousand_instances_the_pages_name_the_first_and_count_the_others() {
    let world = World::new().await;
    // A tenth of them left a moment ago; their addresses are the first.
    let gone = |instance: &mut instance::Model, number| instance.gone_at = (number < 1_000).then_some(START);
    let (crowd, _) = crowded(&world, "crowd", CROWD, gone).await;
    let (small, _) = crowded(&world, "small", 3, |_, _| ()).await;
    let detail = executors::get(&world.services, &world.root, crowd.id).await.unwrap();
    assert_eq!((detail.online, detail.gone), (9_001, 999));
    assert_eq!(detail.instances.len() as u64, INSTANCES_SHOWN);
    assert!(detail.instances.iter().all(|one| one.gone_at.is_none()), "those that are there come first");
    let rows = executors::list(&world.services, &world.root, &ExecutorFilter::default()).await.unwrap();
    let shown: Vec<_> =
        rows.iter().map(|row| (row.executor.id, row.online, row.addresses.len() as u64)).collect();
    assert_eq!(shown, [(crowd.id, 9_001, ADDRESSES_SHOWN), (small.id, 3, 3)]);
}

#[tokio::test]
async fn on_the_map_a_crowd_does_not_hide_the_instances_of_others() {
    let world = World::new().await;
    let (crowd, _) = crowded(&world, "crowd", CROWD, |_, _| ()).await;
    let (small, _) = crowded(&world, "small", 3, |_, _| ()).await;
    let map = topology(&world.services, &world.root, None, Tz::UTC, START).await.unwrap();
    let nodes = map.executors.iter();
    let shown: Vec<_> =
        nodes.map(|node| (node.executor.id, node.online, node.silent, node.instances.len())).collect();
    assert_eq!(shown, [(crowd.id, 10_000, 0, 20), (small.id, 3, 0, 3)]);
    assert!(map.layout.places.iter().any(|place| place.node == Node::MoreInstances(crowd.id)));
}

#[tokio::test]
async fn one_instance_too_many_is_refused_and_named_and_the_others_stay() {
    let world = World::new().await;
    let (executor, token) = crowded(&world, "crowd", FULL, |_, _| ()).await;
    assert_eq!(register(&world, &call("crowd", &token, FULL)).await, RegisterOutcome::TooMany);
    let known = register(&world, &call("crowd", &token, FULL - 1)).await;
    assert_eq!(known, RegisterOutcome::Done { changed: vec![] });
    let away = instances::turned_away(&world.services, &world.root, executor.id).await.unwrap();
    let named: Vec<_> = away.iter().map(|one| (one.address.clone(), one.cause)).collect();
    assert_eq!(named, [(address(FULL), Cause::TooMany)]);
    let detail = executors::get(&world.services, &world.root, executor.id).await.unwrap();
    assert_eq!(detail.online, 5_000);
}

#[tokio::test]
async fn where_each_start_has_a_new_address_those_long_gone_make_room() {
    let world = World::new().await;
    let now = START + 60 * DAY;
    world.clock.set(now);
    // One each quarter of an hour.
    let gone = |instance: &mut instance::Model, number| {
        instance.gone_at = Some(now - Millis::from(FULL - number) * 900_000);
    };
    let (executor, token) = crowded(&world, "crowd", FULL, gone).await;
    for number in FULL..FULL + 10 {
        let outcome = register(&world, &call("crowd", &token, number)).await;
        assert_eq!(outcome, RegisterOutcome::Done { changed: vec![executor.id] });
    }
    let rows = filling::instances_of(&world.services.db, executor.id).await.unwrap();
    assert_eq!(rows.len(), 5_000 - 500 + 10);
    let knows = |number| rows.iter().any(|row| row.address == address(number));
    assert!(knows(0) && !knows(1) && !knows(500) && knows(501), "the longest gone are forgotten");
}

#[tokio::test]
async fn ten_thousand_typed_addresses_are_refused_with_their_field() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "typed").await;
    let addresses = (0..CROWD).map(address).collect::<Vec<_>>().join("\n");
    let edit = ExecutorEdit { registration: Registration::Manual, addresses, ..automatic("typed") };
    let refused = executors::edit(&world.services, &world.root, executor.id, executor.version, &edit).await;
    let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
    assert_eq!(faults.iter().map(|fault| &*fault.field).collect::<Vec<_>>(), ["addresses"]);
}
