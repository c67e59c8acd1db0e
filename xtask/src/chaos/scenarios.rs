//! What is broken, how, and what may come of it.

mod clocks;
mod databases;
mod deeds;
mod executors;
mod list;
mod loads;
mod replicas;
mod servers;
mod several;
mod upgrades;

use std::path::Path;

use anyhow::Result;

use super::dice::Dice;
use super::load::{followed, mixed};
use super::oracle::{Exception, Verdict};
use super::storage::Backend;
use super::world::{Plan, Programs, World};
use Exception::{Frozen, Killed, Lost, LostAgain, Missed, NotTaken, Replaced, StartedTwice, TimedOut};

pub use list::SCENARIOS;

/// One way to break things.
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    /// The first is the usual one.
    pub backends: &'static [Backend],
    /// Where a gate plays it.
    pub smoke: &'static [Backend],
    /// What may happen in it beside what always may.
    pub allowed: &'static [Exception],
    /// Takes what `clock.rs` takes.
    pub moves_clock: bool,
    pub play: fn(Stage<'_>) -> Result<Verdict>,
}

/// Where a scenario is played.
pub struct Stage<'a> {
    pub backend: Backend,
    pub programs: &'a Programs,
    pub folder: &'a Path,
    pub dice: Dice,
    pub allowed: Vec<Exception>,
    /// At least so many servers; 1 where nobody asked for more.
    pub servers: usize,
    /// How long the jobs are to fire, where somebody said so.
    pub seconds: Option<i64>,
}

impl Exception {
    /// What stands behind its count.
    pub fn words(self) -> &'static str {
        match self {
            Missed => "fires missed while no server could fire",
            Lost => "runs of which nobody can know whether they ran",
            LostAgain => "runs that were sent twice, and never came or may have",
            TimedOut => "runs without a result in time",
            NotTaken => "runs not taken by their executor",
            Frozen => "fires held back by a freeze",
            Replaced => "runs killed for a later one of their job",
            Killed => "runs killed by a person",
            StartedTwice => "second starts in the window behind the gate",
        }
    }
}

impl Stage<'_> {
    /// Starts a world, spoils it while its jobs fire, and judges.
    fn run(self, mut plan: Plan, spoil: impl FnOnce(&mut World) -> Result<()>) -> Result<Verdict> {
        let allowed = &self.allowed;
        plan.servers = self.at_least(plan.servers);
        plan.seconds = self.seconds.unwrap_or(plan.seconds);
        let mut world = World::create(plan, self.backend, self.programs, self.folder, self.dice)?;
        world.begin()?;
        spoil(&mut world)?;
        world.judge(allowed)
    }

    /// How many servers there are where a scenario asks for so many.
    fn at_least(&self, servers: usize) -> usize {
        self.servers.max(servers)
    }

    /// Where others go on beside the servers that are struck at the same time, they fire in time for them.
    fn others_go_on(mut self, struck: usize) -> Self {
        if self.at_least(struck) > struck {
            self.allowed.retain(|exception| *exception != Missed);
        }
        self
    }

    /// One executor with jobs of each kind; where more servers share them, so many that each has some of each.
    fn usual(&self, servers: usize, seconds: i64) -> Plan {
        let mut jobs = mixed("spoilt");
        if self.servers > 1 {
            jobs.extend(followed("spoilt"));
        }
        Plan { servers, jobs, seconds, networks: false, clock: None }
    }
}
