//! One installation of the program: a folder with its database, and the processes started on it.

use reqwest::Client;
use scheduler::clock::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};
use server::lifecycle::install_crypto;
use std::collections::{BTreeMap, HashMap};
use std::process::{ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// For a process to start or to end, and for whatever should happen at once.
pub const SOON: Duration = Duration::from_secs(20);
/// Between two looks at the rows.
const LOOK: Duration = Duration::from_millis(500);
pub const EVERY_SECOND: &str = "* * * * * ?";

/// Milliseconds since the epoch, UTC.
pub fn now() -> i64 {
    SystemClock.now()
}

pub struct Installation {
    pub folder: TempDir,
    /// The database's URL; a path in it is relative to the folder.
    pub database: String,
}

/// A run as `orrery fixture runs` prints it.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    pub id: i64,
    pub job: String,
    pub state: String,
    pub reason: String,
    pub code: i32,
    pub message: Option<String>,
    pub dispatch: Option<String>,
    pub nominal_at: i64,
    pub span_last: Option<i64>,
    pub span_count: i32,
    pub deadline_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub late_code: Option<i32>,
}

impl Run {
    pub fn is_final(&self) -> bool {
        !["waiting", "sending", "running", "unknown"].contains(&self.state.as_str())
    }

    /// State and reason.
    pub fn end(&self) -> (&str, &str) {
        (&self.state, &self.reason)
    }
}

/// A job for [`Installation::apply`] that fires each second.
pub fn job(name: &str, app_name: &str, timeout_s: i32) -> Value {
    json!({
        "name": name, "app_name": app_name, "handler": "any", "parameter": "",
        "cron": EVERY_SECOND, "timeout_s": timeout_s,
    })
}

impl Installation {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("orrery.db").display());
        Self { folder, database }
    }

    /// In an empty folder with this database.
    pub fn on(database: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: database.to_owned() }
    }

    /// The program with settings of this installation only, and any free port.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orrery"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ORRERY_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        command.args(["--listen", "127.0.0.1:0", "--database-url", &self.database]);
        command.args(["--set", "log_format=json"]).args(arguments);
        command
    }

    /// A command that ends by itself.
    pub async fn run_command(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output();
        timeout(SOON, output).await.expect("the command does not end").unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run_command(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Creates executors and jobs; returns the executors' tokens by app name.
    pub async fn apply(&self, app_names: &[&str], jobs: &[Value]) -> HashMap<String, String> {
        let executors: Vec<Value> = app_names.iter().map(|name| json!({ "app_name": name })).collect();
        let file = self.folder.path().join("fixture.json");
        std::fs::write(&file, json!({ "executors": executors, "jobs": jobs }).to_string()).unwrap();
        let made = self.json(&["fixture", "apply", file.to_str().unwrap()]).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let made = made["executors"].as_array().unwrap().iter();
        made.map(|made| (text(&made["app_name"]), text(&made["token"]))).collect()
    }

    /// All runs without their texts, oldest first.
    pub async fn runs(&self) -> Vec<Run> {
        serde_json::from_value(self.json(&["fixture", "runs", "--brief"]).await).unwrap()
    }

    /// All runs with their texts, oldest first.
    pub async fn runs_with_texts(&self) -> Vec<Run> {
        serde_json::from_value(self.json(&["fixture", "runs"]).await).unwrap()
    }

    /// Looks at the rows until they are as expected.
    pub async fn runs_when(&self, within: Duration, what: &str, holds: impl Fn(&[Run]) -> bool) -> Vec<Run> {
        let begun = Instant::now();
        loop {
            let runs = self.runs().await;
            if holds(&runs) {
                return runs;
            }
            assert!(begun.elapsed() < within, "not within {within:?}: {what}; {:?}", census(&runs));
            sleep(LOOK).await;
        }
    }

    /// Starts the server and waits until it listens.
    pub async fn serve(&self) -> Serving {
        self.serve_with(&[]).await
    }

    /// The same, with these arguments.
    pub async fn serve_with(&self, arguments: &[&str]) -> Serving {
        let mut child =
            self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        let mut log = stderr.clone();
        let says = log.wait_for(|lines| lines.iter().any(|line| listening(line).is_some()));
        let address = match timeout(SOON, says).await {
            Ok(Ok(lines)) => lines.iter().find_map(|line| listening(line)).unwrap(),
            _ => panic!("the server does not listen: {:?}", *stderr.borrow()),
        };
        Serving { child, address: format!("http://{address}"), stdout, stderr }
    }
}

/// How many runs there are of each job, state and reason.
pub fn census(runs: &[Run]) -> BTreeMap<(&str, &str, &str), usize> {
    let mut census = BTreeMap::new();
    for run in runs {
        *census.entry((run.job.as_str(), run.state.as_str(), run.reason.as_str())).or_default() += 1;
    }
    census
}

/// A server process.
pub struct Serving {
    child: Child,
    pub address: String,
    pub stdout: watch::Receiver<Vec<String>>,
    pub stderr: watch::Receiver<Vec<String>>,
}

impl Serving {
    /// `kill -9`; returns what it had logged.
    pub async fn kill(mut self) -> Vec<String> {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap();
        self.stderr.borrow().clone()
    }

    /// SIGTERM; returns how it ended, how long that took, and what it had logged.
    pub async fn terminate(mut self) -> (ExitStatus, Duration, Vec<String>) {
        let begun = Instant::now();
        let kill = format!("kill -TERM {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        let status = timeout(SOON, self.child.wait()).await.expect("the server does not stop").unwrap();
        let taken = begun.elapsed();
        // Its pipe ends with it: all lines are there when nobody can send any more.
        while self.stderr.changed().await.is_ok() {}
        (status, taken, self.stderr.borrow().clone())
    }

    /// Posts to the executor API as this client, and returns the answer, always of status 200.
    pub async fn call(&self, method: &str, token: &str, body: impl Into<reqwest::Body>) -> Value {
        call(&client(), &self.address, method, token, body).await
    }
}

pub fn client() -> Client {
    install_crypto();
    Client::builder().no_proxy().user_agent("orrery-executor/0.0.0").build().unwrap()
}

/// One call of the executor API, whose answer always has status 200.
pub async fn call(
    client: &Client,
    server: &str,
    method: &str,
    token: &str,
    body: impl Into<reqwest::Body>,
) -> Value {
    let request = client.post(format!("{server}/api/{method}")).header("XXL-JOB-ACCESS-TOKEN", token);
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// The address in the log line that says where the server listens.
fn listening(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "listening").then(|| line["address"].as_str().unwrap().to_owned())
}

/// Collects what a process prints.
fn lines(pipe: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<Vec<String>> {
    let (sender, receiver) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|lines| lines.push(line));
        }
    });
    receiver
}
