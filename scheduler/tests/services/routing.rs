use super::support::{START, World, draft};
use entity::instance::Client;
use entity::job::{JobState, Model as Job, Routing};
use entity::run::{Reason, RunState};
use entity::run_text::{Try, TryOutcome};
use entity::{instance, route_use, run_text};
use scheduler::instances::{self, RegistrationCall};
use scheduler::jobs::JobDraft;
use scheduler::{executors, jobs, runs};
use sea_orm::{EntityTrait, IntoActiveModel, Iterable};

/// (job, instance) of which a use is remembered.
async fn remembered(world: &World) -> Vec<(i32, i32)> {
    let mut rows = route_use::Entity::find().all(world.services.db.reader()).await.unwrap();
    rows.sort_unstable_by_key(|used| (used.job_id, used.instance_id));
    rows.iter().map(|used| (used.job_id, used.instance_id)).collect()
}

async fn use_each(world: &World, jobs: &[&Job], instance_ids: &[i32]) {
    let transaction = world.services.db.begin().await.unwrap();
    for (job, instance_id) in jobs.iter().flat_map(|job| instance_ids.iter().map(|id| (job.id, *id))) {
        let used = route_use::Model { job_id: job, instance_id, uses: 3, last_used: START };
        let insert = route_use::Entity::insert(used.into_active_model());
        insert.exec_without_returning(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

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

#[tokio::test]
async fn every_strategy_is_stored_and_read_again() {
    let world = World::new().await;
    let (executor, _) = world.executor("default", "worker").await;
    for routing in Routing::iter() {
        let draft = JobDraft { name: format!("{routing:?}"), routing, ..draft(executor.id) };
        let job = jobs::create(&world.services, &world.root, draft, JobState::Stopped).await.unwrap();
        let read = entity::job::Entity::find_by_id(job.id).one(world.services.db.reader()).await.unwrap();
        assert_eq!(read.unwrap().routing, routing);
    }
}

#[tokio::test]
async fn earlier_use_is_forgotten_with_the_job_the_life_of_the_instance_and_the_executor() {
    let world = World::new().await;
    let (executor, token) = world.executor("default", "worker").await;
    let (one, two) = (world.job("one", JobState::On).await, world.job("two", JobState::On).await);
    for address in ["http://a:1", "http://b:1"] {
        instances::register(&world.services, None, &call(&token, address)).await.unwrap();
    }
    let rows = instance::Entity::find().all(world.services.db.reader()).await.unwrap();
    let ids: Vec<i32> = rows.iter().map(|row| row.id).collect();
    use_each(&world, &[&one, &two], &ids).await;
    jobs::delete(&world.services, &world.root, one.id).await.unwrap();
    assert_eq!(remembered(&world).await, [(two.id, ids[0]), (two.id, ids[1])]);
    // A heartbeat changes nothing; coming back does, for the others went on meanwhile.
    let first = call(&token, "http://a:1");
    instances::register(&world.services, None, &first).await.unwrap();
    instances::remove(&world.services, None, &first).await.unwrap();
    assert_eq!(remembered(&world).await.len(), 2);
    instances::register(&world.services, None, &first).await.unwrap();
    let back = rows.iter().find(|row| row.address == "http://a:1").unwrap().id;
    assert!(!remembered(&world).await.contains(&(two.id, back)));
    assert_eq!(remembered(&world).await.len(), 1);
    // Whatever is left goes with the instances.
    jobs::delete(&world.services, &world.root, two.id).await.unwrap();
    use_each(&world, &[&two], &ids).await;
    executors::delete(&world.services, &world.root, executor.id).await.unwrap();
    assert_eq!(remembered(&world).await, []);
}

#[tokio::test]
async fn a_run_tells_whom_it_was_routed_past() {
    let world = World::new().await;
    let job = world.job("one", JobState::On).await;
    let skipped = |run: &mut entity::run::Model| {
        (run.state, run.reason) = (RunState::Skipped, Reason::NoneAlive);
    };
    let id = world.run(&job, START, skipped).await;
    let tried = Try {
        address: "http://a:1".into(),
        outcome: TryOutcome::Unreachable,
        text: "connection refused".into(),
    };
    let texts = run_text::Model {
        run_id: id,
        parameter: None,
        started_by: None,
        ended_by: None,
        tries: Some(serde_json::to_string(&[&tried]).unwrap()),
        dispatch: None,
        result: None,
        late_result: None,
    };
    let transaction = world.services.db.begin().await.unwrap();
    run_text::Entity::insert(texts.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(runs::get(&world.services, &world.root, id).await.unwrap().tries, [tried]);
    let other = world.run(&job, START + 1, skipped).await;
    assert_eq!(runs::get(&world.services, &world.root, other).await.unwrap().tries, []);
}
