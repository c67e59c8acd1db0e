//! Databases that are away, die, and have no room.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Stage;
use crate::chaos::evidence::Event;
use crate::chaos::load::Job;
use crate::chaos::node::Node;
use crate::chaos::oracle::Verdict;
use crate::chaos::proxy::Network;
use crate::chaos::storage::Storage;
use crate::chaos::world::{Plan, World};
use crate::orrery::{Server, http_status};
use crate::{paths, process};

pub fn away(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 45);
    stage.others_go_on(1).run(plan, |world| {
        let struck = world.any_server();
        world.pause(2_000, 4_000);
        let fault = *world.dice.pick(&[Network::BlackHole, Network::Cut]);
        println!("  {fault:?} for server {struck}");
        world.database.network(struck)?.set(fault);
        thread::sleep(Duration::from_secs(30));
        world.database.network(struck)?.set(Network::Whole);
        Ok(())
    })
}

pub fn restarted(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 25);
    stage.run(plan, |world| {
        for _ in 0..3 {
            world.pause(2_000, 5_000);
            world.database.server()?.restart()?;
        }
        Ok(())
    })
}

pub fn cut(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 20);
    stage.run(plan, |world| {
        while world.fires() {
            world.pause(200, 2_000);
            let struck = world.one_or_all();
            // Answers are held back first: what is committed then nobody is told.
            world.set_ways(struck.clone(), Network::OneWay)?;
            world.pause(20, 300);
            world.set_ways(struck.clone(), Network::Cut)?;
            world.pause(0, 300);
            world.set_ways(struck, Network::Whole)?;
        }
        Ok(())
    })
}

/// What the executor was told to be taken is there, though the server died before the database came back.
pub fn results_kept(stage: Stage<'_>) -> Result<Verdict> {
    let job = |number| Job {
        parameter: "work=2000",
        limit_s: 30,
        ..Job::new(&format!("works-{number}"), "spoilt", 5)
    };
    let jobs = (1..=8).map(job).collect();
    let plan = Plan { servers: 1, jobs, seconds: 20, networks: false, clock: None };
    stage.others_go_on(1).run(plan, |world| {
        // Amid a run: its result comes when the database is away.
        world.sleep_until((world.window.from / 5_000 + 1) * 5_000 + 6_000);
        let before = reported(world)?;
        // Executors report to the first server first.
        world.database.network(0)?.set(Network::BlackHole);
        let deadline = Instant::now() + Duration::from_secs(10);
        while reported(world)? == before {
            ensure!(Instant::now() < deadline, "no result was taken while the database was away");
            thread::sleep(Duration::from_millis(20));
        }
        ensure!(world.nodes[0].keeps_callbacks(), "a result was taken, and is not kept");
        world.pause(300, 600);
        world.nodes[0].kill()?;
        println!("  {} results were taken that the database does not have", reported(world)? - before);
        world.nodes[0].start()?;
        world.pause(1_000, 3_000);
        world.database.network(0)?.set(Network::Whole);
        Ok(())
    })
}

/// How many results the executors were told to be taken.
fn reported(world: &World) -> Result<usize> {
    Ok(world.entries()?.iter().filter(|entry| entry.event == Event::Reported).count())
}

/// Firing stops loudly, reading goes on, and firing begins again by itself.
pub fn disk_full(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(1, 30);
    stage.run(plan, |world| {
        world.pause(2_000, 4_000);
        limit_files(&world.nodes[0], Some(64 << 10))?;
        thread::sleep(Duration::from_secs(8));
        let page = http_status(&world.nodes[0].server().url(), "/login");
        let said = fs::read_to_string(world.nodes[0].log())?;
        limit_files(&world.nodes[0], None)?;
        ensure!(page == Some(200), "pages cannot be read while the disk is full: {page:?}");
        ensure!(said.contains("ERROR"), "the server does not say that its disk is full");
        restarts_alone(world)
    })
}

/// The server fires again without having been started again.
fn restarts_alone(world: &mut World) -> Result<()> {
    ensure!(!world.nodes[0].has_ended()?, "the server ended when the disk was full");
    world.nodes[0].wait_until_ready()
}

/// How long a file of the server may be, from now on.
fn limit_files(node: &Node, bytes: Option<u64>) -> Result<()> {
    let id = node.id().context("no server runs")?.to_string();
    let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
    let mut command = Command::new("prlimit");
    command.args(["--pid", &id, &format!("--fsize={limit}:unlimited")]);
    process::run("prlimit", &mut command)
}

/// After any number of deaths on the way the next start brings the database to its schema.
pub fn migration_killed(mut stage: Stage<'_>) -> Result<Verdict> {
    for _ in 0..4 {
        let folder = stage.folder.join("migration");
        fs::create_dir_all(&folder)?;
        let storage = Storage::create(stage.backend, &folder, Vec::new())?;
        let listen = format!("127.0.0.1:{}", paths::free_port()?);
        let server = Server::of(&stage.programs.server, storage.url(), &listen).set("ORRERY_LOG", "warn");
        kill_on_the_way(&mut stage, &server)?;
        let mut node = Node::new(server, &folder, 0);
        node.start()?;
        node.wait_until_ready()?;
        node.kill()?;
        drop(storage);
        fs::remove_dir_all(&folder)?;
    }
    Ok(Verdict::default())
}

/// Kills migrations, each a little later than the last, until one comes to its end.
fn kill_on_the_way(stage: &mut Stage<'_>, server: &Server) -> Result<()> {
    let mut patience = Duration::ZERO;
    loop {
        let mut migration = server.migrate()?;
        patience += stage.dice.pause(5, 60);
        let end = Instant::now() + patience;
        while !migration.has_ended()? && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
        if migration.has_ended()? {
            ensure!(migration.wait()?.success(), "after its death, a migration cannot be done");
            return Ok(());
        }
        migration.kill()?;
    }
}
