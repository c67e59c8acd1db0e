//! The engine against executors over real HTTP: what requests look like, what each kind of answer
//! is taken for, and a whole life of an engine on its own threads.

use crate::database::Fresh;
use crate::rows::{cursor, executor, instance, job};
use crate::run_rows::waiting;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use entity::instance::{Client, Model as Instance};
use entity::job::{Model as Job, Routing};
use entity::run::{self, RunKind, RunState};
use entity::run_text;
use protocol::words::{APP_NAME_HEADER, TOKEN_HEADER};
use scheduler::clock::{Clock, SystemClock};
use scheduler::engine::directory::Target;
use scheduler::engine::dispatcher::{Call, CallFailure, Dispatcher, HttpDispatcher};
use scheduler::engine::gate::Gate;
use scheduler::engine::{Engine, EngineSettings, Recorded, ResultFact};
use scheduler::rules::pinning::Labels;
use scheduler::signals::Signals;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const CONNECT: Duration = Duration::from_secs(2);

/// What arrived: path, token, application name, body.
type Arrived = Arc<Mutex<Vec<(String, String, String, String)>>>;

/// A server whose paths before the method's name say how it answers.
async fn executor_server() -> (String, Arrived) {
    let arrived = Arrived::default();
    let router = Router::new().fallback(answer).with_state(arrived.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, arrived)
}

