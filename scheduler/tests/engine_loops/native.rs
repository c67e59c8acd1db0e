//! Executors of our own: many runs in one request, and a question instead of reading logs.

use crate::rows::{START, cursor, executor, instance as instance_row, job};
use crate::run_rows::{sending, waiting};
use crate::world::{Server, World, reply};
use axum::extract::State;
use axum::{Json, Router};
use entity::executor as executors;
use entity::instance::{self, Model as Instance};
use entity::job::Model as Job;
use entity::run::{Reason, RunState};
use protocol::native::{
    AskReply, AskedRun, FENCED, FencedRun, RefusedRun, RunsReply, RunsRequest, SENDS, Standing, Whereabouts,
};
use protocol::{BlockStrategy, RunMode, TriggerRequest};
use scheduler::engine::EngineSettings;
use scheduler::engine::directory::Target;
use scheduler::engine::dispatcher::{Call, CallFailure, Dispatcher, HttpDispatcher, ScriptedDispatcher};
use scheduler::engine::gate::Gate;
use scheduler::engine::holdings::Holdings;
use scheduler::engine::rescue::{Evidence, Inquiry, Verdict, View, decide};
use scheduler::engine::step::What;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set, Unchanged};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LIFE: &str = "5f3a";

/// Executor 1 is one of XXL-JOB's, executor 2 one of ours; three jobs of each.
async fn world(executors: ScriptedDispatcher) -> World {
    let jobs: Vec<Job> = (1..=3).map(|id| job(id, 1)).chain((4..=6).map(|id| job(id, 2))).collect();
    let world = World::with(executors, &jobs).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(Instance { life: LIFE.to_owned(), ..instance_row(2, 2) }).await;
    world
}

/// A world with one job, of one of our executors.
async fn small_world(executors: ScriptedDispatcher) -> World {
    let world = World::with(executors, &[job(4, 2)]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(Instance { life: LIFE.to_owned(), ..instance_row(2, 2) }).await;
    world
}

async fn state(world: &World) -> RunState {
    world.runs().await[0].state
}

#[tokio::test]
async fn what_is_due_for_one_of_our_executors_goes_out_in_one_request() {
    let world = world(ScriptedDispatcher::accepting()).await;
    let mut server = world.server().await;
    server.plan().await;
    let started = server.shared.lanes.start(START, 64, |_| false);
    let mut sizes: Vec<(i32, usize)> =
        started.parcels.iter().map(|parcel| (parcel.target.executor_id, parcel.orders.len())).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(1, 1), (1, 1), (1, 1), (2, 3)]);
}

#[tokio::test]
async fn what_goes_out_carries_the_fence_of_its_row_and_the_attempt() {
    let world = small_world(ScriptedDispatcher::accepting()).await;
    let mut server = world.server().await;
    let third = entity::run::Model { attempt: 3, ..waiting(9_001, &job(4, 2), START) };
    world.start_by_hand(third, "ping").await;
    server.plan().await;
    let parcels = server.shared.lanes.start(START, 64, |_| false).parcels;
    let orders: Vec<_> = parcels.iter().flat_map(|parcel| &parcel.orders).collect();
    let attempt = |run_id| orders.iter().find(|order| order.run_id == run_id)?.fenced().run.attempt;
    assert_eq!(attempt(9_001), Some(3));
    assert!(orders.iter().all(|order| order.request().attempt.is_none()), "XXL-JOB's clients know none");
    let mut sent: Vec<(i64, i64)> = orders.iter().map(|order| (order.run_id, order.fence)).collect();
    sent.sort_unstable();
    let rows = world.runs().await;
    let mut expected: Vec<(i64, i64)> = rows.iter().map(|run| (run.id, run.fence)).collect();
    expected.sort_unstable();
    assert_eq!(sent, expected);
    assert!(sent.len() == 2 && sent.iter().all(|(_, fence)| *fence > SENDS));
}

