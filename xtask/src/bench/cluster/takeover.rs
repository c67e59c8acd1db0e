//! How long the jobs of a server that was killed do not fire.
//!
//! The executors are those of `cargo xtask chaos`, which behave as XXL-JOB's Java executor does: when a server is
//! killed, the runs that it had just sent are in doubt, and their executors are asked.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Cluster, Options, metric, server};
use crate::bench::figures::Table;
use crate::bench::programs::Programs;
use crate::chaos::agent::{self, Agent};
use crate::database::DurablePostgres;
use crate::paths::ScratchFolder;
use crate::site;
use crate::wall_clock::now;

const DATABASE: &str = "takeover";
/// Of each executor; each fires every second.
const JOBS: usize = 30;
/// Executors, and how many instances each has.
const EXECUTORS: [(&str, usize); 2] = [("single", 1), ("pair", 2)];
/// Longer than a run can be in doubt: a job that does not fire by then never would.
const PATIENCE: Duration = Duration::from_secs(330);

/// Times from a kill until all jobs of an executor had fired again, ms; by the executor's name.
type Times = BTreeMap<&'static str, Vec<i64>>;

pub fn takeover(programs: &Programs, options: &Options) -> Result<()> {
    let built = site::build_programs(&["chaos-executor"], true)?;
    let executable = built.first().context("no executor was built")?;
    let database = DurablePostgres::start("")?;
    database.create(DATABASE, "template0")?;
    let url = database.url(DATABASE);
    let folder = ScratchFolder::create("bench-takeover")?;
    let file = folder.path().join("fixture.json");
    fs::write(&file, fixture().to_string())?;
    let outside = server(&programs.server, &url, "127.0.0.1:0")
        .set("ORRERY_DATA_DIR", &folder.path().join("outside").to_string_lossy());
    let printed = outside.apply_fixture(&file)?;
    let servers = options.servers.last().copied().context("no number of servers")?;
    let mut cluster = Cluster::new(&programs.server, &url, servers)?;
    let mut agents = Vec::new();
    for (name, instances) in EXECUTORS {
        for number in 0..instances {
            let (token, urls) = (agent::token(&printed, name)?, cluster.urls());
            let mut agent = Agent::new(name, number, executable, folder.path(), token, urls, false)?;
            agent.start()?;
            agents.push(agent);
        }
    }
    cluster.start()?;
    let mut journals = agents.iter().map(Journal::of).collect::<Result<Vec<_>>>()?;
    let times = kill_in_turn(&mut cluster, &mut journals, options.kills)?;
    cluster.kill()?;
    agents.iter_mut().try_for_each(Agent::kill)?;
    print(&times, servers);
    Ok(())
}

/// For `orrery fixture apply`.
fn fixture() -> Value {
    let names = EXECUTORS.map(|(name, _)| name);
    let job = |executor: &str, number: usize| {
        json!({
            "name": format!("{executor}-{number}"), "app_name": executor, "handler": "bench", "parameter": "",
            "cron": "* * * * * ?",
        })
    };
    let jobs: Vec<Value> =
        names.iter().flat_map(|name| (0..JOBS).map(move |number| job(name, number))).collect();
    json!({ "executors": names.map(|name| json!({ "app_name": name })), "jobs": jobs })
}

/// Kills one server after the other, and starts it again when all jobs fire.
fn kill_in_turn(cluster: &mut Cluster, journals: &mut [Journal], kills: u32) -> Result<Times> {
    let mut times = Times::new();
    let servers = cluster.nodes.len();
    for kill in 0..kills {
        cluster.wait_until_shared()?;
        sleep_until_part_of_second(kill);
        let victim = &mut cluster.nodes[kill as usize % servers];
        let jobs =
            metric(victim, "orrery_jobs").context("the server that is to be killed does not answer")?;
        ensure!(jobs > 0, "the server that is to be killed has no jobs");
        let killed_at = now();
        victim.kill()?;
        let after = wait_until_all_fire(journals, killed_at)?;
        let line: Vec<String> =
            after.iter().map(|(name, ms)| format!("{name} after {:.1} s", *ms as f64 / 1_000.0)).collect();
        println!("kill {}: {jobs} jobs of its own; {}", kill + 1, line.join(", "));
        for (name, ms) in after {
            times.entry(name).or_default().push(ms);
        }
        let victim = &mut cluster.nodes[kill as usize % servers];
        victim.start()?;
        victim.wait_until_ready()?;
    }
    Ok(times)
}

