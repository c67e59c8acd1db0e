//! Debian's packages, where they may be installed without asking anybody.

use std::process::Command;

use anyhow::Result;

use crate::{paths, process};

/// True where `apt-get` exists and this process may use it.
pub fn can_install() -> bool {
    nix::unistd::geteuid().is_root() && paths::find_on_path(&["apt-get"]).is_some()
}

/// Installs Debian packages with the least they depend on.
pub fn install(packages: &[&str], why: &str) -> Result<()> {
    println!("installing {} with apt-get because {why}; takes a minute ...", packages.join(", "));
    let mut update = apt_get();
    if let Err(error) = process::run("apt-get update", update.arg("update")) {
        println!("  note: {error:#}; trying with the package lists that are there");
    }
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    process::run("apt-get install", &mut install)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Run level 1: packages do not start their services; we start our own on private ports.
    command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}
