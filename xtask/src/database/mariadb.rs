//! MariaDB, which stands for MySQL too.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{Home, Kind, command_as, wait_until_ready};
use crate::paths;
use crate::process::{self, Group};

pub const MARIADB: Kind = Kind {
    name: "MariaDB",
    variable: "ORRERY_TEST_MYSQL_URL",
    packages: &["mariadb-server"],
    user: USER,
    is_installed,
    scheme: SCHEME,
    places: 1,
    start: |homes| homes.iter().map(start).collect(),
};

pub(super) const USER: &str = "mysql";
pub(super) const SCHEME: &str = "mysql://root@";

pub(super) fn is_installed() -> bool {
    program().is_some() && paths::find_on_path(&["mariadb-install-db"]).is_some()
}

fn program() -> Option<PathBuf> {
    // Not on the `PATH` of ordinary users.
    let known = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"].map(PathBuf::from);
    paths::find_on_path(&["mariadbd"]).or_else(|| known.into_iter().find(|file| paths::is_executable(file)))
}

fn start(home: &Home) -> Result<Group> {
    install(home)?;
    let mut command = command(home)?;
    // Nothing here outlives the tests, so nothing needs to reach the disk.
    let mut server = spawn(home, command.arg("--innodb-flush-log-at-trx-commit=0"))?;
    create_database(home, &mut server)?;
    Ok(server)
}

/// Fills the data folder with what every server has.
pub(super) fn install(home: &Home) -> Result<()> {
    let install = paths::find_on_path(&["mariadb-install-db"]).context("mariadb-install-db is missing")?;
    let mut command = home.command(&install);
    command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.arg(format!("--datadir={}", home.folder().join("data").display()));
    process::output("mariadb-install-db", &mut command).map(drop)
}

/// What starts the server on its data.
pub(super) fn command(home: &Home) -> Result<Command> {
    let folder = home.folder();
    let mut command = home.server_command(&program().context("mariadbd is missing")?);
    command.arg("--no-defaults").arg(format!("--datadir={}", folder.join("data").display()));
    command.arg(format!("--socket={}", folder.join("socket").display()));
    command.arg(format!("--pid-file={}", folder.join("pid").display()));
    command.args(["--bind-address=127.0.0.1", &format!("--port={}", home.port()), "--max-connections=300"]);
    // A crash of the machine, which alone leaves half a page, ends the tests too.
    command.args(["--innodb-doublewrite=0", "--skip-log-bin"]);
    Ok(command)
}

pub(super) fn spawn(home: &Home, command: &mut Command) -> Result<Group> {
    Group::spawn("MariaDB", command.stdout(Stdio::null()).stderr(home.log()?))
}

/// Waits until the server answers and creates the database.
pub(super) fn create_database(home: &Home, server: &mut Group) -> Result<()> {
    wait_until_ready(server, || ask(home, "create database orrery character set utf8mb4").map(drop))
}

/// What the server answers to a statement: lines of values with tabs between them.
pub(super) fn ask(home: &Home, statement: &str) -> Result<String> {
    let client = paths::find_on_path(&["mariadb", "mysql"]).context("the client `mariadb` is missing")?;
    let mut command = command_as(&client, None);
    command.args([
        "--no-defaults",
        "--protocol=tcp",
        "--host=127.0.0.1",
        "--user=root",
        "--skip-column-names",
    ]);
    command.arg(format!("--port={}", home.port())).args(["--execute", statement]);
    process::output("mariadb", &mut command)
}
