//! `orrery restored`: prepares a database that was put back from a backup for the first server.

use crate::alone::Alone;
use crate::config::Settings;
use crate::{audit_key, lifecycle};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SecondsFormat};
use clap::Args;
use entity::Millis;
use entity::job::MisfirePolicy;
use scheduler::Services;
use scheduler::audit;
use scheduler::authority::Caller;
use scheduler::restored::{self, Report};
use scheduler::store::schema;
use std::time::Duration;

#[derive(Args)]
pub struct Options {
    /// Freezes everything, so that somebody can look first. It is thawed on the page /freezes.
    #[arg(long)]
    frozen: bool,
    /// Goes on with another key of the audit than the one that sealed it, which is lost.
    #[arg(long)]
    new_audit_key: bool,
}

pub async fn run(settings: &Settings, options: &Options) -> Result<()> {
    let file = settings.sqlite_file();
    if let Some(file) = &file {
        ensure!(file.is_file(), "there is no database at {}: put the backup there first", file.display());
    }
    let _alone = file.map(|file| Alone::on(&file)).transpose()?;
    let (databases, services) = lifecycle::open(settings).await?;
    let prepared = prepare(settings, &services, options).await;
    databases.close().await?;
    tell(&prepared?);
    Ok(())
}

/// Nothing is written, the schema included, before it is sure that no server is at work.
async fn prepare(settings: &Settings, services: &Services, options: &Options) -> Result<Report> {
    let is_alone = settings.sqlite_file().is_some();
    let lease = Duration::from_millis(settings.engine.lease_ttl_ms.into());
    let pulses = match is_alone {
        true => restored::pulses(&services.db).await?,
        false => restored::without_servers(&services.db, lease).await?,
    };
    schema::up(&services.db).await.context("the database's schema")?;
    ensure!(
        options.new_audit_key || audit::is_sealed_with_our_key(services).await?,
        "the audit of this database was sealed with another key than {}: put the one there that was kept with the \
         backup. If it is lost, --new-audit-key goes on without it, and what was sealed before cannot be verified \
         any more",
        audit_key::place(settings)
    );
    Ok(restored::prepare(services, &Caller::operator(), &pulses, options.frozen).await?)
}

fn tell(report: &Report) {
    let Report { first_id, ids, epochs, servers, sessions, out, waiting, is_frozen, .. } = report;
    println!("The database is as it was at {}, {} ago. Prepared:", time(report.newest), age(report));
    println!("  runs are numbered from {first_id} on: {ids} numbers are left out, for what was given since");
    println!("  the epochs of all buckets are {epochs} higher: executors need no restart");
    println!("  servers that were at work then, and are gone: {servers}");
    println!("  sessions ended: {sessions}; everybody signs in again, with the password of then");
    println!("  runs that were at executors then, and are in doubt: {out}; who can be asked is asked");
    println!("What follows at the start:");
    println!("  runs that waited then, and go out, again where they went out since: {waiting}");
    println!("  schedules go on from then, as after an outage, also with times that ran since; jobs that");
    for (policy, jobs) in &report.jobs {
        println!("    {}: {jobs}", what_of(*policy));
    }
    match is_frozen {
        true => println!("Everything is frozen: start the servers, look, and thaw it on the page /freezes."),
        false => println!("Start the servers."),
    }
}

/// What becomes of the times between the backup and now.
fn what_of(policy: MisfirePolicy) -> &'static str {
    match policy {
        MisfirePolicy::Skip => "run none of these times",
        MisfirePolicy::FireOnce => "run the last of them, if it lies within the catch-up window",
        MisfirePolicy::FireAll => "run each of them within the catch-up window",
    }
}

fn time(at: Millis) -> String {
    DateTime::from_timestamp_millis(at)
        .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}

fn age(report: &Report) -> String {
    let minutes = (report.now - report.newest).max(0) / 60_000;
    match (minutes / 1_440, minutes / 60, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} days {} h", hours % 24),
    }
}
