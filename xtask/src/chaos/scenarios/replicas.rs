//! Databases of several servers, of which one dies.

use anyhow::Result;

use super::Stage;
use crate::chaos::oracle::Verdict;

/// Of the three nodes the one dies that both servers write to, then any. Each comes back before the next dies: two of
/// three are a cluster, one is none.
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
            world.pause(3_000, 6_000);
            world.database.server()?.isolate(alone, false)?;
            world.pause(2_000, 5_000);
            alone = world.dice.number(0, 2) as usize;
        }
        Ok(())
    })
}

/// The primary dies amid its commits and stays dead; the standby becomes what it was.
pub fn standby_promoted(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 25);
    stage.run(plan, |world| {
        world.settle_in();
        world.pause(0, 4_000);
        world.database.server()?.kill(0)?;
        world.pause(0, 3_000);
        world.database.server()?.promote(1)
    })
}
