//! A Galera cluster: three nodes of MariaDB that all take writes, each of which has what the others committed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Home, Kind, mariadb, wait_until_ready};
use crate::paths;
use crate::process::{self, Group};

pub const GALERA: Kind = Kind {
    name: "Galera",
    variable: "ORRERY_TEST_GALERA_URL",
    packages: &["mariadb-server", "galera-4", "rsync"],
    user: mariadb::USER,
    is_installed: || {
        mariadb::is_installed() && library().is_some() && paths::find_on_path(&["rsync"]).is_some()
    },
    scheme: mariadb::SCHEME,
    places: 3,
    start,
};

/// Times within which a dead node is noticed: shorter than usual in the measure in which the leases of chaos are.
const TIMES: &str = "evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;evs.suspect_timeout=PT1S;\
                     evs.inactive_timeout=PT3S";

fn library() -> Option<PathBuf> {
    let known = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"];
    known.iter().map(PathBuf::from).find(|file| file.is_file())
}

/// The first node begins with the database, the others get it from there.
fn start(homes: &[Home]) -> Result<Vec<Group>> {
    let homes: Vec<&Home> = homes.iter().collect();
    let mut servers = Vec::new();
    for number in 0..homes.len() {
        mariadb::install(homes[number])?;
        let mut command = command(&homes, number)?;
        if number == 0 {
            command.arg("--wsrep-new-cluster");
        }
        let mut server = mariadb::spawn(homes[number], &mut command)?;
        wait_until_synced(homes[number], &mut server)?;
        if number == 0 {
            mariadb::create_database(homes[number], &mut server)?;
        }
        servers.push(server);
    }
    Ok(servers)
}

/// Starts a node that died, from where its data ends, and waits until it has what it missed.
pub(super) fn rejoin(homes: &[&Home], number: usize) -> Result<Group> {
    let mut command = command(homes, number)?;
    command.arg(format!("--wsrep-start-position={}", last_position(homes, number)?));
    let mut server = mariadb::spawn(homes[number], &mut command)?;
    wait_until_synced(homes[number], &mut server)?;
    Ok(server)
}

/// Cuts a node off from the others, or ends that, after which it gets by itself what it missed.
pub(super) fn isolate(home: &Home, is_alone: bool) -> Result<()> {
    let option = format!("gmcast.isolate={}", u8::from(is_alone));
    mariadb::ask(home, &format!("set global wsrep_provider_options = '{option}'")).map(drop)
}

/// The last transaction that a dead node has. Without it the node would be given everything anew.
fn last_position(homes: &[&Home], number: usize) -> Result<String> {
    let log = homes[number].folder().join("recovery.err");
    let mut command = command(homes, number)?;
    command.arg("--wsrep-recover").arg(format!("--log-error={}", log.display()));
    process::output("mariadbd --wsrep-recover", &mut command)?;
    let said = fs::read_to_string(&log)?;
    let position = said.lines().rev().find_map(|line| line.split_once("Recovered position:"));
    Ok(position.context("a node does not say which transaction it has last")?.1.trim().to_owned())
}

/// What starts a node on its data.
fn command(homes: &[&Home], number: usize) -> Result<Command> {
    let home = homes[number];
    let [_, group, missed, everything] = home.ports;
    let members: Vec<String> = homes.iter().map(|home| format!("127.0.0.1:{}", home.ports[1])).collect();
    let mut command = mariadb::command(home)?;
    // What nodes agree on: rows instead of statements, and ids that no table is locked for.
    command.args(["--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON"]);
    command.arg(format!("--wsrep-provider={}", library().context("Galera's library is missing")?.display()));
    command.arg(format!("--wsrep-cluster-address=gcomm://{}", members.join(",")));
    command.arg(format!("--wsrep-node-name=node-{number}"));
    command.arg("--wsrep-node-address=127.0.0.1");
    command.arg(format!("--wsrep-node-incoming-address=127.0.0.1:{}", home.port()));
    command.arg("--wsrep-sst-method=rsync");
    command.arg(format!("--wsrep-sst-receive-address=127.0.0.1:{everything}"));
    command.arg(format!(
        "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{missed};\
         gcache.size=32M;{TIMES}"
    ));
    Ok(command)
}

/// Until then it answers no question that needs its data.
fn wait_until_synced(home: &Home, server: &mut Group) -> Result<()> {
    wait_until_ready(server, || {
        let state = mariadb::ask(home, "show status like 'wsrep_local_state_comment'")?;
        ensure!(state.contains("Synced"), "a node is {}", state.trim());
        Ok(())
    })
}