#[tokio::test]
async fn one_answer_accepts_and_refuses_each_run_for_itself() {
    let refused = |call: &Call| matches!(call, Call::Run(request) if request.job_id == 5);
    let world = world(ScriptedDispatcher::new(move |_, call| {
        let (code, text) = if refused(call) { (500, "no such handler") } else { (200, "") };
        Some(Ok(protocol::RemoteReply { code, text: text.to_owned(), payload: None }))
    }))
    .await;
    let mut server = world.server().await;
    server.turn().await;
    let states: Vec<RunState> =
        world.runs().await.iter().filter(|run| run.executor_id == 2).map(|run| run.state).collect();
    assert_eq!(states, [RunState::Running, RunState::Failed, RunState::Running]);
}

/// A server claims a run and dies before it sends it; the next one finds it in doubt.
async fn in_doubt_unsent(world: &World) -> Server {
    let mut server = world.server().await;
    server.plan().await;
    found_unsent(world, server).await
}

/// A server dies before it sends what it has in hand; the next one finds it in doubt.
async fn found_unsent(world: &World, server: Server) -> Server {
    drop(server);
    let mut next = world.server().await;
    next.shared.directory.refresh(next.shared.store.as_ref(), START).await.unwrap();
    world.clock.advance(4_000);
    next.rescue().await;
    assert_eq!(state(world).await, RunState::Unknown);
    next
}

#[tokio::test]
async fn a_run_that_never_came_is_sent_again_after_one_question() {
    let world = small_world(ScriptedDispatcher::accepting()).await;
    let mut server = in_doubt_unsent(&world).await;
    let before = world.runs().await[0].fence;
    let report = server.rescue().await;
    assert_eq!((report.asked, report.resent), (1, 1));
    server.send(0).await;
    server.record().await;
    let run = &world.runs().await[0];
    assert_eq!(run.state, RunState::Running);
    assert!(run.fence > before && run.fence % SENDS == 2, "{before} then {}", run.fence);
    assert_eq!(world.executors.runs().iter().filter(|id| **id == run.id).count(), 1);
}

/// The executor gets a limit: what moves to the bucket of its jobs, whose owner knows of it.
async fn limited(world: &World, server: &mut Server) -> u64 {
    let limit = executors::ActiveModel { id: Unchanged(2), max_parallel: Set(5), ..Default::default() };
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    limit.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let moved = server.shared.store.regroup().await.unwrap();
    server.keeper.tick(Instant::now()).await.unwrap();
    moved
}

#[tokio::test]
async fn a_run_that_moved_in_doubt_and_never_came_is_sent_again() {
    let world = small_world(ScriptedDispatcher::accepting()).await;
    let mut server = in_doubt_unsent(&world).await;
    assert_eq!(limited(&world, &mut server).await, 2, "the job and its run");
    let before = world.runs().await[0].clone();
    assert!(
        server.shared.holdings().fence(before.bucket) >= before.fence,
        "what else is there goes out after it"
    );
    let report = server.rescue().await;
    assert_eq!((report.asked, report.resent), (1, 1));
    server.send(0).await;
    server.record().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.fence % SENDS), (RunState::Running, 2));
}

/// An executor that has heard of a later right than the one by which it is sent to for the first time.
fn overtaking() -> ScriptedDispatcher {
    let calls = AtomicUsize::new(0);
    ScriptedDispatcher::new(move |_, call| {
        let is_first = matches!(call, Call::Run(_)) && calls.fetch_add(1, Ordering::Relaxed) == 0;
        Some(Ok(if is_first { reply(FENCED, "sent too late") } else { reply(200, "") }))
    })
}

#[tokio::test]
async fn what_was_overtaken_by_a_later_right_of_its_own_server_is_sent_anew() {
    let world = small_world(overtaking()).await;
    let other = job(5, 2);
    world.fresh.put_job(other.clone(), cursor(&other, None)).await;
    let mut server = world.server().await;
    assert_eq!(limited(&world, &mut server).await, 2, "the jobs");
    server.plan().await;
    let claimed = world.runs().await[0].clone();
    // Something comes into its bucket that another server had sent.
    world.fresh.put_run(sending(777, &other, START + 1, 77), None).await;
    assert_eq!(server.shared.store.regroup().await.unwrap(), 1);
    server.keeper.tick(Instant::now()).await.unwrap();
    server.send(0).await;
    server.record().await;
    assert_eq!(state(&world).await, RunState::Waiting);
    world.clock.advance(1_000);
    server.turn().await;
    let run = &world.runs().await[0];
    assert_eq!((run.id, run.state), (claimed.id, RunState::Running));
    assert_eq!(
        run.fence,
        claimed.fence + SENDS,
        "in the later epoch, and for the first time: it had not come"
    );
}

