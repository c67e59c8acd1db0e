//! How the hosts of instances are doing: reports of executors of our own, and what pages show of them.
//!
//! A report belongs to an instance that is registered, as the process that it is, and is authorised by the
//! executor's token. Its time is the server's. Single reports are kept for hours, whole minutes for days.

mod collector;
mod sweep;

use crate::authority::{Action, Caller};
use crate::instances::{self, RegisterOutcome, RegistrationCall};
use crate::rules::host_metrics::{self as rules, Insane, Point};
use crate::store::{host_metrics as store, instances as instance_store};
use crate::{Error, Result, Services, executors};
use entity::host_state::HostSample;
use entity::{Millis, host_state};
use std::collections::BTreeMap;

pub use collector::{APART, Arrived, Collector};
pub use sweep::{Kept, sweep};

/// What a chart covers.
pub const SPAN: Millis = 3 * 3_600_000;
/// Reports in one transaction. On SQLite it holds the one writer for some milliseconds.
const BATCH: usize = 250;

/// What became of a report. Everything but `Taken` changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// It will be in the database in a moment.
    Taken,
    /// The one before came less than [`APART`] ago, and stands.
    TooSoon,
    /// No instance with this address is there as this process: it has to register first.
    NotRegistered,
    Insane(Insane),
    /// As for a registration: a wrong token, an unknown name.
    Refused(RegisterOutcome),
}

/// Takes a report of the instance that `call` names, as it would register. `shared_token` is the token that
/// the configuration accepts for every executor, if any.
pub async fn report(
    services: &Services,
    collector: &Collector,
    shared_token: Option<&str>,
    call: &RegistrationCall,
    sample: HostSample,
) -> Result<ReportOutcome> {
    let found = match instances::registered(services, shared_token, call).await? {
        Ok(found) => found,
        Err(refused) => return Ok(ReportOutcome::Refused(refused)),
    };
    if found.is_empty() {
        return Ok(ReportOutcome::NotRegistered);
    }
    if let Err(insane) = rules::check(&sample) {
        return Ok(ReportOutcome::Insane(insane));
    }
    let at = services.clock.now();
    let offer = |instance_id| collector.offer(Arrived { instance_id, at, sample: sample.clone() });
    // One process may be an instance of several executors: with the shared token, in several namespaces.
    let taken = found.into_iter().map(offer).filter(|is_taken| *is_taken).count();
    Ok(if taken > 0 { ReportOutcome::Taken } else { ReportOutcome::TooSoon })
}

/// Writes the reports that wait, some hundreds at a time; call it every second or so. How many.
///
/// # Errors
/// Those of the database; what could not be written waits on.
pub async fn flush(services: &Services, collector: &Collector) -> Result<usize> {
    let mut written = 0;
    loop {
        let reports = collector.take(BATCH, services.clock.now());
        if reports.is_empty() {
            return Ok(written);
        }
        match write(services, &reports).await {
            Ok(()) => written += reports.len(),
            Err(error) => {
                collector.give_back(reports);
                return Err(error);
            }
        }
    }
}

async fn write(services: &Services, reports: &[Arrived]) -> Result<()> {
    let figures = |report: &Arrived| rules::figures(report.instance_id, report.at, &report.sample);
    let samples: Vec<_> = reports.iter().map(figures).collect();
    let mut states = BTreeMap::new();
    for Arrived { instance_id, at, sample } in reports {
        let sample = serde_json::to_string(sample).map_err(|error| Error::Internal(error.to_string()))?;
        states.insert(*instance_id, host_state::Model { instance_id: *instance_id, at: *at, sample });
    }
    let minutes = rules::minutes(&samples);
    let transaction = services.db.begin().await?;
    store::set_states(&transaction, states.into_values().collect()).await?;
    store::add_samples(&transaction, samples).await?;
    store::add_minutes(&transaction, minutes).await?;
    Ok(transaction.commit().await?)
}

/// How the host of an instance was doing when it was last heard of.
#[derive(Clone, Debug, PartialEq)]
pub struct HostNow {
    pub instance_id: i32,
    pub at: Millis,
    pub sample: HostSample,
}

/// The last reports of these instances of an executor; those that never reported are missing.
pub async fn current(
    services: &Services,
    caller: &Caller,
    executor_id: i32,
    instances: Vec<i32>,
) -> Result<Vec<HostNow>> {
    executors::authorised(services, caller, Action::View, executor_id).await?;
    let states = store::states_of(services.db.reader(), executor_id, instances).await?;
    // What an older version wrote and this one cannot read is replaced within seconds.
    let read = |state: host_state::Model| {
        let sample = serde_json::from_str(&state.sample).ok()?;
        Some(HostNow { instance_id: state.instance_id, at: state.at, sample })
    };
    Ok(states.into_iter().filter_map(read).collect())
}

/// How the host of an instance was doing in the three hours before `until`.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub from: Millis,
    pub until: Millis,
    /// Between them nothing was reported.
    pub parts: Vec<Vec<Point>>,
}

/// What is known of the [`SPAN`] before `until`.
///
/// # Errors
/// [`Error::NotFound`] when the executor has no such instance.
pub async fn history(
    services: &Services,
    caller: &Caller,
    executor_id: i32,
    instance_id: i32,
    until: Millis,
) -> Result<History> {
    executors::authorised(services, caller, Action::View, executor_id).await?;
    let reader = services.db.reader();
    let found = instance_store::by_ids(reader, vec![instance_id]).await?;
    if !found.iter().any(|instance| instance.executor_id == executor_id) {
        return Err(Error::NotFound("instance"));
    }
    let from = until.saturating_sub(SPAN);
    let samples = store::samples(reader, instance_id, from, until).await?;
    let minutes = store::minutes(reader, instance_id, from, until).await?;
    Ok(History { from, until, parts: rules::parts(&samples, &minutes) })
}