/// The jobs fire at whole seconds, and what a server has under way when it is killed depends on the part of the
/// second: the kills are spread evenly over it.
fn sleep_until_part_of_second(kill: u32) {
    /// Multiples of the golden section, taken as parts of one, are spread evenly, however many there are.
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let part = ((f64::from(kill) * GOLDEN).fract() * 1_000.0) as i64;
    let rest = (part - now()).rem_euclid(1_000);
    thread::sleep(Duration::from_millis(rest.unsigned_abs()));
}

/// Waits until each job has started a run that was due after the kill; for each executor how long that took, ms.
fn wait_until_all_fire(journals: &mut [Journal], killed_at: i64) -> Result<BTreeMap<&'static str, i64>> {
    let deadline = Instant::now() + PATIENCE;
    let mut first = BTreeMap::<&'static str, BTreeMap<i64, i64>>::new();
    loop {
        for journal in journals.iter_mut() {
            let jobs = first.entry(journal.name).or_default();
            for line in journal.new_lines()? {
                let Some((job, at)) = start_due_after(&line, killed_at) else { continue };
                let earliest = jobs.entry(job).or_insert(at);
                *earliest = at.min(*earliest);
            }
        }
        if first.values().all(|jobs| jobs.len() == JOBS) {
            let last = |jobs: BTreeMap<i64, i64>| jobs.into_values().max().unwrap_or(killed_at) - killed_at;
            return Ok(first.into_iter().map(|(name, jobs)| (name, last(jobs))).collect());
        }
        let still: usize = first.values().map(|jobs| JOBS - jobs.len()).sum();
        ensure!(Instant::now() < deadline, "{still} jobs do not fire {} s after a kill", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(200));
    }
}

/// What an executor writes down, read while it does.
struct Journal {
    /// The executor's.
    name: &'static str,
    file: BufReader<File>,
    /// Of a line that is not written to its end.
    begun: String,
}

impl Journal {
    fn of(agent: &Agent) -> Result<Self> {
        let file = BufReader::new(File::open(agent.journal())?);
        Ok(Self { name: agent.name, file, begun: String::new() })
    }

    /// The lines since the last call.
    fn new_lines(&mut self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        while self.file.read_line(&mut self.begun)? > 0 {
            if self.begun.ends_with('\n') {
                lines.push(std::mem::take(&mut self.begun));
            }
        }
        Ok(lines)
    }
}

/// The job of a line of the journal that tells of a start, and when that was, ms since 1970.
fn start_due_after(line: &str, killed_at: i64) -> Option<(i64, i64)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let is_wanted = line["event"] == "start" && line["due"].as_i64()? > killed_at;
    if is_wanted { Some((line["job"].as_i64()?, line["at"].as_i64()?)) } else { None }
}

fn print(times: &Times, servers: usize) {
    let mut table =
        Table::new(&["Servers", "Instances of the executor", "Kills", "p50", "p90", "Longest", "Above 10 s"]);
    for (name, instances) in EXECUTORS {
        let mut sorted = times.get(name).cloned().unwrap_or_default();
        sorted.sort_unstable();
        let at = |part: f64| seconds(quantile(&sorted, part));
        let above = sorted.iter().filter(|ms| **ms > 10_000).count();
        table.add(vec![
            servers.to_string(),
            instances.to_string(),
            sorted.len().to_string(),
            at(0.5),
            at(0.9),
            at(1.0),
            above.to_string(),
        ]);
    }
    table.print();
}

/// The least of the sorted numbers that so large a part of them does not exceed; 0 without any.
fn quantile(sorted: &[i64], part: f64) -> i64 {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0)
}

fn seconds(ms: i64) -> String {
    format!("{:.1} s", ms as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_numbers() {
        let numbers: Vec<i64> = (1..=50).collect();
        assert_eq!([0.5, 0.9, 1.0].map(|part| quantile(&numbers, part)), [25, 45, 50]);
        assert_eq!(quantile(&[7], 0.5), 7);
        assert_eq!(quantile(&[], 0.5), 0);
    }

    #[test]
    fn only_a_start_that_was_due_after_the_kill_counts() {
        let line = |event: &str, due: i64| {
            json!({"event": event, "run": 1, "job": 7, "due": due, "code": 0, "at": 9_000}).to_string()
        };
        assert_eq!(start_due_after(&line("start", 5_001), 5_000), Some((7, 9_000)));
        assert_eq!(start_due_after(&line("start", 5_000), 5_000), None);
        assert_eq!(start_due_after(&line("end", 6_000), 5_000), None);
        assert_eq!(start_due_after("{\"event\":\"sta", 5_000), None);
    }
}
