//! Real executors of others against the real server: programs of ours in `end2end/interop/`, each on an
//! unmodified library, each with the handlers `ok`, `fail`, `echo`, `slow`, `long`, `held`
//! and `shard`.

mod clients;
mod lifecycle;
mod matrix;
mod sources;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::orrery::Server;
use crate::paths::{self, ScratchFolder};
use crate::process::Group;
use crate::report::{Counts, Report};
use crate::site::Build;
use crate::test::{TestNames, playwright};

use clients::{CLIENTS, Client};
use sources::Code;

/// How long all jobs of all clients may take until each has one finished run.
const PATIENCE: Duration = Duration::from_secs(180);
/// Comes back in the result of `echo`: letters outside ASCII, a quote, a bracket.
const ECHOED: &str = "héllo 你好 ✓ \"x\" <b>";

/// After a run's limit the executor has so long to end it by itself.
const GRACE_MS: &str = "5000";

/// Executors are asked so often whether they still work on their runs; what they do not, and send no result of,
/// is lost after so long.
const CHECK_MS: &str = "5000";
const UNKNOWN_MS: &str = "10000";

/// The administrator's, as `end2end/support/sign-in.ts` knows it.
const FIRST_PASSWORD: &str = "only-for-the-first-sign-in-4711";

/// A handler and how it is called.
struct Check {
    handler: &'static str,
    parameter: &'static str,
    /// Seconds; 0 = no limit.
    limit: u32,
    cron: &'static str,
    /// What the job carries instead of naming a handler; `handler` then only says which check it is.
    code: Option<&'static Code>,
}

const USUAL: Check = Check { handler: "", parameter: "", limit: 0, cron: "0/5 * * * * ?", code: None };

const CHECKS: &[Check] = &[
    Check { handler: "ok", ..USUAL },
    Check { handler: "fail", ..USUAL },
    Check { handler: "echo", parameter: ECHOED, ..USUAL },
    Check { handler: "slow", parameter: "2", ..USUAL },
    Check { handler: "long", parameter: "20", limit: 2, cron: "0/30 * * * * ?", code: None },
];

/// What is checked with a client: its handlers, and the sources that it can run.
fn checks(client: &Client) -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().chain(sources::CHECKS).filter(|check| sources::is_run_by(check, client))
}

impl Check {
    /// How a run of it must end.
    fn end(&self, client: &Client) -> &'static str {
        match self.handler {
            "fail" => "failed",
            "long" => client.habits.over_limit,
            _ => "succeeded",
        }
    }

    /// The parameter as this client reads it.
    fn parameter(&self, client: &Client) -> String {
        match client.habits.takes_json && !self.parameter.is_empty() {
            true => Value::from(self.parameter).to_string(),
            false => self.parameter.to_owned(),
        }
    }

    /// What the text of its result must hold.
    fn text(&self, client: &Client) -> &'static str {
        if let Some(code) = self.code {
            return code.text();
        }
        match self.handler {
            "echo" if client.habits.returns_text => self.parameter,
            "fail" => "failed on purpose",
            _ => "",
        }
    }

    /// What its log must hold.
    fn log(&self, client: &Client) -> String {
        if let Some(code) = self.code {
            return code.log();
        }
        match self.handler {
            _ if !client.habits.serves_log => String::new(),
            "ok" => "second line".to_owned(),
            "echo" => format!("parameter: {}", self.parameter),
            _ => String::new(),
        }
    }
}

/// Which clients are tested.
#[derive(Clone, Copy)]
pub enum Selection<'a> {
    Quick,
    All,
    /// Those whose name contains this.
    Named(&'a str),
}

impl Selection<'_> {
    fn takes(self, client: &Client) -> bool {
        match self {
            Self::Quick => client.is_quick,
            Self::All => true,
            Self::Named(part) => client.name.contains(part),
        }
    }
}

