//! A recording server, an executor connected to it, and waiting for what must happen.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use orrery_executor::{Context, Executor, ExecutorBuilder, HandlerResult, RunningExecutor, builtin};
use serde_json::{Value, json};
use tokio::time::Instant;

pub const TOKEN: &str = "secret";
pub const APP: &str = "billing";
/// 2026-06-09.
pub const AT: i64 = 1_781_006_400_000;
/// How long anything in these tests may take to happen.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub struct Record {
    pub registered: Vec<Value>,
    pub removed: Vec<Value>,
    pub metrics: Vec<Value>,
    /// Code and text of every callback by run.
    pub results: HashMap<i64, Vec<(i64, String)>>,
    /// Size of every callback request.
    pub batches: Vec<usize>,
    pub headers: HashMap<String, String>,
    /// Whether callbacks are refused.
    pub refusing: bool,
    /// How many callbacks were refused.
    pub refused: usize,
}

/// A server that accepts everything, unless told to refuse callbacks.
#[derive(Clone)]
pub struct Server {
    pub url: String,
    record: Arc<Mutex<Record>>,
}

impl Server {
    pub async fn start() -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/xxl-job-admin", socket.local_addr().expect("an address"));
        let router = Router::new().fallback(receive).with_state(record.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        Self { url, record }
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Record) -> T) -> T {
        look(&mut self.record.lock().expect("no test panics while it looks"))
    }

    /// The only result of a run, as soon as it is here.
    pub async fn result(&self, run_id: i64) -> (i64, String) {
        eventually(|| self.with(|record| Some(record.results.get(&run_id)?.first()?.clone()))).await
    }
}

async fn receive(State(record): State<Arc<Mutex<Record>>>, request: Request) -> impl IntoResponse {
    let path = request.uri().path().to_owned();
    let headers: HashMap<_, _> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut record = record.lock().expect("no test panics while it looks");
    record.headers = headers;
    match path.as_str() {
        "/xxl-job-admin/api/registry" => record.registered.push(body),
        "/xxl-job-admin/api/registryRemove" => record.removed.push(body),
        "/xxl-job-admin/api/metrics" => record.metrics.push(body),
        "/xxl-job-admin/api/callback" if record.refusing => {
            record.refused += 1;
            return json!({"code": 500, "msg": "not now"}).to_string();
        }
        "/xxl-job-admin/api/callback" => {
            let items = body.as_array().cloned().unwrap_or_default();
            record.batches.push(items.len());
            for item in items {
                let result = (
                    item["handleCode"].as_i64().unwrap_or(0),
                    item["handleMsg"].as_str().unwrap_or("").into(),
                );
                record.results.entry(item["logId"].as_i64().unwrap_or(0)).or_default().push(result);
            }
        }
        _ => return json!({"code": 500, "msg": format!("unexpected {path}")}).to_string(),
    }
    json!({"code": 200, "msg": "Success"}).to_string()
}

/// Looks until there is something to see.
pub async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for something that did not happen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A handler that goes on whatever happens to it.
async fn stubborn(ctx: Context) -> HandlerResult {
    ctx.log("started");
    std::future::pending().await
}

/// A handler that writes whether it was cancelled.
async fn polite(ctx: Context) -> HandlerResult {
    ctx.log("started");
    ctx.cancelled().await;
    ctx.log("cancelled, tidying up");
    Ok("this result does not count".to_owned())
}

async fn echo(ctx: Context) -> HandlerResult {
    ctx.log(format!("{} {}/{}", ctx.parameter(), ctx.shard_index(), ctx.shard_total()));
    Ok(format!("run {} of job {}", ctx.run_id(), ctx.job_id()))
}

async fn failing(_: Context) -> HandlerResult {
    Err("no money left".into())
}

async fn panicking(ctx: Context) -> HandlerResult {
    panic!("cannot go on with {}", ctx.parameter())
}

