use super::support::{World, faults};
use entity::fault::Fault;
use scheduler::Error;
use scheduler::namespaces::{self, NamespaceDraft};

#[tokio::test]
async fn ensuring_a_namespace_twice_gives_the_same_one() {
    let world = World::new().await;
    let first = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    let second = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first.title(), "default:default");
    assert_eq!(namespaces::list(&world.services, &world.root).await.unwrap(), [first]);
}

#[tokio::test]
async fn a_name_is_needed_once_and_without_the_colon() {
    let world = World::new().await;
    let draft = |business: &str, service: &str| NamespaceDraft {
        business: business.into(),
        service: service.into(),
        remark: String::new(),
    };
    let create = async |draft| namespaces::create(&world.services, &world.root, draft).await;
    let found = faults(create(draft("a:b", "")).await);
    assert_eq!(found, [("business", Fault::Character), ("service", Fault::Required)]);
    let found = faults(create(draft(&"x".repeat(10_000), "🦀")).await);
    assert_eq!(found, [("business", Fault::TooLong { max: 64 })]);
    create(draft("shop", "billing")).await.unwrap();
    assert!(
        matches!(&faults(create(draft("shop", "billing")).await)[..], [(field, Fault::Taken { .. })] if *field == "service")
    );
}

#[tokio::test]
async fn without_a_grant_there_are_no_namespaces() {
    let world = World::new().await;
    let stored = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    let stranger = world.stranger();
    assert_eq!(namespaces::list(&world.services, &stranger).await.unwrap(), []);
    assert!(matches!(namespaces::get(&world.services, &stranger, stored.id).await, Err(Error::NotFound(_))));
    let create = namespaces::create(&world.services, &stranger, NamespaceDraft::default()).await;
    assert!(matches!(create, Err(Error::Forbidden)));
}
