//! `cargo xtask test`

mod cargo_tests;
mod names;
pub mod playwright;

use std::path::PathBuf;

use anyhow::Result;

use crate::database::{Database, GALERA, Kind, MARIADB, POSTGRES};
use crate::interop::{self, Selection};
use crate::report::{Counts, Report};
use crate::{browser, paths, site, tools};

pub use names::TestNames;

#[derive(Clone, clap::Args)]
pub struct Options {
    /// Only tests whose name contains this.
    #[arg(long)]
    filter: Option<String>,
    /// Leave out the browser tests.
    #[arg(long)]
    no_browser: bool,
    /// Leave out the real executors of others.
    #[arg(long)]
    no_interop: bool,
    /// Every executor of others, not only those that most people use.
    #[arg(long)]
    all: bool,
    /// Leave out PostgreSQL and MariaDB.
    #[arg(long)]
    no_databases: bool,
    /// Only this part.
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What `cargo test` runs.
    Cargo,
    /// The real executors of others.
    Interop,
    /// The specs of the pages.
    Browser,
}

impl Options {
    fn takes(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }

    /// The same with every executor of others.
    pub fn with_all(&self) -> Self {
        Self { all: true, ..self.clone() }
    }
}

/// Runs the tests; true when none failed.
pub fn test(options: &Options) -> Result<bool> {
    let mut report = Report::default();
    all_tests(&mut report, options)?.write(&names_file()?)?;
    Ok(report.finish())
}

/// Where the names of the tests that passed are kept, for the check of docs/features.md.
pub fn names_file() -> Result<PathBuf> {
    Ok(paths::repository().join("target/orrery-tests.json"))
}

/// Runs the tests as steps of `report` and returns the names of those that passed.
pub fn all_tests(report: &mut Report, options: &Options) -> Result<TestNames> {
    let mut names = TestNames::default();
    // First, because a server built for tests reads the site from disk too.
    let site = report.step("build the site", || site::build_site(false).map(|()| Counts::ONE));
    let tests = report.step("build the tests and the binaries", || {
        tools::check_compiler()?;
        cargo_tests::build().map(|()| Counts::ONE)
    });
    if !tests {
        return Ok(names);
    }
    if options.takes(Part::Cargo) {
        test_crates(report, options, &mut names);
    }
    if site {
        test_whole(report, options, &mut names)?;
    }
    Ok(names)
}

/// The tests of the crates, those of the services on each database, those of the store on one that replicates.
fn test_crates(report: &mut Report, options: &Options, names: &mut TestNames) {
    let filter = options.filter.as_deref();
    let mut start = |kinds| if options.no_databases { Vec::new() } else { start_databases(report, kinds) };
    let (databases, replicated) = (start(&[&POSTGRES, &MARIADB]), start(&[&GALERA]));
    report.step("cargo test", || cargo_tests::run(&databases, filter, names));
    for (variable, url, _) in &databases {
        let server = variable.trim_start_matches("ORRERY_TEST_").trim_end_matches("_URL");
        let step = format!("the services on {}", server.to_lowercase());
        report.step(&step, || cargo_tests::run_services_on(url, filter, names));
    }
    for (_, url, _) in &replicated {
        report.step("the store on Galera", || cargo_tests::run_store_on_galera(url, filter, names));
    }
}

/// Lives through as many histories of the simulation as a gate has time for.
pub fn simulate(report: &mut Report) {
    const HISTORIES: u32 = 5_000;
    let step = format!("{HISTORIES} histories of the simulation");
    report.step(&step, || cargo_tests::simulate(HISTORIES, &mut TestNames::default()));
}

/// Tests that need the whole product: executables and site.
fn test_whole(report: &mut Report, options: &Options, names: &mut TestNames) -> Result<()> {
    let filter = options.filter.as_deref();
    let build = site::take_build(false)?;
    let mut browser = None;
    if !options.no_browser {
        report.step("find a browser", || {
            browser = Some(browser::find_or_install()?);
            browser::add_chinese_font()?;
            Ok(Counts::default())
        });
    }
    if !options.no_interop && options.takes(Part::Interop) {
        let selection = match filter {
            Some(part) => Selection::Named(part),
            None if options.all => Selection::All,
            None => Selection::Quick,
        };
        interop::run(report, &build, browser.as_deref(), selection, names);
    }
    if let Some(browser) = browser.filter(|_| options.takes(Part::Browser)) {
        report.step("browser tests", || playwright::run_specs(&build, &browser, filter, names));
    }
    Ok(())
}

/// Starts what can be started; the rest counts as skipped.
fn start_databases(
    report: &mut Report,
    kinds: &[&'static Kind],
) -> Vec<(&'static str, String, Option<Database>)> {
    let mut started = Vec::new();
    for kind in kinds {
        if let Ok(url) = std::env::var(kind.variable) {
            started.push((kind.variable, url, None));
            continue;
        }
        start_database(report, kind, &mut started);
    }
    started
}

fn start_database(
    report: &mut Report,
    kind: &'static Kind,
    started: &mut Vec<(&'static str, String, Option<Database>)>,
) {
    match kind.is_available() {
        Ok(true) => {
            report.step(&format!("start {}", kind.name), || {
                let database = kind.start()?;
                started.push((kind.variable, database.url.clone(), Some(database)));
                // Starting it proves nothing about Orrery: the tests on it are counted.
                Ok(Counts::default())
            });
        }
        Ok(false) => report.skip(&format!("tests on {}", kind.name), &kind.how_to_get_it()),
        Err(error) => report.skip(&format!("tests on {}", kind.name), &format!("{error:#}")),
    }
}
