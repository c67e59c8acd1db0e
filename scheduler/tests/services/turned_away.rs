//! Registrations that were refused, as their pages name them.

use super::support::{START, World};
use entity::instance::Client;
use entity::turned_away::Cause;
use scheduler::authority::Caller;
use scheduler::executors;
use scheduler::instances::{self, RegistrationCall};

fn call(app_name: &str, token: &str, address: &str) -> RegistrationCall {
    RegistrationCall {
        group: "EXECUTOR".into(),
        app_name: app_name.into(),
        address: address.into(),
        namespace: None,
        token: Some(token.into()),
        labels: String::new(),
        life: String::new(),
        announces: None,
        client: Client::Java,
    }
}

async fn register(world: &World, call: &RegistrationCall) {
    instances::register(&world.services, None, call).await.unwrap();
}

/// Address, cause and number of tries of each, the latest first.
async fn of(world: &World, executor_id: i32) -> Vec<(String, Cause, i32)> {
    let found = instances::turned_away(&world.services, &Caller::operator(), executor_id).await.unwrap();
    found.into_iter().map(|one| (one.address, one.cause, one.tries)).collect()
}

#[tokio::test]
async fn what_is_refused_is_named_with_its_cause_until_it_comes_in() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    register(&world, &call("worker", "wrong", "http://a:1")).await;
    world.clock.advance(30_000);
    register(&world, &call("worker", "wrong", "http://a:1")).await;
    world.clock.advance(1);
    register(&world, &call("worker", &token, "http://169.254.169.254/")).await;
    let expected = [
        ("http://169.254.169.254/".to_owned(), Cause::BadAddress, 1),
        ("http://a:1".to_owned(), Cause::WrongToken, 2),
    ];
    assert_eq!(of(&world, executor.id).await, expected);
    register(&world, &call("worker", &token, "http://a:1")).await;
    assert_eq!(of(&world, executor.id).await, expected[..1]);
    world.clock.set(START + 30_001 + 24 * 3_600_000 + 1);
    assert_eq!(of(&world, executor.id).await, []);
}

#[tokio::test]
async fn an_unknown_app_name_is_shown_to_those_who_see_everything_until_it_has_an_executor() {
    let world = World::new().await;
    register(&world, &call("worker", "t", "http://a:1")).await;
    let strangers = async || instances::strangers(&world.services, &Caller::operator()).await.unwrap();
    let found = strangers().await;
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].app_name, found[0].cause), ("worker", Cause::UnknownAppName));
    let (_, token) = world.executor("default", "worker").await;
    register(&world, &call("worker", &token, "http://a:1")).await;
    assert_eq!(strangers().await, []);
}

#[tokio::test]
async fn whoever_makes_up_addresses_does_not_fill_the_table() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    for n in 0..30 {
        world.clock.advance(1);
        register(&world, &call("worker", "wrong", &format!("http://a:{}{}", n + 1, "x".repeat(1000)))).await;
        register(&world, &call(&format!("name-{n}"), "wrong", "http://a:1")).await;
    }
    let found = of(&world, executor.id).await;
    assert_eq!(found.len(), 20);
    assert!(found[0].0.starts_with("http://a:30x") && found[0].0.len() == 255);
    let strangers = instances::strangers(&world.services, &Caller::operator()).await.unwrap();
    assert_eq!((strangers.len(), &*strangers[0].app_name), (20, "name-29"));
}

#[tokio::test]
async fn it_goes_with_its_executor() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    register(&world, &call("worker", "wrong", "http://a:1")).await;
    executors::delete(&world.services, &Caller::operator(), executor.id).await.unwrap();
    let gone = instances::turned_away(&world.services, &Caller::operator(), executor.id).await;
    assert!(gone.is_err());
}
