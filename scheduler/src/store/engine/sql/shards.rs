//! Runs that are split: their shards appear, and the last one ends the whole.

use super::super::rowset::{self, Column, Kind, Rowset};
use super::super::{Authority, Split};
use super::apply::{self, Change};
use super::{authority, follow};
use crate::Result;
use crate::engine::step::{self, Applied};
use crate::store::runs;
use entity::run;
use sea_orm::ConnectionTrait;
use std::collections::{BTreeSet, HashSet};

/// Splits in one transaction: each may bring hundreds of rows.
pub const SPLITS: usize = 20;

const PARENT: [Column; 3] =
    [("id", Kind::Number), ("shard_index", Kind::Number), ("shard_total", Kind::Number)];

/// Splits those of the runs that still wait. Cursors are locked before runs, as by whoever stops a job.
pub async fn split(conn: &impl ConnectionTrait, right: &Authority, splits: &[Split]) -> Result<HashSet<i64>> {
    authority::check(conn, right).await?;
    let stale = follow::moved_on(conn, splits.iter().flat_map(Split::jobs).collect()).await?;
    let sure = splits.iter().filter(|split| split.jobs().all(|(id, _)| !stale.contains(&id)));
    let sure: Vec<&Split> = sure.collect();
    let before = apply::locked_runs(conn, sure.iter().map(|split| split.run_id).collect()).await?;
    let mut locked = before.clone();
    let mut won = Vec::with_capacity(sure.len());
    for split in sure {
        let row = locked.get_mut(&split.run_id);
        if row.is_some_and(|row| step::split(row, split.total(), split.at) == Applied::Done) {
            won.push(split);
        }
    }
    let ids: HashSet<i64> = won.iter().map(|split| split.run_id).collect();
    let parents = locked.values().filter(|row| ids.contains(&row.id));
    write_parents(conn, &parents.filter_map(|row| Change::of(&before[&row.id], row)).collect::<Vec<_>>())
        .await?;
    let rows: Vec<_> = won.iter().flat_map(|split| &split.shards).collect();
    follow::insert(conn, right.lease.server_id, &rows).await?;
    Ok(ids)
}

async fn write_parents(conn: &impl ConnectionTrait, changes: &[Change<'_>]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    apply::write_locked(conn, changes).await?;
    let backend = conn.get_database_backend();
    let sql = rowset::update(backend, "run", "run.id = v.id", &["shard_index", "shard_total"]);
    let rows = changes
        .iter()
        .map(|Change { after, .. }| [after.id.into(), after.shard_index.into(), after.shard_total.into()]);
    conn.execute_raw(Rowset::new(&PARENT, rows).statement(backend, &sql, vec![])).await?;
    Ok(())
}

/// Shards of these locked runs were closed: returns those that ended with it.
pub async fn gather(conn: &impl ConnectionTrait, before: Vec<run::Model>) -> Result<BTreeSet<i64>> {
    let ids: Vec<i64> = before.iter().map(|parent| parent.id).collect();
    let shards = runs::shards_of(conn, &ids).await?;
    let mut parents = before.clone();
    for parent in &mut parents {
        let own = shards.iter().filter(|shard| shard.parent_id == Some(parent.id)).cloned();
        step::gather(parent, &own.collect::<Vec<_>>());
    }
    let changes: Vec<_> = before.iter().zip(&parents).filter_map(|(old, new)| Change::of(old, new)).collect();
    apply::write_locked(conn, &changes).await?;
    let ended = changes.iter().filter(|change| change.after.state.is_final());
    Ok(ended.map(|change| change.after.id).collect())
}
