use super::support::{World, faults};
use entity::fault::Fault;
use entity::grant::Role;
use entity::job::JobState;
use scheduler::calendars::{self, CalendarEdit};
use scheduler::namespaces::{self, NamespaceDraft, NamespaceEdit, NamespaceFilter};
use scheduler::{Error, Refusal, executors, grants, jobs};

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

fn named(business: &str, service: &str) -> NamespaceDraft {
    NamespaceDraft { business: business.into(), service: service.into(), remark: "first".into() }
}

#[tokio::test]
async fn a_name_is_taken_by_exact_match_only() {
    let world = World::new().await;
    let create = async |business, service| {
        namespaces::create(&world.services, &world.root, named(business, service)).await
    };
    for (business, service) in [("a", "b"), ("xa", "bc"), ("A", "b"), ("a", "bc"), ("b", "a"), ("a_", "b")] {
        create(business, service).await.unwrap();
    }
    let taken = faults(create("xa", "bc").await);
    assert!(matches!(&taken[..], [("service", Fault::Taken { .. })]), "{taken:?}");
    let list = async |business: &str, service: &str| {
        let filter = NamespaceFilter { business: business.into(), service: service.into() };
        let rows = namespaces::rows(&world.services, &world.root, &filter).await.unwrap();
        rows.iter().map(|row| row.namespace.title()).collect::<Vec<_>>()
    };
    assert_eq!(list("x", "").await, ["xa:bc"]);
    assert_eq!(list("b", "a").await, ["b:a"]);
    assert_eq!(list("_", "").await, ["a_:b"], "an underscore means itself");
}

#[tokio::test]
async fn a_remark_is_changed_by_whoever_saw_it_last() {
    let world = World::new().await;
    let id = namespaces::create(&world.services, &world.root, named("a", "b")).await.unwrap().id;
    let edit = async |version, remark: &str| {
        let typed = NamespaceEdit { remark: remark.to_owned(), ..Default::default() };
        namespaces::edit(&world.services, &world.root, id, version, &typed).await
    };
    edit(1, " second ").await.unwrap();
    assert!(matches!(edit(1, "lost").await, Err(Error::Conflict(2))));
    let stored = namespaces::get(&world.services, &world.root, id).await.unwrap();
    assert_eq!((stored.remark.as_str(), stored.version), ("second", 2));
    assert_eq!(faults(edit(2, &"x".repeat(600)).await), [("remark", Fault::TooLong { max: 512 })]);
}

#[tokio::test]
async fn a_namespace_is_deleted_with_what_belongs_to_it_once_it_is_empty() {
    let world = World::new().await;
    let job = world.job("nightly", JobState::Stopped).await;
    let id = job.namespace_id;
    grants::grant(&world.services, &world.root, id, "nobody", Role::Viewer).await.unwrap();
    let calendar = CalendarEdit { name: "holidays".into(), days: "2026-12-25".into() };
    calendars::create(&world.services, &world.root, id, &calendar).await.unwrap();
    let delete = async || namespaces::delete(&world.services, &world.root, id).await;
    let in_use = Refusal::NamespaceInUse { executors: 1, jobs: 1 };
    assert!(matches!(delete().await, Err(Error::Refused(refusal)) if refusal == in_use));
    jobs::delete(&world.services, &world.root, job.id).await.unwrap();
    let in_use = Refusal::NamespaceInUse { executors: 1, jobs: 0 };
    assert!(matches!(delete().await, Err(Error::Refused(refusal)) if refusal == in_use));
    executors::delete(&world.services, &world.root, job.executor_id).await.unwrap();
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Error::NotFound("namespace"))));
    assert_eq!(calendars::list(&world.services, &world.root).await.unwrap(), []);
    let stranger = namespaces::delete(&world.services, &world.stranger(), id).await;
    assert!(matches!(stranger, Err(Error::Forbidden)));
}
