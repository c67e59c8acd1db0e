//! `orrery fixture`: executors and jobs from a file, and what became of them, for the tests that
//! start real executors. Shapes: `end2end/interop/README.md`.

use super::setup::{self, job};
use crate::config::Settings;
use anyhow::{Context, Result};
use clap::Subcommand;
use entity::executor::Registration;
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::JobDraft;
use scheduler::rules::run_state;
use scheduler::runs::{self, RunFilter};
use scheduler::{Services, namespaces};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum What {
    /// Creates the executors and jobs of a JSON file, prints the executors' tokens.
    Apply { file: PathBuf },
    /// Prints the newest runs, oldest first.
    Runs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    executors: Vec<FixtureExecutor>,
    jobs: Vec<FixtureJob>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureExecutor {
    app_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureJob {
    name: String,
    app_name: String,
    handler: String,
    parameter: String,
    cron: String,
}

pub async fn run(settings: &Settings, what: What) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let printed = match what {
        What::Apply { file } => apply(&services, read(&file)?).await?,
        What::Runs => list_runs(&services).await?,
    };
    databases.close().await?;
    println!("{printed}");
    Ok(())
}

fn read(file: &Path) -> Result<Fixture> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("understanding {}", file.display()))
}

async fn apply(services: &Services, fixture: Fixture) -> Result<Value> {
    let namespace = namespaces::ensure(services, "default", "default").await?;
    let mut ids = HashMap::new();
    let mut made = Vec::new();
    for FixtureExecutor { app_name } in fixture.executors {
        let (title, registration) = (app_name.clone(), Registration::Automatic);
        let edit = ExecutorEdit { app_name, title, registration, addresses: String::new() };
        let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
        let (executor, token) = executors::create(services, &Caller::operator(), draft).await?;
        made.push(json!({ "app_name": executor.app_name, "token": token }));
        ids.insert(executor.app_name, executor.id);
    }
    for FixtureJob { name, app_name, handler, parameter, cron } in fixture.jobs {
        let executor_id = *ids.get(&app_name).with_context(|| format!("no executor {app_name}"))?;
        let draft = JobDraft { name, handler, parameter, schedule: cron, ..job(executor_id) };
        setup::create_unless_there(services, draft).await?;
    }
    Ok(json!({ "executors": made }))
}

async fn list_runs(services: &Services) -> Result<Value> {
    let operator = Caller::operator();
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = runs::list(services, &operator, &RunFilter::default(), after.as_deref()).await?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows.into_iter().rev() {
        let text = runs::get(services, &operator, row.run.id).await?.text;
        shown.push(json!({
            "job": row.job_name,
            "state": run_state::name(row.run.state),
            "code": row.run.code,
            "message": text.and_then(|text| text.result),
        }));
    }
    Ok(Value::Array(shown))
}
