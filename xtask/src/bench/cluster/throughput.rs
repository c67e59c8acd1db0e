//! What so many servers carry, and what it costs them and the database.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Cluster, Options, server};
use crate::bench::dispatch::Load;
use crate::bench::figures::{self, ProcessUse, Seen, Table, each, grouped, ms};
use crate::bench::programs::{Executor, Programs};
use crate::database::DurablePostgres;
use crate::orrery::{BenchmarkContent, Credentials};
use crate::paths::{self, ScratchFolder};

/// What every number of servers begins with.
const FILLED: &str = "filled";
const MEASURED: &str = "measured";

/// What one number of servers came to at one rate.
struct Measured {
    seen: Seen,
    expected: u64,
    seconds: u32,
    /// Of all servers together.
    servers_cpu: Duration,
    database_cpu: Duration,
    executor_cpu: Duration,
    /// Of the largest server.
    resident_kib: u64,
}

pub fn throughput(programs: &Programs, options: &Options) -> Result<()> {
    let database = DurablePostgres::start("")?;
    let mut table = Table::new(HEAD);
    for rate in &options.rates {
        println!("{} jobs: filling the database ...", grouped((*rate).into()));
        let port = paths::free_port()?;
        let credentials = fill(programs, &database, &options.load, *rate, port)?;
        for servers in &options.servers {
            println!("{} jobs on {servers}: measuring ...", grouped((*rate).into()));
            database.create(MEASURED, FILLED)?;
            let mut cluster = Cluster::new(&programs.server, &database.url(MEASURED), *servers)?;
            let of_servers = Some((cluster.urls().join(","), &credentials));
            let mut executor = Executor::start(programs, options.load.executor(port, *rate, of_servers))?;
            let measured = measure(&mut cluster, &database, &executor, &options.load, *rate);
            cluster.kill()?;
            executor.group.stop()?;
            database.discard(MEASURED)?;
            match measured {
                Ok(measured) => table.add(row(*servers, *rate, &measured)),
                // Beyond what they carry; the other numbers say where that begins.
                Err(error) => println!("note: {rate} jobs on {servers} have no line: {error:#}"),
            }
            table.print();
        }
        database.discard(FILLED)?;
    }
    Ok(())
}

/// Makes a database with the jobs and their past.
fn fill(
    programs: &Programs,
    database: &DurablePostgres,
    load: &Load,
    rate: u32,
    port: u16,
) -> Result<Credentials> {
    database.create(FILLED, "template0")?;
    let folder = ScratchFolder::create("bench-fill")?;
    let content = BenchmarkContent {
        jobs: rate,
        executors: vec![format!("http://127.0.0.1:{port}")],
        history: load.history,
        days: BenchmarkContent::WEEK,
        fires: "burst",
        native: load.native,
        hook: None,
    };
    let outside = server(&programs.server, &database.url(FILLED), "127.0.0.1:0")
        .set("ORRERY_DATA_DIR", &folder.path().to_string_lossy());
    let credentials = outside.set_up_benchmark(&content)?;
    // As PostgreSQL would have done by itself long before there are so many rows.
    database.ask(FILLED, "VACUUM ANALYZE")?;
    credentials.into_iter().next().context("no executor")
}

fn measure(
    cluster: &mut Cluster,
    database: &DurablePostgres,
    executor: &Executor,
    load: &Load,
    rate: u32,
) -> Result<Measured> {
    let started = Instant::now();
    cluster.start()?;
    let in_time = started.elapsed() < Duration::from_secs(load.warm_up.into());
    ensure!(in_time, "the warm-up was over before the servers had shared the jobs");
    let look = || {
        let (database, executor) =
            (figures::family_cpu(database.id())?, ProcessUse::of(executor.group.id())?);
        anyhow::Ok((cluster.uses()?, database, executor.cpu))
    };
    executor.begin()?;
    let before = look()?;
    executor.over()?;
    let after = look()?;
    let cpu = |uses: &[ProcessUse]| uses.iter().map(|own| own.cpu).sum::<Duration>();
    Ok(Measured {
        seen: executor.end()?,
        expected: u64::from(rate) * u64::from(load.seconds),
        seconds: load.seconds,
        servers_cpu: cpu(&after.0).saturating_sub(cpu(&before.0)),
        database_cpu: after.1.saturating_sub(before.1),
        executor_cpu: after.2.saturating_sub(before.2),
        resident_kib: after.0.iter().map(|own| own.resident_kib).max().unwrap_or(0),
    })
}

const HEAD: &[&str] = &[
    "Jobs/s",
    "Servers",
    "Received",
    "Twice",
    "Results recorded",
    "p50",
    "p99",
    "Longest",
    "Servers' CPU/run",
    "PostgreSQL's CPU/run",
    "Executor CPU/run",
    "Cores busy",
    "RSS of a server",
];

fn row(servers: usize, rate: u32, measured: &Measured) -> Vec<String> {
    let Measured { seen, expected, seconds, servers_cpu, database_cpu, executor_cpu, resident_kib } =
        measured;
    let percent = |count: u64| format!("{:.1} %", each(count as f64 * 100.0, *expected));
    let per_run = |cpu: &Duration| format!("{:.1} µs", each(cpu.as_micros() as f64, seen.received));
    let busy = (*servers_cpu + *database_cpu + *executor_cpu).as_secs_f64() / f64::from(*seconds);
    vec![
        grouped(rate.into()),
        servers.to_string(),
        percent(seen.received),
        seen.twice.to_string(),
        percent(seen.recorded),
        ms(seen.p50_us),
        ms(seen.p99_us),
        ms(seen.max_us),
        per_run(servers_cpu),
        per_run(database_cpu),
        per_run(executor_cpu),
        format!("{busy:.2}"),
        format!("{} MiB", resident_kib / 1_024),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_the_servers_and_the_database_apart() {
        let measured = Measured {
            seen: Seen { received: 9_000, recorded: 8_000, ..Seen::default() },
            expected: 10_000,
            seconds: 2,
            servers_cpu: Duration::from_millis(900),
            database_cpu: Duration::from_millis(1_800),
            executor_cpu: Duration::from_millis(90),
            resident_kib: 40_960,
        };
        let row = row(3, 5_000, &measured);
        assert_eq!(row.len(), HEAD.len());
        assert_eq!(row[..5], ["5,000", "3", "90.0 %", "0", "80.0 %"]);
        assert_eq!(row[8..], ["100.0 µs", "200.0 µs", "10.0 µs", "1.40", "40 MiB"]);
    }
}
