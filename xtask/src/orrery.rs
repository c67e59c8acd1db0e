//! The server's command line, as far as xtask uses it: everything assumed about it stands here.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, Group};
use crate::{paths, site::Build};

/// How long a server may take from its start until `/readyz` says yes.
const START: Duration = Duration::from_secs(60);

/// Name and token with which an executor registers.
pub struct Credentials {
    pub app_name: String,
    pub token: String,
    /// `business:service`
    pub namespace: String,
}

impl Credentials {
    /// Reads the line of JSON that the server's commands print.
    fn read(printed: &serde_json::Value) -> Result<Self> {
        let text = |key: &str| {
            printed[key].as_str().map(str::to_owned).with_context(|| format!("the server printed no {key}"))
        };
        Ok(Self { app_name: text("app_name")?, token: text("token")?, namespace: text("namespace")? })
    }
}

/// What a database holds that is measured with.
pub struct BenchmarkContent {
    /// Of each executor.
    pub jobs: u32,
    /// Addresses.
    pub executors: Vec<String>,
    /// Runs that ended in the past.
    pub history: u32,
    /// Over how many days.
    pub days: u32,
    /// `burst`, `spread` or `rarely`.
    pub fires: &'static str,
    /// Whether the executors take many runs in one request.
    pub native: bool,
    /// A hook that is told of failures and of an approval.
    pub hook: Option<String>,
}

impl BenchmarkContent {
    /// In days.
    pub const WEEK: u32 = 7;
}

/// A server binary with the database and address it is to use.
#[derive(Clone)]
pub struct Server {
    executable: PathBuf,
    database_url: String,
    listen: String,
    settings: Vec<(String, String)>,
}

impl Server {
    /// `listen` is `host:port`.
    pub fn new(build: &Build, database_url: &str, listen: &str) -> Self {
        Self::of(&build.server, database_url, listen)
    }

    /// As [`Server::new`], of any executable.
    pub fn of(executable: &Path, database_url: &str, listen: &str) -> Self {
        Self {
            executable: executable.to_owned(),
            database_url: database_url.to_owned(),
            listen: listen.to_owned(),
            settings: Vec::new(),
        }
    }

    /// Sets a further environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same server with another way to its database.
    pub fn at_database(&self, url: &str) -> Self {
        Self { database_url: url.to_owned(), ..self.clone() }
    }

    /// The address that a browser on this host can open.
    pub fn url(&self) -> String {
        let reachable = self.listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        format!("http://{reachable}")
    }

