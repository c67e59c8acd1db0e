//! `cargo xtask bench dispatch`: jobs that fire every second at an executor that answers at once.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use super::figures::{self, ProcessUse, Seen, Table, each, grouped, ms};
use super::programs::{Executor, ExecutorOptions, Prepared, Programs};
use super::raw;
use crate::orrery::{BenchmarkContent, Credentials};
use crate::paths;

#[derive(clap::Args)]
pub struct Options {
    /// Numbers of jobs, each firing every second; each number on a database of its own.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 10_000])]
    rates: Vec<u32>,
    /// Spread the jobs over the second; else all are due at the same instant.
    #[arg(long)]
    spread: bool,
    #[command(flatten)]
    pub load: Load,
    /// Another database than a fresh SQLite file; it must be empty, so that it serves one rate only.
    #[arg(long)]
    database_url: Option<String>,
    /// Measure this server instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

/// What every server is measured with.
#[derive(clap::Args, Clone, Copy)]
pub struct Load {
    /// Finished runs that are in the database before.
    #[arg(long, default_value_t = 1_000_000)]
    pub history: u32,
    /// How results come back: up to 200 in a request, or each in its own.
    #[arg(long, value_enum, default_value_t = Callbacks::Batched)]
    pub callbacks: Callbacks,
    /// The executor is one of our own: many runs in one request.
    #[arg(long)]
    pub native: bool,
    /// Seconds after the first run that do not count. Runs are entered into their jobs' lists a minute after they
    /// were due, which is part of the work: a shorter warm-up leaves it out.
    #[arg(long, default_value_t = 75)]
    pub warm_up: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Callbacks {
    Batched,
    Single,
}

impl Load {
    /// An executor for this load.
    pub fn executor<'a>(
        &self,
        port: u16,
        jobs: u32,
        server: Option<(String, &'a Credentials)>,
    ) -> ExecutorOptions<'a> {
        let batch = if self.callbacks == Callbacks::Batched { "200" } else { "1" };
        let more = vec!["--batch".to_owned(), batch.to_owned()];
        ExecutorOptions { port, jobs, warm_up: self.warm_up, seconds: self.seconds, more, server }
    }
}

/// What one rate came to.
#[derive(Clone, Copy)]
pub struct Measured {
    pub rate: u32,
    pub expected: u64,
    pub seen: Seen,
    pub server_cpu: Duration,
    pub executor_cpu: Duration,
    pub resident_kib: u64,
    /// Bytes that the server had written to disk.
    pub written: u64,
    /// By how much the files grew; none where they are not ours.
    pub disk: Option<u64>,
}

impl Measured {
    /// Microseconds.
    pub fn cpu_per_run(&self) -> f64 {
        each(self.server_cpu.as_micros() as f64, self.seen.received)
    }
}

pub fn dispatch(options: &Options) -> Result<()> {
    let programs = Programs::build(options.executable.as_deref())?;
    let fires = if options.spread { "spread" } else { "burst" };
    let mut table = Table::new(HEAD);
    for rate in &options.rates {
        let posts = raw::posts_per_second(&programs)?;
        let measured = measure(&programs, &options.load, fires, *rate, options.database_url.as_deref())?;
        table.add(row(&measured, posts));
        table.print();
    }
    Ok(())
}

/// One rate, on a database of its own.
pub fn measure(
    programs: &Programs,
    load: &Load,
    fires: &'static str,
    rate: u32,
    database_url: Option<&str>,
) -> Result<Measured> {
    println!("{} jobs: filling the database ...", grouped(rate.into()));
    let port = paths::free_port()?;
    let executors = vec![format!("http://127.0.0.1:{port}")];
    let content = BenchmarkContent {
        jobs: rate,
        executors,
        history: load.history,
        days: BenchmarkContent::WEEK,
        fires,
        native: load.native,
        hook: None,
    };
    let prepared = Prepared::new(programs, database_url, &content)?;
    let credentials = prepared.credentials.first().context("no executor")?;
    let server = Some((prepared.server.url(), credentials));
    let mut executor = Executor::start(programs, load.executor(port, rate, server))?;
    let (mut serving, _) = prepared.serve()?;
    println!("measuring ...");
    let folder = database_url.is_none().then(|| prepared.scratch.path());
    let disk = || folder.map(|folder| figures::bytes_of(folder, Prepared::DATABASE)).transpose();
    let measured = watch(&executor, serving.id(), rate, load.seconds, disk)?;
    serving.stop()?;
    executor.group.stop()?;
    Ok(measured)
}

/// Waits for the executor's figures, and takes the processes' beside them.
pub fn watch(
    executor: &Executor,
    server: u32,
    rate: u32,
    seconds: u32,
    disk: impl Fn() -> Result<Option<u64>>,
) -> Result<Measured> {
    let look = || anyhow::Ok((ProcessUse::of(server)?, ProcessUse::of(executor.group.id())?, disk()?));
    executor.begin()?;
    let before = look()?;
    executor.over()?;
    let after = look()?;
    Ok(Measured {
        rate,
        expected: u64::from(rate) * u64::from(seconds),
        seen: executor.end()?,
        server_cpu: after.0.cpu.saturating_sub(before.0.cpu),
        executor_cpu: after.1.cpu.saturating_sub(before.1.cpu),
        resident_kib: after.0.resident_kib,
        written: after.0.written.saturating_sub(before.0.written),
        disk: after.2.zip(before.2).map(|(after, before)| after.saturating_sub(before)),
    })
}

pub const HEAD: &[&str] = &[
    "Jobs/s",
    "Received",
    "Twice",
    "Results recorded",
    "p50",
    "p99",
    "Longest",
    "wrk",
    "p99 ÷ wrk",
    "Server CPU/run",
    "Executor CPU/run",
    "Server RSS",
    "Written/run",
    "Disk/run",
];

/// A line of the table; `posts` are the requests a second that the machine is capable of.
pub fn row(measured: &Measured, posts: Option<f64>) -> Vec<String> {
    let Measured { rate, expected, seen, .. } = measured;
    let of = |count: u64| match count == *expected {
        true => "all".to_owned(),
        false => format!("{} of {}", grouped(count), grouped(*expected)),
    };
    // How long wrk takes for as many requests as fall due each second.
    let at_best = posts.map(|posts| f64::from(*rate) / posts * 1e6);
    let executor = each(measured.executor_cpu.as_micros() as f64, seen.received);
    vec![
        grouped((*rate).into()),
        of(seen.received),
        seen.twice.to_string(),
        of(seen.recorded),
        ms(seen.p50_us),
        ms(seen.p99_us),
        ms(seen.max_us),
        at_best.map_or("–".to_owned(), |best| ms(best as u64)),
        at_best.map_or("–".to_owned(), |best| format!("{:.2}", seen.p99_us as f64 / best)),
        format!("{:.1} µs", measured.cpu_per_run()),
        format!("{executor:.1} µs"),
        format!("{} MiB", measured.resident_kib / 1_024),
        format!("{:.0} B", each(measured.written as f64, seen.received)),
        measured.disk.map_or("–".to_owned(), |bytes| format!("{:.0} B", each(bytes as f64, seen.received))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_is_missing() {
        let seen = Seen {
            received: 29_000,
            twice: 2,
            recorded: 30_000,
            p50_us: 9_000,
            p99_us: 40_000,
            max_us: 50_000,
        };
        let measured = Measured {
            rate: 1_000,
            expected: 30_000,
            seen,
            server_cpu: Duration::from_secs(1),
            executor_cpu: Duration::from_millis(290),
            resident_kib: 40_960,
            written: 116_000_000,
            disk: Some(58_000_000),
        };
        let row = row(&measured, Some(50_000.0));
        assert_eq!(row.len(), HEAD.len());
        assert_eq!(row[1..4], ["29,000 of 30,000", "2", "all"]);
        assert_eq!(row[7..], ["20 ms", "2.00", "34.5 µs", "10.0 µs", "40 MiB", "4000 B", "2000 B"]);
    }
}
