//! `cargo xtask bench peer`: another scheduler under the same load, in turn with ours: same machine, same minutes,
//! same executor, results in the same batches.

mod ratchjob;

use std::path::PathBuf;

use anyhow::Result;

use super::dispatch::{self, Load, Measured};
use super::figures::{Table, each, grouped};
use super::programs::Programs;
use super::raw;

#[derive(clap::Args)]
pub struct Options {
    /// The other scheduler.
    #[arg(value_enum)]
    peer: Peer,
    /// Numbers of jobs, each firing every second, all at the same instant.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 10_000])]
    rates: Vec<u32>,
    #[command(flatten)]
    load: Load,
    /// Measure this server beside it instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Peer {
    /// Version 0.3.1, in Rust; keeps the last 100 runs of a job.
    Ratchjob,
}

pub fn peer(options: &Options) -> Result<()> {
    let Peer::Ratchjob = options.peer;
    let executable = ratchjob::install()?;
    let programs = Programs::build(options.executable.as_deref())?;
    let head: Vec<&str> = std::iter::once("Server").chain(dispatch::HEAD.iter().copied()).collect();
    let mut table = Table::new(&head);
    for rate in &options.rates {
        let posts = raw::posts_per_second(&programs)?;
        let ours = dispatch::measure(&programs, &options.load, "burst", *rate, None)?;
        let theirs = ratchjob::measure(&executable, &programs, &options.load, *rate)?;
        table.add(named("Orrery", dispatch::row(&ours, posts)));
        table.add(named("ratchjob", dispatch::row(&theirs, posts)));
        table.add(named("Orrery ÷ ratchjob", ratios(&ours, &theirs)));
        table.print();
    }
    Ok(())
}

fn named(name: &str, row: Vec<String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(row).collect()
}

/// In the columns of [`dispatch::HEAD`].
fn ratios(ours: &Measured, theirs: &Measured) -> Vec<String> {
    let ratio = |ours: f64, theirs: f64| match theirs > 0.0 {
        true => format!("{:.2}", ours / theirs),
        false => "–".to_owned(),
    };
    let of_seen = |of: fn(&Measured) -> u64| ratio(of(ours) as f64, of(theirs) as f64);
    let per_run = |bytes: u64, measured: &Measured| each(bytes as f64, measured.seen.received);
    let written = |measured: &Measured| per_run(measured.written, measured);
    let disk = |measured: &Measured| per_run(measured.disk.unwrap_or(0), measured);
    vec![
        grouped(ours.rate.into()),
        String::new(),
        String::new(),
        String::new(),
        of_seen(|measured| measured.seen.p50_us),
        of_seen(|measured| measured.seen.p99_us),
        of_seen(|measured| measured.seen.max_us),
        String::new(),
        String::new(),
        ratio(ours.cpu_per_run(), theirs.cpu_per_run()),
        String::new(),
        of_seen(|measured| measured.resident_kib),
        ratio(written(ours), written(theirs)),
        ratio(disk(ours), disk(theirs)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::figures::Seen;
    use super::*;
    use std::time::Duration;

    #[test]
    fn ratios_stand_below_what_they_compare() {
        let theirs = Measured {
            rate: 1_000,
            expected: 1_000,
            seen: Seen { received: 1_000, p50_us: 20_000, p99_us: 40_000, max_us: 0, ..Seen::default() },
            server_cpu: Duration::from_millis(30),
            executor_cpu: Duration::ZERO,
            resident_kib: 1_000,
            written: 0,
            disk: None,
        };
        let seen = Seen { p99_us: 20_000, ..theirs.seen };
        let ours = Measured { seen, server_cpu: Duration::from_millis(24), ..theirs };
        let row = ratios(&ours, &theirs);
        assert_eq!(row.len(), dispatch::HEAD.len());
        let column = |name| dispatch::HEAD.iter().position(|own| *own == name).unwrap();
        let columns = [
            ("p50", "1.00"),
            ("p99", "0.50"),
            ("Longest", "–"),
            ("Server CPU/run", "0.80"),
            ("Disk/run", "–"),
        ];
        for (name, expected) in columns {
            assert_eq!(row[column(name)], expected, "{name}");
        }
    }
}
