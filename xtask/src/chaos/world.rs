//! Everything that a scenario breaks: a database, servers, executors, and the networks between them.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::agent::{self, Agent};
use super::clock::{Clock, Whose};
use super::dice::Dice;
use super::evidence::{self, Entry, Row};
use super::load::{self, Job, Window};
use super::node::Node;
use super::oracle::{self, Backfill, Case, Exception, Verdict};
use super::proxy::{Network, Proxy};
use super::storage::{Backend, Storage};
use crate::orrery::Server;
use crate::paths;
use crate::visitor::Visitor;
use crate::wall_clock::now;

/// How long after its window a scenario may take until nothing is left to do: a request that is never
/// answered is given up after 30 s, what nobody can know after [`SETTINGS`] says.
const QUIET: Duration = Duration::from_secs(120);

/// How long after the servers are ready the executors may take to register everywhere.
const ACQUAINTANCE_MS: i64 = 2_000;

/// Shorter than an installation's, so that a scenario sees the end of what it began.
const SETTINGS: [(&str, &str); 7] = [
    ("ORRERY_ENGINE_LEASE_TTL_MS", "1000"),
    ("ORRERY_ENGINE_ASK_AGAIN_MS", "1000"),
    ("ORRERY_ENGINE_RESULT_WAIT_MS", "5000"),
    ("ORRERY_ENGINE_UNKNOWN_FOR_MS", "45000"),
    ("ORRERY_ENGINE_DEADLINE_GRACE_MS", "3000"),
    ("ORRERY_AUDIT_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
    ("ORRERY_LOG", "warn"),
];

/// The executables.
pub struct Programs {
    pub server: PathBuf,
    pub executor: PathBuf,
}

/// What a scenario needs.
pub struct Plan {
    pub servers: usize,
    pub jobs: Vec<Job>,
    /// How long the jobs fire.
    pub seconds: i64,
    /// Something to spoil between servers and executors.
    pub networks: bool,
    /// A clock to move.
    pub clock: Option<Whose>,
}

/// A running experiment.
pub struct World {
    pub nodes: Vec<Node>,
    pub agents: Vec<Agent>,
    pub window: Window,
    pub dice: Dice,
    pub database: Storage,
    jobs: Vec<Job>,
    /// By the names of the jobs.
    job_ids: Value,
    backfills: Vec<Backfill>,
    /// Between the executors and each server.
    networks: Vec<Proxy>,
    clock: Option<Clock>,
    folder: PathBuf,
}

impl World {
    /// Creates everything; starts the executors, and no server.
    pub fn create(
        plan: Plan,
        backend: Backend,
        programs: &Programs,
        folder: &Path,
        mut dice: Dice,
    ) -> Result<Self> {
        let clock = plan.clock.map(|whose| Clock::create(whose, backend)).transpose()?;
        let for_database = clock.as_ref().map(Clock::for_database).unwrap_or_default();
        let mut database = Storage::create(backend, folder, for_database)?;
        if backend == Backend::Galera && dice.number(0, 1) == 1 {
            println!("  each server writes at a node of its own");
            database.spread();
        }
        let mut executors: Vec<&'static str> = plan.jobs.iter().map(|job| job.executor).collect();
        executors.sort_unstable();
        executors.dedup();
        let (window, printed) = define(programs, database.url(), folder, &executors, &plan)?;
        let Plan { servers, jobs, networks: spoilt, .. } = plan;
        let (mut nodes, mut networks, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..servers {
            let port = paths::free_port()?;
            let listen = format!("127.0.0.1:{port}");
            let server = server_of(programs, &database.url_of_next_server()?, &listen);
            // A server's clock is its own.
            let own_clock = clock.as_ref().filter(|_| number == 0);
            let for_server = own_clock.map(Clock::for_servers).unwrap_or_default();
            let server = for_server.iter().fold(server, |server, (name, value)| server.set(name, value));
            let network = Proxy::to(port)?;
            let reached_at = if spoilt { network.port() } else { port };
            addresses.push(format!("http://127.0.0.1:{reached_at}"));
            nodes.push(Node::new(server, folder, number));
            networks.push(network);
        }
        let mut agents = Vec::new();
        for (name, number) in executors.into_iter().flat_map(|name| load::instances(&jobs, name)) {
            let token = agent::token(&printed, name)?;
            let told = addresses.clone();
            let mut agent = Agent::new(name, number, &programs.executor, folder, token, told, spoilt)?;
            agent.start()?;
            agents.push(agent);
            // Each reports to another server first.
            addresses.rotate_left(1);
        }
        let (job_ids, folder) = (printed["jobs"].clone(), folder.to_owned());
        Ok(Self {
            nodes,
            agents,
            window,
            dice,
            database,
            jobs,
            job_ids,
            backfills: Vec::new(),
            networks,
            clock,
            folder,
        })
    }

    /// Starts every server and waits until the jobs begin to fire.
    pub fn begin(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.start()?;
            node.wait_until_ready()?;
        }
        let late = "the servers were ready too late for the first fire: this machine has too much to do";
        ensure!(now() < self.window.from - ACQUAINTANCE_MS, late);
        self.sleep_until(self.window.from);
        Ok(())
    }

    /// The time by the database's clock, ms since 1970.
    pub fn now(&self) -> i64 {
        let now = now();
        now + self.ahead_at(now)
    }

    /// Sleeps until a time by the database's clock.
    pub fn sleep_until(&self, at: i64) {
        thread::sleep(Duration::from_millis(u64::try_from(at - self.now()).unwrap_or(0)));
    }

    /// From now on the clock that the plan asked for is so many seconds ahead of the true time.
    pub fn move_clock(&mut self, ahead_s: i64) -> Result<()> {
        println!("  a clock is {ahead_s} s ahead");
        self.clock.as_mut().context("this scenario has no clock to move")?.set(now(), ahead_s)
    }

    /// By how much the database's clock was ahead then, ms.
    fn ahead_at(&self, at: i64) -> i64 {
        self.clock.as_ref().map_or(0, |clock| clock.database_ahead_at(at))
    }

    /// Lets runs end well before anything breaks: a missing log proves something only beside the log of an
    /// older run.
    pub fn settle_in(&mut self) {
        self.pause(2_000, 3_000);
    }

    /// Whether the jobs still fire.
    pub fn fires(&self) -> bool {
        self.now() < self.window.until
    }

    /// A pause left to chance.
    pub fn pause(&mut self, least_ms: u64, most_ms: u64) {
        thread::sleep(self.dice.pause(least_ms, most_ms));
    }

    /// One of the servers, by chance.
    pub fn any_server(&mut self) -> usize {
        self.dice.number(0, self.nodes.len() as u64 - 1) as usize
    }

    /// One of the servers or, as often, all of them.
    pub fn one_or_all(&mut self) -> Range<usize> {
        let one = self.any_server();
        if self.dice.number(0, 1) == 0 { one..one + 1 } else { 0..self.nodes.len() }
    }

    /// From now on the network between these servers and the database is like this.
    pub fn set_ways(&self, servers: Range<usize>, network: Network) -> Result<()> {
        servers.into_iter().try_for_each(|server| {
            self.database.network(server)?.set(network);
            Ok(())
        })
    }

    /// The executor whose jobs a scenario spoils: the first.
    pub fn agent(&mut self) -> &mut Agent {
        &mut self.agents[0]
    }

    /// The network between the executors and a server.
    pub fn network(&self, server: usize) -> &Proxy {
        &self.networks[server]
    }

    /// Ends every fault.
    pub fn heal(&mut self) -> Result<()> {
        self.database.heal();
        self.networks.iter().for_each(|network| network.set(Network::Whole));
        for agent in &mut self.agents {
            agent.heal()?;
        }
        for node in &mut self.nodes {
            node.signal(Signal::SIGCONT);
            node.start()?;
        }
        Ok(())
    }

    /// Ends every fault, waits until nothing is left to do, and judges.
    pub fn judge(mut self, allowed: &[Exception]) -> Result<Verdict> {
        self.sleep_until(self.window.until);
        self.heal()?;
        for node in &mut self.nodes {
            node.wait_until_ready()?;
        }
        let deadline = Instant::now() + QUIET;
        let mut rows = self.rows()?;
        while !oracle::is_quiet(self.case(&rows, &[], &[])) && Instant::now() < deadline {
            thread::sleep(Duration::from_secs(1));
            rows = self.rows()?;
        }
        // Results that were held up may still be reported, and duplicates still start.
        thread::sleep(Duration::from_secs(3));
        let printed = self.printed()?;
        fs::write(self.folder.join("runs.json"), printed.to_string())?;
        let rows = evidence::rows(&printed)?;
        Ok(oracle::judge(self.case(&rows, &self.entries()?, allowed)))
    }

    /// What the executors wrote down, on the database's clock where that is ahead of theirs.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for agent in &self.agents {
            entries.extend(agent.entries()?);
        }
        for entry in &mut entries {
            entry.at += self.ahead_at(entry.at).max(0);
        }
        Ok(entries)
    }

    /// The server's commands, past the network that may be spoilt.
    pub fn commands(&self) -> Server {
        self.nodes[0].server().at_database(self.database.url())
    }

    /// A super-administrator, signed in at the first server.
    pub fn person(&self, name: &str) -> Result<Visitor> {
        let one_time = self.commands().create_administrator(name)?;
        Visitor::sign_in_as(&self.nodes[0].server().url(), name, &one_time)
    }

    /// The same person at another server.
    pub fn at_server(&self, person: &Visitor, number: usize) -> Result<Visitor> {
        person.at(&self.nodes[number].server().url())
    }

    /// A job's id.
    pub fn job_id(&self, job: &str) -> Result<i64> {
        self.job_ids[job].as_i64().with_context(|| format!("no job {job}"))
    }

    /// Runs a job for the past times of a window.
    pub fn backfill(&mut self, job: String, window: Window) -> Result<()> {
        let id = self.job_id(&job)?;
        self.commands().backfill(id, window.from, window.until)?;
        self.backfills.push(Backfill { job, window });
        Ok(())
    }

    fn case<'a>(&'a self, rows: &'a [Row], entries: &'a [Entry], allowed: &'a [Exception]) -> Case<'a> {
        let Self { jobs, window, backfills, .. } = self;
        Case { jobs, window: *window, backfills, rows, entries, allowed }
    }

    /// Every run so far.
    pub fn rows(&self) -> Result<Vec<Row>> {
        evidence::rows(&self.printed()?)
    }

    fn printed(&self) -> Result<Value> {
        self.commands().fixture_runs_brief()
    }
}

