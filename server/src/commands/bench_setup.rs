//! `orrery bench-setup`: many jobs on one executor, to measure with.

use super::setup::{self, Credentials, job};
use crate::config::Settings;
use anyhow::Result;
use clap::Args;
use entity::executor::Registration;
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::JobDraft;
use scheduler::namespaces;

const APP_NAME: &str = "bench-executor";

#[derive(Args)]
pub struct Options {
    /// How many jobs.
    #[arg(long)]
    jobs: u32,
    /// Where the executor listens.
    #[arg(long, value_name = "URL")]
    executor_address: String,
    /// When each of them fires.
    #[arg(long, default_value = "* * * * * ?")]
    cron: String,
    /// Print name, token and namespace as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Expects an empty database.
pub async fn run(settings: &Settings, options: &Options) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let namespace = namespaces::ensure(&services, "bench", "bench").await?;
    let edit = ExecutorEdit {
        app_name: APP_NAME.to_owned(),
        title: "Benchmark".to_owned(),
        registration: Registration::Manual,
        addresses: options.executor_address.clone(),
        max_parallel: 0,
    };
    let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
    let (executor, token) = executors::create(&services, &Caller::operator(), draft).await?;
    for number in 1..=options.jobs {
        let draft = JobDraft {
            name: format!("Job {number:06}"),
            schedule: options.cron.clone(),
            handler: "bench".to_owned(),
            ..job(executor.id)
        };
        setup::create_unless_there(&services, draft).await?;
    }
    databases.close().await?;
    Credentials { app_name: executor.app_name, token, namespace: namespace.title() }.print(options.json);
    Ok(())
}
