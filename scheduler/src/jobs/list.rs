//! The list of jobs, page by page.

use super::RECENT;
use crate::authority::{Caller, visible};
use crate::paging::{decode, encode};
use crate::runs::RecentRun;
use crate::store::jobs::{self as store, JobFilter, JobLine, JobOrder, Position};
use crate::store::{executors, namespaces, runs};
use crate::{Result, Services};
use entity::Millis;
use entity::job::{JobState, RunMode, ScheduleKind};
use std::collections::HashMap;

/// Rows of a page.
const PAGE: usize = 50;

/// One line of the list: without parameter and source, which may be long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    pub id: i32,
    pub namespace_id: i32,
    /// `business:service`.
    pub namespace: String,
    pub executor_id: i32,
    pub app_name: String,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub state: JobState,
    /// After how many failures in a row the server stopped it; 0 = it did not.
    pub failure_stop_count: i32,
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub run_mode: RunMode,
    pub handler: String,
    pub version: i32,
    pub updated_at: Millis,
    /// None when the schedule does not fire.
    pub next_at: Option<Millis>,
    /// The last 20 runs, newest first.
    pub recent: Vec<RecentRun>,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPage {
    pub rows: Vec<JobRow>,
    /// To be given as `after` for the next page; none on the last one.
    pub next: Option<String>,
}

/// The jobs that the caller may see and that match. `after` is the `next` of the page before, made
/// with the same filter and order.
///
/// # Errors
/// [`crate::Error::Invalid`] naming `after` when it is no such text.
pub async fn list(
    services: &Services,
    caller: &Caller,
    filter: &JobFilter,
    order: JobOrder,
    after: Option<&str>,
) -> Result<JobPage> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let after = after.map(|text| position(order, text)).transpose()?;
    let mut lines = store::list(reader, &visible, filter, order, after, PAGE as u64 + 1).await?;
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let next = lines.last().filter(|_| more).map(|line| page_end(order, line));
    let ids: Vec<i32> = lines.iter().map(|line| line.id).collect();
    let mut recent = runs::recent_of_jobs(reader, &ids, RECENT).await?;
    let executors = executors::by_ids(reader, lines.iter().map(|line| line.executor_id).collect()).await?;
    let apps: HashMap<_, _> = executors.into_iter().map(|found| (found.id, found.app_name)).collect();
    let namespaces = namespaces::list(reader, &visible).await?;
    let titles: HashMap<_, _> = namespaces.iter().map(|found| (found.id, found.title())).collect();
    let row = |line: JobLine| JobRow {
        recent: recent.remove(&line.id).unwrap_or_default(),
        app_name: apps.get(&line.executor_id).cloned().unwrap_or_default(),
        namespace: titles.get(&line.namespace_id).cloned().unwrap_or_default(),
        id: line.id,
        namespace_id: line.namespace_id,
        executor_id: line.executor_id,
        name: line.name,
        description: line.description,
        owner: line.owner,
        state: line.state,
        failure_stop_count: line.failure_stop_count,
        schedule_kind: line.schedule_kind,
        schedule: line.schedule,
        zone: line.zone,
        run_mode: line.run_mode,
        handler: line.handler,
        version: line.version,
        updated_at: line.updated_at,
        next_at: line.next_at,
    };
    Ok(JobPage { rows: lines.into_iter().map(row).collect(), next })
}

fn page_end(order: JobOrder, last: &JobLine) -> String {
    match order {
        JobOrder::Name => encode(&(last.id, &last.name)),
        JobOrder::NextFire => encode(&(last.id, last.next_at)),
    }
}

fn position(order: JobOrder, text: &str) -> Result<Position> {
    Ok(match order {
        JobOrder::Name => {
            let (id, name) = decode(text)?;
            Position::Name { name, id }
        }
        JobOrder::NextFire => {
            let (id, at) = decode(text)?;
            Position::NextFire { at, id }
        }
    })
}
