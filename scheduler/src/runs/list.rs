//! The list of runs, page by page, newest first.

use crate::authority::{Caller, Visible, visible};
use crate::paging::{decode, encode};
use crate::store::runs::{Batch, Path, Position, Span};
use crate::store::{executors, instances, jobs, runs as store};
use crate::{Result, Services, deliveries};
use entity::Millis;
use entity::delivery::DeliveryState;
use entity::run::{Model, RunState};
use std::collections::{BTreeSet, HashMap};

/// Rows of a page.
pub(super) const PAGE: usize = 50;
/// Rows that one step reads when a filter throws rows away, over all sources.
const READ: u64 = 2000;
/// Steps for one page: a rare state is looked for in 8,000 rows, then the reader asks for more.
const STEPS: usize = 4;
/// Characters of a run's remark.
pub(super) const REMARK: i32 = 200;
/// Executors whose runs are merged for a list over all of them.
const MOST_EXECUTORS: u64 = 1000;

/// Which runs a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub job_id: Option<i32>,
    pub executor_id: Option<i32>,
    /// Empty = all.
    pub states: Vec<RunState>,
    /// Only those that a person should look at.
    pub attention: bool,
    /// Only those of which the messages have come so far; none = whatever became of them.
    pub alert: Option<Told>,
    /// Due at or after this time.
    pub from: Option<Millis>,
    /// Due before this time.
    pub to: Option<Millis>,
}

/// What became of the messages that tell of a run, the worst of it. Alerts, and with them what is known of it, are
/// kept for 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// There are none.
    Nothing,
    Something(DeliveryState),
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    pub run: Model,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
    pub app_name: Option<String>,
    /// Where it was sent.
    pub instance_address: Option<String>,
    /// The beginning of what it reported, or of why it was refused.
    pub remark: Option<String>,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPage {
    /// At most 50; fewer although there is a next page when the filter matches seldom.
    pub rows: Vec<RunRow>,
    /// To be given as `after` for the next page; none on the last one.
    pub next: Option<String>,
}

/// The runs that the caller may see and that match, newest first. `after` is the `next` of the page
/// before, made with the same filter.
///
/// # Errors
/// [`crate::Error::Invalid`] naming `after` when it is no such text.
pub async fn list(
    services: &Services,
    caller: &Caller,
    filter: &RunFilter,
    after: Option<&str>,
) -> Result<RunPage> {
    let mut position: Option<Position> = after.map(decode).transpose()?;
    let executors = executors_of(services, &visible(caller)?, filter).await?;
    let keep = |run: &Model| matches(filter, &executors, run);
    let mut found = Vec::new();
    for _ in 0..STEPS {
        let span = Span { from: filter.from, to: filter.to, before: position };
        let batches = read(services, filter, &executors, span).await?;
        let (rows, horizon) = merge(batches, keep);
        let rows = told(services, filter, rows).await?;
        let (rows, next) = cut(rows, horizon, PAGE - found.len());
        found.extend(rows);
        position = next;
        if found.len() == PAGE || position.is_none() {
            break;
        }
    }
    Ok(RunPage { rows: named(services, found).await?, next: position.map(|position| encode(&position)) })
}

/// Adds the names that stand beside the numbers of runs.
pub(super) async fn named(services: &Services, runs: Vec<Model>) -> Result<Vec<RunRow>> {
    let reader = services.db.reader();
    let distinct = |ids: &mut dyn Iterator<Item = i32>| ids.collect::<BTreeSet<_>>().into_iter().collect();
    let job_ids: Vec<i32> = distinct(&mut runs.iter().map(|run| run.job_id));
    let executor_ids: Vec<i32> = distinct(&mut runs.iter().map(|run| run.executor_id));
    let instance_ids: Vec<i32> = distinct(&mut runs.iter().filter_map(|run| run.instance_id));
    let names: HashMap<_, _> = jobs::names(reader, job_ids).await?.into_iter().collect();
    let apps = executors::by_ids(reader, executor_ids).await?;
    let apps: HashMap<_, _> = apps.into_iter().map(|found| (found.id, found.app_name)).collect();
    let addresses = instances::by_ids(reader, instance_ids).await?;
    let addresses: HashMap<_, _> = addresses.into_iter().map(|found| (found.id, found.address)).collect();
    let remarks = store::remarks(reader, runs.iter().map(|run| run.id).collect(), REMARK).await?;
    let mut remarks: HashMap<_, _> = remarks.into_iter().collect();
    let row = |run: Model| RunRow {
        remark: remarks.remove(&run.id),
        job_name: names.get(&run.job_id).cloned(),
        app_name: apps.get(&run.executor_id).cloned(),
        instance_address: run.instance_id.and_then(|id| addresses.get(&id).cloned()),
        run,
    };
    Ok(runs.into_iter().map(row).collect())
}

