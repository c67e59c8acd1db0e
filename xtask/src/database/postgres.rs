//! PostgreSQL.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use super::{Home, Kind, command_as, wait_until_ready};
use crate::paths;
use crate::process::{self, Group};

pub const POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    variable: "ORRERY_TEST_POSTGRES_URL",
    package: "postgresql",
    user: "postgres",
    is_installed: || find("initdb").is_some() && find("postgres").is_some(),
    start,
};

/// Debian keeps the server's programs off the `PATH`, one folder for each version.
fn find(program: &str) -> Option<PathBuf> {
    paths::find_on_path(&[program]).or_else(|| {
        let mut versions: Vec<PathBuf> =
            fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        versions.sort();
        versions
            .iter()
            .rev()
            .map(|folder| folder.join("bin").join(program))
            .find(|file| paths::is_executable(file))
    })
}

fn start(home: &Home) -> Result<(Group, String)> {
    let data = home.folder().join("data");
    let mut command = home.command(&find("initdb").context("initdb is missing")?);
    command
        .args(["--username=orrery", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data);
    process::output("initdb", &mut command)?;
    let port = paths::free_port()?;
    let mut server = serve(home, port)?;
    let createdb = find("createdb").context("createdb is missing")?;
    wait_until_ready(&mut server, || {
        let mut create = command_as(&createdb, None);
        create.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "orrery", "orrery"]);
        process::output("createdb", &mut create).map(drop)
    })?;
    Ok((server, format!("postgres://orrery@127.0.0.1:{port}/orrery")))
}

/// Starts a server on data that is there.
pub(super) fn serve(home: &Home, port: u16) -> Result<Group> {
    let folder = home.folder();
    let data = folder.join("data");
    let mut command = home.server_command(&find("postgres").context("postgres is missing")?);
    command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]).arg("-k").arg(folder);
    // Nothing here outlives the machine, so nothing needs to reach the disk; but what is committed outlives
    // the server.
    command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    command.args(["-c", "max_connections=300"]);
    let log = fs::File::create(folder.join("log")).context("cannot create PostgreSQL's log")?;
    command.stdout(Stdio::null()).stderr(log);
    Group::spawn("PostgreSQL", &mut command)
}
