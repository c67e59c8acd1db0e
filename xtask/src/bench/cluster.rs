//! `cargo xtask bench cluster`: several servers on one PostgreSQL.

mod idle;
mod takeover;
mod throughput;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::dispatch::Load;
use super::figures::ProcessUse;
use super::programs::Programs;
use crate::chaos::node::Node;
use crate::orrery::Server;
use crate::paths::{self, ScratchFolder};

/// Until everybody has a share: a lease until a server counts as there, and what a hand-over takes.
const SHARED_WITHIN: Duration = Duration::from_secs(60);
/// Longer than a hand-over takes from one server to see that another has joined until it has sent what it claimed.
const AT_REST: Duration = Duration::from_secs(6);
const METRICS_TOKEN: &str = "metrics of the benchmark";

#[derive(clap::Args)]
pub struct Options {
    /// What is measured.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Part::Throughput, Part::Takeover, Part::Idle])]
    part: Vec<Part>,
    /// Numbers of servers, one after the other; the last is that of the take-over.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3])]
    servers: Vec<usize>,
    /// Throughput: numbers of jobs, each firing every second, all at the same instant.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 5_000, 10_000])]
    rates: Vec<u32>,
    #[command(flatten)]
    load: Load,
    /// Take-over: how often a server is killed.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Measure this server instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What so many servers carry, and what it costs them and the database.
    Throughput,
    /// How long the jobs of a server that was killed do not fire.
    Takeover,
    /// What servers ask of the database that have nothing to do.
    Idle,
}

pub fn cluster(options: &Options) -> Result<()> {
    let programs = Programs::build(options.executable.as_deref())?;
    for part in &options.part {
        match part {
            Part::Throughput => throughput::throughput(&programs, options)?,
            Part::Takeover => takeover::takeover(&programs, options)?,
            Part::Idle => idle::idle(&programs, options)?,
        }
    }
    Ok(())
}

/// Servers on one database, with data folders of their own.
struct Cluster {
    // Dropped in this order: the servers before their files.
    nodes: Vec<Node>,
    _folder: ScratchFolder,
}

impl Cluster {
    /// So many that are not started yet.
    fn new(executable: &Path, database_url: &str, servers: usize) -> Result<Self> {
        let folder = ScratchFolder::create("bench-cluster")?;
        let mut nodes = Vec::new();
        for number in 0..servers {
            let listen = format!("127.0.0.1:{}", paths::free_port()?);
            nodes.push(Node::new(server(executable, database_url, &listen), folder.path(), number));
        }
        Ok(Self { nodes, _folder: folder })
    }

    fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.server().url()).collect()
    }

    /// Starts them all and waits until each has its share of the jobs.
    fn start(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.start()?;
        }
        for node in &mut self.nodes {
            node.wait_until_ready()?;
        }
        self.wait_until_shared()
    }

    /// Waits until each has buckets and none has moved for a while.
    fn wait_until_shared(&self) -> Result<()> {
        let deadline = Instant::now() + SHARED_WITHIN;
        let (mut last, mut since) = (Vec::new(), Instant::now());
        while last.is_empty() || last.contains(&0) || since.elapsed() < AT_REST {
            let seconds = SHARED_WITHIN.as_secs();
            ensure!(Instant::now() < deadline, "the servers have not shared the jobs within {seconds} s");
            thread::sleep(Duration::from_millis(100));
            let buckets: Option<Vec<u64>> =
                self.nodes.iter().map(|node| metric(node, "orrery_buckets")).collect();
            // One that has too much to do may not answer in time.
            if let Some(now) = buckets.filter(|now| *now != last) {
                (last, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    /// What each has used so far.
    fn uses(&self) -> Result<Vec<ProcessUse>> {
        self.nodes.iter().filter_map(Node::id).map(ProcessUse::of).collect()
    }

    /// Ends them all as a crash would: their database goes as well.
    fn kill(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::kill)
    }
}

/// A server, or a command of its, with what all have to have in common.
fn server(executable: &Path, database_url: &str, listen: &str) -> Server {
    Server::of(executable, database_url, listen)
        .set("ORRERY_LOG", "warn")
        .set("ORRERY_AUDIT_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        .set("ORRERY_HTTP_METRICS_TOKEN", METRICS_TOKEN)
}

/// A metric of a server; none while it does not answer.
fn metric(node: &Node, name: &str) -> Option<u64> {
    node.server().metric(METRICS_TOKEN, name)
}