/// Prepares the clients, then runs all of them against one server.
/// Their runs' pages are looked at with `browser`, if there is one.
pub fn run(
    report: &mut Report,
    build: &Build,
    browser: Option<&Path>,
    selection: Selection<'_>,
    names: &mut TestNames,
) {
    let mut ready: Vec<(&Client, Command)> = Vec::new();
    for client in CLIENTS.iter().filter(|client| selection.takes(client)) {
        if let Err(reason) = (client.missing)(client) {
            report.skip(&format!("interoperability with {}", client.name), &reason);
            continue;
        }
        report.step(&format!("build the {} executor", client.name), || {
            ready.push((client, (client.prepare)(client)?));
            Ok(Counts::default())
        });
    }
    if let Err(reason) = sources::php_missing() {
        report.skip("interoperability with PHP sources", &reason);
    }
    let is_complete = ready.len() == CLIENTS.len() && browser.is_some();
    if !ready.is_empty() {
        report.step("interoperability", || check_all(build, browser, ready, names));
    }
    if is_complete {
        report.step("docs/compatibility.md", || matrix::check(names));
    }
}

fn check_all(
    build: &Build,
    browser: Option<&Path>,
    ready: Vec<(&Client, Command)>,
    names: &mut TestNames,
) -> Result<Counts> {
    let scratch = ScratchFolder::create("interop")?;
    let database = format!("sqlite:{}", scratch.path().join("orrery.db").display());
    let server = Server::new(build, &database, &format!("127.0.0.1:{}", paths::free_port()?))
        .set("ORRERY_ADMIN_PASSWORD", FIRST_PASSWORD)
        .set("ORRERY_ENGINE_DEADLINE_GRACE_MS", GRACE_MS)
        .set("ORRERY_ENGINE_CHECK_RUNNING_MS", CHECK_MS)
        .set("ORRERY_ENGINE_UNKNOWN_FOR_MS", UNKNOWN_MS);
    let file = scratch.path().join("fixture.json");
    let clients: Vec<&Client> = ready.iter().map(|(client, _)| *client).collect();
    fs::write(&file, fixture(&clients).to_string())?;
    let made = server.apply_fixture(&file)?;
    let tokens = tokens(&made)?;
    let (serving, _lines) = server.serve()?;
    let mut executors = Vec::new();
    fs::create_dir_all(releases(scratch.path()))?;
    for (client, mut command) in ready {
        let token = tokens.get(client.name).with_context(|| format!("no token for {}", client.name))?;
        place(client, &mut command, &server.url(), token, scratch.path())?;
        let group = Group::spawn(client.name, &mut command)?;
        executors.push(Executor { client, command, group });
    }
    let results = wait_for_results(&server, &clients)?;
    let mut counts = Counts::default();
    for client in &clients {
        for check in checks(client) {
            match verify(client, check, &results) {
                Ok(()) => {
                    counts.passed += 1;
                    names.add(format!("interop › {} › {}", client.name, check.handler));
                }
                Err(error) => {
                    counts.failed += 1;
                    eprintln!("FAILED interop › {} › {}: {error:#}", client.name, check.handler);
                    show_log(&scratch.path().join(client.name).join("output.log"));
                }
            }
        }
    }
    counts += sources::check_edits(&server, &executors, &made, scratch.path(), names)?;
    if let Some(browser) = browser {
        counts += check_pages(&server, browser, &clients, &results, names)?;
        counts += lifecycle::check(&server, &serving, browser, &executors, &made, scratch.path(), names)?;
    }
    Ok(counts)
}

/// Looks at the page of each run, with its log as the executor serves it.
fn check_pages(
    server: &Server,
    browser: &Path,
    clients: &[&Client],
    results: &BTreeMap<String, Value>,
    names: &mut TestNames,
) -> Result<Counts> {
    let run = |client: &Client, check: &Check| {
        let run = results.get(&job_name(client, check))?;
        // npm's result is JSON text, in which a quote is escaped.
        let result = if client.name == "npm-xxl-job" { "" } else { check.text(client) };
        Some(json!({"id": run["id"], "client": client.name, "handler": check.handler,
                    "state": check.end(client), "result": result, "log": check.log(client)}))
    };
    let runs: Vec<Value> = clients
        .iter()
        .flat_map(|client| checks(client).filter_map(move |check| run(client, check)))
        .collect();
    let environment =
        [("ORRERY_TEST_BASE_URL", server.url()), ("ORRERY_INTEROP_RUNS", Value::from(runs).to_string())];
    playwright::run("interop.config.ts", &environment, browser, None, names)
}

