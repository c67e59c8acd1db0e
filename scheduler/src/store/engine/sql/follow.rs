//! What follows final runs: the rows appear and the runs are closed, in one transaction.

use super::super::rowset::{self, Column as Field, Kind, Rowset};
use super::super::{Authority, Ending, Followed, Restart, RunWithParameter};
use super::plan::{count_outcomes, insert_runs};
use super::{apply, authority, shards};
use crate::Result;
use crate::engine::failpoint::{self, Place};
use entity::run::{Column, Entity};
use entity::{job_cursor, run, run_text};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Endings in one transaction: each may bring a hundred rows.
pub const ENDINGS: usize = 100;
/// Texts per statement: each may have 64 KiB, and MySQL bounds a packet at 16 MB.
const TEXTS: usize = 50;

/// Inserts and closes. Cursors are locked before runs, as by whoever stops a job, and a shard together
/// with its run.
pub async fn follow(conn: &impl ConnectionTrait, right: &Authority, endings: &[Ending]) -> Result<Followed> {
    authority::check(conn, right).await?;
    let stale = moved_on(conn, endings.iter().flat_map(Ending::jobs).collect()).await?;
    let is_sure = |ending: &&Ending| ending.jobs().all(|(id, _)| !stale.contains(&id));
    let sure: Vec<&Ending> = endings.iter().filter(is_sure).collect();
    let ids = sure.iter().flat_map(|ending| [Some(ending.run_id), ending.parent_id]).flatten();
    let mut locked = apply::locked_runs(conn, ids.collect()).await?;
    let is_open =
        |id: &i64| locked.get(id).is_some_and(|run| run.state.is_final() && run.live_bucket.is_some());
    let open: HashSet<i64> = sure.iter().map(|ending| ending.run_id).filter(is_open).collect();
    let closing: Vec<&Ending> = sure.into_iter().filter(|ending| open.contains(&ending.run_id)).collect();
    let rows = closing.iter().flat_map(|own| own.rows_beside(own.parent_id.and_then(|id| locked.get(&id))));
    let inserted = insert(conn, right.lease.server_id, &rows.collect::<Vec<_>>()).await?;
    let excused = closing.iter().filter(|ending| ending.is_excused()).map(|ending| ending.run_id);
    excuse(conn, excused.collect()).await?;
    restart(conn, closing.iter().filter_map(|ending| ending.restart).collect()).await?;
    let closed = open.len();
    close(conn, open).await?;
    let parents = closing.iter().filter_map(|ending| locked.remove(&ending.parent_id?)).collect();
    let gathered = shards::gather(conn, parents).await?;
    failpoint::reach(Place::EffectsWritten);
    Ok(Followed { inserted, closed, gathered, stale: stale.into_iter().collect() })
}

/// Inserts rows with what was typed for them; the ids of those whose key was free.
pub async fn insert(
    conn: &impl ConnectionTrait,
    server_id: i32,
    rows: &[&RunWithParameter],
) -> Result<HashSet<i64>> {
    let runs: Vec<&run::Model> = rows.iter().map(|row| &row.run).collect();
    let there_already = insert_runs(conn, &runs).await?;
    count_outcomes(conn, server_id, &runs, &there_already).await?;
    let is_new = |row: &&RunWithParameter| !there_already.contains(&row.run.id);
    let inserted: Vec<&RunWithParameter> = rows.iter().copied().filter(is_new).collect();
    insert_parameters(conn, &inserted).await?;
    Ok(inserted.iter().map(|row| row.run.id).collect())
}

/// The jobs of the rows that are gone or in another version; the cursors of all are locked.
pub async fn moved_on(
    conn: &impl ConnectionTrait,
    wanted: BTreeMap<i32, i32>,
) -> Result<HashSet<i32>, DbErr> {
    use job_cursor::{Column, Entity};
    let mut stands: HashMap<i32, i32> = HashMap::with_capacity(wanted.len());
    let ids: Vec<i32> = wanted.keys().copied().collect();
    for part in ids.chunks(super::CHUNK) {
        let cursors = Entity::find().filter(Column::JobId.is_in(part.iter().copied()));
        let found = cursors.order_by_asc(Column::JobId).lock(LockType::Update).all(conn).await?;
        stands.extend(found.into_iter().map(|cursor| (cursor.job_id, cursor.version)));
    }
    let moved = wanted.into_iter().filter(|(id, version)| stands.get(id) != Some(version));
    Ok(moved.map(|(id, _)| id).collect())
}

async fn insert_parameters(conn: &impl ConnectionTrait, rows: &[&RunWithParameter]) -> Result<(), DbErr> {
    let texts = rows.iter().filter(|row| row.parameter.is_some()).map(|row| run_text::ActiveModel {
        run_id: Set(row.run.id),
        parameter: Set(row.parameter.clone()),
        started_by: Set(None),
        ended_by: Set(None),
        dispatch: Set(None),
        result: Set(None),
        late_result: Set(None),
        tries: Set(None),
    });
    let texts: Vec<_> = texts.collect();
    for part in texts.chunks(TEXTS) {
        run_text::Entity::insert_many(part.to_vec()).exec_without_returning(conn).await?;
    }
    Ok(())
}

const RESTART: [Field; 4] = [
    ("job_id", Kind::Number),
    ("version", Kind::Number),
    ("last_at", Kind::Number),
    ("next_at", Kind::Number),
];

/// Sets the cursors, which are locked, that stand nowhere since these runs.
async fn restart(conn: &impl ConnectionTrait, restarts: Vec<Restart>) -> Result<()> {
    if restarts.is_empty() {
        return Ok(());
    }
    let backend = conn.get_database_backend();
    let stands = "job_cursor.job_id = v.job_id AND job_cursor.version = v.version \
                  AND job_cursor.last_at = v.last_at AND job_cursor.next_at IS NULL";
    let sql = rowset::update(backend, "job_cursor", stands, &["next_at"]);
    let rows = restarts.into_iter().map(|Restart { job_id, version, last_at, next_at }| {
        [job_id.into(), version.into(), last_at.into(), next_at.into()]
    });
    conn.execute_raw(Rowset::new(&RESTART, rows).statement(backend, &sql, vec![])).await?;
    Ok(())
}

async fn excuse(conn: &impl ConnectionTrait, ids: Vec<i64>) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let update = Entity::update_many().col_expr(Column::Attention, Expr::value(Option::<i32>::None));
    update.filter(Column::Id.is_in(ids)).exec(conn).await.map(drop)
}

async fn close(conn: &impl ConnectionTrait, ids: HashSet<i64>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LiveBucket, Expr::value(Option::<i16>::None));
    update.filter(Column::Id.is_in(ids)).exec(conn).await.map(drop)
}
