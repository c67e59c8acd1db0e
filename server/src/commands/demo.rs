//! `orrery demo`: something to look at in a fresh installation.

mod seed;

use super::setup::{self, Credentials, job};
use crate::config::Settings;
use anyhow::Result;
use clap::{Args, Subcommand};
use entity::executor::Registration;
use entity::job::RunMode;
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit, ExecutorFilter, TOKEN_OVERLAP};
use scheduler::jobs::JobDraft;
use scheduler::{Services, namespaces};

const NAMESPACE: (&str, &str) = ("demo", "demo");
const APP_NAME: &str = "demo-executor";

#[derive(Args)]
pub struct Options {
    /// Print name, token and namespace as one line of JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Fills an empty installation with namespaces, executors, jobs and a fortnight of runs.
    Seed(seed::Options),
}

/// Creates what is missing. An executor that exists gets a new token, because the one it has can be
/// read nowhere; the old one is accepted for a day more.
pub async fn run(settings: &Settings, options: &Options) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    if let Some(What::Seed(options)) = &options.what {
        seed::run(&services, options).await?;
        return Ok(databases.close().await?);
    }
    let credentials = prepare(&services).await?;
    databases.close().await?;
    credentials.print(options.json);
    Ok(())
}

async fn prepare(services: &Services) -> Result<Credentials> {
    let operator = Caller::operator();
    let namespace = namespaces::ensure(services, NAMESPACE.0, NAMESPACE.1).await?;
    let filter = ExecutorFilter { namespace_id: Some(namespace.id), ..Default::default() };
    let known = executors::list(services, &operator, &filter).await?;
    let known = known.into_iter().find(|row| row.executor.app_name == APP_NAME);
    let (executor, token) = match known {
        Some(row) => executors::rotate_token(services, &operator, row.executor.id, TOKEN_OVERLAP).await?,
        None => {
            let edit = ExecutorEdit {
                app_name: APP_NAME.to_owned(),
                title: "Demo executor".to_owned(),
                registration: Registration::Automatic,
                addresses: String::new(),
                max_parallel: 0,
            };
            let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
            executors::create(services, &operator, draft).await?
        }
    };
    for draft in drafts(executor.id) {
        setup::create_unless_there(services, draft).await?;
    }
    Ok(Credentials { app_name: executor.app_name, token, namespace: namespace.title() })
}

fn drafts(executor_id: i32) -> [JobDraft; 2] {
    [
        JobDraft {
            name: "Heartbeat demo".to_owned(),
            description: "Calls the agent's built-in handler every five seconds.".to_owned(),
            schedule: "*/5 * * * * ?".to_owned(),
            handler: "demo".to_owned(),
            ..job(executor_id)
        },
        JobDraft {
            name: "Shell script demo".to_owned(),
            description: "Runs a shell script every minute.".to_owned(),
            schedule: "0 * * * * ?".to_owned(),
            run_mode: RunMode::Shell,
            source: "#!/bin/sh\necho \"Hello from $(uname -n) at $(date)\"\n".to_owned(),
            ..job(executor_id)
        },
    ]
}
