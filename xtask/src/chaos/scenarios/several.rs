//! Several servers that hinder one another.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Stage;
use crate::chaos::oracle::Verdict;
use crate::chaos::proxy::Network;
use crate::chaos::world::World;

/// What `scheduler/src/engine/lease.rs` says of a server that it takes for dead.
const DEPOSED: &str = "a server stopped renewing its lease";
/// By then a server that is silent is dead to the others, on a machine that has other things to do.
const DEATH: Duration = Duration::from_secs(10);
/// Longer than a server is cut off: what it keeps of results comes in time.
const PATIENT_S: i64 = 60;

/// One server is cut off until it is dead to the other, then that one amid its taking over: the first comes back
/// and takes the second for dead, which comes back last.
pub fn both_dead(stage: Stage<'_>) -> Result<Verdict> {
    let mut plan = stage.usual(2, 45);
    plan.jobs.iter_mut().for_each(|job| job.limit_s = PATIENT_S);
    stage.others_go_on(2).run(plan, |world| {
        world.settle_in();
        let mut first = 0;
        while world.fires() {
            let second = (first + 1) % world.nodes.len();
            cut_off_until_dead(world, first)?;
            world.pause(0, 1_500);
            let deaths = cut_off(world, second)?;
            world.pause(300, 1_500);
            world.database.network(first)?.set(Network::Whole);
            wait_for_death(world, second, deaths)?;
            world.pause(0, 1_500);
            world.database.network(second)?.set(Network::Whole);
            world.pause(2_000, 4_000);
            first = second;
        }
        Ok(())
    })
}

fn cut_off_until_dead(world: &mut World, number: usize) -> Result<()> {
    let deaths = cut_off(world, number)?;
    wait_for_death(world, number, deaths)
}

/// Spoils a server's way to the database; returns how many deaths the servers had noticed before.
fn cut_off(world: &mut World, number: usize) -> Result<usize> {
    let fault = *world.dice.pick(&[Network::BlackHole, Network::Cut, Network::OneWay]);
    println!("  {fault:?} for server {number}");
    let deaths = deaths(world)?;
    world.database.network(number)?.set(fault);
    Ok(deaths)
}

fn wait_for_death(world: &World, number: usize, before: usize) -> Result<()> {
    let deadline = Instant::now() + DEATH;
    while deaths(world)? == before {
        ensure!(Instant::now() < deadline, "nobody noticed that server {number} is cut off");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// How often one server took another for dead.
fn deaths(world: &World) -> Result<usize> {
    world.nodes.iter().map(|node| node.times_said(DEPOSED)).sum()
}
