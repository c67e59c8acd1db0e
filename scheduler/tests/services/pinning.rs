//! Which instances a job may run on, and the labels by which they are named.

use super::support::{World, automatic, draft, faults};
use entity::executor::Registration;
use entity::fault::Fault;
use entity::instance;
use entity::instance::Client;
use entity::job::JobState;
use scheduler::executors::{self, ExecutorEdit};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall};
use scheduler::jobs::{self, JobDraft};
use scheduler::signals::Change;
use sea_orm::{EntityTrait, QueryOrder};

/// Address and labels of all instances.
async fn labels(world: &World) -> Vec<(String, String)> {
    let all = instance::Entity::find().order_by_asc(instance::Column::Address);
    let all = all.all(world.services.db.reader()).await.unwrap();
    all.into_iter().map(|found| (found.address, found.labels)).collect()
}

fn at(address: &str, labels: &str) -> (String, String) {
    (address.to_owned(), labels.to_owned())
}

#[tokio::test]
async fn the_list_of_instances_is_stored_in_one_spelling_and_what_names_nothing_is_refused() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let create = async |name: &str, only_on: &str| {
        let draft = JobDraft { name: name.to_owned(), only_on: only_on.to_owned(), ..draft(executor.id) };
        jobs::create(&world.services, &world.root, draft, JobState::Stopped).await
    };
    let job = create("some", " Worker-1\r\nzone = a\r\n\r\nhttp://10.0.0.5:9999/\r\n").await.unwrap();
    assert_eq!(job.only_on, "worker-1\nzone=a\n10.0.0.5:9999");
    assert_eq!(create("all", " \n ").await.unwrap().only_on, "");
    let wrong = faults(create("wrong", "worker-1\nzone=a b").await);
    assert_eq!(wrong, [("only_on", Fault::Instance { text: "zone=a b".to_owned() })]);
    let many: Vec<String> = (0..101).map(|n| format!("h{n}")).collect();
    assert_eq!(faults(create("many", &many.join("\n")).await), [("only_on", Fault::TooMany { max: 100 })]);
    let long: Vec<String> = (0..80).map(|n| format!("{}{n}", "h".repeat(60))).collect();
    assert_eq!(faults(create("long", &long.join("\n")).await), [("only_on", Fault::TooLong { max: 4000 })]);
}

#[tokio::test]
async fn labels_are_typed_behind_their_address_and_changed_with_it() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    let edit = async |version, addresses: &str| {
        let manual = Registration::Manual;
        let edit =
            ExecutorEdit { registration: manual, addresses: addresses.to_owned(), ..automatic("worker") };
        executors::edit(&world.services, &world.root, executor.id, version, &edit).await
    };
    let typed = "http://a:1 zone=a, disk=ssd, http://b:1\nhttp://c:1  zone=c";
    let saved = edit(1, typed).await.unwrap();
    assert_eq!(saved.addresses, "http://a:1 disk=ssd,zone=a\nhttp://b:1\nhttp://c:1 zone=c");
    let expected = [at("http://a:1", "disk=ssd,zone=a"), at("http://b:1", ""), at("http://c:1", "zone=c")];
    assert_eq!(labels(&world).await, expected);
    edit(2, "http://a:1 zone=b\nhttp://b:1").await.unwrap();
    assert_eq!(labels(&world).await[0], at("http://a:1", "zone=b"));
    // What is back has the labels that it came back with.
    edit(3, "http://a:1\nhttp://b:1\nhttp://c:1").await.unwrap();
    assert_eq!(labels(&world).await, [at("http://a:1", ""), at("http://b:1", ""), at("http://c:1", "")]);
    let wrong = faults(edit(4, "http://a:1 zone=").await);
    assert_eq!(wrong, [("addresses", Fault::Label { text: "zone=".to_owned() })]);
    assert_eq!(faults(edit(4, "zone=a http://a:1").await), [("addresses", Fault::Address)]);
}

#[tokio::test]
async fn labels_that_are_registered_are_those_of_the_last_heartbeat() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let mut signals = world.services.signals.subscribe();
    let register = async |labels: &str| {
        let call = RegistrationCall {
            group: "EXECUTOR".into(),
            app_name: "worker".into(),
            address: "http://a:1".into(),
            labels: labels.into(),
            life: String::new(),
            announces: None,
            namespace: None,
            token: Some(token.clone()),
            client: Client::Orrery,
        };
        instances::register(&world.services, None, &call).await.unwrap()
    };
    let done = |changed: &[i32]| RegisterOutcome::Done { changed: changed.to_vec() };
    assert_eq!(register("zone=a,disk=ssd").await, done(&[executor.id]));
    assert_eq!(register("disk=ssd, zone=a").await, done(&[]), "the same ones");
    assert_eq!(labels(&world).await, [at("http://a:1", "disk=ssd,zone=a")]);
    assert_eq!(register("zone=b").await, done(&[executor.id]), "routing has to know");
    assert_eq!(register("no label").await, RegisterOutcome::BadLabels);
    assert_eq!(labels(&world).await, [at("http://a:1", "zone=b")]);
    assert_eq!(register("").await, done(&[executor.id]));
    assert_eq!(labels(&world).await, [at("http://a:1", "")]);
    let published = std::iter::from_fn(|| signals.try_recv().ok()).collect::<Vec<_>>();
    assert_eq!(published, [Change::Executor(executor.id); 3]);
    let all = instance::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(all[0].generation, 1, "it was there all the time");
}
