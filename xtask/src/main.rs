//! `cargo xtask`: everything one does with this repository.
//!
//! Each subcommand installs what it needs at pinned versions into a cache of the user, says so, and
//! skips what is there. Nothing is passed over in silence: what cannot run is counted as skipped.

mod bench;
mod browser;
mod chaos;
mod ci;
mod database;
mod dev;
mod features;
mod interop;
mod invariants;
mod orrery;
mod paths;
mod process;
mod prune;
mod report;
mod run;
mod screenshots;
mod scripts;
mod site;
mod test;
mod tools;
mod visitor;
mod wall_clock;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Runs, tests and measures Orrery.
///
/// Tools go to `$XDG_CACHE_HOME/orrery/tools` (or `~/.cache/orrery/tools`), compiled code to `target` beside
/// them, so that a second clone on this machine compiles no third-party crate again. Set `CARGO_TARGET_DIR`
/// to compile elsewhere.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and start the server with a demo executor; Ctrl-C stops both.
    Run(run::Options),
    /// Rebuild and reload on every change (`cargo leptos watch` with the right tools on its PATH).
    Dev(dev::Options),
    /// Run every test: unit, property, integration, interoperability, browser.
    Test(test::Options),
    /// The whole gate: format, lints, docs, licences, invariants, then every test.
    Ci(ci::Options),
    /// What `ci` does before the tests: format, lints, docs, licences, invariants.
    Lint,
    /// Start PostgreSQL and MariaDB on empty data for tests by hand; Ctrl-C removes them.
    Databases,
    /// Take the pictures of the README and of `docs/`.
    Screenshots(screenshots::Options),
    /// Measure a release build.
    Bench(bench::Options),
    /// Break servers, executors, networks and databases, and judge whether every promise was kept.
    Chaos(chaos::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = process::stop_children_on_interrupt() {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    let outcome = carry_out(&arguments.command);
    process::rest_if_interrupted();
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True when nothing failed.
fn carry_out(command: &Command) -> Result<bool> {
    prune::take_over(&paths::target()?)?;
    match command {
        Command::Run(options) => run::run(options).map(|()| true),
        Command::Dev(options) => dev::dev(options).map(|()| true),
        Command::Test(options) => test::test(options),
        Command::Ci(options) => ci::ci(options),
        Command::Lint => ci::lint(),
        Command::Databases => database::serve().map(|()| true),
        Command::Screenshots(options) => screenshots::screenshots(options).map(|()| true),
        Command::Bench(options) => bench::bench(options).map(|()| true),
        Command::Chaos(options) => chaos::chaos(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
