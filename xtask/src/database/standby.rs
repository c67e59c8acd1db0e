//! PostgreSQL with a standby that has a transaction before its commit is answered.

use anyhow::{Context, Result, ensure};

use super::{Home, Kind, command_as, postgres, wait_until_ready};
use crate::process::{self, Group};

pub const STANDBY: Kind = Kind {
    name: "PostgreSQL+standby",
    variable: "ORRERY_TEST_STANDBY_URL",
    packages: postgres::PACKAGES,
    user: postgres::USER,
    is_installed: postgres::is_installed,
    scheme: postgres::SCHEME,
    places: 2,
    start,
};

/// As the standby calls itself, and the primary waits for.
const NAME: &str = "standby";

fn start(homes: &[Home]) -> Result<Vec<Group>> {
    let (primary, standby) = (&homes[0], &homes[1]);
    let writing = postgres::start(primary)?;
    copy(primary, standby)?;
    let mut following = postgres::serve(standby)?;
    wait_until_ready(&mut following, || ask(standby, "SELECT 1").map(drop))?;
    // The primary alone is told to wait, and not before there is somebody to wait for: a promoted standby with
    // this setting would wait for a standby of its own.
    ask(primary, &format!("ALTER SYSTEM SET synchronous_standby_names = '{NAME}'"))?;
    ask(primary, "SELECT pg_reload_conf()")?;
    wait_until_ready(&mut following, || {
        let state = ask(primary, "SELECT sync_state FROM pg_stat_replication")?;
        ensure!(state == "sync", "the standby's state is {state:?}");
        Ok(())
    })?;
    Ok(vec![writing, following])
}

/// Copies a primary that serves, with the way from the copy to it.
fn copy(primary: &Home, standby: &Home) -> Result<()> {
    let mut command = standby.command(&postgres::find("pg_basebackup").context("pg_basebackup is missing")?);
    let port = primary.port();
    command.arg("-D").arg(standby.folder().join("data")).args([
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
        "--no-sync",
    ]);
    command.args(["-d", &format!("host=127.0.0.1 port={port} user=orrery application_name={NAME}")]);
    process::output("pg_basebackup", &mut command).map(drop)
}

/// Lets it take writes from now on; it has every transaction that the primary said was committed.
pub(super) fn promote(standby: &Home) -> Result<()> {
    let promoted = ask(standby, "SELECT pg_promote()")?;
    ensure!(promoted == "t", "the standby is not promoted: {promoted:?}");
    Ok(())
}

/// The one value that a server answers.
fn ask(home: &Home, statement: &str) -> Result<String> {
    let mut command = command_as(&postgres::find("psql").context("psql is missing")?, None);
    command.args(["-X", "-A", "-t", "-h", "127.0.0.1", "-p", &home.port().to_string(), "-U", "orrery"]);
    command.args(["-d", "orrery", "-c", statement]);
    Ok(process::output("psql", &mut command)?.trim().to_owned())
}
