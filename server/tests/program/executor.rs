//! An executor that does what a test says, good or bad, and keeps its own account of what it was
//! sent. It has threads of its own, so that it can be killed with everything it has open.

use crate::support::{SOON, Serving, client, now};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use protocol::{
    Callback, CallbackOutcome, LogChunk, RegistryRequest, Reply, TriggerRequest, parse_idle_beat,
    parse_log_request, parse_trigger,
};
use rand::Rng;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// What is done with a run.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// Taken after up to `answer`, and its success reported after up to `work` more.
    Work { answer: Duration, work: Duration },
    /// Taken, and never reported.
    Hold,
    /// Refused with this text.
    Refuse(&'static str),
    /// Answered with something that is not of the protocol.
    Garbage,
    /// Answered with HTTP status 500 and no body.
    Broken,
    /// Never answered.
    Silent,
    /// Taken after this long, and its success reported.
    Late(Duration),
}

/// A run as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    pub run_id: i64,
    pub job_id: i32,
    pub due_at: i64,
    pub received_at: i64,
}

/// What the executor knows.
#[derive(Debug, Default)]
pub struct Account {
    /// Every request to run something, in the order of arrival.
    pub received: Vec<Received>,
    /// Runs whose result the server has acknowledged.
    pub reported: HashSet<i64>,
    ended: HashSet<i64>,
    /// Runs at work, by job.
    busy: HashMap<i32, usize>,
}

struct Inner {
    app_name: String,
    token: String,
    behaviour: Behaviour,
    /// Where results are reported; a server that comes back has another port.
    server: Mutex<String>,
    account: watch::Sender<Account>,
    client: reqwest::Client,
}

pub struct Executor {
    runtime: Option<Runtime>,
    inner: Arc<Inner>,
    pub address: String,
}

