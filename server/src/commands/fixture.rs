//! `orrery fixture`: executors and jobs from a file, and what became of them, for the tests that
//! start real executors. Shapes: `end2end/interop/README.md`.

mod deeds;

use super::setup::{self, job};
use crate::config::Settings;
use anyhow::{Context, Result};
use chrono::DateTime;
use clap::Subcommand;
use entity::executor::Registration;
use entity::job::{Blocking, MisfirePolicy, Overlap, Routing, RunMode, ScheduleKind};
use entity::{Millis, run_text};
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::JobDraft;
use scheduler::rules::run_state;
use scheduler::runs::{self, RunFilter, RunRow};
use scheduler::{Services, namespaces};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum What {
    /// Creates the executors and jobs of a JSON file, prints the executors' tokens.
    Apply { file: PathBuf },
    /// Prints all runs, oldest first.
    Runs {
        /// Leave out the texts, which are read run by run.
        #[arg(long)]
        brief: bool,
    },
    /// Runs a job for its past times from one to another, ms since 1970.
    Backfill { job: i32, from: Millis, until: Millis },
    /// Gives a job another source, from a file.
    Source { job: i32, file: PathBuf },
    /// Freezes everything, and waits until every server heeds it.
    Freeze,
    /// Ends a freeze.
    Thaw { freeze: i32 },
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
    /// Empty: only its parents and people start it.
    cron: String,
    /// Seconds; 0 = none.
    #[serde(default)]
    timeout_s: i32,
    /// Milliseconds UTC, whole seconds; both included.
    valid_from: Option<Millis>,
    valid_until: Option<Millis>,
    misfire: Option<MisfirePolicy>,
    catch_up_ms: Option<Millis>,
    #[serde(default)]
    retries: i32,
    #[serde(default)]
    retry_delay_s: i32,
    overlap: Option<Overlap>,
    blocking: Option<Blocking>,
    routing: Option<Routing>,
    run_mode: Option<RunMode>,
    /// Of those run modes that carry one.
    #[serde(default)]
    source: String,
    /// Names of jobs that stand before this one.
    #[serde(default)]
    children: Vec<String>,
}

pub async fn run(settings: &Settings, what: What) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let printed = match what {
        What::Apply { file } => apply(&services, read(&file)?).await?,
        What::Runs { brief } => list_runs(&services, brief).await?,
        What::Backfill { job, from, until } => deeds::backfill(&services, job, from, until).await?,
        What::Source { job, file } => deeds::edit_source(&services, job, text(&file)?).await?,
        What::Freeze => deeds::freeze(&services).await?,
        What::Thaw { freeze } => deeds::thaw(&services, freeze).await?,
    };
    databases.close().await?;
    println!("{printed}");
    Ok(())
}

fn read(file: &Path) -> Result<Fixture> {
    serde_json::from_str(&text(file)?).with_context(|| format!("understanding {}", file.display()))
}

fn text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

async fn apply(services: &Services, fixture: Fixture) -> Result<Value> {
    let namespace = namespaces::ensure(services, "default", "default").await?;
    let mut ids = HashMap::new();
    let mut made = Vec::new();
    for FixtureExecutor { app_name } in fixture.executors {
        let (title, registration) = (app_name.clone(), Registration::Automatic);
        let edit = ExecutorEdit { app_name, title, registration, addresses: String::new(), max_parallel: 0 };
        let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
        let (executor, token) = executors::create(services, &Caller::operator(), draft).await?;
        made.push(json!({ "id": executor.id, "app_name": executor.app_name, "token": token }));
        ids.insert(executor.app_name, executor.id);
    }
    let mut jobs = HashMap::new();
    for described in fixture.jobs {
        let name = described.name.clone();
        let executor_id = ids.get(&described.app_name);
        let executor_id = *executor_id.with_context(|| format!("no executor {}", described.app_name))?;
        let draft = draft(described, executor_id, &jobs)?;
        if let Some(id) = setup::create_unless_there(services, draft).await? {
            jobs.insert(name, id);
        }
    }
    Ok(json!({ "executors": made, "jobs": jobs }))
}

/// The job as its form would have it; `before` are the ids of the jobs that were made before it.
fn draft(described: FixtureJob, executor_id: i32, before: &HashMap<String, i32>) -> Result<JobDraft> {
    let FixtureJob { name, handler, parameter, cron, timeout_s, valid_from, valid_until, .. } = described;
    let child = |name: &String| before.get(name).copied().with_context(|| format!("no job {name} before it"));
    let usual = job(executor_id);
    Ok(JobDraft {
        name,
        handler,
        parameter,
        schedule_kind: if cron.is_empty() { ScheduleKind::Manual } else { ScheduleKind::Cron },
        schedule: cron,
        timeout_s,
        valid_from: wall_time(valid_from),
        valid_until: wall_time(valid_until),
        misfire_policy: described.misfire.unwrap_or(usual.misfire_policy),
        catch_up_ms: described.catch_up_ms.unwrap_or(usual.catch_up_ms),
        overlap: described.overlap.unwrap_or(usual.overlap),
        blocking: described.blocking.unwrap_or(usual.blocking),
        routing: described.routing.unwrap_or(usual.routing),
        run_mode: described.run_mode.unwrap_or(usual.run_mode),
        source: described.source,
        retries: described.retries,
        retry_delay_s: described.retry_delay_s,
        children: described.children.iter().map(child).collect::<Result<_>>()?,
        ..usual
    })
}

/// As it is typed, on the clock of UTC.
fn wall_time(at: Option<Millis>) -> String {
    let time = at.and_then(DateTime::from_timestamp_millis);
    time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

async fn list_runs(services: &Services, brief: bool) -> Result<Value> {
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
        let text = if brief { None } else { runs::get(services, &operator, row.run.id).await?.text };
        shown.push(described(row, text));
    }
    Ok(Value::Array(shown))
}

fn described(RunRow { run, job_name, .. }: RunRow, text: Option<run_text::Model>) -> Value {
    let (dispatch, message) = text.map(|text| (text.dispatch, text.result)).unwrap_or_default();
    json!({
        "id": run.id,
        "job": job_name,
        "kind": run.kind,
        "slot": run.slot,
        "attempt": run.attempt,
        "parent": run.parent_id,
        "shard": run.shard_index,
        "live": run.live_bucket.is_some(),
        "state": run_state::name(run.state),
        "reason": run.reason,
        "code": run.code,
        "message": message,
        "dispatch": dispatch,
        "nominal_at": run.nominal_at,
        "span_last": run.span_last,
        "span_count": run.span_count,
        "due_at": run.due_at,
        "sends": run.fence % protocol::native::SENDS,
        "deadline_at": run.deadline_at,
        "sent_at": run.sent_at,
        "ended_at": run.ended_at,
        "late_code": run.late_code,
    })
}
