//! Much at once.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Stage;
use super::clocks::HOUR_S;
use crate::chaos::clock::Whose;
use crate::chaos::load::{Job, Window};
use crate::chaos::oracle::Verdict;
use crate::chaos::world::Plan;

/// Longer than the engine is tolerant: what was due before is missed.
const OUTAGE: Duration = Duration::from_secs(20);

/// Jobs that fire each minute and make up for each fire of [`outage_of_an_hour`], and beside them of each other
/// policy.
const MAKING_UP: usize = 1_700;
const OTHERS: usize = 100;
/// How long that may take a debug build, and how much memory (MiB).
const CAUGHT_UP: Duration = Duration::from_secs(600);
const MOST_MEMORY: u64 = 1_024;

pub fn burst(stage: Stage<'_>) -> Result<Verdict> {
    let jobs = (1..=10_000).map(|number| Job::new(&format!("burst-{number}"), "spoilt", 15)).collect();
    stage.run(Plan { servers: 1, jobs, seconds: 15, networks: false, clock: None }, |_| Ok(()))
}

pub fn outage(stage: Stage<'_>) -> Result<Verdict> {
    let of = |misfire: &'static str| {
        (1..=100).map(move |number| Job { misfire, ..Job::new(&format!("{misfire}-{number}"), "spoilt", 1) })
    };
    let jobs = ["skip", "fire_once", "fire_all"].into_iter().flat_map(of).collect();
    let plan = Plan { servers: 1, jobs, seconds: 30, networks: false, clock: None };
    stage.others_go_on(1).run(plan, |world| {
        world.settle_in();
        world.nodes[0].kill()?;
        thread::sleep(OUTAGE);
        world.nodes[0].start()
    })
}

/// The hour passes on the clock, while nobody is there.
pub fn outage_of_an_hour(stage: Stage<'_>) -> Result<Verdict> {
    let of = |misfire: &'static str, count: usize| {
        // An executor has one queue for each job: results of an hour come late.
        let job = move |name: &str| Job { misfire, limit_s: 60, ..Job::new(name, "spoilt", 60) };
        (1..=count).map(move |number| job(&format!("{misfire}-{number}")))
    };
    let jobs: Vec<Job> =
        of("fire_all", MAKING_UP).chain(of("fire_once", OTHERS)).chain(of("skip", OTHERS)).collect();
    let one = jobs[0].clone();
    let plan = Plan { servers: 1, jobs, seconds: HOUR_S + 20, networks: false, clock: Some(Whose::Database) };
    stage.run(plan, |world| {
        world.settle_in();
        for node in &mut world.nodes {
            node.kill()?;
        }
        world.move_clock(HOUR_S)?;
        let missed = one.nominal_times(Window { until: world.now(), ..world.window }).len() * MAKING_UP;
        let began = Instant::now();
        for node in &mut world.nodes {
            node.start()?;
        }
        while world.agent().starts()? < missed {
            ensure!(began.elapsed() < CAUGHT_UP, "{} of {missed} are made up for", world.agent().starts()?);
            thread::sleep(Duration::from_secs(2));
        }
        let (took, memory) = (began.elapsed().as_secs_f64(), world.nodes[0].peak_memory()?);
        println!("  {missed} fires are made up for {took:.1} s after the start, with {memory} MiB at most");
        ensure!(memory < MOST_MEMORY, "the server took {memory} MiB");
        Ok(())
    })
}