    /// A subcommand of the server with its configuration in the environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(arguments).current_dir(paths::repository());
        command.env("ORRERY_DATABASE_URL", &self.database_url).env("ORRERY_LISTEN", &self.listen);
        // A debug build reads the site from disk; these are Leptos' own names for where it lies.
        command.env("LEPTOS_OUTPUT_NAME", "orrery").env("LEPTOS_SITE_ROOT", "target/site");
        command.env("LEPTOS_SITE_PKG_DIR", "pkg").env("LEPTOS_HASH_FILES", "true");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a subcommand that prints JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let name = format!("orrery {}", arguments.join(" "));
        let text = process::output(&name, &mut self.command(arguments))?;
        // Log lines may stand before it; the result is the last line.
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("{name} printed no JSON but {last:?}"))
    }

    /// Creates the demo namespace, its executor and two jobs, unless they exist.
    pub fn demo(&self) -> Result<Credentials> {
        Credentials::read(&self.json(&["demo", "--json"])?)
    }

    /// Fills an empty database with an executor per address, and with what they have to do.
    pub fn set_up_benchmark(&self, content: &BenchmarkContent) -> Result<Vec<Credentials>> {
        let [jobs, history, days] =
            [content.jobs, content.history, content.days].map(|number| number.to_string());
        let mut arguments = vec!["bench-setup", "--json", "--fires", content.fires];
        arguments.extend(["--jobs", &jobs, "--history", &history, "--days", &days]);
        if content.native {
            arguments.push("--native");
        }
        if let Some(hook) = &content.hook {
            arguments.extend(["--hook", hook]);
        }
        for address in &content.executors {
            arguments.extend(["--executor-address", address]);
        }
        let text = process::output("orrery bench-setup", &mut self.command(&arguments))?;
        // Log lines may stand before them.
        let printed = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        printed.map(|line| Credentials::read(&line)).collect()
    }

    /// Creates a super-administrator; returns the one-time password.
    pub fn create_administrator(&self, name: &str) -> Result<String> {
        let mut command = self.command(&["user", "create", name, "--role", "super-admin"]);
        let text = process::output("orrery user create", &mut command)?;
        let password = text.lines().find_map(|line| line.strip_prefix("one-time password: "));
        password.map(str::to_owned).context("the server printed no one-time password")
    }

    /// Every entry of the audit, the oldest first, after a look whether they are as they were written.
    pub fn audit(&self) -> Result<Vec<serde_json::Value>> {
        process::output("orrery audit verify", &mut self.command(&["audit", "verify"]))?;
        let text = process::output("orrery audit export", &mut self.command(&["audit", "export"]))?;
        let printed = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        Ok(printed.filter(|entry: &serde_json::Value| entry["seq"].is_i64()).collect())
    }

    /// Adds the demonstration to what there is.
    pub fn seed_demonstration(&self) -> Result<()> {
        let mut command = self.command(&["demo", "seed", "--into-existing"]);
        process::output("orrery demo seed", &mut command).map(drop)
    }

    /// Creates the executors and jobs that a JSON file describes; see end2end/interop/README.md for its shape.
    pub fn apply_fixture(&self, file: &Path) -> Result<serde_json::Value> {
        self.json(&["fixture", "apply", &file.to_string_lossy()])
    }

    /// As [`Server::fixture_runs`], without the texts.
    pub fn fixture_runs_brief(&self) -> Result<serde_json::Value> {
        self.json(&["fixture", "runs", "--brief"])
    }

    /// Runs a job, by its id, for its past times from one to another, ms since 1970.
    pub fn backfill(&self, job: i64, from: i64, until: i64) -> Result<()> {
        let numbers = [job, from, until].map(|number| number.to_string());
        let [job, from, until] = numbers.each_ref().map(String::as_str);
        self.json(&["fixture", "backfill", job, from, until]).map(drop)
    }

    /// Saves the source in a file as the newest version of a job's, by its id.
    pub fn edit_source(&self, job: i64, file: &Path) -> Result<()> {
        self.json(&["fixture", "source", &job.to_string(), &file.to_string_lossy()]).map(drop)
    }

    /// Freezes everything; returns the freeze's id when every server heeds it, and fails where one does not.
    pub fn freeze(&self) -> Result<i64> {
        self.json(&["fixture", "freeze"])?["freeze"].as_i64().context("a freeze without an id")
    }

    /// Ends a freeze.
    pub fn thaw(&self, freeze: i64) -> Result<()> {
        self.json(&["fixture", "thaw", &freeze.to_string()]).map(drop)
    }

    /// Brings the database to its schema, in a process that may be ended meanwhile.
    pub fn migrate(&self) -> Result<Group> {
        let mut command = self.command(&["migrate", "up"]);
        Group::spawn("the migration", command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Starts serving, with all output to a file, and does not wait until it is ready.
    pub fn serve_to(&self, log: &Path) -> Result<Group> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        // Where files may not grow any more, the system ends whoever does not ignore its signal.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        let serve = self.command(&["serve"]);
        command.arg(serve.get_program()).args(serve.get_args()).current_dir(paths::repository());
        command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Group::spawn("the server", command.stdout(file.try_clone()?).stderr(file))
    }

    /// Whether it serves and may fire.
    pub fn is_ready(&self) -> bool {
        http_status(&self.url(), "/readyz") == Some(200)
    }

    /// One of its metrics, such as `orrery_buckets`; none while nobody answers, and without this
    /// `http.metrics_token`.
    pub fn metric(&self, token: &str, name: &str) -> Option<u64> {
        let authorization = format!("Authorization: Bearer {token}\r\n");
        let mut text = String::new();
        request(&self.url(), "/metrics", &authorization)?.read_to_string(&mut text).ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Every run so far, with its job's name and its result.
    pub fn fixture_runs(&self) -> Result<serde_json::Value> {
        self.json(&["fixture", "runs"])
    }

    /// What starts it.
    pub fn serve_command(&self) -> Command {
        self.command(&["serve"])
    }

    /// Starts serving and waits until it is ready; returns also the lines that it prints.
    pub fn serve(&self) -> Result<(Group, Receiver<String>)> {
        let mut command = self.command(&["serve"]);
        let mut group = Group::spawn("the server", command.stdout(Stdio::piped()))?;
        let lines = forward_lines(group.child().stdout.take().context("no standard output")?);
        let deadline = Instant::now() + START;
        while !self.is_ready() {
            group.check_alive()?;
            if Instant::now() > deadline {
                bail!("the server is not ready after {} s", START.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok((group, lines))
    }
}

/// Starts the agent for `credentials`; it finds a free port by itself.
pub fn start_executor(build: &Build, server: &str, credentials: &Credentials, data: &Path) -> Result<Group> {
    let mut command = Command::new(&build.executor);
    command.args(["--server", server, "--app-name", &credentials.app_name, "--allow-scripts"]);
    command.args(["--listen", "127.0.0.1:0", "--namespace", &credentials.namespace]);
    // Whoever presses Ctrl-C waits for this long at most.
    command.args(["--stop-grace", "2"]);
    command.arg("--data-dir").arg(data);
    // In the environment rather than on the command line, which every user of this host can read.
    command.env("ORRERY_EXECUTOR_TOKEN", OsStr::new(&credentials.token));
    Group::spawn("the executor", &mut command)
}

/// Prints each line and sends it on.
pub fn forward_lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            println!("{line}");
            // Nobody may be listening any more; the lines are still worth printing.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Status of `GET base + path`, or nothing when nobody answers within a second.
pub fn http_status(base: &str, path: &str) -> Option<u16> {
    let mut line = String::new();
    request(base, path, "")?.read_line(&mut line).ok()?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The answer to `GET base + path`; its connection ends with it.
fn request(base: &str, path: &str, headers: &str) -> Option<BufReader<TcpStream>> {
    let address = base.strip_prefix("http://")?;
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n").ok()?;
    Some(BufReader::new(stream))
}
