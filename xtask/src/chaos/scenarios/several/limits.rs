//! Jobs that go from one server to another with the limit of their executor.

use anyhow::{Context, Result, ensure};

use super::read;
use crate::chaos::oracle::Verdict;
use crate::chaos::scenarios::Stage;
use crate::chaos::world::World;
use crate::visitor::Visitor;

/// More than are ever out.
const LIMIT: &str = "500";

/// A person sets the limit of the executor and takes it away, again and again, and the server that the person did not
/// ask dies amid it now and then: its jobs and their runs move between the servers all the time.
pub fn changed(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 30);
    stage.run(plan, |world| {
        let person = world.person("ada")?;
        let found = read(&person, "executors/list_executors", &[("query[q]", "spoilt")])?;
        let executor = found["lines"][0]["id"].as_i64().context("no executor")?.to_string();
        world.settle_in();
        let mut changes = 0;
        while world.fires() {
            let asked = world.any_server();
            let limit = if changes % 2 == 0 { LIMIT } else { "" };
            set_limit(&world.at_server(&person, asked)?, &executor, limit)?;
            changes += 1;
            world.pause(50, 1_500);
            if world.dice.number(0, 3) == 0 {
                let other = (asked + 1) % world.nodes.len();
                restart(world, other)?;
            }
        }
        println!("  the limit was set or taken away {changes} times");
        ensure!(changes >= 10, "too seldom");
        Ok(())
    })
}

fn set_limit(person: &Visitor, executor: &str, limit: &str) -> Result<()> {
    let page = read(person, "executors/executor", &[("id", executor)])?;
    let version = page["version"].to_string();
    let text = |name: &str| page["settings"][name].as_str().unwrap_or_default().to_owned();
    let kept = ["app_name", "title", "registration", "addresses"];
    let kept = kept.map(|name| (format!("form[{name}]"), text(name)));
    let kept = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let changed = [("id", executor), ("version", &version), ("form[max_parallel]", limit)];
    let arguments: Vec<_> = changed.into_iter().chain(kept).collect();
    read(person, "executors/edit_executor", &arguments).map(drop)
}

fn restart(world: &mut World, number: usize) -> Result<()> {
    world.nodes[number].kill()?;
    world.pause(0, 1_500);
    world.nodes[number].start()?;
    world.nodes[number].wait_until_ready()
}
