//! The programs that a benchmark starts: the server as it would be installed, and the executor that measures it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::figures::Seen;
use crate::orrery::{BenchmarkContent, Credentials, Server};
use crate::paths::{self, ScratchFolder};
use crate::process::Group;
use crate::site;

/// How long a server may take until it is ready.
const START: Duration = Duration::from_secs(300);
/// Beyond what is measured: what is late is waited for.
const PATIENCE: u32 = 40;

/// Executables.
pub struct Programs {
    pub server: PathBuf,
    pub executor: PathBuf,
}

impl Programs {
    /// Builds both with every optimisation. The pages' files, which nothing of this touches, stay out.
    /// With an executable given, that server is measured.
    pub fn build(server: Option<&Path>) -> Result<Self> {
        println!("building with optimisations ...");
        let names: &[&str] =
            if server.is_some() { &["bench-executor"] } else { &["bench-executor", "orrery"] };
        let mut built = site::build_programs(names, true)?.into_iter();
        let executor = built.next().context("no executor was built")?;
        let server = server.map(Path::to_owned).or(built.next()).context("no server was built")?;
        Ok(Self { server, executor })
    }
}

/// A server on a database of its own, with what it has to do in it.
pub struct Prepared {
    pub server: Server,
    /// One for each executor.
    pub credentials: Vec<Credentials>,
    pub scratch: ScratchFolder,
}

impl Prepared {
    /// The name of the SQLite file in the scratch folder.
    pub const DATABASE: &str = "orrery.db";

    /// `database_url` is another database than a fresh SQLite file; it must be empty.
    pub fn new(programs: &Programs, database_url: Option<&str>, content: &BenchmarkContent) -> Result<Self> {
        let (server, scratch) = Self::server(&programs.server, database_url)?;
        let credentials = server.set_up_benchmark(content)?;
        Ok(Self { server, credentials, scratch })
    }

    /// On a fresh SQLite file, with this in it if anything; `settings` are environment variables.
    pub fn fresh(
        executable: &Path,
        content: Option<&BenchmarkContent>,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let (server, scratch) = Self::server(executable, None)?;
        let server = settings.iter().fold(server, |server, (name, value)| server.set(name, value));
        let credentials = content.map(|content| server.set_up_benchmark(content)).transpose()?;
        Ok(Self { server, credentials: credentials.unwrap_or_default(), scratch })
    }

    /// A server with nothing in its database.
    fn server(executable: &Path, database_url: Option<&str>) -> Result<(Server, ScratchFolder)> {
        let scratch = ScratchFolder::create("bench")?;
        let own = format!("sqlite:{}", scratch.path().join(Self::DATABASE).display());
        let listen = format!("127.0.0.1:{}", paths::free_port()?);
        let server = Server::of(executable, database_url.unwrap_or(&own), &listen);
        let folder = scratch.path().display().to_string();
        Ok((server.set("ORRERY_LOG", "warn").set("ORRERY_DATA_DIR", &folder), scratch))
    }

    /// Starts the server, its log in the scratch folder; returns it and how long it took to be ready.
    pub fn serve(&self) -> Result<(Group, Duration)> {
        let start = Instant::now();
        let mut serving = self.server.serve_to(&self.scratch.path().join("server.log"))?;
        while !self.server.is_ready() {
            serving.check_alive()?;
            ensure!(start.elapsed() < START, "the server is not ready after {} s", START.as_secs());
            thread::sleep(Duration::from_millis(5));
        }
        Ok((serving, start.elapsed()))
    }
}

/// How an executor is to be started.
pub struct ExecutorOptions<'a> {
    pub port: u16,
    /// What is expected, each second.
    pub jobs: u32,
    pub warm_up: u32,
    pub seconds: u32,
    /// Further arguments.
    pub more: Vec<String>,
    /// The server and who the executor is there; without it, it sends no results. Several servers have commas between
    /// them.
    pub server: Option<(String, &'a Credentials)>,
}

/// An executor that measures.
pub struct Executor {
    pub group: Group,
    events: Receiver<Value>,
    seconds: u32,
    warm_up: u32,
}

impl Executor {
    pub fn start(programs: &Programs, options: ExecutorOptions<'_>) -> Result<Self> {
        let ExecutorOptions { port, jobs, warm_up, seconds, more, server } = options;
        let mut command = Command::new(&programs.executor);
        let numbers =
            [("--port", port.into()), ("--jobs", jobs), ("--warm-up", warm_up), ("--seconds", seconds)];
        for (name, number) in numbers {
            command.args([name, &number.to_string()]);
        }
        if let Some((url, credentials)) = server {
            command.args(["--server", &url]).env("BENCH_TOKEN", &credentials.token);
            command
                .env("BENCH_APP_NAME", &credentials.app_name)
                .env("BENCH_NAMESPACE", &credentials.namespace);
        }
        let mut group = Group::spawn("the executor", command.args(more).stdout(Stdio::piped()))?;
        let output = group.child().stdout.take().context("no standard output")?;
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody may be listening any more.
                let _ = serde_json::from_str(&line).map(|event| sender.send(event));
            }
        });
        Ok(Self { group, events, seconds, warm_up })
    }

    /// Waits until what is measured begins.
    pub fn begin(&self) -> Result<()> {
        self.wait_for("begin", self.warm_up + PATIENCE).map(drop)
    }

    /// Waits until what is measured is over.
    pub fn over(&self) -> Result<()> {
        self.wait_for("over", self.seconds + PATIENCE).map(drop)
    }

    /// Waits for what is late, and for the figures.
    pub fn end(&self) -> Result<Seen> {
        self.wait_for("end", PATIENCE).map(|line| Seen::read(&line))
    }

    fn wait_for(&self, event: &str, seconds: u32) -> Result<Value> {
        loop {
            let Ok(line) = self.events.recv_timeout(Duration::from_secs(seconds.into())) else {
                bail!("the executor did not report `{event}` within {seconds} s: no run arrived?");
            };
            if line["event"] == event {
                return Ok(line);
            }
        }
    }
}
