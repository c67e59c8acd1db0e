//! The browser tests in `end2end/`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::TestNames;
use crate::process::Group;
use crate::report::Counts;
use crate::site::Build;
use crate::{paths, tools};

/// Runs the specs that start `build` by themselves.
pub fn run_specs(
    build: &Build,
    browser: &Path,
    filter: Option<&str>,
    names: &mut TestNames,
) -> Result<Counts> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let environment =
        [("ORRERY_SERVER_BINARY", path(&build.server)), ("ORRERY_EXECUTOR_BINARY", path(&build.executor))];
    run("playwright.config.ts", &environment, browser, filter, names)
}

/// Runs Playwright with a configuration of `end2end/` in `browser` and reads its JSON report.
pub fn run(
    configuration: &str,
    environment: &[(&str, String)],
    browser: &Path,
    filter: Option<&str>,
    names: &mut TestNames,
) -> Result<Counts> {
    let folder = paths::repository().join("end2end");
    tools::install_packages(&folder, "they hold Playwright, which drives the browser")?;
    let results = folder.join("test-results/results.json");
    if results.exists() {
        fs::remove_file(&results)?;
    }
    let mut command = Command::new(folder.join("node_modules/.bin/playwright"));
    command.args(["test", "--config", configuration]).current_dir(&folder);
    if let Some(filter) = filter {
        command.args(["--grep", filter, "--pass-with-no-tests"]);
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.env("ORRERY_CHROMIUM", browser).env("PLAYWRIGHT_JSON_OUTPUT_FILE", &results);
    let status = Group::spawn("playwright", &mut command)?.wait()?;
    let text =
        fs::read_to_string(&results).with_context(|| format!("playwright ({status}) left no report"))?;
    let counts = read_report(&serde_json::from_str(&text).context("playwright's report is no JSON")?, names);
    ensure!(status.success() || counts.failed > 0, "playwright: {status} without a failed test");
    Ok(counts)
}

/// Counts each test in each project; a flaky one, which passed only when repeated, has failed.
fn read_report(report: &Value, names: &mut TestNames) -> Counts {
    let mut counts = Counts::default();
    for suite in items(report, "suites") {
        read_suite(suite, "", names, &mut counts);
    }
    counts.failed += items(report, "errors").count() as u64;
    counts
}

fn read_suite(suite: &Value, above: &str, names: &mut TestNames, counts: &mut Counts) {
    let title = suite["title"].as_str().unwrap_or_default();
    // A group without a name only groups.
    let names_of_all = [above, title].into_iter().filter(|name| !name.is_empty());
    let path = names_of_all.collect::<Vec<_>>().join(" › ");
    for spec in items(suite, "specs") {
        let mut passed = false;
        for test in items(spec, "tests") {
            match test["status"].as_str() {
                Some("expected") => {
                    counts.passed += 1;
                    passed = true;
                }
                Some("skipped") => counts.skipped += 1,
                _ => counts.failed += 1,
            }
        }
        if passed {
            names.add(format!("{path} › {}", spec["title"].as_str().unwrap_or_default()));
        }
    }
    for inner in items(suite, "suites") {
        read_suite(inner, &path, names, counts);
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_project_of_a_test_counts_and_a_flaky_one_has_failed() {
        let report = serde_json::json!({"errors": [], "suites": [{"title": "login.spec.ts", "specs": [
            {"title": "signs in", "tests": [{"status": "expected"}, {"status": "expected"}]},
            {"title": "is unsure", "tests": [{"status": "flaky"}, {"status": "unexpected"}]}],
            "suites": [
                {"title": "again", "specs": [{"title": "waits", "tests": [{"status": "skipped"}]}]},
                {"title": "", "specs": [{"title": "stays", "tests": [{"status": "expected"}]}]}]}]});
        let mut names = TestNames::default();
        let counts = read_report(&report, &mut names);
        assert_eq!(counts, Counts { passed: 3, failed: 2, skipped: 1 });
        assert!(names.contains("login.spec.ts › signs in"));
        assert!(names.contains("login.spec.ts › stays"));
        assert!(!names.contains("is unsure"));
    }
}
