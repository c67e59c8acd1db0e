use super::support::{START, World, automatic};
use entity::audit_entry::Verb;
use entity::executor::Registration;
use entity::instance::{self, Client};
use entity::job::JobState;
use entity::run::{self, RunState};
use protocol::native::Announcement;
use scheduler::Error;
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorEdit};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall, SILENCE};
use scheduler::signals::Change;
use sea_orm::EntityTrait;
use std::collections::HashMap;

fn call(token: &str, address: &str) -> RegistrationCall {
    RegistrationCall {
        group: "EXECUTOR".into(),
        app_name: "worker".into(),
        address: address.into(),
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

async fn stored(world: &World) -> Vec<instance::Model> {
    instance::Entity::find().all(world.services.db.reader()).await.unwrap()
}

fn done(changed: &[i32]) -> RegisterOutcome {
    RegisterOutcome::Done { changed: changed.to_vec() }
}

#[tokio::test]
async fn the_first_registration_shows_at_once_and_a_heartbeat_tells_nobody() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let mut signals = world.services.signals.subscribe();
    let call = call(&token, "http://10.0.0.1:9999/");
    assert_eq!(register(&world, &call).await, done(&[executor.id]));
    assert_eq!(signals.try_recv(), Ok(Change::Executor(executor.id)));
    world.clock.advance(30_000);
    assert_eq!(register(&world, &call).await, done(&[]));
    assert!(signals.try_recv().is_err());
    let rows = stored(&world).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].registered_at, rows[0].seen_at), (START, START + 30_000));
}

#[tokio::test]
async fn an_address_with_and_without_a_trailing_slash_is_one_instance() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    for (address, changed) in [
        ("http://10.0.0.1:9999", vec![executor.id]),
        ("http://10.0.0.1:9999/", vec![]),
        (" HTTP://10.0.0.1:9999// ", vec![]),
    ] {
        assert_eq!(register(&world, &call(&token, address)).await, RegisterOutcome::Done { changed });
    }
    assert_eq!(stored(&world).await[0].address, "http://10.0.0.1:9999");
}

#[tokio::test]
async fn a_wrong_or_foreign_token_registers_nothing() {
    let world = World::new().await;
    world.executor("default", "worker").await;
    let (_, foreign) = world.executor("default", "other").await;
    for token in ["wrong", "", &*foreign] {
        assert_eq!(register(&world, &call(token, "http://a:1")).await, RegisterOutcome::WrongToken);
    }
    let without = RegistrationCall { token: None, ..call("", "http://a:1") };
    assert_eq!(register(&world, &without).await, RegisterOutcome::WrongToken);
    assert_eq!(stored(&world).await, []);
}

#[tokio::test]
async fn calls_that_make_no_sense_are_told_apart() {
    let world = World::new().await;
    let (_, token) = world.executor("default", "worker").await;
    let good = call(&token, "http://a:1");
    let unknown = RegistrationCall { app_name: "nobody".into(), ..good.clone() };
    assert_eq!(register(&world, &unknown).await, RegisterOutcome::UnknownAppName);
    let elsewhere = RegistrationCall { namespace: Some("default:other".into()), ..good.clone() };
    assert_eq!(register(&world, &elsewhere).await, RegisterOutcome::UnknownAppName);
    for malformed in [
        RegistrationCall { group: "ADMIN".into(), ..good.clone() },
        RegistrationCall { app_name: " ".into(), ..good.clone() },
        RegistrationCall { address: "".into(), ..good.clone() },
    ] {
        assert_eq!(register(&world, &malformed).await, RegisterOutcome::Malformed);
    }
    for address in
        ["worker:9999", "http://169.254.169.254/", "javascript:alert(1)", &*"http://a/".repeat(1000)]
    {
        assert_eq!(register(&world, &call(&token, address)).await, RegisterOutcome::BadAddress);
    }
    assert_eq!(stored(&world).await, []);
}

