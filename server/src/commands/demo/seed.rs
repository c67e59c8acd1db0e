//! `orrery demo seed`: an installation in which every page has something to show.

mod hosts;
mod logs;
mod past;
mod people;
mod plan;

use super::setup;
use anyhow::{Context, Result, bail};
use clap::Args;
use entity::executor::Registration;
use entity::job::{JobState, Model as Job};
use entity::{Millis, instance};
use past::Past;
use plan::{EXECUTORS, ExecutorPlan, JOBS, JobPlan};
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::{self, JobDraft, JobOrder};
use scheduler::store::filling;
use scheduler::{Services, namespaces};
use std::collections::HashMap;

/// How far back the runs go: a fortnight.
const DAYS: i64 = 14;
pub(super) const DAY: Millis = 24 * 3_600_000;

#[derive(Args)]
pub struct Options {
    /// The same number gives the same runs, at the same time.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Add to what is there already.
    #[arg(long)]
    into_existing: bool,
    /// Where one of our executors listens that carries out what fires from now on. Without it the instances are made
    /// up, and what fires fails.
    #[arg(long, value_name = "URL")]
    executor_address: Option<String>,
}

/// An executor that was made.
struct Made {
    id: i32,
    instances: Vec<instance::Model>,
}

/// Fills the installation.
///
/// # Errors
/// Where jobs exist and the options do not say that they may.
pub async fn run(services: &Services, options: &Options) -> Result<()> {
    let operator = Caller::operator();
    let known = jobs::list(services, &operator, &Default::default(), JobOrder::Name, None).await?;
    if !known.rows.is_empty() && !options.into_existing {
        bail!("there are jobs in this database already; --into-existing adds the demonstration to them");
    }
    let address = options.executor_address.as_deref();
    let mut made = HashMap::new();
    for plan in &EXECUTORS {
        made.insert(plan.app_name, executor(services, plan, address).await?);
    }
    let jobs = make_jobs(services, &made, address.is_some()).await?;
    people::people(services).await?;
    let now = services.clock.now();
    let first_id = filling::first_free(&services.db).await?;
    let mut past = Past::new(options.seed, first_id, now);
    for (plan, job) in &jobs {
        let executor = made.get(plan.app_name).context("an executor")?;
        past.fires(plan, job, &executor.instances, now - DAYS * DAY, &jobs)?;
    }
    let runs = past.into_runs();
    let (executors, instances, count) =
        (made.len(), made.values().map(|made| made.instances.len()), runs.len());
    println!(
        "executors: {executors}, instances: {}, jobs: {}, runs: {count}",
        instances.sum::<usize>(),
        jobs.len()
    );
    let logs = logs::logs(&runs, &jobs, now);
    filling::past(&services.db, runs).await?;
    filling::logs(&services.db, logs).await?;
    let all: Vec<&instance::Model> = made.values().flat_map(|made| &made.instances).collect();
    let (states, minutes) = hosts::reports(options.seed, &all, now)?;
    filling::hosts(&services.db, states, minutes).await?;
    let changed = jobs.iter().find(|(plan, _)| plan.name == plan::CHANGED).context("no job to change")?;
    people::open_approval(services, &changed.1).await
}

async fn executor(services: &Services, plan: &ExecutorPlan, address: Option<&str>) -> Result<Made> {
    let namespace = namespaces::ensure(services, plan.namespace.0, plan.namespace.1).await?;
    let addresses = match address {
        Some(address) => address.to_owned(),
        None => plan.hosts.iter().map(|host| format!("http://{host}:9999\n")).collect(),
    };
    let edit = ExecutorEdit {
        app_name: plan.app_name.to_owned(),
        title: plan.title.to_owned(),
        registration: Registration::Manual,
        addresses,
        max_parallel: plan.max_parallel,
    };
    let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
    let (executor, _) = executors::create(services, &Caller::operator(), draft)
        .await
        .with_context(|| format!("the executor {}", plan.app_name))?;
    Ok(Made { id: executor.id, instances: filling::instances_of(&services.db, executor.id).await? })
}

/// The jobs, each after those that it starts.
async fn make_jobs(
    services: &Services,
    made: &HashMap<&str, Made>,
    is_real: bool,
) -> Result<Vec<(&'static JobPlan, Job)>> {
    let mut ids = HashMap::new();
    let mut rows = Vec::new();
    for plan in JOBS.iter().rev() {
        let executor = made.get(plan.app_name).with_context(|| format!("no executor {}", plan.app_name))?;
        let children = plan.starts.iter().map(|name| ids.get(name).copied().context("a job that is started"));
        let usual = setup::job(executor.id);
        let mut draft = JobDraft {
            name: plan.name.to_owned(),
            owner: plan.owner.to_owned(),
            schedule_kind: plan.kind,
            schedule: plan.schedule.to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            run_mode: plan.run_mode,
            routing: plan.routing,
            retries: plan.retries,
            retry_delay_s: 60,
            timeout_s: plan.timeout_s,
            children: children.collect::<Result<_>>()?,
            ..usual
        };
        match plan.run_mode.has_source() {
            true => draft.source = plan.what.to_owned(),
            false => draft.handler = if is_real { "demo".to_owned() } else { plan.what.to_owned() },
        }
        let state = if plan.is_stopped { JobState::Stopped } else { JobState::On };
        let job = jobs::create(services, &Caller::operator(), draft, state).await;
        let job = job.map_err(super::super::readable).with_context(|| format!("the job {}", plan.name))?;
        ids.insert(plan.name, job.id);
        rows.push((plan, job));
    }
    rows.reverse();
    Ok(rows)
}
