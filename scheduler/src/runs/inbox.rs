//! Runs that went wrong and that nobody has dealt with.

use super::list::{RunFilter, RunRow, list};
use crate::authority::{Caller, visible};
use crate::rules::alerts::decide::{ended_at, event_of};
use crate::store::{executors, runs as store};
use crate::{Result, Services};
use entity::Millis;
use entity::run::RunState;
use std::collections::{BTreeSet, HashMap};

/// What may be in it.
const STATES: [RunState; 4] = [RunState::Failed, RunState::TimedOut, RunState::Lost, RunState::Skipped];
/// Runs of a job among which a later success is looked for, the newest; beside those of the last minute.
const LOOKED_AT: u64 = 50;

/// So many are counted at most.
pub const COUNTED: u64 = 100;
const EXECUTORS: u64 = 1000;

/// Which of them are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxFilter {
    pub executor_id: Option<i32>,
    pub job_id: Option<i32>,
    /// Not those whose job has succeeded since.
    pub hide_moot: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    pub row: RunRow,
    /// Where it belongs; none when its executor has been deleted.
    pub namespace_id: Option<i32>,
    /// When its job succeeded last, if that was later and among the last 50 runs of the job.
    pub succeeded_at: Option<Millis>,
}

/// A page of them, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxPage {
    /// At most 50; fewer although there is a next page where the filter matches seldom.
    pub rows: Vec<InboxRow>,
    /// To be given as `after` for the next page; none on the last one.
    pub next: Option<String>,
}

/// Runs that failed, timed out, were lost or missed their time, that no attempt follows and that nobody has
/// dealt with, as far as the caller may see them. `after` is the `next` of the page before.
///
/// # Errors
/// [`crate::Error::Invalid`] naming `after` when it is no such text.
pub async fn inbox(
    services: &Services,
    caller: &Caller,
    filter: &InboxFilter,
    after: Option<&str>,
) -> Result<InboxPage> {
    let InboxFilter { executor_id, job_id, hide_moot } = *filter;
    let filter =
        RunFilter { executor_id, job_id, states: STATES.into(), attention: true, ..RunFilter::default() };
    let page = list(services, caller, &filter, after).await?;
    // Shards are dealt with as a whole, and what is retried is not over.
    let open = page.rows.into_iter().filter(|row| event_of(&row.run).is_some());
    let mut rows = judged(services, open.collect()).await?;
    rows.retain(|row| !hide_moot || row.succeeded_at.is_none());
    Ok(InboxPage { rows, next: page.next })
}

/// How many there are that the caller may see; at most [`COUNTED`].
pub async fn inbox_count(services: &Services, caller: &Caller) -> Result<u64> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let ids = executors::visible_ids(reader, &visible, EXECUTORS).await?;
    Ok(store::open_count(reader, ids, &STATES, COUNTED).await?)
}

async fn judged(services: &Services, rows: Vec<RunRow>) -> Result<Vec<InboxRow>> {
    let reader = services.db.reader();
    let job_ids: BTreeSet<i32> = rows.iter().map(|row| row.run.job_id).collect();
    let job_ids: Vec<i32> = job_ids.into_iter().collect();
    let successes = store::last_successes(reader, &job_ids, LOOKED_AT).await?;
    let executor_ids: BTreeSet<i32> = rows.iter().map(|row| row.run.executor_id).collect();
    let places = executors::by_ids(reader, executor_ids.into_iter().collect()).await?;
    let places: HashMap<i32, i32> = places.into_iter().map(|found| (found.id, found.namespace_id)).collect();
    let judged = |row: RunRow| InboxRow {
        namespace_id: places.get(&row.run.executor_id).copied(),
        succeeded_at: successes.get(&row.run.job_id).copied().filter(|at| *at > ended_at(&row.run)),
        row,
    };
    Ok(rows.into_iter().map(judged).collect())
}
