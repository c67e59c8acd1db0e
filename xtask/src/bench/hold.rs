//! `cargo xtask bench hold`: what jobs cost that are not due, and how soon a server fires that has many.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::dispatch::{Callbacks, Load};
use super::figures::{self, ProcessUse, Table, grouped};
use super::programs::{Executor, Prepared, Programs};
use crate::orrery::BenchmarkContent;
use crate::paths;

/// Until what the start left to do is done.
const SETTLE: Duration = Duration::from_secs(15);

#[derive(clap::Args)]
pub struct Options {
    /// Numbers of jobs, one after the other. One of them fires every second, to tell when firing has begun; the
    /// others are due on New Year's Eve.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 100_000, 1_000_000])]
    jobs: Vec<u32>,
    /// How long the server is watched with nothing else to do.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Measure this server instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

pub fn hold(options: &Options) -> Result<()> {
    let programs = Programs::build(options.executable.as_deref())?;
    let mut table = Table::new(&[
        "Jobs",
        "Start to ready",
        "Start to first run",
        "RSS",
        "CPU per idle second",
        "Database",
    ]);
    for jobs in &options.jobs {
        println!("{} jobs: filling the database ...", grouped((*jobs).into()));
        table.add(measure(&programs, *jobs, options.seconds)?);
        table.print();
    }
    Ok(())
}

/// A line of the table.
fn measure(programs: &Programs, jobs: u32, seconds: u32) -> Result<Vec<String>> {
    let port = paths::free_port()?;
    let executors = vec![format!("http://127.0.0.1:{port}")];
    let content = BenchmarkContent {
        jobs,
        executors,
        history: 0,
        days: BenchmarkContent::WEEK,
        fires: "rarely",
        native: false,
        hook: None,
    };
    let prepared = Prepared::new(programs, None, &content)?;
    let size = figures::bytes_of(prepared.scratch.path(), Prepared::DATABASE)?;
    let credentials = prepared.credentials.first().context("no executor")?;
    let load = Load { history: 0, callbacks: Callbacks::Batched, native: false, warm_up: 0, seconds };
    let server = Some((prepared.server.url(), credentials));
    let mut executor = Executor::start(programs, load.executor(port, 1, server))?;
    let start = Instant::now();
    let (mut serving, ready) = prepared.serve()?;
    // Without a warm-up, the first run begins it.
    executor.begin()?;
    let first_run = start.elapsed();
    thread::sleep(SETTLE);
    let before = ProcessUse::of(serving.id())?;
    thread::sleep(Duration::from_secs(seconds.into()));
    let after = ProcessUse::of(serving.id())?;
    serving.stop()?;
    executor.group.stop()?;
    let idle = after.cpu.saturating_sub(before.cpu).as_micros() as f64 / 1_000.0 / f64::from(seconds);
    Ok(vec![
        grouped(jobs.into()),
        format!("{:.2} s", ready.as_secs_f64()),
        format!("{:.2} s", first_run.as_secs_f64()),
        format!("{} MiB", after.resident_kib / 1_024),
        format!("{idle:.1} ms"),
        format!("{} MiB", size >> 20),
    ])
}