/// The executors whose runs may be shown.
async fn executors_of(services: &Services, visible: &Visible, filter: &RunFilter) -> Result<Vec<i32>> {
    let reader = services.db.reader();
    match filter.executor_id {
        Some(id) => {
            let executor = executors::by_id(reader, id).await?;
            let seen = executor.filter(|executor| visible.contains(executor.namespace_id));
            Ok(seen.map(|executor| executor.id).into_iter().collect())
        }
        None => Ok(executors::visible_ids(reader, visible, MOST_EXECUTORS).await?),
    }
}

fn matches(filter: &RunFilter, executors: &[i32], run: &Model) -> bool {
    (filter.states.is_empty() || filter.states.contains(&run.state))
        && (!filter.attention || run.attention.is_some())
        && executors.contains(&run.executor_id)
}

/// Those of which the messages have come as far as the filter says.
async fn told(services: &Services, filter: &RunFilter, mut rows: Vec<Model>) -> Result<Vec<Model>> {
    let Some(wanted) = filter.alert else { return Ok(rows) };
    let ids: Vec<i64> = rows.iter().map(|run| run.id).collect();
    let states = deliveries::of_runs(services, &ids).await?;
    rows.retain(|run| match wanted {
        Told::Nothing => !states.contains_key(&run.id),
        Told::Something(state) => states.get(&run.id) == Some(&state),
    });
    Ok(rows)
}

/// The next rows along the path that the filter allows.
async fn read(services: &Services, filter: &RunFilter, executors: &[i32], span: Span) -> Result<Vec<Batch>> {
    let page = PAGE as u64 + 1;
    let reader = services.db.reader();
    if let Some(job_id) = filter.job_id {
        let is_picky = !filter.states.is_empty() || filter.attention || filter.alert.is_some();
        let limit = if is_picky { READ } else { page };
        return Ok(store::of_job(reader, job_id, span, limit).await?);
    }
    let path = match filter.alert {
        Some(Told::Something(_)) => Path::Told,
        _ if filter.attention => Path::Attention,
        _ => Path::Executor,
    };
    let share = page.max(READ / (executors.len() as u64).max(1));
    let limit = match filter.alert {
        None if !filter.states.is_empty() => {
            let limits = (share, page);
            return Ok(store::of_executors_in(reader, path, executors, &filter.states, span, limits).await?);
        }
        None => page,
        Some(_) => share,
    };
    Ok(store::of_executors(reader, path, executors, span, limit).await?)
}

/// The newest matching rows of several sources, and where to go on. A source that is not read to its end may
/// hold anything older than its last row: only what is newer is certain.
fn merge(batches: Vec<Batch>, keep: impl Fn(&Model) -> bool) -> (Vec<Model>, Option<Position>) {
    let horizon = batches.iter().filter_map(|batch| batch.end).max();
    let rows = batches.into_iter().flat_map(|batch| batch.rows);
    let mut rows: Vec<Model> = rows
        .filter(|run| horizon.is_none_or(|horizon| store::position(run) >= horizon))
        .filter(keep)
        .collect();
    rows.sort_unstable_by_key(|run| std::cmp::Reverse(store::position(run)));
    rows.dedup_by_key(|run| run.id);
    (rows, horizon)
}

/// The first of these rows, at most `most`, and where to go on; behind them lies what is beyond the horizon.
fn cut(mut rows: Vec<Model>, horizon: Option<Position>, most: usize) -> (Vec<Model>, Option<Position>) {
    let more = rows.len() > most;
    rows.truncate(most);
    // A full page goes on behind its last row, which lies before the horizon.
    let is_full = rows.len() == most;
    let next = match rows.last().map(store::position) {
        Some(last) if is_full && (more || horizon.is_some()) => Some(last),
        _ => horizon,
    };
    (rows, next)
}

#[cfg(test)]
mod tests;
