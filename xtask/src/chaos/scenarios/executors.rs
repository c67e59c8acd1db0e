//! Executors that die, hang and lie, and the network between them and the servers.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use super::Stage;
use crate::chaos::load::{Job, mixed};
use crate::chaos::oracle::Verdict;
use crate::chaos::proxy::Network;
use crate::chaos::world::{Plan, World};

/// A healthy executor's runs start in time whatever another one does; other processes want the machine too.
const PUNCTUAL_MS: i64 = 2_000;

/// The executor that is spoilt, and a healthy one beside it.
fn beside_a_healthy_one(seconds: i64, networks: bool) -> Plan {
    let mut jobs = mixed("a-spoilt");
    let healthy = mixed("b-healthy").into_iter().filter(|job| job.every_s.is_some() && job.retries == 0);
    let healthy = healthy.filter(|job| job.children.is_empty());
    jobs.extend(healthy.map(|job| Job { punctual_ms: Some(PUNCTUAL_MS), ..job }));
    Plan { servers: 1, jobs, seconds, networks, clock: None }
}

/// Misbehaves in each of these ways for so many seconds.
fn misbehave(world: &mut World, seconds: u64, ways: &[(&str, &str)]) -> Result<()> {
    for (run, results) in ways {
        world.agent().behave(run, results)?;
        thread::sleep(Duration::from_secs(seconds));
    }
    world.agent().behave("honest", "prompt")
}

pub fn killed(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(18, false), |world| {
        while world.fires() {
            world.pause(500, 4_000);
            world.agent().kill()?;
            world.pause(0, 1_500);
            world.agent().start()?;
        }
        Ok(())
    })
}

pub fn emptied(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        for _ in 0..2 {
            world.pause(2_000, 5_000);
            world.agent().kill()?;
            world.agent().empty_disk()?;
            world.pause(0, 500);
            world.agent().start()?;
        }
        Ok(())
    })
}

pub fn stopped(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        world.settle_in();
        world.agent().signal(Signal::SIGSTOP);
        world.pause(4_000, 6_000);
        world.agent().signal(Signal::SIGCONT);
        Ok(())
    })
}

pub fn hanging(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        world.settle_in();
        misbehave(world, 8, &[("hanging", "prompt")])
    })
}

pub fn slow(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        world.settle_in();
        misbehave(world, 5, &[("slow", "prompt"), ("silent", "prompt")])
    })
}

pub fn lying(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        world.settle_in();
        misbehave(world, 3, &[("refusing", "prompt"), ("garbled", "prompt"), ("forgetful", "prompt")])
    })
}

pub fn results_spoilt(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(15, false), |world| {
        misbehave(world, 4, &[("honest", "delayed"), ("honest", "doubled"), ("honest", "reordered")])
    })
}

pub fn results_lost(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(12, false), |world| misbehave(world, 4, &[("honest", "lost")]))
}

pub fn network_spoilt(stage: Stage<'_>) -> Result<Verdict> {
    stage.run(beside_a_healthy_one(24, true), |world| {
        world.settle_in();
        while world.fires() {
            let faults = [Network::Delayed(300), Network::Cut, Network::OneWay, Network::BlackHole];
            let (there, back) = (*world.dice.pick(&faults), *world.dice.pick(&faults));
            let both = world.dice.number(0, 2);
            println!(
                "  to the executor {there:?}, from it {back:?}, {}",
                ["first", "second", "both"][both as usize]
            );
            if both != 1 {
                world.agent().network()?.set(there);
            }
            world.pause(1_000, 2_500);
            if both != 0 {
                world.network(0).set(back);
            }
            world.pause(500, 1_500);
            world.agent().network()?.set(Network::Whole);
            world.network(0).set(Network::Whole);
            world.pause(500, 1_500);
        }
        Ok(())
    })
}
