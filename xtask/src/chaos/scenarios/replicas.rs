//! Databases of several servers, of which one dies.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Stage;
use crate::chaos::oracle::Verdict;
use crate::chaos::world::World;

/// What `scheduler/src/store/connect/places.rs` says when it goes to another place of the database.
const MOVED: &str = "the database writes at another place now";
/// By then a server has noticed that its place does not write, on a machine that has other things to do.
const NOTICED: Duration = Duration::from_secs(15);

/// Of the three nodes the one dies that the first server writes to, then any. Each comes back before the next dies: two
/// of three are a cluster, one is none.
pub fn node_killed(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 45);
    stage.run(plan, |world| {
        world.settle_in();
        let mut victim = 0;
        while world.fires() {
            println!("  node {victim}");
            world.database.server()?.kill(victim)?;
            world.pause(500, 5_000);
            world.database.server()?.rejoin(victim)?;
            world.pause(500, 3_000);
            victim = world.dice.number(0, 2) as usize;
        }
        Ok(())
    })
}

/// A node that is cut off from the other two still takes connections, and refuses whatever takes all of them.
pub fn node_isolated(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 40);
    stage.run(plan, |world| {
        world.settle_in();
        let mut alone = 0;
        while world.fires() {
            println!("  node {alone}");
            world.database.server()?.isolate(alone, true)?;
            wait_until_first_server_moves(world)?;
            world.pause(2_000, 5_000);
            world.database.server()?.isolate(alone, false)?;
            world.pause(2_000, 5_000);
            alone = world.dice.number(0, 2) as usize;
        }
        Ok(())
    })
}

/// It writes at the first node until that is cut off, as it is before any other.
fn wait_until_first_server_moves(world: &World) -> Result<()> {
    let deadline = Instant::now() + NOTICED;
    while !world.nodes[0].has_said(MOVED)? {
        ensure!(Instant::now() < deadline, "a server stays at a node that has lost its cluster");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// The primary dies amid its commits and stays dead; the standby becomes what it was.
pub fn standby_promoted(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 25);
    stage.run(plan, |world| {
        world.settle_in();
        world.pause(0, 4_000);
        world.database.server()?.kill(0)?;
        world.pause(0, 2_000);
        world.database.server()?.promote(1)
    })
}
