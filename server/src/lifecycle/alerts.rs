//! The loops that tell people.

use crate::config::Settings;
use anyhow::{Context, Result};
use scheduler::Services;
use scheduler::alerts::Alerts;
use scheduler::alerts::deliver::Deliverer;
use scheduler::alerts::watch::Watcher;
use scheduler::engine::EngineHandle;
use scheduler::mail::Mailer;
use scheduler::outgoing::Outgoing;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What messages leave by.
///
/// # Errors
/// What of the settings cannot be used.
pub fn open(settings: &Settings, services: &Services) -> Result<Alerts> {
    let outgoing = Outgoing::new(settings.outgoing.allowed_networks.clone())?;
    let mailer = settings.mail.in_force().map(|mail| Mailer::new(&mail)).transpose().context("[mail]")?;
    Ok(Alerts::new(services.clone(), outgoing, mailer, settings.public_url.clone()))
}

/// Decides and sends until the end.
pub fn start(alerts: &Alerts, engine: &EngineHandle, stop: &CancellationToken) -> [JoinHandle<()>; 2] {
    let engine = engine.clone();
    let watcher = Watcher::new(alerts.clone(), Arc::new(move || engine.has_duties()));
    let deliverer = Deliverer::new(alerts.clone());
    [tokio::spawn(watcher.run(stop.clone())), tokio::spawn(deliverer.run(stop.clone()))]
}
