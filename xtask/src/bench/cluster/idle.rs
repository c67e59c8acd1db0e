//! What servers ask of the database that have nothing to do.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Cluster, Options, server};
use crate::bench::figures::{self, ProcessUse, Table, each, grouped};
use crate::bench::programs::Programs;
use crate::database::DurablePostgres;
use crate::orrery::BenchmarkContent;
use crate::paths::ScratchFolder;

const JOBS: u32 = 100_000;
/// Until what the start left to do is done.
const SETTLE: Duration = Duration::from_secs(20);
/// Long enough for what is looked after once a minute.
const WATCHED_S: u32 = 60;
const DATABASE: &str = "idle";
/// How many of the statements are shown.
const SHOWN: usize = 8;

pub fn idle(programs: &Programs, options: &Options) -> Result<()> {
    let database = DurablePostgres::start("pg_stat_statements")?;
    println!("{} jobs: filling the database ...", grouped(JOBS.into()));
    fill(programs, &database)?;
    let mut table = Table::new(&[
        "Servers",
        "Statements/s",
        "Transactions/s",
        "Servers' CPU per second",
        "PostgreSQL's CPU per second",
        "RSS of a server",
    ]);
    for servers in &options.servers {
        let mut cluster = Cluster::new(&programs.server, &database.url(DATABASE), *servers)?;
        cluster.start()?;
        thread::sleep(SETTLE);
        println!("{servers} idle: measuring ...");
        table.add(measure(&cluster, &database)?);
        cluster.kill()?;
        table.print();
        frequent(&database)?.print();
    }
    Ok(())
}

/// Makes the jobs, of which none is due before New Year's Eve.
fn fill(programs: &Programs, database: &DurablePostgres) -> Result<()> {
    database.create(DATABASE, "template0")?;
    let folder = ScratchFolder::create("bench-fill")?;
    let content = BenchmarkContent {
        jobs: JOBS,
        executors: vec!["http://127.0.0.1:9".to_owned()],
        history: 0,
        days: BenchmarkContent::WEEK,
        fires: "rarely",
        native: false,
        hook: None,
    };
    let outside = server(&programs.server, &database.url(DATABASE), "127.0.0.1:0")
        .set("ORRERY_DATA_DIR", &folder.path().to_string_lossy());
    outside.set_up_benchmark(&content)?;
    // One of them fires each second, to tell when a server begins to: here it is to wait as the others do.
    database.ask(DATABASE, "UPDATE job_cursor SET next_at = (SELECT max(next_at) FROM job_cursor)")?;
    database.ask(DATABASE, "VACUUM ANALYZE")?;
    database.ask(DATABASE, "CREATE EXTENSION pg_stat_statements").map(drop)
}

/// A line of the table.
fn measure(cluster: &Cluster, database: &DurablePostgres) -> Result<Vec<String>> {
    let look = || anyhow::Ok((cluster.uses()?, figures::family_cpu(database.id())?, transactions(database)?));
    let before = look()?;
    database.ask(DATABASE, "SELECT pg_stat_statements_reset()")?;
    thread::sleep(Duration::from_secs(WATCHED_S.into()));
    let statements = number(&database.ask(DATABASE, &format!("SELECT sum(calls) {OF_SERVERS}"))?)?;
    let after = look()?;
    let cpu = |uses: &[ProcessUse]| uses.iter().map(|own| own.cpu).sum::<Duration>();
    let each_second = |count: f64| format!("{:.1}", count / f64::from(WATCHED_S));
    let ms_each_second = |cpu: Duration| format!("{} ms", each_second(cpu.as_secs_f64() * 1_000.0));
    let resident = after.0.iter().map(|own| own.resident_kib).max().unwrap_or(0);
    Ok(vec![
        cluster.nodes.len().to_string(),
        each_second(statements),
        each_second(after.2 - before.2),
        ms_each_second(cpu(&after.0).saturating_sub(cpu(&before.0))),
        ms_each_second(after.1.saturating_sub(before.1)),
        format!("{} MiB", resident / 1_024),
    ])
}

/// All but what the measuring itself asks.
const OF_SERVERS: &str = "FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%'";

fn transactions(database: &DurablePostgres) -> Result<f64> {
    let sql =
        format!("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{DATABASE}'");
    number(&database.ask(DATABASE, &sql)?)
}

fn number(printed: &str) -> Result<f64> {
    printed.trim().parse().with_context(|| format!("PostgreSQL answers {printed:?}, which is no number"))
}

/// What was asked most often since the last reset.
fn frequent(database: &DurablePostgres) -> Result<Table> {
    let sql = format!(
        "SELECT sum(calls), substr(regexp_replace(query, '\\s+', ' ', 'g'), 1, 60) AS text {OF_SERVERS} \
         GROUP BY text ORDER BY 1 DESC LIMIT {SHOWN}"
    );
    let mut table = Table::new(&["Times a second", "Statement"]);
    for line in database.ask(DATABASE, &sql)?.lines() {
        let (calls, text) = line.split_once('|').context("a row without columns")?;
        table.add(vec![format!("{:.2}", each(number(calls)?, WATCHED_S.into())), format!("`{text}`")]);
    }
    Ok(table)
}
