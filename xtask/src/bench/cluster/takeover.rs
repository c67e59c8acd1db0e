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

/// Later than this a run is late, ms.
const LATE_MS: i64 = 1_000;
/// A job that has not fired for longer does not fire, ms.
const SILENT_MS: i64 = 2_500;

/// What kills came to, by the executor's name.
type Times = BTreeMap<&'static str, Vec<Time>>;

/// Of one kill and one executor, from the kill on, ms.
#[derive(Clone, Copy)]
struct Time {
    /// Until all jobs had fired again.
    again: i64,
    /// Until the last run began that was late.
    late: i64,
}

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
        sleep_until_part_of_period(kill);
        let victim = &mut cluster.nodes[kill as usize % servers];
        let jobs =
            metric(victim, "orrery_jobs").context("the server that is to be killed does not answer")?;
        ensure!(jobs > 0, "the server that is to be killed has no jobs");
        let mut watch = Watch::since(now());
        victim.kill()?;
        watch.wait_until(journals, Watch::all_have_fired)?;
        victim.start()?;
        victim.wait_until_ready()?;
        cluster.wait_until_shared()?;
        watch.wait_until(journals, Watch::none_is_silent)?;
        let mut line = format!("kill {}: {jobs} jobs of its own", kill + 1);
        for (name, time) in watch.times() {
            line += &format!("; {name} after {}, late until {}", seconds(time.again), seconds(time.late));
            times.entry(name).or_default().push(time);
        }
        println!("{line}");
    }
    Ok(times)
}

/// What a server has under way when it is killed, and how long ago it renewed its lease, depend on the moment within
/// two seconds: jobs fire at whole seconds, and leases are renewed every two. The kills are spread evenly over that.
fn sleep_until_part_of_period(kill: u32) {
    const PERIOD_MS: i64 = 2_000;
    /// Multiples of the golden section, taken as parts of one, are spread evenly, however many there are.
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let part = ((f64::from(kill) * GOLDEN).fract() * PERIOD_MS as f64) as i64;
    let rest = (part - now()).rem_euclid(PERIOD_MS);
    thread::sleep(Duration::from_millis(rest.unsigned_abs()));
}

/// What became of the jobs since a kill.
struct Watch {
    killed_at: i64,
    executors: BTreeMap<&'static str, Starts>,
}

/// Starts of runs that were due after a kill, ms since 1970.
#[derive(Default)]
struct Starts {
    /// By job: the first, and the last.
    of_jobs: BTreeMap<i64, (i64, i64)>,
    /// The last that was late.
    late: Option<i64>,
}

impl Starts {
    fn note(&mut self, Start { job, due, at }: Start) {
        let (first, last) = self.of_jobs.entry(job).or_insert((at, at));
        (*first, *last) = (at.min(*first), at.max(*last));
        if at - due > LATE_MS {
            self.late = self.late.max(Some(at));
        }
    }
}

impl Watch {
    fn since(killed_at: i64) -> Self {
        Self { killed_at, executors: EXECUTORS.map(|(name, _)| (name, Starts::default())).into() }
    }

    /// Whether each job has started a run that was due after the kill.
    fn all_have_fired(&self) -> bool {
        self.executors.values().all(|starts| starts.of_jobs.len() == JOBS)
    }

    /// Whether each job fires now: one whose run is in doubt may have stopped again.
    fn none_is_silent(&self) -> bool {
        let since = now() - SILENT_MS;
        let fires = |starts: &Starts| starts.of_jobs.values().all(|(_, last)| *last > since);
        self.all_have_fired() && self.executors.values().all(fires)
    }

    fn wait_until(&mut self, journals: &mut [Journal], is_so: fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for journal in journals.iter_mut() {
                let starts = self.executors.entry(journal.name).or_default();
                let lines = journal.new_lines()?;
                let wanted = lines.iter().filter_map(|line| start(line));
                wanted.filter(|start| start.due > self.killed_at).for_each(|start| starts.note(start));
            }
            if is_so(self) {
                return Ok(());
            }
            let patience = PATIENCE.as_secs();
            ensure!(Instant::now() < deadline, "not all jobs fire {patience} s after a kill");
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn times(&self) -> impl Iterator<Item = (&'static str, Time)> {
        self.executors.iter().map(|(name, starts)| {
            let again = starts.of_jobs.values().map(|(first, _)| *first).max().unwrap_or(self.killed_at);
            let late = starts.late.unwrap_or(self.killed_at);
            (*name, Time { again: again - self.killed_at, late: late - self.killed_at })
        })
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

/// A run that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    job: i64,
    due: i64,
    at: i64,
}

/// What a line of the journal says of a start.
fn start(line: &str) -> Option<Start> {
    let line: Value = serde_json::from_str(line).ok()?;
    let number = |name: &str| line[name].as_i64();
    let is_start = line["event"] == "start";
    Some(Start { job: number("job")?, due: number("due")?, at: number("at")? }).filter(|_| is_start)
}

fn print(times: &Times, servers: usize) {
    let mut table = Table::new(HEAD);
    for (name, instances) in EXECUTORS {
        let times = times.get(name).map(Vec::as_slice).unwrap_or_default();
        let again = sorted(times, |time| time.again);
        let mut row = vec![servers.to_string(), instances.to_string(), times.len().to_string()];
        for numbers in [&again, &sorted(times, |time| time.late)] {
            row.extend([0.5, 0.9, 1.0].map(|part| seconds(quantile(numbers, part))));
        }
        row.push(again.iter().filter(|ms| **ms > GOAL_MS).count().to_string());
        table.add(row);
    }
    table.print();
}

const GOAL_MS: i64 = 10_000;
const HEAD: &[&str] = &[
    "Servers",
    "Instances of the executor",
    "Kills",
    "All fire again, p50",
    "p90",
    "Longest",
    "Nothing is late any more, p50",
    "p90",
    "Longest",
    "All fire again after 10 s",
];

fn sorted(times: &[Time], of: fn(&Time) -> i64) -> Vec<i64> {
    let mut numbers: Vec<i64> = times.iter().map(of).collect();
    numbers.sort_unstable();
    numbers
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
    fn a_watch_tells_the_first_fire_of_the_last_job_from_the_last_that_was_late() {
        let line = |event: &str, job: usize, due: i64, at: i64| {
            json!({"event": event, "run": 1, "job": job, "due": due, "code": 0, "at": at}).to_string()
        };
        assert_eq!(start(&line("end", 7, 5_000, 5_001)), None);
        assert_eq!(start("{\"event\":\"sta"), None);
        assert_eq!(start(&line("start", 7, 5_000, 5_001)), Some(Start { job: 7, due: 5_000, at: 5_001 }));
        let mut watch = Watch::since(5_000);
        for (name, _) in EXECUTORS {
            let starts = watch.executors.get_mut(name).unwrap();
            for job in 1..JOBS as i64 {
                starts.note(Start { job, due: 6_000, at: 6_002 });
            }
        }
        assert!(!watch.all_have_fired());
        for (name, _) in EXECUTORS {
            let starts = watch.executors.get_mut(name).unwrap();
            starts.note(Start { job: 0, due: 11_000, at: 11_500 });
            starts.note(Start { job: 0, due: 6_000, at: 20_000 });
        }
        assert!(watch.all_have_fired());
        let times: Vec<(i64, i64)> = watch.times().map(|(_, time)| (time.again, time.late)).collect();
        assert_eq!(times, [(6_500, 15_000), (6_500, 15_000)]);
    }
}
