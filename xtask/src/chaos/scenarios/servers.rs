//! Servers that die, and servers that stand still.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;

use super::Stage;
use crate::chaos::oracle::{Exception, Verdict};
use crate::chaos::world::{Plan, World};

/// The places of `scheduler/src/engine/failpoint.rs`, without the one behind the gate.
const STEPS: [&str; 8] = [
    "claim.written",
    "claim.committed",
    "request.ready",
    "request.answered",
    "result.written",
    "result.committed",
    "effects.written",
    "effects.committed",
];
const BEHIND_THE_GATE: &str = "gate.passed";
/// What `scheduler/src/engine/gate.rs` says of a request behind the gate.
const LATE: &str = "a request may have gone out after this server's lease was over";

/// Twice the lease.
const STANDSTILL: Duration = Duration::from_secs(2);
/// A server hands its jobs over, and hears the answers to its last requests.
const LEAVING: Duration = Duration::from_secs(15);
/// By then the other server has asked twice, and sent again what never started.
const LONG_STANDSTILL: Duration = Duration::from_secs(8);
/// By then a server has come to any step: its jobs fire each second, once others have given it some.
const REACHED: Duration = Duration::from_secs(30);

pub fn killed(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 18);
    stage.run(plan, |world| {
        world.settle_in();
        while world.fires() {
            world.pause(300, 4_000);
            world.nodes[0].kill()?;
            world.pause(0, 800);
            world.nodes[0].start()?;
        }
        Ok(())
    })
}

pub fn killed_in_turn(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 18);
    stage.run(plan, |world| {
        world.settle_in();
        let mut number = 0;
        while world.fires() {
            world.pause(1_500, 4_000);
            world.nodes[number].kill()?;
            world.pause(0, 1_500);
            world.nodes[number].start()?;
            number = (number + 1) % world.nodes.len();
        }
        Ok(())
    })
}

/// Three servers of which one ends, as it is told to, and comes back every few seconds: a new one before
/// anything was given to it, one that has its share, one that has just got it.
pub fn coming_and_going(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(3, 40);
    stage.run(plan, |world| {
        world.settle_in();
        while world.fires() {
            let number = world.any_server();
            leave_and_return(world, number)?;
            world.pause(500, 4_000);
        }
        Ok(())
    })
}

/// A server ends, as it is told to, and comes back.
pub fn leave_and_return(world: &mut World, number: usize) -> Result<()> {
    let node = &mut world.nodes[number];
    node.signal(Signal::SIGTERM);
    ensure!(node.ends_within(LEAVING)?, "server {number} did not end when it was told to");
    world.pause(0, 1_500);
    world.nodes[number].start()
}

/// Between several servers the jobs move to and fro, and each comes to a step later.
fn step_by_step(stage: &Stage<'_>, servers: usize, seconds: i64) -> Plan {
    let plan = stage.usual(servers, seconds);
    if stage.servers > 1 { Plan { seconds: 2 * seconds, ..plan } } else { plan }
}

pub fn killed_at_each_step(stage: Stage<'_>) -> Result<Verdict> {
    let plan = step_by_step(&stage, 1, 45);
    stage.run(plan, |world| {
        world.settle_in();
        for step in STEPS.into_iter().chain([BEHIND_THE_GATE]) {
            let failpoint = format!("{step}:kill:{}", world.dice.number(1, 6));
            println!("  {failpoint}");
            world.nodes[0].kill()?;
            world.nodes[0].start_failing(&failpoint)?;
            ensure!(world.nodes[0].ends_within(REACHED)?, "the server never came to {step}");
        }
        world.nodes[0].start()
    })
}

pub fn stopped_at_each_step(mut stage: Stage<'_>) -> Result<Verdict> {
    if stage.servers > 1 {
        // Whoever stood still is taken for dead, and is ended for the next step: amid a run, and amid its second
        // sending.
        stage.allowed.push(Exception::LostAgain);
    }
    let plan = step_by_step(&stage, 1, 50);
    stage.run(plan, |world| {
        world.settle_in();
        for step in STEPS.into_iter().chain([BEHIND_THE_GATE]) {
            stop_at(world, 0, step)?;
            world.pause(500, 1_500);
        }
        Ok(())
    })
}

/// A server begins anew, stands still at a step for twice its lease, and goes on.
pub fn stop_at(world: &mut World, number: usize, step: &str) -> Result<()> {
    let failpoint = format!("{step}:stop:{}", world.dice.number(1, 6));
    println!("  {failpoint}");
    let node = &mut world.nodes[number];
    node.kill()?;
    node.start_failing(&failpoint)?;
    ensure!(node.stops_within(REACHED), "the server never came to {step}");
    thread::sleep(STANDSTILL);
    node.signal(Signal::SIGCONT);
    Ok(())
}

/// Half of the steps, by chance: each takes two takeovers.
pub fn taken_over_at_each_step(stage: Stage<'_>) -> Result<Verdict> {
    let plan = step_by_step(&stage, 2, 45);
    stage.run(plan, |world| {
        world.settle_in();
        let first = world.dice.number(0, 1) as usize;
        for (turn, step) in STEPS.into_iter().skip(first).step_by(2).enumerate() {
            take_over(world, turn % 2, step, STANDSTILL)?;
        }
        Ok(())
    })
}

pub fn taken_over_behind_the_gate(stage: Stage<'_>) -> Result<Verdict> {
    let plan = step_by_step(&stage, 2, 45);
    stage.run(plan, |world| {
        world.settle_in();
        for turn in 0..3 {
            let number = turn % 2;
            take_over(world, number, BEHIND_THE_GATE, LONG_STANDSTILL)?;
            // It notices what it did; the oracle counts what came of it.
            ensure!(world.nodes[number].has_said(LATE)?, "the server did not notice its late request");
        }
        Ok(())
    })
}

/// Leaves a server alone with all jobs until it stops at a step, lets the other take over, and wakes it.
fn take_over(world: &mut World, number: usize, step: &str, standstill: Duration) -> Result<()> {
    let failpoint = format!("{step}:stop:{}", world.dice.number(1, 4));
    println!("  {failpoint}");
    let other = 1 - number;
    world.nodes[number].kill()?;
    world.nodes[other].kill()?;
    world.nodes[number].start_failing(&failpoint)?;
    ensure!(world.nodes[number].stops_within(REACHED), "the server never came to {step}");
    world.nodes[other].start()?;
    thread::sleep(standstill);
    world.pause(500, 2_000);
    world.nodes[number].signal(Signal::SIGCONT);
    world.pause(500, 1_000);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_failpoint_of_the_engine_is_tried() {
        let source = crate::paths::repository().join("scheduler/src/engine/failpoint.rs");
        let text = fs::read_to_string(source).unwrap();
        let known = text.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
        let mut known: Vec<&str> = known.collect();
        let mut tried: Vec<&str> = STEPS.into_iter().chain([BEHIND_THE_GATE]).collect();
        known.sort_unstable();
        tried.sort_unstable();
        assert_eq!(known, tried);
    }
}