/// One executor for each client, one job for each of its handlers.
fn fixture(clients: &[&Client]) -> Value {
    let executors: Vec<Value> = clients.iter().map(|client| json!({"app_name": client.name})).collect();
    let jobs: Vec<Value> = clients
        .iter()
        .flat_map(|client| {
            checks(client).map(|check| {
                let mut job = json!({"name": job_name(client, check), "app_name": client.name,
                    "parameter": check.parameter(client), "cron": check.cron, "timeout_s": check.limit});
                match check.code {
                    None => job["handler"] = check.handler.into(),
                    Some(code) => {
                        job["handler"] = "".into();
                        job["run_mode"] = code.run_mode.into();
                        job["source"] = code.source.into();
                    }
                }
                job
            })
        })
        .collect();
    let jobs = [jobs, lifecycle::jobs(clients)].concat();
    json!({"executors": executors, "jobs": jobs})
}

fn job_name(client: &Client, check: &Check) -> String {
    format!("{} {}", client.name, check.handler)
}

fn tokens(made: &Value) -> Result<BTreeMap<String, String>> {
    let executors = made["executors"].as_array().context("`orrery fixture apply` printed no executors")?;
    let pair = |one: &Value| Some((one["app_name"].as_str()?.to_owned(), one["token"].as_str()?.to_owned()));
    executors.iter().map(|one| pair(one).context("an executor without app_name or token")).collect()
}

/// A client's program while it runs.
struct Executor<'a> {
    client: &'a Client,
    command: Command,
    group: Group,
}

/// A run that is held there ends when a file named like its parameter lies here.
fn releases(scratch: &Path) -> PathBuf {
    scratch.join("releases")
}

/// Gives the program its folder and its environment.
fn place(client: &Client, command: &mut Command, server: &str, token: &str, scratch: &Path) -> Result<()> {
    let folder = scratch.join(client.name);
    fs::create_dir_all(&folder)?;
    let output = fs::File::create(folder.join("output.log"))?;
    command.current_dir(&folder).stdout(output.try_clone()?).stderr(output);
    command.env("SERVER", server).env("APP_NAME", client.name).env("TOKEN", token);
    command.env("PORT", paths::free_port()?.to_string()).env("LOG_DIR", folder.join("logs"));
    command.env("RELEASES", releases(scratch)).env("PATH", path_with_python(scratch)?);
    Ok(())
}

/// The search path with a `python`, by which older libraries call Python 3 and which not each system has.
fn path_with_python(scratch: &Path) -> Result<OsString> {
    let folder = scratch.join("bin");
    let python = folder.join("python");
    if !python.exists()
        && let Some(python3) = paths::find_on_path(&["python3"])
    {
        fs::create_dir_all(&folder)?;
        std::os::unix::fs::symlink(python3, python)?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?)
}

/// The last finished run of each job, by the job's name.
fn wait_for_results(server: &Server, clients: &[&Client]) -> Result<BTreeMap<String, Value>> {
    let wanted = clients.iter().map(|client| checks(client).count()).sum();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let runs = server.fixture_runs()?;
        let executed = runs.as_array().into_iter().flatten().filter(|run| was_executed(run));
        let results: BTreeMap<String, Value> =
            executed.filter_map(|run| Some((run["job"].as_str()?.to_owned(), run.clone()))).collect();
        if results.len() >= wanted || Instant::now() > deadline {
            return Ok(results);
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// Runs due before the executor had registered ended without an instance, and say nothing about it.
fn was_executed(run: &Value) -> bool {
    run["code"].as_i64().is_some_and(|code| code != 0) || run["state"] == "timed_out"
}

fn verify(client: &Client, check: &Check, results: &BTreeMap<String, Value>) -> Result<()> {
    let run = results
        .get(&job_name(client, check))
        .with_context(|| format!("no run with a result within {} s", PATIENCE.as_secs()))?;
    let (end, text) = (check.end(client), check.text(client));
    ensure!(run["state"] == end, "ended as {run}, not as {end}");
    // npm `xxl-job` sends its result as JSON text, in which a quote is escaped.
    let message = run["message"].as_str().unwrap_or_default().replace("\\\"", "\"");
    ensure!(message.contains(text), "the result is {message:?}, without {text:?}");
    Ok(())
}

fn show_log(file: &Path) {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(15)..] {
        eprintln!("    {line}");
    }
}