/// As from a database that was put back without a word: no server has a later right, and it would never end.
#[tokio::test]
async fn what_is_refused_for_a_later_right_that_nobody_has_stays_refused() {
    let world = small_world(overtaking()).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(state(&world).await, RunState::Failed);
}

/// Nothing else could come of waiting, and the others of its job would wait with it.
#[tokio::test]
async fn a_run_that_did_not_come_the_second_time_either_is_lost_after_one_question() {
    let world = small_world(ScriptedDispatcher::accepting()).await;
    let mut server = in_doubt_unsent(&world).await;
    assert_eq!(server.rescue().await.resent, 1);
    let mut next = found_unsent(&world, server).await;
    let report = next.rescue().await;
    assert_eq!((report.asked, report.resent), (1, 0));
    assert_eq!(state(&world).await, RunState::Lost);
    assert!(world.executors.runs().is_empty());
}

#[tokio::test]
async fn a_run_that_is_there_is_found_after_one_question_and_not_sent_again() {
    let lost = || Err(CallFailure::NoAnswer("the connection broke".to_owned()));
    let world = small_world(ScriptedDispatcher::new(move |_, _| Some(lost()))).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(state(&world).await, RunState::Unknown);
    world.clock.advance(4_000);
    assert_eq!(server.rescue().await.asked, 1);
    assert_eq!(state(&world).await, RunState::Running);
    assert_eq!(world.executors.runs().len(), 1);
}

async fn replace(world: &World, row: Instance) {
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let row = row.into_active_model().reset_all();
    instance::Entity::update(row).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn what_a_restarted_executor_does_not_know_proves_nothing() {
    let world = small_world(ScriptedDispatcher::accepting()).await;
    let mut server = in_doubt_unsent(&world).await;
    let next_life = Instance { generation: 2, life: "77".to_owned(), ..instance_row(2, 2) };
    replace(&world, next_life).await;
    server.planner.tick().await.unwrap();
    world.clock.advance(1_000);
    server.planner.tick().await.unwrap();
    server.rescue().await;
    assert_eq!(state(&world).await, RunState::Unknown);
    assert!(world.executors.runs().is_empty());
}

#[tokio::test]
async fn what_was_meant_for_the_process_before_waits_for_the_next_one() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let world = small_world(ScriptedDispatcher::new(move |_, _| {
        Some(match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(CallFailure::Restarted),
            _ => Ok(protocol::RemoteReply { code: 200, text: String::new(), payload: None }),
        })
    }))
    .await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(state(&world).await, RunState::Waiting);
    world.clock.advance(1_000);
    server.turn().await;
    assert_eq!(state(&world).await, RunState::Running);
}

