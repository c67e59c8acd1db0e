//! What people ask for, and whether it happens out there.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use super::Stage;
use crate::chaos::evidence::{Entry, Event};
use crate::chaos::load::{Job, Window, mixed};
use crate::chaos::oracle::Verdict;
use crate::chaos::world::{Plan, World};

/// The result of a run that was told to end.
const KILLED: i64 = 500;
/// Between the moment that an executor is asked and the start that it writes down.
const TAKEN_UP: Duration = Duration::from_millis(300);

/// The executor is told to end the run that is at work, and the next one starts.
pub fn replaced(stage: Stage<'_>) -> Result<Verdict> {
    let job = Job { overlap: "replace", parameter: "work=3000", ..Job::new("replaces", "spoilt", 2) };
    let plan = Plan { servers: 1, jobs: vec![job], seconds: 14, networks: false, clock: None };
    stage.run(plan, |world| {
        world.sleep_until(world.window.until);
        let entries = world.entries()?;
        let ends: Vec<&Entry> = entries.iter().filter(|entry| entry.event == Event::End).collect();
        let killed = ends.iter().filter(|end| end.code == KILLED).count();
        println!("  {killed} of {} runs ended because the executor was told so", ends.len());
        ensure!(killed == ends.len() && killed >= 5, "runs ended by themselves, or did not end");
        Ok(())
    })
}

/// From the moment that it is said to be frozen until it is thawed nothing starts, whatever the servers do.
pub fn frozen(stage: Stage<'_>) -> Result<Verdict> {
    let jobs = mixed("spoilt").into_iter().filter(|job| job.every_s == Some(1)).collect();
    let plan = Plan { servers: 2, jobs, seconds: 30, networks: false, clock: None };
    stage.run(plan, |world| {
        world.settle_in();
        freeze_for_a_while(world, None)?;
        world.settle_in();
        let stopped = world.dice.number(0, 1) as usize;
        freeze_for_a_while(world, Some(stopped))
    })
}

/// A server that stands still says nothing: it is waited for until its lease is over.
fn freeze_for_a_while(world: &mut World, stopped: Option<usize>) -> Result<()> {
    if let Some(number) = stopped {
        world.nodes[number].signal(Signal::SIGSTOP);
    }
    let asked = Instant::now();
    let freeze = world.commands().freeze()?;
    println!("  every server heeds the freeze after {} ms", asked.elapsed().as_millis());
    thread::sleep(TAKEN_UP);
    let from = world.now();
    if let Some(number) = stopped {
        world.nodes[number].signal(Signal::SIGCONT);
    }
    world.pause(3_000, 5_000);
    let until = world.now();
    world.commands().thaw(freeze)?;
    let started = |entry: &&Entry| entry.event == Event::Start && (from..until).contains(&entry.at);
    let started = world.entries()?.iter().filter(started).count();
    ensure!(started == 0, "{started} runs started while everything was frozen");
    Ok(())
}

pub fn backfilled(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 30);
    stage.run(plan, |world| {
        world.sleep_until(world.window.from + 8_000);
        let past = Window { until: world.window.from + 7_000, ..world.window };
        for job in ["spoilt-second-1", "spoilt-second-2", "spoilt-works", "spoilt-parent"] {
            world.backfill(job.to_owned(), past).with_context(|| format!("{job} for its past times"))?;
        }
        for _ in 0..2 {
            world.pause(200, 1_500);
            world.nodes[0].kill()?;
            world.nodes[0].start()?;
            world.nodes[0].wait_until_ready()?;
        }
        Ok(())
    })
}
