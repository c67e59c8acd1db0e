//! An executor as a process that can be killed, stopped, emptied and told to misbehave.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::evidence::{self, Entry};
use super::proxy::Proxy;
use crate::paths;
use crate::process::Group;

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(10);

/// One instance of an executor.
pub struct Agent {
    pub name: &'static str,
    executable: PathBuf,
    folder: PathBuf,
    token: String,
    port: u16,
    servers: Vec<String>,
    /// Between the servers and it, where the scenario wants something there.
    proxy: Option<Proxy>,
    process: Option<Group>,
}

impl Agent {
    /// One that is not started yet; `servers` are the addresses it reports to, the first that takes it.
    pub fn new(
        name: &'static str,
        number: usize,
        executable: &Path,
        folder: &Path,
        token: String,
        servers: Vec<String>,
        through_proxy: bool,
    ) -> Result<Self> {
        let port = paths::free_port()?;
        let proxy = if through_proxy { Some(Proxy::to(port)?) } else { None };
        let (executable, folder) = (executable.to_owned(), folder.join(format!("executor-{name}-{number}")));
        fs::create_dir_all(&folder)?;
        Ok(Self { name, executable, folder, token, port, servers, proxy, process: None })
    }

    /// The network between the servers and it.
    pub fn network(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("this scenario has no network to spoil")
    }

    /// Starts it, and waits until it listens.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new(&self.executable);
        let address_port = self.proxy.as_ref().map_or(self.port, Proxy::port);
        command.args(["--port", &self.port.to_string(), "--app-name", self.name]);
        command.args(["--address", &format!("http://127.0.0.1:{address_port}/")]);
        command.args(self.servers.iter().flat_map(|server| ["--server", server]));
        command.arg("--disk").arg(self.disk()).arg("--journal").arg(self.journal());
        command.env("CHAOS_TOKEN", &self.token);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"))?;
        let mut process = Group::spawn("an executor", command.stdout(log.try_clone()?).stderr(log))?;
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            process.check_alive()?;
            ensure!(Instant::now() < deadline, "the executor does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// SIGSTOP or SIGCONT.
    pub fn signal(&self, what: Signal) {
        if let Some(process) = &self.process {
            process.signal(what);
        }
    }

    /// Takes everything that it keeps; the journal is not its own.
    pub fn empty_disk(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.disk())?)
    }

    /// From now on it behaves like this; see `xtask/chaos-executor/src/behaviour.rs`.
    pub fn behave(&self, run: &str, results: &str) -> Result<()> {
        let body = json!({"run": run, "results": results}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let length = body.len();
        write!(
            stream,
            "POST /chaos HTTP/1.1\r\nHost: executor\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "the executor does not want to be {run}, {results}");
        Ok(())
    }

    /// Behaves as it should.
    pub fn heal(&mut self) -> Result<()> {
        match &self.process {
            None => self.start()?,
            Some(process) => process.signal(Signal::SIGCONT),
        }
        if let Some(proxy) = &self.proxy {
            proxy.set(super::proxy::Network::Whole);
        }
        self.behave("honest", "prompt")
    }

    /// What it wrote down.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        evidence::journal(&self.journal())
    }

    /// How many runs it has started.
    pub fn starts(&self) -> Result<usize> {
        let text = fs::read_to_string(self.journal())?;
        Ok(text.lines().filter(|line| line.contains(r#""event":"start""#)).count())
    }

    fn disk(&self) -> PathBuf {
        self.folder.join("disk")
    }

    /// Where it writes down what it starts and ends.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }
}

/// The token that the fixture printed for an executor.
pub fn token(printed: &Value, name: &str) -> Result<String> {
    let executors = printed["executors"].as_array().context("no executors were made")?;
    let own = executors.iter().find(|executor| executor["app_name"] == name);
    own.and_then(|executor| executor["token"].as_str())
        .map(str::to_owned)
        .context("an executor without a token")
}
