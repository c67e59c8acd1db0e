//! `orrery serve`

use super::user::print_one_time_password;
use crate::config::Settings;
use crate::lifecycle::Server;
use crate::telemetry;
use anyhow::{Context, Result};
use scheduler::users::{ADMINISTRATOR, FirstStart};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until the process is asked to end.
pub async fn run(settings: Settings) -> Result<()> {
    telemetry::start(settings.log_format, &settings.log).context("logging")?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let server = tokio::select! {
        started = Server::start(settings) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    if let FirstStart::Created { one_time_password: Some(password) } = server.first_start() {
        // The only place where it can ever be read.
        print_one_time_password(ADMINISTRATOR, password);
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.stop().await;
    Ok(())
}