impl Executor {
    pub fn start(app_name: &str, token: &str, behaviour: Behaviour) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let inner = Arc::new(Inner {
            app_name: app_name.to_owned(),
            token: token.to_owned(),
            behaviour,
            server: Mutex::default(),
            account: watch::channel(Account::default()).0,
            client: client(),
        });
        let app = Router::new()
            .route("/run", post(run))
            .route("/idleBeat", post(idle_beat))
            .route("/log", post(log))
            .fallback(async || Json(Reply::<String>::ok()))
            .with_state(inner.clone());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(TcpListener::from_std(listener).unwrap(), app).await });
        Self { runtime: Some(runtime), inner, address }
    }

    /// Reports results to this server from now on.
    pub fn report_to(&self, serving: &Serving) {
        *self.inner.server.lock().unwrap() = serving.address.clone();
    }

    /// Registers with this server, as executors do when they start.
    pub async fn register(&self, serving: &Serving) {
        self.report_to(serving);
        self.registration(serving, "registry").await;
    }

    /// Signs off.
    pub async fn sign_off(&self, serving: &Serving) {
        self.registration(serving, "registryRemove").await;
    }

    async fn registration(&self, serving: &Serving, method: &str) {
        let body = RegistryRequest::executor(&self.inner.app_name, &self.address);
        let body = serde_json::to_vec(&body).unwrap();
        let answer = serving.call(method, &self.inner.token, body).await;
        assert_eq!(answer["code"], 200, "{answer}");
    }

    /// Ends it as `kill -9` does: listener, connections, runs under way.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// What it knows now.
    pub fn account(&self) -> watch::Ref<'_, Account> {
        // The sender lives as long as this, so the borrowed value is the newest.
        self.inner.account.borrow()
    }

    /// Waits until its account is as expected.
    pub async fn until(&self, within: Duration, what: &str, holds: impl FnMut(&Account) -> bool) {
        let mut account = self.inner.account.subscribe();
        let waited = timeout(within, account.wait_for(holds)).await;
        assert!(waited.is_ok(), "{}: not within {within:?}: {what}", self.inner.app_name);
    }

    /// Waits until something arrived.
    pub async fn first_run(&self) -> Received {
        self.until(SOON, "a run arrives", |account| !account.received.is_empty()).await;
        self.account().received[0]
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn run(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    let trigger = parse_trigger(&body).unwrap();
    let received = Received {
        run_id: trigger.log_id,
        job_id: trigger.job_id,
        due_at: trigger.log_date_time,
        received_at: now(),
    };
    // Before anything else: if the server goes away, this handler is dropped at its next await.
    inner.account.send_modify(|account| account.received.push(received));
    let taken = || Json(Reply::<String>::ok()).into_response();
    match inner.behaviour {
        Behaviour::Work { answer, work } => {
            tokio::spawn(carry_out(inner.clone(), trigger, up_to(work)));
            sleep(up_to(answer)).await;
            taken()
        }
        Behaviour::Hold => taken(),
        Behaviour::Refuse(text) => Json(Reply::<String>::failure(text)).into_response(),
        Behaviour::Garbage => "<html>It works!</html>".into_response(),
        Behaviour::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Behaviour::Silent => std::future::pending().await,
        Behaviour::Late(after) => {
            sleep(after).await;
            tokio::spawn(carry_out(inner.clone(), trigger, Duration::ZERO));
            taken()
        }
    }
}

fn up_to(most: Duration) -> Duration {
    rand::rng().random_range(Duration::ZERO..=most)
}

/// Works for a while, then reports until the server acknowledges it, as executors do.
async fn carry_out(inner: Arc<Inner>, trigger: TriggerRequest, work: Duration) {
    inner.account.send_modify(|account| *account.busy.entry(trigger.job_id).or_default() += 1);
    sleep(work).await;
    inner.account.send_modify(|account| {
        *account.busy.entry(trigger.job_id).or_default() -= 1;
        account.ended.insert(trigger.log_id);
    });
    let outcome = CallbackOutcome { code: 200, text: String::new() };
    let callback = Callback { run_id: trigger.log_id, logged_at: trigger.log_date_time, outcome };
    let body = serde_json::to_vec(&[callback]).unwrap();
    while !report(&inner, body.clone()).await {
        sleep(Duration::from_millis(200)).await;
    }
    inner.account.send_modify(|account| {
        account.reported.insert(trigger.log_id);
    });
}

/// Whether the server has acknowledged it.
async fn report(inner: &Inner, body: Vec<u8>) -> bool {
    let server = inner.server.lock().unwrap().clone();
    let request = inner.client.post(format!("{server}/api/callback")).timeout(Duration::from_secs(3));
    let answer = request.header("XXL-JOB-ACCESS-TOKEN", &inner.token).body(body).send().await;
    match answer {
        Ok(answer) => {
            let body = answer.bytes().await.unwrap_or_default();
            protocol::parse_reply(&body).is_ok_and(|reply| reply.is_ok())
        }
        Err(_) => false,
    }
}

async fn idle_beat(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    if matches!(inner.behaviour, Behaviour::Silent) {
        std::future::pending::<()>().await;
    }
    let job = parse_idle_beat(&body).unwrap().job_id;
    let busy = inner.account.borrow().busy.get(&job).is_some_and(|count| *count > 0);
    let answer =
        if busy { Reply::failure("job thread is running or has trigger queue.") } else { Reply::ok() };
    Json::<Reply>(answer).into_response()
}

/// The log of a run, as far as it says whether and how it ran.
async fn log(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    let request = parse_log_request(&body).unwrap();
    let account = inner.account.borrow();
    let started = account.received.iter().any(|received| received.run_id == request.run_id);
    let mut content = match started {
        true => format!("run {} starts: a test's\n", request.run_id),
        false => "readLog fail, logFile not exists".to_owned(),
    };
    if account.ended.contains(&request.run_id) {
        content.push_str("run ends: code 200 \n");
    }
    let to_line = if started { 2 } else { 0 };
    let chunk = LogChunk { from_line: 1, to_line, content, is_end: !started };
    Json(Reply::with_payload(chunk)).into_response()
}