#[tokio::test]
async fn an_app_name_in_two_namespaces_is_told_apart_by_token_or_by_namespace() {
    let world = World::new().await;
    let (first, token) = world.executor("default", "worker").await;
    let (second, _) = world.executor("other", "worker").await;
    assert_eq!(register(&world, &call(&token, "http://a:1")).await, done(&[first.id]));
    let shared = RegistrationCall { token: Some("shared-secret".into()), ..call("", "http://b:1") };
    let both = instances::register(&world.services, Some("shared-secret"), &shared).await.unwrap();
    assert_eq!(both, done(&[first.id, second.id]));
    let named =
        RegistrationCall { namespace: Some("default:other".into()), ..call("shared-secret", "http://c:1") };
    let one = instances::register(&world.services, Some("shared-secret"), &named).await.unwrap();
    assert_eq!(one, done(&[second.id]));
}

#[tokio::test]
async fn an_instance_is_gone_after_ninety_seconds_of_silence_and_not_before() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    register(&world, &call(&token, "http://a:1")).await;
    for after in [89_000, 999] {
        world.clock.advance(after);
        assert_eq!(world.expire_instances().await, [] as [i32; 0]);
    }
    world.clock.advance(1);
    assert_eq!(world.expire_instances().await, [executor.id]);
    assert_eq!(stored(&world).await[0].gone_at, Some(START + SILENCE));
    assert_eq!(world.expire_instances().await, [] as [i32; 0], "it is gone once");
}

#[tokio::test]
async fn signing_off_takes_effect_at_once_and_coming_back_is_a_new_life() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let call = call(&token, "http://a:1");
    register(&world, &call).await;
    let removed = instances::remove(&world.services, None, &call).await.unwrap();
    assert_eq!(removed, done(&[executor.id]));
    assert_eq!(stored(&world).await[0].gone_at, Some(START));
    let again = instances::remove(&world.services, None, &call).await.unwrap();
    assert_eq!(again, done(&[]));
    world.clock.advance(5_000);
    assert_eq!(register(&world, &call).await, done(&[executor.id]));
    let back = &stored(&world).await[0];
    assert_eq!((back.generation, back.gone_at, back.registered_at), (2, None, START + 5_000));
}

#[tokio::test]
async fn a_wrong_token_removes_nothing() {
    let world = World::new().await;
    let (_, token) = world.executor("default", "worker").await;
    register(&world, &call(&token, "http://a:1")).await;
    let refused = instances::remove(&world.services, None, &call("wrong", "http://a:1")).await.unwrap();
    assert_eq!(refused, RegisterOutcome::WrongToken);
    assert_eq!(stored(&world).await[0].gone_at, None);
}

#[tokio::test]
async fn manual_executors_ignore_registrations_and_silence() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let edit = ExecutorEdit {
        registration: Registration::Manual,
        addresses: "http://a:1".into(),
        ..automatic("worker")
    };
    executors::edit(&world.services, &world.root, executor.id, 1, &edit).await.unwrap();
    assert_eq!(register(&world, &call(&token, "http://b:1")).await, done(&[]));
    let removed = instances::remove(&world.services, None, &call(&token, "http://a:1")).await.unwrap();
    assert_eq!(removed, done(&[]));
    world.clock.advance(10 * SILENCE);
    assert_eq!(world.expire_instances().await, [] as [i32; 0]);
    let rows = stored(&world).await;
    assert_eq!(
        rows.iter().map(|row| (&*row.address, row.gone_at)).collect::<Vec<_>>(),
        [("http://a:1", None)]
    );
}

