//! `cargo xtask ci`: the whole gate. Works in a fresh clone, asks nothing, needs no terminal.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::report::{Counts, Report};
use crate::{chaos, features, invariants, paths, process, prune, test, tools};

#[derive(clap::Args)]
#[group(id = "gate")]
pub struct Options {
    /// Leave out the steps whose name begins so; they are counted as skipped. May be repeated.
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
    #[command(flatten)]
    tests: test::Options,
}

/// Runs every check; true when none failed.
pub fn ci(options: &Options) -> Result<bool> {
    let mut report = Report::leaving_out(&options.skip);
    prune::prune(&paths::target()?)?;
    check_without_tests(&mut report);
    let names = test::all_tests(&mut report, &options.tests.with_all())?;
    names.write(&test::names_file()?)?;
    test::simulate(&mut report);
    chaos::smoke(&mut report);
    report
        .step("docs/features.md", || features::check(&paths::repository().join("docs/features.md"), &names));
    Ok(report.finish())
}

/// Runs every check but the tests; true when none failed.
pub fn lint() -> Result<bool> {
    let mut report = Report::default();
    check_without_tests(&mut report);
    Ok(report.finish())
}

fn check_without_tests(report: &mut Report) {
    check_texts(report);
    check_dependencies(report);
    check_code(report);
}

/// What needs no compilation.
fn check_texts(report: &mut Report) {
    report.step("cargo fmt", || cargo("fmt", &["fmt", "--all", "--check"], &[]));
    report.step("lock files and leftovers", invariants::texts::check);
    report.step("function and file lengths", invariants::lengths::check);
    report.step("dependency direction", invariants::dependencies::check_direction);
    report.step("queries only in the store", invariants::queries::check);
}

fn check_dependencies(report: &mut Report) {
    report.step("the same features in tests and programs", invariants::dependencies::check_features);
    report.step("nothing of the server in the browser", invariants::dependencies::check_browser);
    let mut deny = None;
    report.step("install cargo-deny", || {
        deny = Some(tools::cargo_deny()?);
        Ok(Counts::default())
    });
    let Some(deny) = deny else { return };
    report.step("cargo-deny: licences, sources, bans", || run_deny(&deny, &["bans", "licenses", "sources"]));
    let database = "https://github.com/RustSec/advisory-db";
    if process::succeeds(Command::new("curl").args(["-fsS", "--max-time", "10", database])) {
        report.step("cargo-deny: advisories", || run_deny(&deny, &["advisories"]));
    } else {
        report.skip("cargo-deny: advisories", &format!("{database} cannot be reached from here"));
    }
}

fn run_deny(deny: &Path, checks: &[&str]) -> Result<Counts> {
    let mut command = Command::new(deny);
    command.args(["check", "--hide-inclusion-graph"]).args(checks).current_dir(paths::repository());
    process::run("cargo-deny", &mut command).map(|()| Counts::ONE)
}

/// Lints and documentation; both only check, so that they share what they compile.
fn check_code(report: &mut Report) {
    report.step("clippy", || {
        tools::check_compiler()?;
        let scope =
            ["clippy", "--workspace", "--exclude", "frontend", "--all-targets", "--", "-D", "warnings"];
        cargo("clippy", &scope, &[])
    });
    report.step("clippy for the browser", || {
        tools::add_wasm_target()?;
        let target = "wasm32-unknown-unknown";
        cargo(
            "clippy",
            &["clippy", "-p", "frontend", "-p", "app", "--target", target, "--", "-D", "warnings"],
            &[],
        )
    });
    report.step("rustdoc", || {
        let scope = ["doc", "--workspace", "--exclude", "frontend", "--no-deps"];
        cargo("doc", &scope, &[("RUSTDOCFLAGS", "-D warnings")])
    });
}

fn cargo(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Counts> {
    let mut cargo = tools::cargo()?;
    cargo.args(arguments).envs(environment.iter().copied());
    process::run(&format!("cargo {name}"), &mut cargo).map(|()| Counts::ONE)
}
