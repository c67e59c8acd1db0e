//! Much at once.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::Stage;
use crate::chaos::load::Job;
use crate::chaos::oracle::Verdict;
use crate::chaos::world::Plan;

/// Longer than the engine is tolerant: what was due before is missed.
const OUTAGE: Duration = Duration::from_secs(20);

pub fn burst(stage: Stage<'_>) -> Result<Verdict> {
    let jobs = (1..=10_000).map(|number| Job::new(&format!("burst-{number}"), "spoilt", 15)).collect();
    stage.run(Plan { servers: 1, jobs, seconds: 15, networks: false }, |_| Ok(()))
}

pub fn outage(stage: Stage<'_>) -> Result<Verdict> {
    let of = |misfire: &'static str| {
        (1..=100).map(move |number| Job { misfire, ..Job::new(&format!("{misfire}-{number}"), "spoilt", 1) })
    };
    let jobs = ["skip", "fire_once", "fire_all"].into_iter().flat_map(of).collect();
    stage.run(Plan { servers: 1, jobs, seconds: 30, networks: false }, |world| {
        world.settle_in();
        world.nodes[0].kill()?;
        thread::sleep(OUTAGE);
        world.nodes[0].start()
    })
}
