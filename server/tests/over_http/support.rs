//! A server for one test.

use app::ssr::USER_KEY;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use entity::job::JobState;
use entity::user::UserRole;
use protocol::{LogChunk, Reply, TriggerRequest};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit, ExecutorView};
use scheduler::jobs::{self, JobDraft};
use scheduler::users::{self, PasswordChange, UserDraft};
use scheduler::{Services, namespaces, sessions};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use server::config::{Layers, Settings};
use server::http::sessions::COOKIE;
use server::lifecycle::{self, Server};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower_sessions::session::Id;

pub struct TestServer {
    pub server: Server,
    pub services: Services,
    pub client: Client,
    /// Removed with the test.
    folder: TempDir,
}

/// Settings for a server with its data in `folder`, with the given ones changed.
pub fn settings(folder: &TempDir, changed: &[(&str, &str)]) -> Settings {
    let database = format!("sqlite:{}/orrery.db", folder.path().display());
    let mut flags = vec![
        ("listen".to_owned(), "127.0.0.1:0".to_owned()),
        ("database_url".to_owned(), database),
        ("admin_password".to_owned(), "correct horse battery".to_owned()),
    ];
    flags.extend(changed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Layers::new(None, Vec::new(), &flags).unwrap().settings().unwrap()
}

/// Notes a migration that this program does not know.
pub async fn pretend_newer(services: &Services) {
    let transaction = services.db.begin().await.unwrap();
    let note = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_future', 0)";
    transaction.execute_unprepared(note).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Follows no redirect, so that tests see them.
pub fn client() -> Client {
    lifecycle::install_crypto();
    Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(changed: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), changed).await
    }

    /// With its data in a database of this URL instead of a file.
    pub async fn start_on(database_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().display().to_string();
        Self::start_in(folder, &[("database_url", database_url), ("data_dir", &data_dir)]).await
    }

    async fn start_in(folder: TempDir, changed: &[(&str, &str)]) -> Self {
        let settings = settings(&folder, changed);
        let server = Server::start(settings.clone()).await.unwrap();
        let (_, services) = lifecycle::open(&settings).await.unwrap();
        Self { server, services, client: client(), folder }
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// An executor that instances register with, and its token.
    pub async fn executor(&self, app_name: &str) -> (ExecutorView, String) {
        let namespace = namespaces::ensure(&self.services, "default", "default").await.unwrap();
        let edit = ExecutorEdit {
            app_name: app_name.to_owned(),
            title: app_name.to_owned(),
            registration: entity::executor::Registration::Automatic,
            addresses: String::new(),
            max_parallel: 0,
        };
        let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
        executors::create(&self.services, &Caller::operator(), draft).await.unwrap()
    }

    /// Somebody of this role who is signed in: the cookie of the session.
    pub async fn signed_in(&self, name: &str, role: UserRole) -> String {
        sign_in(&self.services, name, role).await
    }

    /// A job that only people start, on this executor.
    pub async fn job(&self, executor_id: i32, handler: &str) -> i32 {
        let draft = JobDraft::by_hand(executor_id, handler, handler);
        jobs::create(&self.services, &Caller::operator(), draft, JobState::Stopped).await.unwrap().id
    }

    /// The addresses of an executor's instances that are there.
    pub async fn instances(&self, id: i32) -> Vec<String> {
        let detail = executors::get(&self.services, &Caller::operator(), id).await.unwrap();
        let there = detail.instances.into_iter().filter(|instance| instance.gone_at.is_none());
        there.map(|instance| instance.address).collect()
    }

    /// Posts to the executor API and returns the envelope, which always comes with status 200.
    pub async fn call(&self, method: &str, token: &str, body: impl Into<reqwest::Body>) -> Value {
        envelope(self.post(&format!("/api/{method}")).header("XXL-JOB-ACCESS-TOKEN", token).body(body)).await
    }
}

/// Somebody of this role who is signed in: the cookie of the session.
pub async fn sign_in(services: &Services, name: &str, role: UserRole) -> String {
    let draft = UserDraft { name: name.to_owned(), email: String::new(), role };
    let (user, current) = users::create(services, &Caller::operator(), draft).await.unwrap();
    let caller = sessions::caller(services, user.id).await.unwrap();
    let new = "correct horse battery".to_owned();
    let change = PasswordChange { current, new: new.clone(), again: new };
    users::change_password(services, &caller, change, None).await.unwrap();
    let session = Id::default().to_string();
    let data = serde_json::json!({ USER_KEY: user.id }).to_string();
    sessions::create(services, &session, Some(user.id), data).await.unwrap();
    format!("{COOKIE}={session}")
}

/// What executors say to a kill that finds nothing to stop.
pub const NOTHING_TO_KILL: &str = "job thread already killed.";

fn said(text: &str) -> Reply<String> {
    Reply { text: text.to_owned(), ..Reply::ok() }
}

/// An executor that takes every run, has forgotten it when it is to be killed, and tells the test about it.
pub struct MockExecutor {
    pub address: String,
    triggers: mpsc::UnboundedReceiver<TriggerRequest>,
    /// The log of whatever run.
    pub log: Arc<Mutex<Vec<String>>>,
}

/// What an executor says that took a run.
const TAKEN: &str = r#"{"code":200}"#;

impl MockExecutor {
    pub async fn start() -> Self {
        Self::answering(Duration::ZERO, TAKEN).await
    }

    /// One that takes its time, and then says this to every run.
    pub async fn answering(after: Duration, words: &'static str) -> Self {
        let (sender, triggers) = mpsc::unbounded_channel();
        let run = move |body: Bytes| async move {
            sender.send(protocol::parse_trigger(&body).unwrap()).unwrap();
            tokio::time::sleep(after).await;
            words
        };
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = log.clone();
        let read = move |body: Bytes| async move {
            let from = protocol::parse_log_request(&body).unwrap().from_line;
            let lines = lines.lock().unwrap();
            let content: String =
                lines.iter().skip(from as usize - 1).map(|line| format!("{line}\n")).collect();
            let to_line = lines.len() as i32;
            Json(Reply::with_payload(LogChunk { from_line: from, to_line, content, is_end: false }))
        };
        let app = Router::new()
            .route("/run", post(run))
            .route("/log", post(read))
            .route("/kill", post(async || Json(said(NOTHING_TO_KILL))))
            .fallback(async || Json(Reply::<String>::ok()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, triggers, log }
    }

    /// A run that has arrived already and was not asked for yet.
    pub fn another_trigger(&mut self) -> Option<TriggerRequest> {
        self.triggers.try_recv().ok()
    }

    pub async fn next_trigger(&mut self) -> TriggerRequest {
        tokio::time::timeout(Duration::from_secs(20), self.triggers.recv())
            .await
            .expect("no run arrived")
            .unwrap()
    }
}

/// Sends a request of an executor and checks what every answer has to be.
pub async fn envelope(request: RequestBuilder) -> Value {
    let response = request.header("accept-encoding", "gzip, br").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(!response.headers().contains_key("content-encoding"), "executors cannot unpack");
    let envelope: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let code = envelope["code"].as_i64().unwrap();
    assert_eq!(envelope["success"], code == 200);
    assert!(envelope["msg"].is_string() && envelope["content"].is_null() && envelope["data"].is_null());
    envelope
}
