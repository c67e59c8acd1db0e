//! MariaDB, which stands for MySQL too.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use super::{Home, Kind, command_as, wait_until_ready};
use crate::paths;
use crate::process::{self, Group};

pub const MARIADB: Kind = Kind {
    name: "MariaDB",
    variable: "ORRERY_TEST_MYSQL_URL",
    package: "mariadb-server",
    user: "mysql",
    is_installed: || server().is_some() && paths::find_on_path(&["mariadb-install-db"]).is_some(),
    start,
};

fn server() -> Option<PathBuf> {
    // Not on the `PATH` of ordinary users.
    let known = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"].map(PathBuf::from);
    paths::find_on_path(&["mariadbd"]).or_else(|| known.into_iter().find(|file| paths::is_executable(file)))
}

fn start(home: &Home) -> Result<(Group, String)> {
    let folder = home.folder();
    let data = folder.join("data");
    let install = paths::find_on_path(&["mariadb-install-db"]).context("mariadb-install-db is missing")?;
    let mut command = home.command(&install);
    command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.arg(format!("--datadir={}", data.display()));
    process::output("mariadb-install-db", &mut command)?;
    let port = paths::free_port()?;
    let mut command = home.server_command(&server().context("mariadbd is missing")?);
    command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
    command.arg(format!("--socket={}", folder.join("socket").display()));
    command.arg(format!("--pid-file={}", folder.join("pid").display()));
    command.args(["--bind-address=127.0.0.1", &format!("--port={port}"), "--max-connections=300"]);
    // Nothing here outlives the tests, so nothing needs to reach the disk.
    command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-log-bin"]);
    let log = fs::File::create(folder.join("log")).context("cannot create MariaDB's log")?;
    command.stdout(Stdio::null()).stderr(log);
    let mut server = Group::spawn("MariaDB", &mut command)?;
    let client = paths::find_on_path(&["mariadb", "mysql"]).context("the client `mariadb` is missing")?;
    wait_until_ready(&mut server, || {
        let mut create = command_as(&client, None);
        create.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"]);
        create.arg(format!("--port={port}"));
        create.args(["--execute", "create database orrery character set utf8mb4"]);
        process::output("mariadb", &mut create).map(drop)
    })?;
    Ok((server, format!("mysql://root@127.0.0.1:{port}/orrery")))
}