/// Over HTTP: an executor that refuses run 2, knows run 1, and was restarted under `/next`.
async fn executor_server() -> (String, Arc<Mutex<Vec<RunsRequest>>>) {
    let arrived: Arc<Mutex<Vec<RunsRequest>>> = Arc::default();
    let take = |State(arrived): State<Arc<Mutex<Vec<RunsRequest>>>>, Json(request): Json<RunsRequest>| async move {
        arrived.lock().unwrap().push(request);
        Json(RunsReply::refusing(vec![RefusedRun { run_id: 2, code: FENCED, text: "full".to_owned() }]))
    };
    let known = Whereabouts { run_id: 1, state: Standing::Live };
    let router = Router::new()
        .route("/runs", axum::routing::post(take))
        .route("/ask", axum::routing::post(move || async move { Json(AskReply::of(vec![known])) }))
        .route("/next/runs", axum::routing::post(|| async { Json(RunsReply::other_life("restarted")) }))
        .route("/broken/runs", axum::routing::post(|| async { "<html>oops</html>" }))
        .route("/closed/runs", axum::routing::post(|| async { r#"{"code":500,"msg":"wrong token"}"# }))
        .with_state(arrived.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, arrived)
}

fn fenced(run_id: i64) -> FencedRun {
    let run = TriggerRequest {
        job_id: 1,
        executor_handler: "demo".to_owned(),
        executor_params: String::new(),
        executor_block_strategy: BlockStrategy::SerialExecution,
        executor_timeout: 0,
        log_id: run_id,
        log_date_time: 1,
        glue_type: RunMode::Bean,
        glue_source: String::new(),
        glue_updated_at: 0,
        broadcast_index: 0,
        broadcast_total: 1,
        attempt: None,
    };
    FencedRun { bucket: 7, fence: 17, run }
}

#[tokio::test]
async fn over_http_each_kind_of_answer_is_told_apart() {
    let (address, arrived) = executor_server().await;
    let gate = Arc::new(Gate::default());
    gate.open_until(Instant::now() + Duration::from_secs(3_600));
    let dispatcher = HttpDispatcher::new(gate.clone(), Duration::from_secs(2), Arc::from([])).unwrap();
    let at = |path: &str| Target {
        executor_id: 1,
        app_name: "app1".to_owned(),
        token: "token1".to_owned(),
        instance_id: 1,
        instance_generation: 1,
        address: format!("{address}{path}"),
        labels: scheduler::rules::pinning::Labels::default(),
        client: instance::Client::Orrery,
        life: LIFE.to_owned(),
        is_draining: false,
    };
    let runs = || vec![fenced(1), fenced(2)];
    let refused = dispatcher.hand_over(&at(""), runs()).await.unwrap();
    assert_eq!(refused, [RefusedRun { run_id: 2, code: FENCED, text: "full".to_owned() }]);
    assert_eq!(*arrived.lock().unwrap(), [RunsRequest { life: LIFE.to_owned(), runs: runs() }]);
    let asked = [AskedRun { run_id: 1, bucket: 7, fence: 18 }];
    let found = dispatcher.ask(&at(""), &asked).await.unwrap();
    assert_eq!(found, [Whereabouts { run_id: 1, state: Standing::Live }]);
    assert_eq!(dispatcher.hand_over(&at("/next"), runs()).await, Err(CallFailure::Restarted));
    let broken = dispatcher.hand_over(&at("/broken"), runs()).await;
    assert_eq!(broken, Err(CallFailure::Garbage("<html>oops</html>".to_owned())));
    // A request that is refused as a whole is refused for each of its runs.
    let closed = dispatcher.hand_over(&at("/closed"), runs()).await.unwrap();
    assert_eq!(closed.iter().map(|refused| refused.run_id).collect::<Vec<_>>(), [1, 2]);
    assert!(closed.iter().all(|refused| refused.code == 500 && refused.text == "wrong token"));
    gate.shut();
    assert_eq!(dispatcher.hand_over(&at(""), runs()).await, Err(CallFailure::GateShut));
}

/// What is decided about a run that a backup has as being out, 36 s after its executor said this for the first time.
fn verdict_on_what_was_out(evidence: Evidence) -> Verdict {
    let row = waiting(9_001, &job(4, 2), START);
    let (state, reason) = (RunState::Unknown, Reason::Restored);
    let run = entity::run::Model { state, reason, instance_id: Some(2), fence: SENDS + 1, ..row };
    let (now, asked_at) = (START + 36_000, Some(START));
    let inquiry = Inquiry { state, since: START, asked_at, evidence: Some((evidence, START)) };
    let (settings, holdings) = (EngineSettings::default(), Holdings::default());
    let view = View {
        now,
        settings: &settings,
        holdings: &holdings,
        in_hand: false,
        askable: true,
        inquiry: &inquiry,
    };
    decide(&run, view)
}

#[test]
fn what_was_out_in_a_backup_goes_on_or_is_lost_and_is_never_sent_again() {
    let lost = Verdict::Decide(What::Lose { reason: Reason::Restored });
    assert_eq!(verdict_on_what_was_out(Evidence::Known), Verdict::Decide(What::Found));
    assert_eq!(verdict_on_what_was_out(Evidence::Over), lost);
    assert_eq!(verdict_on_what_was_out(Evidence::ShutOut), lost, "it may have forgotten the run");
}
