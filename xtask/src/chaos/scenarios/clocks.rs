//! Clocks that jump.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Stage;
use crate::chaos::clock::Whose;
use crate::chaos::load::{Job, mixed};
use crate::chaos::oracle::Verdict;
use crate::chaos::world::{Plan, World};

pub const HOUR_S: i64 = 3_600;
/// What the server says when it does not believe what it hears.
const DOUBT: &str = "the database's clock has jumped";
/// By then it has asked for the time more than once.
const HEARD: Duration = Duration::from_secs(5);

/// One executor with jobs of each kind, and of each policy for missed times.
fn plan(clock: Whose, seconds: i64) -> Plan {
    let mut jobs = mixed("spoilt");
    let of = |misfire, every_s| Job { misfire, ..Job::new(&format!("spoilt-{misfire}"), "spoilt", every_s) };
    jobs.extend([of("fire_once", 1), of("fire_all", 10)]);
    Plan { servers: 1, jobs, seconds, networks: false, clock: Some(clock) }
}

/// The hour that is left out is an outage.
pub fn forward(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(plan(Whose::Database, HOUR_S + 15), |world| {
        world.settle_in();
        world.move_clock(HOUR_S)?;
        doubts(world)
    })
}

/// What has fired does not fire again; what was not yet due is when its time comes.
pub fn back(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(plan(Whose::Database, 25), |world| {
        world.settle_in();
        world.move_clock(-HOUR_S)?;
        doubts(world)?;
        world.pause(5_000, 8_000);
        world.move_clock(0)
    })
}

/// Nothing comes of it: servers go by the database's clock.
pub fn of_the_server(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(plan(Whose::Server, 20), |world| {
        world.settle_in();
        for ahead_s in [HOUR_S, -HOUR_S, 0] {
            world.move_clock(ahead_s)?;
            world.pause(3_000, 5_000);
        }
        for node in &world.nodes {
            ensure!(!node.has_said(DOUBT)?, "a server took its own clock for the database's");
        }
        Ok(())
    })
}

/// Each server notices.
fn doubts(world: &World) -> Result<()> {
    let deadline = Instant::now() + HEARD;
    for node in &world.nodes {
        while !node.has_said(DOUBT)? {
            ensure!(Instant::now() < deadline, "a server did not notice that the clock has jumped");
            thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}
