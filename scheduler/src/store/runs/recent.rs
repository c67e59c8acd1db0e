//! The newest runs of jobs, of each as much as its strip in a list shows: a list has a thousand of them.

use super::paths::{Span, settled_ids, unsettled};
use crate::rules::usual::RecentRun;
use crate::store::engine::rowset::{self, Kind, Rowset};
use entity::Millis;
use entity::run::RunState;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// In the order of [`Row`].
const COLUMNS: [&str; 6] = ["job_id", "id", "state", "due_at", "sent_at", "ended_at"];
const ID: [rowset::Column; 1] = [("id", Kind::Number)];

type Row = (i32, i64, i16, Millis, Option<Millis>, Option<Millis>);

/// The newest runs of each of these jobs, newest first, at most `limit` each. For shards stands the run
/// that they are of.
pub async fn recent_of_jobs(
    conn: &impl ConnectionTrait,
    job_ids: &[i32],
    limit: u64,
) -> Result<HashMap<i32, Vec<RecentRun>>, DbErr> {
    let mut recent: HashMap<i32, Vec<RecentRun>> = HashMap::new();
    // In this order, for one may be settled meanwhile; and one that is being settled is found twice.
    let unsettled = unsettled(conn, job_ids, Span::default(), None).await?;
    for run in unsettled.iter().filter(|run| !run.is_shard()) {
        recent.entry(run.job_id).or_default().push(run.into());
    }
    let known: HashSet<i64> = unsettled.iter().map(|run| run.id).collect();
    let mut settled = settled_ids(conn, job_ids, Span::default(), limit).await?;
    settled.retain(|id| !known.contains(id));
    for (job_id, id, state, due_at, sent_at, ended_at) in whole(conn, &settled).await? {
        let state = RunState::try_from_value(&state)?;
        recent.entry(job_id).or_default().push(RecentRun { id, state, due_at, sent_at, ended_at });
    }
    for runs in recent.values_mut() {
        runs.sort_unstable_by_key(|run| Reverse((run.due_at, run.id)));
        runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(recent)
}

/// Those of the runs that are no shards, in any order.
async fn whole(conn: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Row>, DbErr> {
    let backend = conn.get_database_backend();
    let which = "id IN (SELECT v.id FROM {rows}) AND parent_id IS NULL";
    let sql = rowset::gather(backend, "run", &COLUMNS, which);
    let mut rows = Vec::with_capacity(ids.len());
    for part in ids.chunks(rowset::MOST_GATHERED as usize) {
        let wanted = Rowset::new(&ID, part.iter().map(|id| [(*id).into()]));
        rows.extend(rowset::gathered::<Row>(conn, wanted.statement(backend, &sql, vec![])).await?);
    }
    Ok(rows)
}
