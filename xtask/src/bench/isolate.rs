//! `cargo xtask bench isolate`: what an executor that takes requests and never answers does to one that is well.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::dispatch::{Callbacks, Load};
use super::figures::{Seen, Table, grouped, ms};
use super::programs::{Executor, Prepared, Programs};
use crate::orrery::BenchmarkContent;
use crate::paths;

#[derive(clap::Args)]
pub struct Options {
    /// Jobs of each executor, each firing every second.
    #[arg(long, default_value_t = 200)]
    jobs: u32,
    /// Seconds after the first run that do not count: meanwhile what hangs piles up.
    #[arg(long, default_value_t = 20)]
    warm_up: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Measure this server instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

/// Whoever is beside the executor that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    None,
    Well,
    Hanging,
}

pub fn isolate(options: &Options) -> Result<()> {
    let programs = Programs::build(options.executable.as_deref())?;
    let mut table = Table::new(&["Beside", "Jobs/s", "Received", "p50", "p99", "Longest"]);
    let cases = [
        (Neighbour::None, "nobody"),
        (Neighbour::Well, "one that is well"),
        (Neighbour::Hanging, "one that hangs"),
    ];
    for (neighbour, name) in cases {
        println!("beside {name}: measuring ...");
        let seen = measure(&programs, options, neighbour)?;
        let received = format!("{:.1} %", seen.received as f64 / expected(options) as f64 * 100.0);
        let jobs = grouped(options.jobs.into());
        table.add(vec![name.to_owned(), jobs, received, ms(seen.p50_us), ms(seen.p99_us), ms(seen.max_us)]);
        table.print();
    }
    Ok(())
}

fn expected(options: &Options) -> u64 {
    u64::from(options.jobs) * u64::from(options.seconds)
}

fn measure(programs: &Programs, options: &Options, neighbour: Neighbour) -> Result<Seen> {
    let count = if neighbour == Neighbour::None { 1 } else { 2 };
    let ports = (0..count).map(|_| paths::free_port()).collect::<Result<Vec<_>>>()?;
    let content = BenchmarkContent {
        jobs: options.jobs,
        executors: ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect(),
        history: 0,
        days: BenchmarkContent::WEEK,
        fires: "burst",
        native: false,
    };
    let prepared = Prepared::new(programs, None, &content)?;
    let load = Load {
        history: 0,
        callbacks: Callbacks::Batched,
        native: false,
        warm_up: options.warm_up,
        seconds: options.seconds,
    };
    let mut executors = Vec::new();
    for (port, credentials) in ports.iter().zip(&prepared.credentials) {
        let mut own = load.executor(*port, options.jobs, Some((prepared.server.url(), credentials)));
        if neighbour == Neighbour::Hanging && !executors.is_empty() {
            own.more.push("--hang".to_owned());
        }
        executors.push(Executor::start(programs, own)?);
    }
    let (mut serving, _) = prepared.serve()?;
    let measured = executors.first().context("no executor")?;
    measured.begin()?;
    measured.over()?;
    let seen = measured.end()?;
    serving.stop()?;
    executors.iter_mut().try_for_each(|executor| executor.group.stop())?;
    Ok(seen)
}
