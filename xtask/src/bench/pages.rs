//! `cargo xtask bench pages`: how long the server takes for each page, and what a first visit loads.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::figures::{Table, grouped, ms};
use super::installation::{Installation, PAGES};
use crate::orrery::BenchmarkContent;
use crate::visitor::Visitor;

/// Fetched before anything is measured.
const WARM_UP: u32 = 3;

#[derive(clap::Args)]
pub struct Options {
    /// Jobs.
    #[arg(long, default_value_t = 10_000)]
    jobs: u32,
    /// Finished runs of these jobs.
    #[arg(long, default_value_t = 1_000_000)]
    history: u32,
    /// Over how many days they lie.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// How often each page is fetched.
    #[arg(long, default_value_t = 100)]
    times: u32,
    /// Measure this server, with the site in it, instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

/// Bytes of a first visit, as they are sent.
struct FirstLoad {
    /// Path and bytes.
    files: Vec<(String, usize)>,
}

pub fn pages(options: &Options) -> Result<()> {
    let content = BenchmarkContent {
        jobs: options.jobs,
        executors: vec!["http://127.0.0.1:9".to_owned()],
        history: options.history,
        days: options.days,
        fires: "rarely",
        native: false,
        hook: None,
    };
    let installation = Installation::start(options.executable.as_deref(), Some(&content))?;
    let visitor = &installation.visitor;
    let paths: Vec<String> = PAGES.iter().map(|pattern| installation.path(pattern)).collect::<Result<_>>()?;
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); paths.len()];
    // In turn, so that a moment in which the machine is busy does not fall on one page.
    for round in 0..WARM_UP + options.times {
        for (path, taken) in paths.iter().zip(&mut taken) {
            let answer = visitor.get(path, "identity")?;
            ensure!(answer.status == 200, "{path} answers {}", answer.status);
            if round >= WARM_UP {
                taken.push(answer.took);
            }
        }
    }
    let mut table = Table::new(&["Page", "p50", "p95", "Longest", "HTML", "HTML, brotli"]);
    for ((pattern, path), mut taken) in PAGES.iter().zip(&paths).zip(taken) {
        taken.sort_unstable();
        let plain = visitor.get(path, "identity")?.body.len();
        let packed = visitor.get(path, "br")?.body.len();
        let at = |part: usize| taken.get((taken.len() * part / 100).min(taken.len() - 1));
        let time = |part| at(part).map_or_else(String::new, |took| ms(took.as_micros() as u64));
        table.add(vec![
            format!("`{pattern}`"),
            time(50),
            time(95),
            time(100),
            grouped(plain as u64),
            grouped(packed as u64),
        ]);
    }
    table.print();
    FirstLoad::of(visitor)?.table().print();
    installation.stop()
}

impl FirstLoad {
    /// What the home page names under `/pkg`, and fonts.
    fn of(visitor: &Visitor) -> Result<Self> {
        let html = visitor.get("/", "identity")?.text();
        let mut named = BTreeSet::new();
        for part in html.split(['"', '\'', '(', ')']).filter(|part| part.starts_with("/pkg/")) {
            named.insert(part.to_owned());
        }
        ensure!(!named.is_empty(), "the page names no file");
        let size = |path: String| {
            let answer = visitor.get(&path, "br")?;
            ensure!(answer.status == 200, "{path} answers {}", answer.status);
            Ok((path, answer.body.len()))
        };
        Ok(Self { files: named.into_iter().map(size).collect::<Result<_>>()? })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["File of the first visit", "Bytes, brotli"]);
        for (path, bytes) in &self.files {
            table.add(vec![without_hash(path), grouped(*bytes as u64)]);
        }
        table
    }
}

/// `/pkg/orrery.Zk3.css` as `orrery.css`.
fn without_hash(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [stem, _, kind] => format!("{stem}.{kind}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_the_hash_of_its_content() {
        assert_eq!(without_hash("/pkg/orrery.Zk3.css"), "orrery.css");
        assert_eq!(without_hash("/pkg/charts.js"), "charts.js");
    }
}