async fn answer(State(arrived): State<Arrived>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    arrived.lock().unwrap().push((
        uri.path().to_owned(),
        header(TOKEN_HEADER).unwrap_or_default(),
        header(APP_NAME_HEADER).unwrap_or_default(),
        String::from_utf8(body.to_vec()).unwrap(),
    ));
    let unknown = r#"{"code":500,"msg":"invalid request, uri-mapping(/run) not found."}"#;
    match uri.path() {
        "/new/run" => unknown.into_response(),
        "/broken/run" | "/broken/beat" => {
            (StatusCode::INTERNAL_SERVER_ERROR, "<html>oops</html>").into_response()
        }
        "/refusing/run" => r#"{"code":500,"msg":"job handler [x] not found."}"#.into_response(),
        "/moved/run" => Redirect::temporary("/run").into_response(),
        "/huge/run" => format!(r#"{{"code":200,"msg":"{}"}}"#, "x".repeat(6 << 20)).into_response(),
        "/hanging/beat" => std::future::pending().await,
        "/job/log" => {
            r#"{"code":200,"data":{"fromLineNum":1,"toLineNum":1,"logContent":"a\n","isEnd":false}}"#
                .into_response()
        }
        _ => r#"{"code":200}"#.into_response(),
    }
}

pub fn target(address: &str) -> Target {
    Target {
        executor_id: 1,
        app_name: "app1".to_owned(),
        token: "token1".to_owned(),
        instance_id: 1,
        instance_generation: 1,
        address: address.to_owned(),
        labels: Labels::default(),
        life: String::new(),
        is_draining: false,
        client: Client::Java,
    }
}

pub fn run_call() -> Call {
    run_call_with(String::new())
}

fn run_call_with(parameter: String) -> Call {
    Call::Run(Box::new(protocol::TriggerRequest {
        job_id: 1,
        executor_handler: "demo".to_owned(),
        executor_params: parameter,
        executor_block_strategy: protocol::BlockStrategy::SerialExecution,
        executor_timeout: 0,
        log_id: 10_001,
        log_date_time: 1,
        glue_type: protocol::RunMode::Bean,
        glue_source: String::new(),
        glue_updated_at: 0,
        broadcast_index: 0,
        broadcast_total: 1,
        attempt: None,
    }))
}

pub fn dispatcher() -> (HttpDispatcher, Arc<Gate>) {
    dispatcher_within(&[])
}

/// One that calls nothing outside of these networks.
fn dispatcher_within(networks: &[&str]) -> (HttpDispatcher, Arc<Gate>) {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let gate = Arc::new(Gate::default());
    gate.open_until(Instant::now() + Duration::from_secs(3_600));
    (HttpDispatcher::new(gate.clone(), CONNECT, networks).unwrap(), gate)
}

#[tokio::test]
async fn nothing_goes_outside_of_the_networks_of_the_executors() {
    let (address, _arrived) = executor_server().await;
    let by_name = address.replace("127.0.0.1", "localhost");
    let (elsewhere, _gate) = dispatcher_within(&["10.0.0.0/8"]);
    for address in [&address, &by_name] {
        let called = elsewhere.call(&target(address), run_call()).await;
        assert!(matches!(called, Err(CallFailure::NeverArrived(_))), "{address}: {called:?}");
    }
    let (here, _gate) = dispatcher_within(&["10.0.0.0/8", "127.0.0.0/8"]);
    for address in [&address, &by_name] {
        let called = here.call(&target(address), run_call()).await;
        assert!(called.is_ok(), "{address}: {called:?}");
    }
}

#[tokio::test]
async fn a_request_carries_both_credentials_and_goes_below_the_address() {
    let (address, arrived) = executor_server().await;
    let (dispatcher, _gate) = dispatcher();
    let there = target(&format!("{address}/job"));
    assert!(dispatcher.call(&there, run_call()).await.unwrap().is_ok());
    assert!(dispatcher.call(&there, Call::Beat).await.unwrap().is_ok());
    let log = protocol::LogRequest { run_id: 10_001, triggered_at: 1, from_line: 1 };
    let log = dispatcher.call(&there, Call::Log(log)).await.unwrap();
    assert_eq!(protocol::LogChunk::from_reply(&log).unwrap().content, "a\n");
    let arrived = arrived.lock().unwrap();
    let paths: Vec<&str> = arrived.iter().map(|request| request.0.as_str()).collect();
    assert_eq!(paths, ["/job/run", "/job/beat", "/job/log"]);
    assert!(arrived.iter().all(|request| request.1 == "token1" && request.2 == "app1"));
    assert!(arrived[0].3.contains(r#""logId":10001"#));
    assert_eq!(arrived[1].3, "{}");
}

#[tokio::test]
async fn whether_run_is_called_trigger_is_learnt_once_per_address() {
    let (address, arrived) = executor_server().await;
    let (dispatcher, _gate) = dispatcher();
    let there = target(&format!("{address}/new"));
    for _ in 0..2 {
        assert!(dispatcher.call(&there, run_call()).await.unwrap().is_ok());
    }
    let paths: Vec<String> = arrived.lock().unwrap().iter().map(|request| request.0.clone()).collect();
    assert_eq!(paths, ["/new/run", "/new/trigger", "/new/trigger"]);
}

#[tokio::test]
async fn each_kind_of_answer_is_told_apart() {
    let (address, arrived) = executor_server().await;
    let (dispatcher, gate) = dispatcher();
    let call = async |path: &str| dispatcher.call(&target(&format!("{address}{path}")), run_call()).await;
    let refused = call("/refusing").await.unwrap();
    assert_eq!((refused.code, refused.text.as_str()), (500, "job handler [x] not found."));
    assert_eq!(call("/broken").await, Err(CallFailure::Garbage("<html>oops</html>".to_owned())));
    assert!(matches!(call("/huge").await, Err(CallFailure::Garbage(_))));
    // A redirect is an answer like any other: nothing is sent elsewhere.
    assert!(matches!(call("/moved").await, Err(CallFailure::Garbage(_))));
    assert!(arrived.lock().unwrap().iter().all(|request| request.0 != "/run"));
    gate.shut();
    assert_eq!(call("/job").await, Err(CallFailure::GateShut));
}

#[tokio::test]
async fn a_request_upon_which_the_gate_shuts_before_its_end_was_not_sent() {
    /// More than the buffers of a connection take (bytes).
    const LENGTH: usize = 64 << 20;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (dispatcher, gate) = dispatcher();
    let there = target(&address);
    let executor = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_u8().await.unwrap();
        gate.shut();
        let mut rest = Vec::new();
        // However the connection ends.
        let _ = connection.read_to_end(&mut rest).await;
        rest.len()
    };
    let (called, arrived) =
        tokio::join!(dispatcher.call(&there, run_call_with("x".repeat(LENGTH))), executor);
    assert_eq!(called, Err(CallFailure::GateShut));
    assert!(arrived < LENGTH, "{arrived} bytes");
    assert_eq!(gate.late(), 0);
}

#[tokio::test]
async fn what_surely_never_arrived_differs_from_what_may_have() {
    let (dispatcher, _gate) = dispatcher();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    assert!(matches!(
        dispatcher.call(&target(&address), run_call()).await,
        Err(CallFailure::NeverArrived(_))
    ));
    for address in ["http://169.254.169.254", "http://[fe80::1]:9999", "http://nowhere.invalid"] {
        let called = dispatcher.call(&target(address), run_call()).await;
        assert!(matches!(called, Err(CallFailure::NeverArrived(_))), "{address}: {called:?}");
    }
    // Accepts, reads, and hangs up without an answer.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            drop(tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await);
        }
    });
    assert!(matches!(dispatcher.call(&target(&address), run_call()).await, Err(CallFailure::NoAnswer(_))));
}

