use super::support::{HOUR, World, automatic, faults};
use entity::executor::Registration;
use entity::fault::Fault;
use entity::job::JobState;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit, ExecutorFilter, TOKEN_OVERLAP};
use scheduler::{Error, Refusal, instances, namespaces};
use sea_orm::EntityTrait;

fn manual(addresses: &str) -> ExecutorEdit {
    ExecutorEdit { registration: Registration::Manual, addresses: addresses.into(), ..automatic("worker") }
}

#[tokio::test]
async fn a_token_is_long_and_random_and_only_shown_by_the_call_that_made_it() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let (_, other) = world.executor("default", "other").await;
    assert!(token.len() >= 32 && token != other);
    let detail = executors::get(&world.services, &world.root, executor.id).await.unwrap();
    assert!(!format!("{detail:?}").contains(&token));
}

#[tokio::test]
async fn a_typed_token_is_taken_unless_scanners_know_it() {
    let world = World::new().await;
    let namespace_id = namespaces::ensure(&world.services, "default", "default").await.unwrap().id;
    let create = async |token: &str| {
        let draft = ExecutorDraft { namespace_id, token: Some(token.into()), edit: automatic("worker") };
        executors::create(&world.services, &world.root, draft).await
    };
    for (token, fault) in [
        ("default_token", Fault::KnownDefault),
        ("IO.suite.com", Fault::KnownDefault),
        ("123456", Fault::KnownDefault),
        ("too short", Fault::Character),
        ("too-short", Fault::TooShort { min: 16 }),
        (&*"x".repeat(10_000), Fault::TooLong { max: 128 }),
    ] {
        assert_eq!(faults(create(token).await), [("token", fault)]);
    }
    assert_eq!(create("token-from-the-field").await.unwrap().1, "token-from-the-field");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let namespace_id = namespaces::ensure(&world.services, "default", "default").await.unwrap().id;
    let edit = ExecutorEdit {
        app_name: "<script>".into(),
        title: "x".repeat(10_000),
        ..manual("http://169.254.169.254/")
    };
    let draft = ExecutorDraft { namespace_id, token: None, edit };
    let found = faults(executors::create(&world.services, &world.root, draft).await);
    assert_eq!(
        found,
        [
            ("app_name", Fault::Character),
            ("title", Fault::TooLong { max: 120 }),
            ("addresses", Fault::Address)
        ]
    );
    let unknown = ExecutorDraft { namespace_id: 77, token: None, edit: automatic("worker") };
    let found = faults(executors::create(&world.services, &world.root, unknown).await);
    assert_eq!(found, [("namespace_id", Fault::Unknown)]);
}

#[tokio::test]
async fn an_app_name_is_unique_in_its_namespace_only() {
    let world = World::new().await;
    let (first, _) = world.executor("default", "worker").await;
    world.executor("other", "worker").await;
    let draft = ExecutorDraft { namespace_id: first.namespace_id, token: None, edit: automatic("worker") };
    let found = faults(executors::create(&world.services, &world.root, draft).await);
    assert_eq!(found, [("app_name", Fault::Taken { id: Some(first.id.into()) })]);
}

#[tokio::test]
async fn typed_addresses_become_instances_and_leave_with_their_line() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let edit = async |version, addresses: &str| {
        executors::edit(&world.services, &world.root, executor.id, version, &manual(addresses)).await
    };
    let saved = edit(1, " http://a:9999/ ,http://A:9999\nhttp://b:9999 ").await.unwrap();
    assert_eq!(saved.addresses, "http://a:9999\nhttp://b:9999");
    let online = async || {
        let detail = executors::get(&world.services, &world.root, executor.id).await.unwrap();
        let there = detail.instances.into_iter().filter(|instance| instance.gone_at.is_none());
        there.map(|instance| (instance.address, instance.manual, instance.generation)).collect::<Vec<_>>()
    };
    assert_eq!(online().await, [("http://a:9999".into(), true, 1), ("http://b:9999".into(), true, 1)]);
    edit(2, "http://b:9999").await.unwrap();
    assert_eq!(online().await, [("http://b:9999".into(), true, 1)]);
    edit(3, "http://a:9999").await.unwrap();
    assert_eq!(online().await, [("http://a:9999".into(), true, 2)]);
    let automatic = automatic("worker");
    executors::edit(&world.services, &world.root, executor.id, 4, &automatic).await.unwrap();
    assert_eq!(online().await, []);
    assert_eq!(faults(edit(5, " ,\n").await), [("addresses", Fault::Required)]);
}