pub fn builder(server: &Server, data: &Path) -> ExecutorBuilder {
    Executor::builder()
        .server(&server.url)
        .app_name(APP)
        .token(TOKEN)
        .namespace("shop:orders")
        .listen(([127, 0, 0, 1], 0).into())
        .data_dir(data)
        // The runs of these tests were triggered on a day that is long over.
        .log_days(0)
        .stop_grace(Duration::from_secs(10))
        .kill_grace(Duration::from_millis(300))
        .handler("echo", echo)
        .handler("failing", failing)
        .handler("panicking", panicking)
        .handler("polite", polite)
        .handler("stubborn", stubborn)
        .handler("sleep", builtin::sleep)
        .handler("http", builtin::http(this_machine()))
}

/// Where the servers of these tests are.
fn this_machine() -> builtin::Destinations {
    ["127.0.0.1"].into_iter().map(|text| text.parse::<builtin::Destination>().expect("an address")).collect()
}

/// An executor with its server and its data folder.
pub struct Fixture {
    pub server: Server,
    pub data: tempfile::TempDir,
    pub executor: RunningExecutor,
    pub caller: Caller,
}

pub async fn fixture() -> Fixture {
    fixture_with(|builder| builder).await
}

pub async fn fixture_with(adjust: impl FnOnce(ExecutorBuilder) -> ExecutorBuilder) -> Fixture {
    let server = Server::start().await;
    let data = tempfile::tempdir().expect("a temporary folder");
    let executor = start(adjust(builder(&server, data.path()))).await;
    let caller = Caller::new(&executor);
    Fixture { server, data, executor, caller }
}

pub async fn start(builder: ExecutorBuilder) -> RunningExecutor {
    builder.build().expect("complete settings").start().await.expect("a free port and a folder")
}

/// Calls an executor as a server does.
pub struct Caller {
    http: reqwest::Client,
    base: String,
}

impl Caller {
    pub fn new(executor: &RunningExecutor) -> Self {
        Self::at(executor.advertised())
    }

    pub fn at(base: &str) -> Self {
        // An executor in this process has installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, base: base.to_owned() }
    }

    /// Waits until nothing of a job runs or waits: a result is delivered a moment before.
    pub async fn idle(&self, job_id: i32) {
        while self.call("idleBeat", json!({"jobId": job_id})).await["code"] != 200 {
            tokio::task::yield_now().await;
        }
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}/{path}", self.base))
    }

    pub async fn call(&self, path: &str, body: Value) -> Value {
        let request = self.request(reqwest::Method::POST, path).header("XXL-JOB-ACCESS-TOKEN", TOKEN);
        send(request.body(body.to_string())).await
    }

    /// Triggers a run of a handler; gives code and text of the answer.
    pub async fn run(&self, job_id: i32, run_id: i64, handler: &str) -> (i64, String) {
        self.run_with(trigger(job_id, run_id, handler)).await
    }

    pub async fn run_with(&self, trigger: Value) -> (i64, String) {
        let reply = self.call("run", trigger).await;
        (reply["code"].as_i64().unwrap_or(0), reply["msg"].as_str().unwrap_or("").to_owned())
    }

    pub async fn log(&self, run_id: i64, from: i32) -> Value {
        let reply = self.call("log", json!({"logId": run_id, "logDateTim": AT, "fromLineNum": from})).await;
        assert_eq!(reply["code"], 200, "{reply}");
        assert_eq!(reply["content"], reply["data"]);
        reply["data"].clone()
    }

    /// Waits until a run's log contains a text.
    pub async fn logged(&self, run_id: i64, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let content = self.log(run_id, 1).await["logContent"].as_str().unwrap_or("").to_owned();
            if content.contains(text) {
                return content;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in the log: {content}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

pub fn trigger(job_id: i32, run_id: i64, handler: &str) -> Value {
    json!({
        "jobId": job_id, "logId": run_id, "logDateTime": AT, "executorHandler": handler,
        "executorParams": "", "executorBlockStrategy": "SERIAL_EXECUTION", "executorTimeout": 0,
        "glueType": "BEAN", "glueSource": "", "glueUpdatetime": 5, "broadcastIndex": 0, "broadcastTotal": 1,
    })
}

/// The trigger with some fields changed.
pub fn changed(mut trigger: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().into_iter().flatten() {
        trigger[name] = value.clone();
    }
    trigger
}
