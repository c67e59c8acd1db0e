//! What is broken, how, and what may come of it.

mod clocks;
mod databases;
mod deeds;
mod executors;
mod loads;
mod servers;
mod several;

use std::path::Path;

use anyhow::Result;

use super::dice::Dice;
use super::load::{followed, mixed};
use super::oracle::{Exception, Verdict};
use super::storage::Backend;
use super::world::{Plan, Programs, World};
use Backend::{Mariadb, Postgres, Sqlite};
use Exception::{Frozen, Lost, LostAgain, Missed, NotTaken, Replaced, StartedTwice, TimedOut};

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

const ALL: &[Backend] = &[Sqlite, Postgres, Mariadb];
/// Several servers need a database that they can share.
const SHARED: &[Backend] = &[Postgres, Mariadb];

/// Every scenario there is.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "server-killed",
        about: "the server is killed at random times and started again",
        backends: ALL,
        smoke: &[Mariadb],
        allowed: &[],
        moves_clock: false,
        play: servers::killed,
    },
    Scenario {
        name: "servers-killed",
        about: "two servers are killed in turn at random times and started again",
        backends: SHARED,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: servers::killed_in_turn,
    },
    Scenario {
        name: "servers-come-and-go",
        about: "three servers, of which one ends and comes back every few seconds",
        backends: SHARED,
        smoke: &[Postgres],
        allowed: &[],
        moves_clock: false,
        play: servers::coming_and_going,
    },
    Scenario {
        name: "servers-both-dead",
        about: "two servers are cut off from the database in turn, and each is dead to the other",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed],
        moves_clock: false,
        play: several::both_dead,
    },
    Scenario {
        name: "failpoints-kill",
        about: "the server is killed at each step of a run",
        backends: ALL,
        smoke: &[Sqlite],
        allowed: &[LostAgain],
        moves_clock: false,
        play: servers::killed_at_each_step,
    },
    Scenario {
        name: "failpoints-stop",
        about: "the server stands still at each step of a run for longer than its lease",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: servers::stopped_at_each_step,
    },
    Scenario {
        name: "failpoints-takeover",
        about: "a server stands still at a step of a run, and wakes when another has taken over",
        backends: SHARED,
        smoke: &[Postgres],
        allowed: &[Missed],
        moves_clock: false,
        play: servers::taken_over_at_each_step,
    },
    Scenario {
        name: "gate-window",
        about: "as failpoints-takeover, between the last look at the lease and the request",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed, StartedTwice],
        moves_clock: false,
        play: servers::taken_over_behind_the_gate,
    },
    Scenario {
        name: "executor-killed",
        about: "an executor is killed at random times and started again",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut, NotTaken, Lost],
        moves_clock: false,
        play: executors::killed,
    },
    Scenario {
        name: "executor-emptied",
        about: "an executor is killed and started again with an empty disk",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut, NotTaken, Lost],
        moves_clock: false,
        play: executors::emptied,
    },
    Scenario {
        name: "executor-stopped",
        about: "an executor stands still for longer than the server is patient",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut],
        moves_clock: false,
        play: executors::stopped,
    },
    Scenario {
        name: "executor-hanging",
        about: "an executor takes connections and never answers anything",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: executors::hanging,
    },
    Scenario {
        name: "executor-slow",
        about: "an executor takes runs up and says so too late, then not at all",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: executors::slow,
    },
    Scenario {
        name: "executor-lying",
        about: "an executor refuses, answers nonsense, and says yes without doing anything",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut, NotTaken],
        moves_clock: false,
        play: executors::lying,
    },
    Scenario {
        name: "results-spoilt",
        about: "results come late, twice and in the wrong order",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: executors::results_spoilt,
    },
    Scenario {
        name: "results-lost",
        about: "results never come",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut],
        moves_clock: false,
        play: executors::results_lost,
    },
    Scenario {
        name: "network-spoilt",
        about: "the network between server and executor is slow, cut, one-way and dead",
        backends: ALL,
        smoke: &[],
        allowed: &[TimedOut],
        moves_clock: false,
        play: executors::network_spoilt,
    },
    Scenario {
        name: "database-away",
        about: "the database cannot be reached for 30 s",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed, TimedOut],
        moves_clock: false,
        play: databases::away,
    },
    Scenario {
        name: "database-restarted",
        about: "the database dies at random times and is started again",
        backends: &[Postgres],
        smoke: &[],
        allowed: &[Missed, TimedOut],
        moves_clock: false,
        play: databases::restarted,
    },
    Scenario {
        name: "database-cut",
        about: "connections to the database break at random times, with commits under way",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed, TimedOut],
        moves_clock: false,
        play: databases::cut,
    },
    Scenario {
        name: "disk-full",
        about: "the database's file may not grow any more for a while",
        backends: &[Sqlite],
        smoke: &[],
        allowed: &[Missed, TimedOut],
        moves_clock: false,
        play: databases::disk_full,
    },
    Scenario {
        name: "migration-killed",
        about: "bringing a database to its schema is killed again and again",
        // MySQL and MariaDB cannot take back half of a migration: see docs/chaos.md.
        backends: &[Sqlite, Postgres],
        smoke: &[Sqlite],
        allowed: &[],
        moves_clock: false,
        play: databases::migration_killed,
    },
    Scenario {
        name: "burst",
        about: "10,000 jobs are due in one second",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: loads::burst,
    },
    Scenario {
        name: "outage",
        about: "no server is there for 20 s, and each policy for missed times has its jobs",
        backends: ALL,
        smoke: &[],
        allowed: &[Missed],
        moves_clock: false,
        play: loads::outage,
    },
    Scenario {
        name: "outage-hour",
        about: "no server is there for an hour, after which 100,000 fires are due",
        backends: ALL,
        smoke: &[],
        allowed: &[Missed],
        moves_clock: true,
        play: loads::outage_of_an_hour,
    },
    Scenario {
        name: "clock-forward",
        about: "the database's clock jumps an hour ahead",
        backends: ALL,
        smoke: &[Postgres],
        allowed: &[Missed, TimedOut],
        moves_clock: true,
        play: clocks::forward,
    },
    Scenario {
        name: "clock-back",
        about: "the database's clock jumps an hour back, and to the true time again",
        backends: ALL,
        smoke: &[],
        allowed: &[Missed, TimedOut],
        moves_clock: true,
        play: clocks::back,
    },
    Scenario {
        name: "clock-server",
        about: "the server's own clock jumps an hour ahead, an hour back, and to the true time again",
        backends: SHARED,
        smoke: &[],
        allowed: &[],
        moves_clock: true,
        play: clocks::of_the_server,
    },
    Scenario {
        name: "results-kept",
        about: "the server dies with results that the database could not take",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed],
        moves_clock: false,
        play: databases::results_kept,
    },
    Scenario {
        name: "run-replaced",
        about: "each run of a job is still at work when the next one takes its place",
        backends: ALL,
        smoke: &[],
        allowed: &[Replaced],
        moves_clock: false,
        play: deeds::replaced,
    },
    Scenario {
        name: "frozen",
        about: "two servers are frozen, then again while one of them stands still",
        backends: SHARED,
        smoke: &[],
        allowed: &[Missed, Frozen],
        moves_clock: false,
        play: deeds::frozen,
    },
    Scenario {
        name: "backfilled",
        about: "jobs run for past times beside their schedules, and the server dies twice amid it",
        backends: ALL,
        smoke: &[],
        allowed: &[],
        moves_clock: false,
        play: deeds::backfilled,
    },
];

impl Exception {
    /// What stands behind its count.
    pub fn words(self) -> &'static str {
        match self {
            Missed => "fires missed while no server could fire",
            Lost => "runs of which nobody can know whether they ran",
            LostAgain => "runs that were sent twice, and of which nobody can know whether they ran",
            TimedOut => "runs without a result in time",
            NotTaken => "runs not taken by their executor",
            Frozen => "fires held back by a freeze",
            Replaced => "runs killed for a later one of their job",
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