#[tokio::test]
async fn of_two_people_saving_the_second_is_told() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let save = async |title: &str| {
        let edit = ExecutorEdit { title: title.into(), ..automatic("worker") };
        executors::edit(&world.services, &world.root, executor.id, executor.version, &edit).await
    };
    assert_eq!(save("first").await.unwrap().version, 2);
    assert!(matches!(save("second").await, Err(Error::Conflict(2))));
    let stored = executors::get(&world.services, &world.root, executor.id).await.unwrap();
    assert_eq!(stored.executor.title, "first");
}

#[tokio::test]
async fn a_rotated_token_is_accepted_beside_the_new_one_for_a_day() {
    let world = World::new().await;
    let (executor, old) = world.executor("default", "worker").await;
    let (view, new) =
        executors::rotate_token(&world.services, &world.root, executor.id, TOKEN_OVERLAP).await.unwrap();
    assert_ne!(old, new);
    assert!(view.old_token_until.is_some());
    let accepted = async |token: &str| {
        let asked = vec![executor.id];
        let allowed = instances::authorise_callback(&world.services, None, Some(token), asked).await.unwrap();
        !allowed.is_empty()
    };
    assert!(accepted(&old).await && accepted(&new).await);
    world.clock.advance(24 * HOUR - 1);
    assert!(accepted(&old).await);
    world.clock.advance(1);
    assert!(!accepted(&old).await && accepted(&new).await);
    let (_, newest) = executors::rotate_token(&world.services, &world.root, executor.id, 0).await.unwrap();
    assert!(!accepted(&new).await && accepted(&newest).await);
}

#[tokio::test]
async fn an_executor_with_jobs_is_not_deleted() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let delete = async || executors::delete(&world.services, &world.root, job.executor_id).await;
    assert!(matches!(delete().await, Err(Error::Refused(Refusal::ExecutorHasJobs(1)))));
    scheduler::jobs::delete(&world.services, &world.root, job.id).await.unwrap();
    delete().await.unwrap();
    let rows = entity::executor::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(rows, []);
    assert!(matches!(delete().await, Err(Error::NotFound("executor"))));
}

#[tokio::test]
async fn the_list_filters_by_text_as_it_is_written() {
    let world = World::new().await;
    world.executor("default", "billing-worker").await;
    world.executor("other", "mail_worker").await;
    let found = async |text: &str| {
        let filter = ExecutorFilter { text: text.into(), ..Default::default() };
        let rows = executors::list(&world.services, &world.root, &filter).await.unwrap();
        rows.into_iter().map(|row| row.executor.app_name).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["billing-worker", "mail_worker"]);
    assert_eq!(found("BILLING").await, ["billing-worker"]);
    assert_eq!(found("_").await, ["mail_worker"]);
    assert_eq!(found("%").await, [] as [&str; 0]);
    assert_eq!(found("'; drop table executor; --").await, [] as [&str; 0]);
}

#[tokio::test]
async fn executors_of_foreign_namespaces_do_not_exist() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let (services, stranger, id) = (&world.services, &world.stranger(), executor.id);
    assert_eq!(executors::list(services, stranger, &Default::default()).await.unwrap(), []);
    assert!(matches!(executors::get(services, stranger, id).await, Err(Error::NotFound(_))));
    let edit = automatic("worker");
    assert!(matches!(executors::edit(services, stranger, id, 1, &edit).await, Err(Error::NotFound(_))));
    assert!(matches!(executors::rotate_token(services, stranger, id, 0).await, Err(Error::NotFound(_))));
    assert!(matches!(executors::delete(services, stranger, id).await, Err(Error::NotFound(_))));
    let draft = ExecutorDraft { namespace_id: executor.namespace_id, token: None, edit };
    assert!(matches!(executors::create(services, stranger, draft).await, Err(Error::NotFound(_))));
}
