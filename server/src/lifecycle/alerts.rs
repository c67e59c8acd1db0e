//! The loops that tell people.

use crate::config::Settings;
use anyhow::{Context, Result};
use scheduler::Services;
use scheduler::alerts::Alerts;
use scheduler::alerts::deliver::Deliverer;
use scheduler::alerts::watch::{OnDuty, Watcher};
use scheduler::engine::EngineHandle;
use scheduler::jobs::failures::FailureWatch;
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

/// Decides and sends until the end, and stops jobs that fail again and again.
pub fn start(alerts: &Alerts, engine: &EngineHandle, stop: &CancellationToken) -> [JoinHandle<()>; 3] {
    let engine = engine.clone();
    let on_duty: OnDuty = Arc::new(move || engine.has_duties());
    let failures = FailureWatch::new(alerts.services().clone(), on_duty.clone());
    let watcher = Watcher::new(alerts.clone(), on_duty);
    let deliverer = Deliverer::new(alerts.clone());
    [
        tokio::spawn(failures.run(stop.clone())),
        tokio::spawn(watcher.run(stop.clone())),
        tokio::spawn(deliverer.run(stop.clone())),
    ]
}
