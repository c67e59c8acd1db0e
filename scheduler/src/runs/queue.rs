//! What waits for an executor, in the order in which it goes, and the way to the front.

use super::authorised;
use crate::audit::{self, Entry, RunOfJob};
use crate::authority::{Action, Caller};
use crate::signals::Change;
use crate::store::{jobs as job_store, runs as store};
use crate::{Error, Refusal, Result, Services, executors};
use entity::audit_entry::Verb;
use entity::run::Model;
use std::collections::HashMap;

/// Runs of a queue that are shown.
pub const QUEUE_LENGTH: u64 = 50;
/// Above the priority of every job.
const FRONT: i16 = 100;

/// What an executor is doing, and what waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many of its runs are being sent, run, or are in doubt.
    pub out: u64,
    /// The first [`QUEUE_LENGTH`] that wait, also those whose time has not come.
    pub waiting: Vec<QueuedRun>,
    /// Whether there are more.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRun {
    pub run: Model,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
}

pub async fn queue(services: &Services, caller: &Caller, executor_id: i32) -> Result<Queue> {
    executors::authorised(services, caller, Action::View, executor_id).await?;
    let reader = services.db.reader();
    let mut waiting = store::waiting_for(reader, executor_id, QUEUE_LENGTH + 1).await?;
    let more = waiting.len() as u64 > QUEUE_LENGTH;
    waiting.truncate(QUEUE_LENGTH as usize);
    let ids = waiting.iter().map(|run| run.job_id).collect();
    let names: HashMap<i32, String> = job_store::names(reader, ids).await?.into_iter().collect();
    let named = |run: Model| QueuedRun { job_name: names.get(&run.job_id).cloned(), run };
    Ok(Queue {
        out: store::count_out(reader, executor_id).await?,
        waiting: waiting.into_iter().map(named).collect(),
        more,
    })
}

/// Lets a run go before all others that wait for its executor.
///
/// # Errors
/// [`Refusal::RunNotWaiting`].
pub async fn to_front(services: &Services, caller: &Caller, id: i64) -> Result<()> {
    let (run, executor) = authorised(services, caller, Action::OperateJobs, id).await?;
    let transaction = services.db.begin().await?;
    let first = store::waiting_for(&transaction, run.executor_id, 2).await?;
    let highest = first.iter().filter(|first| first.id != id).map(|first| first.priority).max().unwrap_or(0);
    if !store::set_priority(&transaction, id, highest.saturating_add(1).max(FRONT)).await? {
        return Err(Error::Refused(Refusal::RunNotWaiting));
    }
    let job = job_store::by_id(&transaction, run.job_id).await?;
    let namespace_id = executor.map(|executor| executor.namespace_id);
    let entry = Entry::of(Verb::MoveToFront, &RunOfJob { run: &run, job: job.as_ref(), namespace_id });
    audit::commit(services, caller, transaction, [entry]).await?;
    services.signals.publish_in(run.bucket, Change::Run(id));
    Ok(())
}