#[tokio::test]
async fn a_token_reports_only_on_runs_of_its_own_executor() {
    let world = World::new().await;
    let (mine, token) = world.executor("default", "worker").await;
    let (foreign, _) = world.executor("default", "other").await;
    let asked = || vec![mine.id, foreign.id, 77];
    let allowed = async |shared: Option<&str>, token: Option<&str>| {
        instances::authorise_callback(&world.services, shared, token, asked()).await.unwrap()
    };
    assert_eq!(allowed(None, Some(&*token)).await, [mine.id]);
    assert_eq!(allowed(Some("shared-secret"), Some("shared-secret")).await, [mine.id, foreign.id]);
    assert_eq!(allowed(Some(""), Some("")).await, [] as [i32; 0]);
    assert_eq!(allowed(None, None).await, [] as [i32; 0]);
}

/// What a program of ours says of itself.
fn announcing(version: &str, handlers: &[&str]) -> Option<Announcement> {
    let handlers = handlers.iter().map(|name| (*name).to_owned()).collect();
    Some(Announcement { version: version.to_owned(), workers: 8, queue_length: 100, handlers })
}

/// Name and number of instances of each known handler, and whether there is no other.
async fn known(world: &World, executor_id: i32) -> (Vec<(String, u64)>, bool) {
    let known = executors::handlers(&world.services, &world.root, executor_id).await.unwrap();
    let names = known.handlers.into_iter().map(|handler| (handler.name, handler.instances));
    (names.collect(), known.complete)
}

fn names(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(name, instances)| ((*name).to_owned(), *instances)).collect()
}

#[tokio::test]
async fn what_an_instance_announces_is_kept_and_follows_every_change() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let first = RegistrationCall {
        announces: announcing("1.4.0", &["invoice", "echo"]),
        life: "aa".into(),
        client: Client::Orrery,
        ..call(&token, "http://a:1")
    };
    assert_eq!(register(&world, &first).await, done(&[executor.id]));
    let row = stored(&world).await.remove(0);
    assert_eq!((row.version.as_str(), row.workers, row.queue_length), ("1.4.0", 8, 100));
    assert_eq!(known(&world, executor.id).await, (names(&[("echo", 1), ("invoice", 1)]), true));
    assert_eq!(register(&world, &first).await, done(&[]), "a heartbeat changes nothing");
    let newer = RegistrationCall { announces: announcing("1.5.0", &["echo", "report"]), ..first.clone() };
    assert_eq!(register(&world, &newer).await, done(&[executor.id]));
    let row = stored(&world).await.remove(0);
    assert_eq!((row.version.as_str(), row.generation), ("1.5.0", 1), "the same process goes on");
    assert_eq!(known(&world, executor.id).await.0, names(&[("echo", 1), ("report", 1)]));
    let silent = RegistrationCall { announces: None, life: "bb".into(), ..first };
    register(&world, &silent).await;
    let row = stored(&world).await.remove(0);
    assert_eq!((row.version.as_str(), row.workers), ("", 0));
    assert_eq!(known(&world, executor.id).await, (names(&[]), false));
}

#[tokio::test]
async fn handlers_are_counted_over_the_instances_and_those_of_jobs_fill_in_for_silent_ones() {
    let world = World::new().await;
    let job = world.job("invoices", entity::job::JobState::Stopped).await;
    let executor_id = job.executor_id;
    assert_eq!(known(&world, executor_id).await, (names(&[("invoiceHandler", 0)]), false));
    let token = executors::rotate_token(&world.services, &world.root, executor_id, 0).await.unwrap().1;
    for (address, handlers) in
        [("http://a:1", &["echo"][..]), ("http://b:1", &["echo"]), ("http://c:1", &["echo", "report"])]
    {
        let announces = announcing("1", handlers);
        register(&world, &RegistrationCall { announces, ..call(&token, address) }).await;
    }
    assert_eq!(known(&world, executor_id).await, (names(&[("echo", 3), ("report", 1)]), true));
    register(&world, &call(&token, "http://d:1")).await;
    let expected = names(&[("echo", 3), ("invoiceHandler", 0), ("report", 1)]);
    assert_eq!(known(&world, executor_id).await, (expected, false));
    let left = call(&token, "http://c:1");
    instances::remove(&world.services, None, &left).await.unwrap();
    assert_eq!(known(&world, executor_id).await.0, names(&[("echo", 2), ("invoiceHandler", 0)]));
    let stranger = executors::handlers(&world.services, &world.stranger(), executor_id).await;
    assert!(stranger.is_err());
}

