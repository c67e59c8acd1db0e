//! The clients that PostgreSQL and MariaDB bring with them.

use anyhow::{Context, Result};

use super::{command_as, postgres};
use crate::{paths, process};

/// What the database at this URL answers to a statement: a row a line, with `|` between columns on PostgreSQL, tabs on
/// MariaDB.
pub fn ask(url: &str, sql: &str) -> Result<String> {
    if url.starts_with("postgres:") {
        let mut psql = command_as(&postgres::find("psql").context("psql is missing")?, None);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-c", sql, url]);
        return process::output("psql", &mut psql);
    }
    let client = paths::find_on_path(&["mariadb", "mysql"]).context("the client `mariadb` is missing")?;
    let mut mariadb = command_as(&client, None);
    let (server, database) = url.rsplit_once('/').context("a URL without a database")?;
    let (user, host) =
        server.trim_start_matches("mysql://").split_once('@').context("a URL without a user")?;
    // Of several nodes the first will do.
    let (host, port) = host.split(',').next().and_then(|first| first.split_once(':')).context("no port")?;
    mariadb.args(["--no-defaults", "--protocol=tcp", "--skip-column-names"]);
    mariadb.args([format!("--user={user}"), format!("--host={host}"), format!("--port={port}")]);
    process::output("mariadb", mariadb.args(["--execute", sql, database]))
}
