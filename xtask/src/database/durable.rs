//! A PostgreSQL to measure with: on disk, and with the settings that it is installed with.

use std::fs::File;
use std::os::unix::fs::chown;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use nix::unistd::geteuid;

use super::{POSTGRES, client, command_as, postgres, wait_until_ready};
use crate::paths::{self, ScratchFolder};
use crate::process::{self, Group};

/// The name of its superuser, who needs no password.
const USER: &str = "orrery";

/// A running server; its data goes with it.
pub struct DurablePostgres {
    // Dropped in this order: the server before its files.
    server: Group,
    _data: ScratchFolder,
    port: u16,
}

impl DurablePostgres {
    /// Starts one with these libraries in it, such as `pg_stat_statements`, and without a database of ours.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed and cannot be.
    pub fn start(libraries: &str) -> Result<Self> {
        ensure!(POSTGRES.is_available()?, POSTGRES.how_to_get_it());
        let data = ScratchFolder::create("durable-postgres")?;
        let user = if geteuid().is_root() { Some(POSTGRES.unprivileged_user()?) } else { None };
        if let Some(user) = &user {
            chown(data.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        let folder = data.path().join("data");
        let mut init = command_as(&postgres::find("initdb").context("initdb is missing")?, user.as_ref());
        init.args([&format!("--username={USER}"), "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"]);
        process::output("initdb", init.arg(&folder))?;
        let port = paths::free_port()?;
        let mut serve =
            command_as(&postgres::find("postgres").context("postgres is missing")?, user.as_ref());
        serve.arg("-D").arg(&folder).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        serve.arg("-k").arg(data.path()).args(["-c", &format!("shared_preload_libraries={libraries}")]);
        let log = File::create(data.path().join("log")).context("cannot create PostgreSQL's log")?;
        let mut server = Group::spawn("PostgreSQL", serve.stdout(Stdio::null()).stderr(log))?;
        wait_until_ready(&mut server, || client::ask(&url(port, "postgres"), "SELECT 1").map(drop))?;
        Ok(Self { server, _data: data, port })
    }

    /// The process that all its others are children of.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// What servers are told of one of its databases.
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Creates a database: like `template0`, which is empty, or like another that nobody works on.
    pub fn create(&self, database: &str, template: &str) -> Result<()> {
        // Copying files leaves nothing behind that is still to be written while something is measured.
        let sql = format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY FILE_COPY");
        self.ask("postgres", &sql).map(drop)
    }

    /// Drops a database, and whoever works on it.
    pub fn discard(&self, database: &str) -> Result<()> {
        self.ask("postgres", &format!("DROP DATABASE {database} WITH (FORCE)")).map(drop)
    }

    /// The rows that a statement yields, one a line, with `|` between their columns.
    pub fn ask(&self, database: &str, sql: &str) -> Result<String> {
        client::ask(&self.url(database), sql)
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://{USER}@127.0.0.1:{port}/{database}")
}
