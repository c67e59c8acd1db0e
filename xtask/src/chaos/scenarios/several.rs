//! Several servers that hinder one another.

mod approvals;
mod ends;
mod limits;

use std::collections::HashMap;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::Stage;
use super::servers::{leave_and_return, stop_at};
use crate::chaos::evidence::Event;
use crate::chaos::load::Job;
use crate::chaos::oracle::Verdict;
use crate::chaos::proxy::Network;
use crate::chaos::world::{Plan, World};
use crate::visitor::Visitor;

pub use approvals::given_twice;
pub use ends::meeting;
pub use limits::changed as limits_changed;

/// What `scheduler/src/engine/lease.rs` says of a server that it takes for dead.
const DEPOSED: &str = "a server stopped renewing its lease";
/// By then a server that is silent is dead to the others, on a machine that has other things to do.
const DEATH: Duration = Duration::from_secs(10);
/// Longer than a server is cut off: what it keeps of results comes in time.
const PATIENT_S: i64 = 60;
/// A server comes to a step only as long as something fires.
const FIRES_ON_MS: i64 = 20_000;
/// Results that were taken so soon one after the other came at the same moment.
const AT_ONCE_MS: i64 = 50;

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

/// Each instance of an executor reports to another server, and the buckets move between them meanwhile: whoever
/// learns of the last shard, the run ends once and its child starts once.
pub fn last_shards(stage: Stage<'_>) -> Result<Verdict> {
    let shards = stage.at_least(2);
    let split = |number| {
        let child = Job { every_s: None, ..Job::new(&format!("child-{number}"), "split", 1) };
        let (children, parameter) = (vec![child.name.clone()], "work=100");
        let parent = Job { shards, children, parameter, ..Job::new(&format!("split-{number}"), "split", 2) };
        [child, parent]
    };
    let mut jobs: Vec<Job> = (1..=16).flat_map(split).collect();
    jobs.push(Job { shards, parameter: "code=500", retries: 1, ..Job::new("split-fails", "split", 3) });
    stage.run(Plan { servers: 2, jobs, seconds: 50, networks: false, clock: None }, |world| {
        world.settle_in();
        while world.fires() {
            let number = world.any_server();
            let fires_for_long = world.now() + FIRES_ON_MS < world.window.until;
            match world.dice.number(0, 2) {
                0 => leave_and_return(world, number)?,
                1 if fires_for_long => stop_at(world, number, "effects.written")?,
                _ => stand_still(world, number),
            }
            world.pause(500, 2_000);
        }
        let met = met(world)?;
        println!("  the last two results of {met} runs came to two servers within {AT_ONCE_MS} ms");
        ensure!(met > 0, "no two last shards ended at once");
        Ok(())
    })
}

/// Others take over meanwhile.
fn stand_still(world: &mut World, number: usize) {
    println!("  server {number} stands still");
    world.nodes[number].signal(Signal::SIGSTOP);
    world.pause(1_500, 3_000);
    world.nodes[number].signal(Signal::SIGCONT);
}

/// How many runs had the results of their last two shards taken by two servers at the same moment.
fn met(world: &World) -> Result<usize> {
    let parents: HashMap<i64, i64> =
        world.rows()?.iter().filter_map(|row| Some((row.id, row.parent?))).collect();
    let mut taken: HashMap<i64, Vec<(i64, u16)>> = HashMap::new();
    for entry in world.entries()?.iter().filter(|entry| entry.event == Event::Reported) {
        if let Some(parent) = parents.get(&entry.run) {
            taken.entry(*parent).or_default().push((entry.at, entry.server));
        }
    }
    let is_met = |results: &mut Vec<(i64, u16)>| {
        results.sort_unstable();
        let [.., (before, one), (last, other)] = results[..] else { return false };
        one != other && last - before <= AT_ONCE_MS
    };
    Ok(taken.into_values().filter_map(|mut results| is_met(&mut results).then_some(())).count())
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

/// What a thread came to.
fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Calls what has to succeed.
fn read(person: &Visitor, function: &str, arguments: &[(&str, &str)]) -> Result<Value> {
    let (status, told) = person.call(function, arguments)?;
    ensure!(status == 200, "{function} was answered with {status} {told}");
    Ok(told)
}
