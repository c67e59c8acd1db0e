//! ratchjob, driven by its own interface: everything assumed about it stands here.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::super::dispatch::{self, Load, Measured};
use super::super::figures;
use super::super::programs::{Executor, Programs};
use crate::orrery::Credentials;
use crate::paths::{self, ScratchFolder};
use crate::process::Group;
use crate::tools;

/// How long it may take until it is able to create a job.
const START: Duration = Duration::from_secs(60);
/// Where its executor API begins.
const API: &str = "/xxl-job-admin/api";
/// The namespace of executors that name none.
const NAMESPACE: &str = "xxl";
const DATA: &str = "ratchjob";

/// Compiles it, unless that was done before; returns its executable.
pub fn install() -> Result<PathBuf> {
    tools::ratchjob()
}

/// One rate, on an empty data folder. Its settings are its defaults, and its log says as little as ours.
pub fn measure(executable: &Path, programs: &Programs, load: &Load, rate: u32) -> Result<Measured> {
    println!("{} jobs: telling ratchjob ...", figures::grouped(rate.into()));
    let scratch = ScratchFolder::create("bench-peer")?;
    let credentials = Credentials {
        app_name: "bench-executor".to_owned(),
        token: "0123456789abcdef0123456789abcdef".to_owned(),
        namespace: String::new(),
    };
    let port = paths::free_port()?;
    let mut serving = start(executable, scratch.path(), port, &credentials.token)?;
    let mut api = connect(port, &mut serving)?;
    let ids = (1..=rate).map(|number| api.create(number, &credentials)).collect::<Result<Vec<_>>>()?;
    let executor_port = paths::free_port()?;
    let server = Some((format!("http://127.0.0.1:{port}"), &credentials));
    let mut options = load.executor(executor_port, rate, server);
    options.more.extend(["--api", API, "--register"].map(str::to_owned));
    let mut executor = Executor::start(programs, options)?;
    // It registers, and no job fires before there is somebody to run it.
    thread::sleep(Duration::from_secs(2));
    ids.into_iter().try_for_each(|id| api.enable(id))?;
    println!("measuring ...");
    let disk = || figures::bytes_of(scratch.path(), DATA).map(Some);
    let measured = dispatch::watch(&executor, serving.id(), rate, load.seconds, disk)?;
    serving.stop()?;
    executor.group.stop()?;
    Ok(measured)
}

fn start(executable: &Path, scratch: &Path, port: u16, token: &str) -> Result<Group> {
    let mut command = Command::new(executable);
    let data = scratch.join(DATA);
    std::fs::create_dir_all(&data)?;
    command.current_dir(scratch).env("RATCH_DATA_DIR", data);
    let ports = [("API", port), ("CONSOLE", paths::free_port()?)];
    for (name, port) in ports {
        command.env(format!("RATCH_HTTP_{name}_PORT"), port.to_string());
    }
    command.env("RATCH_GRPC_CLUSTER_PORT", paths::free_port()?.to_string());
    command.env("RATCH_XXL_DEFAULT_ACCESS_TOKEN", token).env("RUST_LOG", "warn");
    let log = File::create(scratch.join("ratchjob.log"))?;
    Group::spawn("ratchjob", command.stdout(log.try_clone()?).stderr(log))
}

/// Waits until it answers.
fn connect(port: u16, serving: &mut Group) -> Result<Api> {
    let deadline = Instant::now() + START;
    loop {
        serving.check_alive()?;
        if let Ok(mut api) = Api::connect(port)
            && api.is_able()
        {
            return Ok(api);
        }
        if Instant::now() > deadline {
            bail!("ratchjob is not ready after {} s", START.as_secs());
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// A connection to its interface for programs.
struct Api {
    stream: BufReader<TcpStream>,
}

impl Api {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Whether it has elected itself, which it does a while after its start: before, nothing is written.
    fn is_able(&mut self) -> bool {
        let probe =
            json!({"enable": false, "appName": "probe", "namespace": NAMESPACE, "handleName": "probe"});
        self.post("create", &probe).is_ok()
    }

    /// Creates a job that fires every second when it is enabled; returns its id.
    fn create(&mut self, number: u32, credentials: &Credentials) -> Result<u64> {
        let created = self.post(
            "create",
            &json!({
                "enable": false,
                "appName": credentials.app_name,
                "namespace": NAMESPACE,
                "description": format!("Job {number}"),
                "scheduleType": "CRON",
                "cronValue": "* * * * * *",
                "runMode": "BEAN",
                "handleName": "bench",
                "triggerParam": "",
                "routerStrategy": "ROUND_ROBIN",
                "blockingStrategy": "SERIAL_EXECUTION",
                "timeoutSecond": 0,
                "tryTimes": 0,
            }),
        )?;
        created["content"]["id"].as_u64().with_context(|| format!("a job without an id: {created}"))
    }

    fn enable(&mut self, id: u64) -> Result<()> {
        self.post("update", &json!({"id": id, "enable": true})).map(drop)
    }

    fn post(&mut self, what: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let head = format!(
            "POST /ratch/v1/job/{what} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line)? > 0, "ratchjob closed the connection");
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let answer: Value = serde_json::from_slice(&answer).context("ratchjob answered no JSON")?;
        ensure!(answer["code"] == 200, "ratchjob answered {answer}");
        Ok(answer)
    }
}
