//! `cargo xtask chaos`: servers and executors as real processes, faults from a printed seed, and an oracle that
//! judges by the executors' own journals. See docs/chaos.md.

pub mod agent;
mod clock;
mod dice;
mod evidence;
mod load;
pub mod node;
mod oracle;
mod proxy;
mod scenarios;
mod storage;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::report::{Counts, Report};
use crate::wall_clock::now;
use crate::{paths, site};
use dice::Dice;
use oracle::Verdict;
use scenarios::{SCENARIOS, Scenario, Stage};
use storage::Backend;
use world::Programs;

#[derive(Default, clap::Args)]
pub struct Options {
    /// Repeats what chance did in an earlier time; without it, another time each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Goes through the scenarios again and again, on every database each is for, for so long.
    #[arg(long)]
    minutes: Option<u64>,
    /// Only scenarios whose name begins so. May be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only on this database, where a scenario is for it.
    #[arg(long)]
    database: Option<Backend>,
    /// So many servers at least, of which a fault strikes one while the others go on. Not on SQLite.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=3))]
    servers: Option<u8>,
    /// The jobs fire for so long, and what is broken as long as they do is broken for as long.
    #[arg(long)]
    seconds: Option<i64>,
    /// The few that a gate has time for.
    #[arg(long)]
    smoke: bool,
    /// Lists the scenarios.
    #[arg(long)]
    list: bool,
}

/// Plays scenarios; true when every promise was kept.
pub fn chaos(options: &Options) -> Result<bool> {
    if options.list {
        for scenario in SCENARIOS {
            let backends: Vec<&str> = scenario.backends.iter().map(|backend| backend.name()).collect();
            println!("{:<24} {} ({})", scenario.name, scenario.about, backends.join(", "));
        }
        return Ok(true);
    }
    let chosen = chosen(options);
    ensure!(!chosen.is_empty(), "no scenario is called so, or none of them is for that database; try --list");
    let programs = build()?;
    let mut report = Report::default();
    play_all(&mut report, &chosen, options, &programs);
    Ok(report.finish())
}

/// Plays the scenarios that a gate has time for.
pub fn smoke(report: &mut Report) {
    let mut programs = None;
    report.step("chaos: build", || {
        programs = Some(build()?);
        Ok(Counts::default())
    });
    let Some(programs) = programs else { return };
    let options = Options { smoke: true, ..Options::default() };
    play_all(report, &chosen(&options), &options, &programs);
}

/// The scenarios that the options ask for, each with a database.
fn chosen(options: &Options) -> Vec<(&'static Scenario, Backend)> {
    let named = |scenario: &&Scenario| {
        options.only.is_empty() || options.only.iter().any(|name| scenario.name.starts_with(name.as_str()))
    };
    let mut chosen = Vec::new();
    for scenario in SCENARIOS.iter().filter(named) {
        let own = if options.smoke { scenario.smoke } else { scenario.backends };
        let is_wanted = |own: &&Backend| {
            options.database.is_none_or(|wanted| wanted == **own)
                && (options.servers.is_none_or(|servers| servers == 1) || **own != Backend::Sqlite)
        };
        let is_usual_only = !options.smoke && options.minutes.is_none() && options.database.is_none();
        let most = if is_usual_only { 1 } else { own.len() };
        chosen.extend(own.iter().filter(is_wanted).take(most).map(|backend| (scenario, *backend)));
    }
    chosen
}

fn play_all(
    report: &mut Report,
    chosen: &[(&'static Scenario, Backend)],
    options: &Options,
    programs: &Programs,
) {
    let mut seed = options.seed.unwrap_or_else(|| now().unsigned_abs());
    let end = options.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    loop {
        for (scenario, backend) in chosen {
            let name = name(scenario, *backend, options, seed);
            if !is_available(report, scenario, *backend, &name) {
                continue;
            }
            report.step(&name, || play(scenario, *backend, programs, options, seed));
            if end.is_some_and(|end| Instant::now() > end) {
                return;
            }
        }
        if end.is_none() {
            return;
        }
        seed += 1;
    }
}

/// What is played, in the words that repeat it.
fn name(scenario: &Scenario, backend: Backend, options: &Options, seed: u64) -> String {
    let mut name = format!("chaos: {} on {}, --seed {seed}", scenario.name, backend.name());
    let numbers = [("servers", options.servers.map(i64::from)), ("seconds", options.seconds)];
    for (option, number) in numbers {
        name.extend(number.map(|number| format!(" --{option} {number}")));
    }
    name
}

/// Whether what a scenario takes can be had here; where not, says so.
fn is_available(report: &mut Report, scenario: &Scenario, backend: Backend, name: &str) -> bool {
    if scenario.moves_clock && !clock::is_available().unwrap_or(false) {
        report.skip(name, &clock::how_to_get_it());
        return false;
    }
    let Some(kind) = backend.kind() else { return true };
    let available = kind.is_available().unwrap_or(false);
    if !available {
        report.skip(name, &kind.how_to_get_it());
    }
    available
}

fn build() -> Result<Programs> {
    println!("building the server and the executor ...");
    let mut built = site::build_programs(&["orrery", "chaos-executor"], false)?.into_iter();
    match (built.next(), built.next()) {
        (Some(server), Some(executor)) => Ok(Programs { server, executor }),
        _ => anyhow::bail!("a program is missing"),
    }
}

/// Plays one scenario and prints what it came to.
fn play(
    scenario: &Scenario,
    backend: Backend,
    programs: &Programs,
    options: &Options,
    seed: u64,
) -> Result<Counts> {
    println!("{}", scenario.about);
    let folder = folder(scenario, backend)?;
    let verdict = (scenario.play)(Stage {
        backend,
        programs,
        folder: &folder,
        dice: Dice::new(seed, scenario.name),
        allowed: scenario.allowed.to_vec(),
        servers: options.servers.map_or(1, usize::from),
        seconds: options.seconds,
    })?;
    print(&verdict);
    if verdict.violations.is_empty() {
        fs::remove_dir_all(&folder)?;
        return Ok(Counts::ONE);
    }
    println!("the servers' words, the executors' journals and the rows are in {}", folder.display());
    Ok(Counts { failed: 1, ..Counts::default() })
}

/// An empty folder, kept where something is wrong.
fn folder(scenario: &Scenario, backend: Backend) -> Result<PathBuf> {
    let name = format!("{}-{}", scenario.name, backend.name());
    let folder: PathBuf = paths::repository().join("target/chaos").join(name);
    if Path::exists(&folder) {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn print(verdict: &Verdict) {
    /// Lines of one scenario; whatever is wrong is seldom wrong in more ways.
    const LINES: usize = 20;
    println!("  {} fires, {} starts", verdict.fires, verdict.starts);
    for (exception, count) in &verdict.exceptions {
        println!("  {count} {}", exception.words());
    }
    for violation in verdict.violations.iter().take(LINES) {
        println!("  VIOLATION {violation}");
    }
    if verdict.violations.len() > LINES {
        println!("  and {} more violations", verdict.violations.len() - LINES);
    }
}
