//! `cargo test` with its results counted.

use std::process::Command;

use anyhow::{Result, ensure};

use super::TestNames;
use crate::database::{Database, GALERA, MARIADB};
use crate::report::Counts;
use crate::{process, tools};

/// `frontend` stays out: with it Leptos would be compiled for the server and the browser at once.
const SCOPE: &[&str] = &["--workspace", "--exclude", "frontend"];

/// Compiles the tests and the executables together, with the same features.
pub fn build() -> Result<()> {
    let mut cargo = tools::cargo()?;
    cargo.arg("build").args(SCOPE).args(["--lib", "--bins", "--tests", "--examples"]);
    process::run("cargo build", &mut cargo)
}

/// Runs the tests; the databases' URLs are in the environment.
pub fn run(
    databases: &[(&'static str, String, Option<Database>)],
    filter: Option<&str>,
    names: &mut TestNames,
) -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    cargo.arg("test").args(SCOPE).arg("--no-fail-fast").args(filter);
    cargo.envs(databases.iter().map(|(variable, url, _)| (variable, url)));
    count(&mut cargo, names)
}

/// Runs the tests of the services again, on the database server of this URL.
pub fn run_services_on(url: &str, filter: Option<&str>, names: &mut TestNames) -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    cargo.arg("test").args(SCOPE).args(["--test", "services", "--no-fail-fast"]).args(filter);
    cargo.env("ORRERY_TEST_SERVICES_URL", url);
    count(&mut cargo, names)
}

/// Runs the tests of the store again, on a node of the Galera cluster of this URL.
pub fn run_store_on_galera(url: &str, filter: Option<&str>, names: &mut TestNames) -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    cargo.arg("test").args(SCOPE).args(["--test", "store_conformance", "--no-fail-fast"]).args(filter);
    cargo.env(GALERA.variable, url).env(MARIADB.variable, first_place(url));
    count(&mut cargo, names)
}

/// The URL with the first of its hosts alone.
fn first_place(url: &str) -> String {
    let (Some(first), Some(path)) = (url.find(','), url.rfind('/')) else { return url.to_owned() };
    format!("{}{}", &url[..first], &url[path..])
}

/// Lives through so many histories of the simulation. Optimised, for they take six times as long otherwise; by
/// an option rather than by a profile, so that nothing but `scheduler` is compiled once more.
pub fn simulate(histories: u32, names: &mut TestNames) -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    cargo.args(["--config", "profile.dev.package.scheduler.opt-level=1", "test"]).args(SCOPE);
    cargo.args(["--test", "simulation"]).env("ORRERY_SIMULATION_SEEDS", histories.to_string());
    count(&mut cargo, names)
}

fn count(cargo: &mut Command, names: &mut TestNames) -> Result<Counts> {
    // Colours would stand between the words that we look for.
    cargo.env("CARGO_TERM_COLOR", "never");
    let mut reader = Reader::default();
    let status = process::watch_lines("cargo test", cargo, |line| reader.read(line, names))?;
    ensure!(status.success() || reader.counts.failed > 0, "cargo test: {status} without a failed test");
    Ok(reader.counts)
}

/// Understands what the test harness prints.
#[derive(Default)]
struct Reader {
    crate_name: String,
    counts: Counts,
}

impl Reader {
    fn read(&mut self, line: &str, names: &mut TestNames) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Running ") {
            self.crate_name = executable_crate(rest).unwrap_or_default();
        } else if let Some(name) = line.strip_prefix("Doc-tests ") {
            name.clone_into(&mut self.crate_name);
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.counts += harness_counts(result);
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok")) {
            names.add(format!("{}::{name}", self.crate_name));
        }
    }
}

/// `unittests src/lib.rs (/…/deps/scheduler-0a1b2c)` → `scheduler`
fn executable_crate(text: &str) -> Option<String> {
    let file = text.rsplit(['/', '(']).next()?.trim_end_matches(')');
    Some(file.rsplit_once('-')?.0.to_owned())
}

/// `ok. 3 passed; 1 failed; 2 ignored; …`; an ignored test counts as skipped.
fn harness_counts(text: &str) -> Counts {
    let number = |word: &str| {
        let mut words = text.split([' ', ';']);
        let mut last = "";
        words.find_map(|current| {
            let before = std::mem::replace(&mut last, current);
            (current == word).then(|| before.parse().ok()).flatten()
        })
    };
    Counts {
        passed: number("passed").unwrap_or(0),
        failed: number("failed").unwrap_or(0),
        skipped: number("ignored").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_hosts_the_first_is_taken() {
        assert_eq!(first_place("mysql://root@one:1,two:2,three:3/orrery"), "mysql://root@one:1/orrery");
        assert_eq!(first_place("mysql://root@one:1/orrery"), "mysql://root@one:1/orrery");
    }

    #[test]
    fn results_and_names_are_read_from_the_harness_output() {
        let mut names = TestNames::default();
        let mut reader = Reader::default();
        for line in [
            "     Running unittests src/lib.rs (/cache/target/debug/deps/scheduler-0a1b2c3d)",
            "test rules::cron::tests::never_fires ... ok",
            "test rules::cron::tests::breaks ... FAILED",
            "test result: FAILED. 11 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "   Doc-tests orrery_executor",
            "test executor/src/lib.rs - handler (line 12) ... ok",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.01s",
        ] {
            reader.read(line, &mut names);
        }
        assert_eq!(reader.counts, Counts { passed: 12, failed: 2, skipped: 1 });
        assert!(names.contains("scheduler::rules::cron::tests::never_fires"));
        assert!(!names.contains("breaks"));
        assert!(names.contains("orrery_executor::executor/src/lib.rs - handler (line 12)"));
    }
}
