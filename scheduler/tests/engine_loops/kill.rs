//! A server process that is killed without a word, in the middle of jobs that fire each second.

use crate::database::Fresh;
use crate::rows::{cursor, executor, instance, job};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use entity::instance::Model as Instance;
use entity::run;
use scheduler::clock::{Clock, SystemClock};
use scheduler::engine::{Engine, EngineSettings, ResultFact};
use scheduler::signals::Signals;
use scheduler::store::Databases;
use sea_orm::EntityTrait;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Tells the process that is to be killed where its data folder is; elsewhere not set.
const FOLDER: &str = "ORRERY_TEST_KILLED_SERVER";
const JOBS: i32 = 20;

/// Ids of started runs, in order.
type Started = Arc<Mutex<Vec<i64>>>;

/// A Java executor as far as the engine can see: it runs, keeps logs, and says what it finished.
async fn executor_server() -> (String, Started) {
    let started = Started::default();
    let router = Router::new().fallback(answer).with_state(started.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, started)
}

async fn answer(State(started): State<Started>, uri: Uri, body: Bytes) -> String {
    let mut started = started.lock().unwrap();
    match uri.path() {
        "/run" => {
            started.push(protocol::parse_trigger(&body).unwrap().log_id);
            r#"{"code":200}"#.to_owned()
        }
        "/log" => {
            let id = protocol::parse_log_request(&body).unwrap().run_id;
            let ended = "xxl-job job execute start\\nexecute end(finish)\\nResult: handleCode=200";
            let text = if started.contains(&id) { ended } else { "readLog fail, logFile not exists" };
            format!(r#"{{"code":200,"content":{{"fromLineNum":1,"toLineNum":3,"logContent":"{text}"}}}}"#)
        }
        "/finished" => started.iter().map(i64::to_string).collect::<Vec<_>>().join(" "),
        _ => r#"{"code":200}"#.to_owned(),
    }
}

/// The server that is killed: does nothing unless the test below starts it as a process.
#[tokio::test]
async fn a_server_in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let databases = Databases::connect(&url(&folder)).await.unwrap();
    let settings = EngineSettings {
        data_folder: Some(folder.clone()),
        quarantine_ms: 500,
        ask_again_ms: 500,
        result_wait_ms: 500,
        ..EngineSettings::default()
    };
    let engine = Engine::start(databases, Arc::new(SystemClock), Signals::default(), settings).await.unwrap();
    let address = std::fs::read_to_string(folder.join("executor")).unwrap();
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    loop {
        let finished = client.get(format!("{address}/finished")).send().await.unwrap().text().await.unwrap();
        let fact = |id: &str| ResultFact {
            run_id: id.parse().unwrap(),
            executor_id: 1,
            code: 200,
            text: String::new(),
        };
        engine.handle().report(finished.split_whitespace().map(fact).collect()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("orrery.db").display())
}

fn spawn(folder: &Path) -> Child {
    let name = "kill::a_server_in_a_process_of_its_own";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(FOLDER, folder).spawn().unwrap()
}

#[tokio::test]
async fn a_server_killed_three_times_loses_no_fire_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let (address, started) = executor_server().await;
    std::fs::write(folder.path().join("executor"), &address).unwrap();
    let fresh = Fresh::at(&url(folder.path())).await;
    fresh.put_executor(executor(1)).await;
    let now = SystemClock.now();
    fresh.put_instance(Instance { address, seen_at: now, ..instance(1, 1) }).await;
    let first = now - now.rem_euclid(1_000) + 1_000;
    for id in 1..=JOBS {
        fresh.put_job(job(id, 1), cursor(&job(id, 1), Some(first))).await;
    }
    for life_ms in [3_100, 1_950, 2_480] {
        let mut server = spawn(folder.path());
        tokio::time::sleep(Duration::from_millis(life_ms)).await;
        server.kill().unwrap();
        server.wait().unwrap();
    }
    let killed_at = SystemClock.now();
    let mut server = spawn(folder.path());
    let of_before = async || {
        let runs = run::Entity::find().all(fresh.databases.web.reader()).await.unwrap();
        runs.into_iter().filter(|run| run.nominal_at <= killed_at).collect::<Vec<_>>()
    };
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let seconds = (killed_at - first) / 1_000 + 1;
        let runs = of_before().await;
        if runs.len() as i64 == seconds * i64::from(JOBS) && runs.iter().all(|run| run.state.is_final()) {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let runs = of_before().await;
    let mut fires: Vec<_> = runs.iter().map(|run| (run.nominal_at, run.job_id)).collect();
    fires.sort_unstable();
    let seconds = (0..).map(|second| first + second * 1_000).take_while(|at| *at <= killed_at);
    let expected: Vec<_> = seconds.flat_map(|at| (1..=JOBS).map(move |id| (at, id))).collect();
    assert_eq!(fires, expected, "each second of each job has one row");
    let open: Vec<_> = runs.iter().filter(|run| run.code != 200).map(|run| (run.id, run.state)).collect();
    assert!(open.is_empty(), "all of them ran: {open:?}");
    let started = started.lock().unwrap();
    let once: HashSet<_> = started.iter().collect();
    assert_eq!(once.len(), started.len(), "none was started twice");
    assert!(runs.iter().all(|run| once.contains(&run.id)));
}
