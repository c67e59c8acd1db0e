//! `cargo xtask bench lighthouse`: Lighthouse's scores of every page of the demonstration.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figures::Table;
use super::installation::{Installation, PAGES};
use crate::{browser, paths, process, tools};

#[derive(clap::Args)]
pub struct Options {
    /// Judge this server, with the site in it, instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

pub fn lighthouse(options: &Options) -> Result<()> {
    let folder = paths::repository().join("end2end/lighthouse");
    tools::install_packages(&folder, "they hold Lighthouse, which judges pages")?;
    let chromium = browser::find_or_install()?;
    let installation = Installation::start(options.executable.as_deref(), None)?;
    let mut judge = Command::new("node");
    judge.arg("judge.mjs").arg(installation.visitor.cookie()).current_dir(&folder);
    judge.env("CHROME_PATH", chromium);
    for pattern in PAGES {
        judge.arg(format!("{}{}", installation.url, installation.path(pattern)?));
    }
    println!("judging {} pages ...", PAGES.len());
    let printed = process::output("Lighthouse", &mut judge)?;
    installation.stop()?;
    let mut table = Table::new(&["Page", "Performance", "Accessibility", "Best practices", "Wanting"]);
    for (pattern, line) in PAGES.iter().zip(printed.lines()) {
        let judged: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        let score = |name: &str| judged[name].to_string();
        let wanting = judged["wanting"].as_array().into_iter().flatten().filter_map(Value::as_str);
        table.add(vec![
            format!("`{pattern}`"),
            score("performance"),
            score("accessibility"),
            score("bestPractices"),
            wanting.collect::<Vec<_>>().join("; "),
        ]);
    }
    table.print();
    Ok(())
}
