//! Runs that are split: their shards appear, and the last one ends the whole.

use super::super::rowset::{self, Column, Kind, Rowset};
use super::super::{Authority, Split};
use super::{apply, authority, follow};
use crate::Result;
use crate::engine::step::{self, Applied};
use crate::store::runs;
use entity::run;
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::collections::{BTreeSet, HashSet};

/// Splits in one transaction: each may bring hundreds of rows.
pub const SPLITS: usize = 20;

const PARENT: &[Column] =
    &[("id", Kind::Number), ("shard_index", Kind::Number), ("shard_total", Kind::Number)];

/// Splits those of the runs that still wait. Cursors are locked before runs, as by whoever stops a job.
pub async fn split(conn: &impl ConnectionTrait, right: &Authority, splits: &[Split]) -> Result<HashSet<i64>> {
    authority::check(conn, right).await?;
    let stale = follow::moved_on(conn, splits.iter().flat_map(Split::jobs).collect()).await?;
    let sure = splits.iter().filter(|split| split.jobs().all(|(id, _)| !stale.contains(&id)));
    let sure: Vec<&Split> = sure.collect();
    let mut locked = apply::locked_runs(conn, sure.iter().map(|split| split.run_id).collect()).await?;
    let mut won = Vec::with_capacity(sure.len());
    for split in sure {
        let row = locked.get_mut(&split.run_id);
        if row.is_some_and(|row| step::split(row, split.total(), split.at) == Applied::Done) {
            won.push(split);
        }
    }
    let ids: HashSet<i64> = won.iter().map(|split| split.run_id).collect();
    write_parents(conn, &locked.values().filter(|row| ids.contains(&row.id)).collect::<Vec<_>>()).await?;
    let rows: Vec<_> = won.iter().flat_map(|split| &split.shards).collect();
    follow::insert(conn, right.lease.server_id, &rows).await?;
    Ok(ids)
}

async fn write_parents(conn: &impl ConnectionTrait, rows: &[&run::Model]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    apply::write_runs(conn, rows).await?;
    let backend = conn.get_database_backend();
    let sql = rowset::update(backend, "run", "run.id = v.id", &["shard_index", "shard_total"]);
    let values: Vec<_> = rows.iter().map(|row| json!([row.id, row.shard_index, row.shard_total])).collect();
    conn.execute_raw(Rowset::new(PARENT, &values).statement(backend, &sql, vec![])).await?;
    Ok(())
}

/// Shards of these locked runs were closed: returns those that ended with it.
pub async fn gather(conn: &impl ConnectionTrait, mut parents: Vec<run::Model>) -> Result<BTreeSet<i64>> {
    let ids: Vec<i64> = parents.iter().map(|parent| parent.id).collect();
    let shards = runs::shards_of(conn, &ids).await?;
    parents.retain_mut(|parent| {
        let own = shards.iter().filter(|shard| shard.parent_id == Some(parent.id)).cloned();
        step::gather(parent, &own.collect::<Vec<_>>()) == Applied::Done
    });
    apply::write_runs(conn, &parents.iter().collect::<Vec<_>>()).await?;
    let ended = parents.iter().filter(|parent| parent.state.is_final());
    Ok(ended.map(|parent| parent.id).collect())
}
