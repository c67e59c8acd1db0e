//! `cargo xtask bench`

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::orrery::{self, Server};
use crate::paths::{self, ScratchFolder};
use crate::process::Group;
use crate::site;

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Jobs that fire every second at an executor that answers at once.
    Dispatch(Dispatch),
}

#[derive(clap::Args)]
struct Dispatch {
    /// Number of jobs, each firing every second.
    #[arg(long, default_value_t = 1000)]
    jobs: u32,
    /// How long to measure, after the warm-up.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Seconds after the first run that do not count.
    #[arg(long, default_value_t = 5)]
    warm_up: u32,
    /// Another database than a fresh SQLite file; it must be empty.
    #[arg(long)]
    database_url: Option<String>,
}

pub fn bench(options: &Options) -> Result<()> {
    let What::Dispatch(dispatch) = &options.what;
    let build = site::build(true)?;
    let executor = site::build_helper("bench-executor", true)?;
    let scratch = ScratchFolder::create("bench")?;
    let own = format!("sqlite:{}", scratch.path().join("orrery.db").display());
    let database = dispatch.database_url.as_deref().unwrap_or(&own);
    let server = Server::new(&build, database, &format!("127.0.0.1:{}", paths::free_port()?));
    let executor_port = paths::free_port()?;
    let credentials = server.set_up_benchmark(dispatch.jobs, &format!("http://127.0.0.1:{executor_port}"))?;
    let (mut executor, events) =
        start_executor(executor, dispatch, executor_port, &server.url(), &credentials)?;
    let (mut serving, _lines) = server.set("ORRERY_LOG", "warn").serve()?;
    wait_for(&events, "begin", dispatch.warm_up + 30)?;
    let before = ProcessUse::of(serving.id())?;
    let measured = wait_for(&events, "end", dispatch.seconds + 30)?;
    let after = ProcessUse::of(serving.id())?;
    serving.stop()?;
    executor.stop()?;
    print_figures(dispatch, &measured, after.cpu.saturating_sub(before.cpu), after.resident_kib);
    Ok(())
}

fn start_executor(
    executable: PathBuf,
    dispatch: &Dispatch,
    port: u16,
    server: &str,
    credentials: &orrery::Credentials,
) -> Result<(Group, Receiver<String>)> {
    let mut command = Command::new(executable);
    command.args(["--port", &port.to_string(), "--server", server]);
    command.args(["--warm-up", &dispatch.warm_up.to_string(), "--seconds", &dispatch.seconds.to_string()]);
    command.env("BENCH_TOKEN", &credentials.token).env("BENCH_APP_NAME", &credentials.app_name);
    command.env("BENCH_NAMESPACE", &credentials.namespace);
    let mut group = Group::spawn("the benchmark's executor", command.stdout(Stdio::piped()))?;
    let lines = orrery::forward_lines(group.child().stdout.take().context("no standard output")?);
    Ok((group, lines))
}

/// The first line of JSON whose `event` is this.
fn wait_for(events: &Receiver<String>, event: &str, seconds: u32) -> Result<Value> {
    loop {
        let Ok(line) = events.recv_timeout(Duration::from_secs(seconds.into())) else {
            bail!("the benchmark's executor did not report `{event}` within {seconds} s: no run arrived?");
        };
        match serde_json::from_str::<Value>(&line) {
            Ok(value) if value["event"] == event => return Ok(value),
            _ => {}
        }
    }
}

/// What a process has used so far.
struct ProcessUse {
    /// Processor time in user and system mode.
    cpu: Duration,
    resident_kib: u64,
}

impl ProcessUse {
    /// Reads `/proc`, hence Linux only.
    fn of(id: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))
            .context("the benchmark reads /proc and needs Linux")?;
        // The second field is the program's name, which may hold blanks: count from its closing parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        // Linux counts in hundredths of a second on every architecture it tells programs about.
        Ok(Self { cpu: Duration::from_millis(ticks * 10), resident_kib: resident.unwrap_or(0) })
    }
}

fn print_figures(dispatch: &Dispatch, measured: &Value, cpu: Duration, resident_kib: u64) {
    let number = |key: &str| measured[key].as_u64().unwrap_or(0);
    let (runs, expected) = (number("runs"), u64::from(dispatch.jobs) * u64::from(dispatch.seconds));
    let per_second = |count: u64| count as f64 / f64::from(dispatch.seconds);
    println!("\n{} jobs each second for {} s", dispatch.jobs, dispatch.seconds);
    println!("  runs received        {runs} of {expected} ({:.0} runs/s)", per_second(runs));
    println!("  received twice       {}", number("duplicates"));
    println!("  callbacks refused    {}", number("refused_callbacks"));
    println!(
        "  due to received      p50 {} ms, p99 {} ms, longest {} ms",
        number("p50_ms"),
        number("p99_ms"),
        number("max_ms")
    );
    println!("  server CPU per run   {:.0} µs", cpu.as_micros() as f64 / (runs.max(1) as f64));
    println!("  server memory (RSS)  {} MiB", resident_kib / 1024);
}
