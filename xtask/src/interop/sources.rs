//! Jobs that carry their source: it runs where the client can run it, and what is saved is what the next run executes.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Check, Executor, USUAL, clients::Client, job_name};
use crate::orrery::Server;
use crate::paths;
use crate::report::Counts;
use crate::test::TestNames;
use crate::wall_clock::now;

/// How long until a run says what the edited source says.
const PATIENCE: Duration = Duration::from_secs(90);
const PARAMETER: &str = "red";
/// Interpreters take a while to start, and all clients start theirs on the same machine.
const CRON: &str = "0/20 * * * * ?";

/// A source, and what it becomes.
pub struct Code {
    /// As the fixture has it.
    pub run_mode: &'static str,
    pub source: &'static str,
    edit: Option<Edit>,
}

/// How it is edited, and what a run of it then ends with.
struct Edit {
    of: fn(&str) -> String,
    state: &'static str,
    text: &'static str,
}

pub const CHECKS: &[Check] = &[
    Check { handler: "groovy", code: Some(&GROOVY), ..SOURCE },
    Check { handler: "shell", code: Some(&SHELL), ..SOURCE },
    Check { handler: "python", code: Some(&PYTHON), ..SOURCE },
    Check { handler: "node", code: Some(&NODE), ..SOURCE },
    Check { handler: "php", code: Some(&PHP), ..SOURCE },
];

const SOURCE: Check = Check { parameter: PARAMETER, cron: CRON, ..USUAL };

const GROOVY: Code = Code {
    run_mode: "groovy",
    source: include_str!("../../../end2end/interop/sources/job.groovy"),
    edit: Some(Edit {
        of: |source| source.replace("version one", "version two"),
        state: "succeeded",
        text: "version two",
    }),
};

const SHELL: Code = Code {
    run_mode: "shell",
    source: include_str!("../../../end2end/interop/sources/job.sh"),
    edit: Some(Edit {
        of: |source| format!("{source}exit 4\n"),
        state: "failed",
        text: "script exit value(4) is failed",
    }),
};

const PYTHON: Code =
    Code { run_mode: "python", source: include_str!("../../../end2end/interop/sources/job.py"), edit: None };

const NODE: Code =
    Code { run_mode: "node", source: include_str!("../../../end2end/interop/sources/job.js"), edit: None };

const PHP: Code =
    Code { run_mode: "php", source: include_str!("../../../end2end/interop/sources/job.php"), edit: None };

/// Says what is missing on this machine for PHP sources, if anything; all clients leave them out then. The other
/// interpreters are needed by the suite itself.
pub fn php_missing() -> Result<(), String> {
    let php = paths::find_on_path(&["php"]);
    php.map(drop).ok_or_else(|| "PHP is needed (Debian: apt-get install php-cli)".to_owned())
}

impl Code {
    /// What the text of the first version's result holds.
    pub fn text(&self) -> &'static str {
        if self.run_mode == "groovy" { "version one" } else { "" }
    }

    /// What the log of the first version holds: scripts are given their shard as well.
    pub fn log(&self) -> String {
        let shard = if self.run_mode == "groovy" { "" } else { ", shard 0 of 1" };
        format!("version one: {PARAMETER}{shard}")
    }
}

/// Whether the client's library carries it out.
pub fn is_run_by(check: &Check, client: &Client) -> bool {
    match check.code {
        Some(code) if code.run_mode == "groovy" => client.habits.runs_groovy,
        Some(code) if code.run_mode == "php" => client.habits.runs_scripts && php_missing().is_ok(),
        Some(_) => client.habits.runs_scripts,
        None => true,
    }
}

/// A run is claimed so long before it is due (`engine.lead_ms`), with the source of that moment.
const LEAD_MS: i64 = 150;

/// Edits sources while their jobs fire. `made` is what the fixture printed.
pub fn check_edits(
    server: &Server,
    executors: &[Executor<'_>],
    made: &Value,
    scratch: &Path,
    names: &mut TestNames,
) -> Result<Counts> {
    let mut edited = Vec::new();
    for client in executors.iter().map(|executor| executor.client) {
        for check in CHECKS.iter().filter(|check| is_run_by(check, client)) {
            let Some((code, edit)) = check.code.and_then(|code| Some((code, code.edit.as_ref()?))) else {
                continue;
            };
            let job =
                made["jobs"][job_name(client, check)].as_i64().context("the fixture made no such job")?;
            let file = scratch.join(format!("{} {}", client.name, check.handler));
            fs::write(&file, (edit.of)(code.source))?;
            server.edit_source(job, &file)?;
            edited.push(Edited { client, check, edit, from: now() + LEAD_MS });
        }
    }
    let mut counts = Counts::default();
    for one in edited {
        let name = format!("interop › {} › {} edited", one.client.name, one.check.handler);
        match one.wait(server) {
            Ok(()) => {
                counts.passed += 1;
                names.add(name);
            }
            Err(error) => {
                counts.failed += 1;
                eprintln!("FAILED {name}: {error:#}");
            }
        }
    }
    Ok(counts)
}

struct Edited<'a> {
    client: &'a Client,
    check: &'a Check,
    edit: &'a Edit,
    /// What is due from here on is claimed after it was saved.
    from: i64,
}

impl Edited<'_> {
    /// The first run that was claimed after it was saved, and has a result, says what the new source says.
    fn wait(&self, server: &Server) -> Result<()> {
        let job = job_name(self.client, self.check);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let runs = server.fixture_runs()?;
            let mut later = runs.as_array().into_iter().flatten().filter(|run| {
                run["job"] == *job && run["due_at"].as_i64().is_some_and(|due_at| due_at > self.from)
            });
            if let Some(run) = later.find(|run| run["code"].as_i64().is_some_and(|code| code != 0)) {
                let Edit { state, text, .. } = self.edit;
                let says = run["message"].as_str().unwrap_or_default();
                ensure!(run["state"] == *state && says.contains(text), "the next run was {run}");
                return Ok(());
            }
            thread::sleep(Duration::from_secs(1));
        }
        bail!("no run after it within {} s", PATIENCE.as_secs())
    }
}
