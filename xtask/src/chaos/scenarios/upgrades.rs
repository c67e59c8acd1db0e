//! Servers of two versions side by side.

use std::time::Duration;

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;

use super::Stage;
use crate::chaos::oracle::Verdict;
use crate::chaos::world::World;
use crate::database::client;

/// What servers write to and read all the time.
const TABLES: [&str; 9] =
    ["run", "run_text", "job", "job_cursor", "server", "bucket", "instance", "stat_hour", "id_block"];
/// The name of a migration of the version to come.
const NEXT: &str = "m99990101_000001_next";
/// What `scheduler/src/store/schema.rs` says of a database that has it.
const TOO_NEW: &str = "start a newer version";
const ENDS: Duration = Duration::from_secs(20);

/// Two servers are of the version before: beside them the schema becomes that of a version to come, as a migration
/// may make it. They go on; one that dies does not come back, and is replaced; then the other is.
pub fn schema_ahead(stage: Stage<'_>) -> Result<Verdict> {
    let plan = stage.usual(2, 30);
    stage.run(plan, |world| {
        world.settle_in();
        migrate(world)?;
        world.pause(1_000, 3_000);
        world.nodes[0].kill()?;
        world.nodes[0].start()?;
        ensure!(world.nodes[0].ends_within(ENDS)?, "a server has started on a newer schema");
        ensure!(world.nodes[0].has_said(TOO_NEW)?, "a server does not say that the schema is newer");
        // From now on whoever starts stands for the version to come, which knows its own migration.
        client::ask(world.database.url(), &format!("DELETE FROM seaql_migrations WHERE version = '{NEXT}'"))?;
        for number in 0..world.nodes.len() {
            let node = &mut world.nodes[number];
            node.signal(Signal::SIGTERM);
            ensure!(node.ends_within(ENDS)?, "a server does not end");
            node.start()?;
            node.wait_until_ready()?;
            world.pause(500, 2_000);
        }
        Ok(())
    })
}

/// Gives each table a column more, while all are in use, and says so as a migration does.
fn migrate(world: &mut World) -> Result<()> {
    for table in TABLES {
        let sql = format!("ALTER TABLE {table} ADD COLUMN of_the_next BIGINT NOT NULL DEFAULT 0");
        client::ask(world.database.url(), &sql)?;
        world.pause(0, 300);
    }
    let applied = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{NEXT}', 0)");
    client::ask(world.database.url(), &applied).map(drop)
}
