//! PostgreSQL.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::{Home, Kind, command_as, wait_until_ready};
use crate::paths;
use crate::process::{self, Group};

pub const POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    variable: "ORRERY_TEST_POSTGRES_URL",
    packages: PACKAGES,
    user: USER,
    is_installed,
    scheme: SCHEME,
    places: 1,
    start: |homes| homes.iter().map(start).collect(),
};

pub(super) const PACKAGES: &[&str] = &["postgresql"];
pub(super) const USER: &str = "postgres";
pub(super) const SCHEME: &str = "postgres://orrery@";

pub(super) fn is_installed() -> bool {
    find("initdb").is_some() && find("postgres").is_some()
}

/// Debian keeps the server's programs off the `PATH`, one folder for each version.
pub(super) fn find(program: &str) -> Option<PathBuf> {
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

/// Creates a database and starts its server.
pub(super) fn start(home: &Home) -> Result<Group> {
    let mut command = home.command(&find("initdb").context("initdb is missing")?);
    command
        .args(["--username=orrery", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(home.folder().join("data"));
    process::output("initdb", &mut command)?;
    let mut server = serve(home)?;
    let createdb = find("createdb").context("createdb is missing")?;
    wait_until_ready(&mut server, || {
        let mut create = command_as(&createdb, None);
        create.args(["-h", "127.0.0.1", "-p", &home.port().to_string(), "-U", "orrery", "orrery"]);
        process::output("createdb", &mut create).map(drop)
    })?;
    Ok(server)
}

/// Starts a server on data that is there.
pub(super) fn serve(home: &Home) -> Result<Group> {
    let folder = home.folder();
    let mut command = home.server_command(&find("postgres").context("postgres is missing")?);
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    command.args(["-h", "127.0.0.1", "-p", &home.port().to_string()]);
    // Nothing here outlives the machine, so nothing needs to reach the disk; but what is committed outlives
    // the server.
    // What a killed server leaves of its shared memory lies with its data, and goes with them.
    let settings =
        ["fsync=off", "full_page_writes=off", "max_connections=300", "dynamic_shared_memory_type=mmap"];
    command.args(settings.iter().flat_map(|setting| ["-c", *setting]));
    command.stdout(Stdio::null()).stderr(home.log()?);
    Group::spawn("PostgreSQL", &mut command)
}

/// Lets a server die with everything that is under way, in an order of its own.
pub(super) fn quit(server: &mut Group) -> Result<()> {
    // Its children leave its group and notice its death late; this tells them.
    server.signal(Signal::SIGQUIT);
    server.wait().map(drop)
}