#[tokio::test]
async fn an_announcement_that_no_job_could_use_is_refused() {
    let world = World::new().await;
    let (_, token) = world.executor("default", "worker").await;
    for announces in [announcing("1", &["two words"]), announcing(&"1".repeat(65), &[])] {
        let wrong = RegistrationCall { announces, ..call(&token, "http://a:1") };
        assert_eq!(register(&world, &wrong).await, RegisterOutcome::BadAnnouncement);
    }
    assert_eq!(stored(&world).await, []);
}

#[tokio::test]
async fn a_deleted_executor_leaves_no_handlers_behind() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let announces = announcing("1", &["echo"]);
    register(&world, &RegistrationCall { announces, ..call(&token, "http://a:1") }).await;
    executors::delete(&world.services, &world.root, executor.id).await.unwrap();
    let left = entity::instance_handlers::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(left, []);
}

#[tokio::test]
async fn an_instance_drains_until_somebody_takes_it_back_or_its_next_life_begins() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let call = call(&token, "http://a:1");
    register(&world, &call).await;
    let id = stored(&world).await[0].id;
    let root = Caller::operator();
    let mut signals = world.services.signals.subscribe();
    for _ in 0..2 {
        instances::drain(&world.services, &root, id).await.unwrap();
    }
    assert_eq!(stored(&world).await[0].draining_since, Some(START));
    assert_eq!(signals.try_recv(), Ok(Change::Executor(executor.id)));
    world.clock.advance(30_000);
    register(&world, &call).await;
    assert_eq!(stored(&world).await[0].draining_since, Some(START), "a heartbeat does not end it");
    instances::take_back(&world.services, &root, id).await.unwrap();
    assert_eq!(stored(&world).await[0].draining_since, None);
    instances::drain(&world.services, &root, id).await.unwrap();
    instances::remove(&world.services, None, &call).await.unwrap();
    let gone = instances::take_back(&world.services, &root, id).await;
    assert!(matches!(gone, Err(Error::NotFound("instance"))), "{gone:?}");
    register(&world, &call).await;
    assert_eq!(stored(&world).await[0].draining_since, None);
    let unknown = instances::drain(&world.services, &root, id + 1).await;
    assert!(matches!(unknown, Err(Error::NotFound("instance"))), "{unknown:?}");
    let entries = entity::audit_entry::Entity::find().all(world.services.db.reader()).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| matches!(entry.verb, Verb::Drain | Verb::TakeBack))
        .map(|entry| (entry.verb, entry.object_id, entry.after.clone().unwrap_or_default()))
        .collect();
    let told_of = |verb| (verb, i64::from(executor.id), r#"{"address":"http://a:1"}"#.to_owned());
    assert_eq!(told, [told_of(Verb::Drain), told_of(Verb::TakeBack), told_of(Verb::Drain)]);
}

#[tokio::test]
async fn what_is_out_is_counted_by_instance() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    register(&world, &call(&token, "http://a:1")).await;
    let (id, job) = (stored(&world).await[0].id, world.job("j", JobState::Stopped).await);
    let states = [RunState::Running, RunState::Sending, RunState::Waiting, RunState::Succeeded];
    for (due_at, state) in (START..).zip(states) {
        let change = |run: &mut run::Model| {
            (run.state, run.instance_id, run.executor_id) = (state, Some(id), executor.id);
            run.live_bucket = (!state.is_final()).then_some(run.bucket);
        };
        world.run(&job, due_at, change).await;
    }
    let detail = executors::get(&world.services, &Caller::operator(), executor.id).await.unwrap();
    assert_eq!(detail.out, HashMap::from([(id, 2)]));
}