/// Polls until a condition of the database holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn an_engine_fires_records_stops_and_goes_on_where_it_stopped() {
    let (address, arrived) = executor_server().await;
    let fresh = Fresh::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    fresh.put_executor(executor(1)).await;
    let now = SystemClock.now();
    fresh.put_instance(Instance { address, seen_at: now, ..instance(1, 1) }).await;
    let first = now - now.rem_euclid(1_000) + 1_000;
    fresh.put_job(job(1, 1), cursor(&job(1, 1), Some(first))).await;
    let start = async || {
        let settings =
            EngineSettings { data_folder: Some(folder.path().to_owned()), ..EngineSettings::default() };
        let clock = Arc::new(SystemClock);
        Engine::start(fresh.databases.clone(), clock, Signals::default(), settings).await.unwrap()
    };
    let runs = async || {
        let query = run::Entity::find().order_by_asc(run::Column::NominalAt);
        query.all(fresh.databases.web.reader()).await.unwrap()
    };
    let engine = start().await;
    assert!(engine.handle().status().gate_open);
    until("two runs are running", async || {
        runs().await.iter().filter(|run| run.state == RunState::Running).count() >= 2
    })
    .await;
    let id = runs().await[0].id;
    let fact = ResultFact { run_id: id, executor_id: 1, code: 200, text: String::new() };
    assert_eq!(engine.handle().report(vec![fact]).await.unwrap(), [Recorded::Recorded]);
    assert_eq!(runs().await[0].state, RunState::Succeeded);
    engine.shutdown(Duration::from_secs(10)).await;
    let sent_before = arrived.lock().unwrap().len();
    let open = runs().await.iter().filter(|run| run.state == RunState::Sending).count();
    assert_eq!(open, 0, "nothing is left in doubt by an orderly end");
    let engine = start().await;
    until("the next life fires", async || arrived.lock().unwrap().len() > sent_before + 1).await;
    engine.shutdown(Duration::from_secs(10)).await;
    let times: Vec<i64> = runs().await.iter().map(|run| run.nominal_at).collect();
    let expected: Vec<i64> = (0..times.len() as i64).map(|second| first + second * 1_000).collect();
    assert_eq!(times, expected);
}

#[tokio::test]
async fn failover_takes_the_first_address_that_answers_its_heartbeat() {
    let (address, arrived) = executor_server().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let fresh = Fresh::sqlite().await;
    fresh.put_executor(executor(1)).await;
    let now = SystemClock.now();
    // By address as text the living one is the last of its server; the dead one may stand anywhere.
    let addresses =
        [dead, format!("{address}/broken"), format!("{address}/hanging"), format!("{address}/job")];
    for (id, address) in (1..).zip(addresses) {
        fresh.put_instance(Instance { address, seen_at: now, ..instance(id, 1) }).await;
    }
    let failover = Job { routing: Routing::Failover, ..job(1, 1) };
    fresh.put_job(failover.clone(), cursor(&failover, Some(now - now.rem_euclid(1_000) + 1_000))).await;
    let clock = Arc::new(SystemClock);
    let settings = EngineSettings::default();
    let engine = Engine::start(fresh.databases.clone(), clock, Signals::default(), settings).await.unwrap();
    until("the run is sent", async || {
        arrived.lock().unwrap().iter().any(|request| request.0.ends_with("/run"))
    })
    .await;
    engine.shutdown(Duration::from_secs(10)).await;
    let paths: Vec<String> = arrived.lock().unwrap().iter().map(|request| request.0.clone()).collect();
    assert!(
        paths.contains(&"/hanging/beat".to_owned()) && paths.contains(&"/job/run".to_owned()),
        "{paths:?}"
    );
    assert!(paths.iter().all(|path| path.ends_with("/beat") || path == "/job/run"), "{paths:?}");
    let texts = run_text::Entity::find().all(fresh.databases.web.reader()).await.unwrap();
    let tries = texts[0].tries.clone().unwrap();
    for outcome in ["refused", "no_answer", "chosen"] {
        assert!(tries.contains(outcome), "{tries}");
    }
}

#[tokio::test]
async fn an_engine_retries_and_starts_children_by_itself() {
    let (address, _) = executor_server().await;
    let fresh = Fresh::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    fresh.put_executor(executor(1)).await;
    let now = SystemClock.now();
    fresh.put_instance(Instance { address, seen_at: now, ..instance(1, 1) }).await;
    let parent = Job { retries: 1, ..job(1, 1) };
    fresh.put_job(parent.clone(), cursor(&parent, None)).await;
    fresh.put_job(job(2, 1), cursor(&job(2, 1), None)).await;
    fresh.put_child(1, 2).await;
    let first = run::Model { follow_ok: true, follow_fail: true, ..waiting(5_000, &parent, now) };
    fresh.put_run(first, None).await;
    let settings =
        EngineSettings { data_folder: Some(folder.path().to_owned()), ..EngineSettings::default() };
    let clock = Arc::new(SystemClock);
    let engine = Engine::start(fresh.databases.clone(), clock, Signals::default(), settings).await.unwrap();
    let running = async |kind: RunKind| {
        let query = run::Entity::find().filter(run::Column::State.eq(RunState::Running));
        let found = query.filter(run::Column::Kind.eq(kind)).one(fresh.databases.web.reader()).await;
        found.unwrap().map(|run| run.id)
    };
    for (kind, code) in [(RunKind::Manual, 500), (RunKind::Retry, 200), (RunKind::Child, 200)] {
        until("it runs", async || running(kind).await.is_some()).await;
        let run_id = running(kind).await.unwrap();
        let fact = ResultFact { run_id, executor_id: 1, code, text: String::new() };
        assert_eq!(engine.handle().report(vec![fact]).await.unwrap(), [Recorded::Recorded]);
    }
    engine.shutdown(Duration::from_secs(10)).await;
    let runs = run::Entity::find().all(fresh.databases.web.reader()).await.unwrap();
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.live_bucket.is_none()));
}