/// A server with the settings that all of them have.
fn server_of(programs: &Programs, url: &str, listen: &str) -> Server {
    let server = Server::of(&programs.server, url, listen);
    SETTINGS.iter().fold(server, |server, (name, value)| server.set(name, value))
}

/// Brings the database to its schema and makes executors and jobs; the fixture's answer has their tokens.
fn define(
    programs: &Programs,
    url: &str,
    folder: &Path,
    executors: &[&str],
    plan: &Plan,
) -> Result<(Window, Value)> {
    let Plan { servers, jobs, seconds, .. } = plan;

    let outside = server_of(programs, url, "127.0.0.1:0");
    ensure!(outside.migrate()?.wait()?.success(), "the database cannot be brought to its schema");
    // Far enough ahead for the jobs to be made, and for the servers and executors to find each other.
    let from = (now() / 1_000 + 3 + 3 * *servers as i64 + jobs.len() as i64 / 120) * 1_000;
    let window = Window { from, until: from + seconds * 1_000 };
    let file = folder.join("fixture.json");
    fs::write(&file, load::fixture(executors, jobs, window).to_string())?;
    Ok((window, outside.apply_fixture(&file)?))
}

impl Drop for World {
    fn drop(&mut self) {
        // At once and without a farewell: nothing of it is looked at any more.
        let nodes = self.nodes.iter_mut().map(Node::kill);
        for failed in nodes.chain(self.agents.iter_mut().map(Agent::kill)).filter_map(Result::err) {
            eprintln!("note: a process of the scenario cannot be ended: {failed:#}");
        }
    }
}

/// Whether a process is stopped, as SIGSTOP does. Linux only.
pub fn is_stopped(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The second field is the program's name, which may hold blanks: look behind its closing parenthesis.
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}
