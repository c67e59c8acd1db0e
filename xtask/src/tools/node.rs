//! Node packages, exactly as the lock file names them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;

/// The oldest Node that the packages run on.
const OLDEST_NODE: u32 = 20;

/// Makes `node_modules` in `folder` equal to its `package-lock.json`.
pub fn install_packages(folder: &Path, why: &str) -> Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| format!("no package-lock.json in {}", folder.display()))?;
    let modules = folder.join("node_modules");
    let announcement = format!(
        "installing the Node packages of {} because {why}; takes half a minute ...",
        folder.display()
    );
    // `npm ci` removes the folder, and with it a marker that no longer holds.
    super::complete(&modules, &lock, &announcement, || {
        check_node()?;
        // Playwright's own browsers are not used: see `browser.rs`.
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").current_dir(folder);
        process::run("npm ci", &mut npm)
    })
}

/// Fails with the way to get it where Node or npm is missing or too old.
pub fn check_node() -> Result<()> {
    let how = format!(
        "Node {OLDEST_NODE} or later with npm is needed: https://nodejs.org, or your system's package \
         (Debian, Ubuntu: apt-get install nodejs npm; macOS: brew install node)"
    );
    let version =
        process::output("node", Command::new("node").arg("--version")).with_context(|| how.clone())?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|text| text.parse::<u32>().ok());
    ensure!(major.is_some_and(|major| major >= OLDEST_NODE), "Node {} is too old. {how}", version.trim());
    ensure!(process::succeeds(Command::new("npm").arg("--version")), "npm is missing. {how}");
    Ok(())
}
