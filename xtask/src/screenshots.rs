//! `cargo xtask screenshots`: the pictures of the README and of `docs/`, of the demonstration.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::bench::installation::Installation;
use crate::{browser, paths, process, tools};

#[derive(clap::Args)]
pub struct Options {
    /// Where the pictures go; `docs/images` unless given.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Show this server, with the site in it, instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

pub fn screenshots(options: &Options) -> Result<()> {
    let folder = paths::repository().join("end2end");
    tools::install_packages(&folder, "they hold Playwright, which drives the browser")?;
    let chromium = browser::find_or_install()?;
    browser::add_chinese_font()?;
    let installation = Installation::start(options.executable.as_deref(), None)?;
    let to = options.to.clone().unwrap_or_else(|| paths::repository().join("docs/images"));
    std::fs::create_dir_all(&to)?;
    let mut take = Command::new("node");
    take.arg("pictures/take.mjs").current_dir(&folder).env("ORRERY_CHROMIUM", chromium);
    take.args([&installation.url, installation.visitor.cookie()]).arg(to.canonicalize()?);
    for mut picture in pictures() {
        let pattern = picture["path"].as_str().unwrap_or_default();
        picture["path"] = installation.path(pattern)?.into();
        take.arg(picture.to_string());
    }
    process::run("taking the pictures", &mut take)?;
    installation.stop()
}

/// As `end2end/pictures/take.mjs` reads them, with paths as `Installation::path` does.
fn pictures() -> [Value; 9] {
    [
        json!({ "name": "home", "path": "/" }),
        json!({ "name": "home-phone", "path": "/", "width": 390, "height": 844 }),
        json!({ "name": "jobs", "path": "/jobs" }),
        json!({ "name": "jobs-zh", "path": "/jobs", "language": "zh" }),
        json!({ "name": "run", "path": "/runs/{run}", "theme": "dark" }),
        json!({ "name": "approval", "path": "/approvals/{approval}" }),
        json!({ "name": "statistics", "path": "/statistics", "theme": "dark" }),
        json!({ "name": "topology", "path": "/topology" }),
        json!({ "name": "executor", "path": "/executors/{executor}" }),
    ]
}
