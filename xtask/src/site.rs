//! Building what the browser loads, and the two executables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process, scripts, tools};

/// The server's and the agent's executables with what they need at run time.
pub struct Build {
    /// `orrery`
    pub server: PathBuf,
    /// `orrery-executor`
    pub executor: PathBuf,
}

/// Builds the site with cargo-leptos, then both executables with plain cargo.
///
/// cargo-leptos could build the server too, but alone: with other features of shared crates than a build of the
/// whole workspace, which would compile half of them twice.
pub fn build(release: bool) -> Result<Build> {
    build_site(release)?;
    let mut cargo = tools::cargo()?;
    cargo.args([
        "build",
        "--workspace",
        "--exclude",
        "frontend",
        "--bin",
        "orrery",
        "--bin",
        "orrery-executor",
    ]);
    if release {
        cargo.arg("--release");
    }
    println!("building the server and the executor ...");
    process::run("cargo build", &mut cargo)?;
    take_build(release)
}

/// Builds another executable of the workspace and returns it.
pub fn build_helper(name: &str) -> Result<PathBuf> {
    let mut cargo = tools::cargo()?;
    cargo.args(["build", "--workspace", "--exclude", "frontend", "--bin", name]);
    process::run("cargo build", &mut cargo)?;
    Ok(paths::target()?.join("debug").join(name))
}

/// Builds the site only: WebAssembly, JavaScript, styles, into `target/site` of this checkout.
pub fn build_site(release: bool) -> Result<()> {
    let path = tools::for_site()?;
    scripts::bundle(&path)?;
    println!("building the site ...");
    let mut leptos = cargo_leptos(&path)?;
    leptos.env("CARGO_TARGET_DIR", paths::target()?).args(["build", "--frontend-only", "--split"]);
    if release {
        leptos.args(["--release", "--precompress"]);
    }
    process::run("cargo leptos build", &mut leptos)
}

/// `cargo leptos` on a `PATH` that has its tools.
pub fn cargo_leptos(path: &std::ffi::OsStr) -> Result<Command> {
    let executable = std::env::split_paths(path)
        .map(|folder| folder.join("cargo-leptos"))
        .find(|file| paths::is_executable(file))
        .context("cargo-leptos is not where it was installed")?;
    let mut command = Command::new(executable);
    command.arg("leptos").env("PATH", path).current_dir(paths::repository());
    Ok(command)
}

/// Builds executables of the workspace without the site, and copies them out of the compiled code.
pub fn build_programs(names: &[&str], release: bool) -> Result<Vec<PathBuf>> {
    let mut cargo = tools::cargo()?;
    cargo.args(["build", "--workspace", "--exclude", "frontend"]);
    cargo.args(names.iter().flat_map(|name| ["--bin", name]));
    if release {
        cargo.arg("--release");
    }
    process::run("cargo build", &mut cargo)?;
    let profile = if release { "release" } else { "debug" };
    let to = paths::repository().join("target/run").join(profile);
    fs::create_dir_all(&to)?;
    let from = paths::target()?.join(profile);
    let copied = names.iter().map(|name| replace(&from.join(name), &to.join(name)).map(|()| to.join(name)));
    copied.collect()
}

/// Copies the executables out of the compiled code, which other checkouts overwrite at any time.
pub fn take_build(release: bool) -> Result<Build> {
    let profile = if release { "release" } else { "debug" };
    let from = paths::target()?.join(profile);
    let to = paths::repository().join("target/run").join(profile);
    fs::create_dir_all(&to)?;
    for name in ["orrery", "orrery-executor", "hash.txt"] {
        replace(&from.join(name), &to.join(name))?;
    }
    Ok(Build { server: to.join("orrery"), executor: to.join("orrery-executor") })
}

/// Copies beside and renames, because an executable that runs cannot be written to.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let beside = to.with_extension("new");
    fs::copy(from, &beside).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(fs::rename(&beside, to)?)
}
