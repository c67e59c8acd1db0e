//! What happens to executors and servers while runs go on: `end2end/interop-pages/lifecycle.spec.ts` acts, on the
//! pages as a person does and on the processes as an accident does, and is told here what there is.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Executor, clients::Client};
use crate::orrery::Server;
use crate::process::Group;
use crate::report::Counts;
use crate::test::{TestNames, playwright};

/// Nothing starts these but a person: purpose, handler, blocking strategy, routing. Their handler is no other
/// job's: one library mixes up the runs of jobs that share one.
const JOBS: &[(&str, &str, &str, &str)] = &[
    ("held", "held", "serial", "first"),
    ("serial", "held", "serial", "first"),
    ("discard", "held", "discard_later", "first"),
    ("cover", "held", "cover_early", "first"),
    ("broadcast", "shard", "serial", "broadcast"),
    // By then there may be a second instance that has ended and did not say so.
    ("outlasting", "held", "serial", "failover"),
    ("orphaned", "held", "serial", "failover"),
];

/// The jobs of the fixture. Whether they overlap is left to the executors.
pub fn jobs(clients: &[&Client]) -> Vec<Value> {
    let of = |client: &&Client| {
        let name = client.name;
        JOBS.iter().map(move |(purpose, handler, blocking, routing)| {
            json!({"name": job_name(name, purpose), "app_name": name, "handler": handler, "parameter": "",
                   "cron": "", "overlap": "allow", "blocking": blocking, "routing": routing})
        })
    };
    clients.iter().flat_map(of).collect()
}

fn job_name(client: &str, purpose: &str) -> String {
    format!("{client} {purpose}")
}

/// Lets the spec act. `made` is what the fixture printed; in `scratch` the spec keeps whom it started.
pub fn check(
    server: &Server,
    serving: &Group,
    browser: &Path,
    executors: &[Executor<'_>],
    made: &Value,
    scratch: &Path,
    names: &mut TestNames,
) -> Result<Counts> {
    let clients: Vec<Value> = executors.iter().map(|executor| told(executor, made)).collect::<Result<_>>()?;
    let processes = scratch.join("processes.json");
    fs::write(&processes, running(server, serving, executors).to_string())?;
    let environment = [
        ("ORRERY_TEST_BASE_URL", server.url()),
        ("ORRERY_INTEROP_PROCESSES", processes.display().to_string()),
        ("ORRERY_INTEROP_RELEASES", super::releases(scratch).display().to_string()),
        ("ORRERY_INTEROP_CLIENTS", Value::from(clients).to_string()),
    ];
    playwright::run("interop.config.ts", &environment, browser, None, names)
}

/// The processes by name: the clients', and `server`.
fn running(server: &Server, serving: &Group, executors: &[Executor<'_>]) -> Value {
    let process = |group: &Group, of: &Command| json!({"pid": group.id(), "command": command(of)});
    let clients = executors.iter().map(|executor| (executor.client.name, executor));
    let mut processes: serde_json::Map<String, Value> = clients
        .map(|(name, executor)| (name.to_owned(), process(&executor.group, &executor.command)))
        .collect();
    processes.insert("server".to_owned(), process(serving, &server.serve_command()));
    processes.into()
}

fn told(executor: &Executor<'_>, made: &Value) -> Result<Value> {
    let name = executor.client.name;
    let lines = made["executors"].as_array().into_iter().flatten();
    let id = lines.into_iter().find(|line| line["app_name"] == name).map(|line| line["id"].clone());
    let jobs: serde_json::Map<String, Value> = JOBS
        .iter()
        .map(|(purpose, ..)| ((*purpose).to_owned(), made["jobs"][job_name(name, purpose)].clone()))
        .collect();
    let habits = executor.client.habits;
    Ok(json!({
        "name": name,
        "id": id.context("the fixture made no such executor")?,
        "jobs": jobs,
        "servesLog": habits.serves_log,
        "stopsOnKill": habits.stops_on_kill,
        "queues": habits.queues,
        "covered": habits.covered,
        "covering": habits.covering,
        "signsOff": habits.signs_off,
        "isMissed": habits.is_missed,
    }))
}

/// What it takes to start it once more.
fn command(command: &Command) -> Value {
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    let arguments: Vec<String> = command.get_args().map(text).collect();
    let environment: serde_json::Map<String, Value> =
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?).into()))).collect();
    json!({
        "program": text(command.get_program()),
        "arguments": arguments,
        "environment": environment,
        "folder": command.get_current_dir().map(Path::to_path_buf),
    })
}
