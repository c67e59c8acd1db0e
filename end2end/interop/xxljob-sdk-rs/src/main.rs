//! An executor on the unmodified crate xxljob-sdk-rs, with the handlers that every interoperability client has.
//!
//! Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use xxljob_sdk_rs::{AsyncJobHandler, JobContext, JobHandler, XxlClientBuilder};

/// What a handler does, by its name.
#[derive(Clone, Copy)]
enum Task {
    Ok,
    Fail,
    Echo,
    Slow,
    Held,
    Shard,
}

#[async_trait]
impl AsyncJobHandler for Task {
    async fn process(&self, mut context: JobContext) -> anyhow::Result<JobContext> {
        let parameter = context.job_param.clone().unwrap_or_default();
        match self {
            Self::Ok => {
                log::info!("first line");
                log::info!("second line");
            }
            Self::Fail => anyhow::bail!("failed on purpose"),
            Self::Echo => {
                log::info!("parameter: {parameter}");
                context.handle_msg = Some(parameter);
            }
            Self::Shard => {
                context.handle_msg = Some(format!("shard {} of {}", context.shard_index, context.shard_total));
            }
            Self::Held => {
                let release = PathBuf::from(env::var("RELEASES")?).join(parameter);
                while !release.exists() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Self::Slow => tokio::time::sleep(Duration::from_secs(parameter.parse().unwrap_or(1))).await,
        }
        Ok(context)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    let client = XxlClientBuilder::new(format!("{}/xxl-job-admin", env::var("SERVER")?))
        .set_access_token(env::var("TOKEN")?)
        .set_log_path(env::var("LOG_DIR")?)
        .set_app_name(env::var("APP_NAME")?)
        .set_ip("127.0.0.1".to_owned())
        .set_port(env::var("PORT")?.parse().context("PORT is no number")?)
        .build()?;
    let tasks = [
        ("ok", Task::Ok),
        ("fail", Task::Fail),
        ("echo", Task::Echo),
        ("slow", Task::Slow),
        ("long", Task::Slow),
        ("held", Task::Held),
        ("shard", Task::Shard),
    ];
    for (name, task) in tasks {
        client.register(Arc::new(name.to_owned()), JobHandler::Async(Arc::new(task)))?;
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
