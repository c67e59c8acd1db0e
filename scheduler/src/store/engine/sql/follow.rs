//! What follows final runs: the rows appear and the runs are closed, in one transaction.

use super::super::{Authority, Ending, Followed, RunWithParameter};
use super::authority;
use super::plan::insert_runs;
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

/// Inserts and closes. Cursors are locked before runs, as by whoever stops a job.
pub async fn follow(conn: &impl ConnectionTrait, right: &Authority, endings: &[Ending]) -> Result<Followed> {
    authority::check(conn, right).await?;
    let stale = moved_on(conn, endings).await?;
    let is_sure = |ending: &&Ending| ending.jobs().all(|(id, _)| !stale.contains(&id));
    let open = open(conn, endings.iter().filter(is_sure)).await?;
    let closing = endings.iter().filter(|ending| open.contains(&ending.run_id));
    let rows: Vec<&RunWithParameter> = closing.flat_map(|ending| &ending.rows).collect();
    let runs: Vec<&run::Model> = rows.iter().map(|row| &row.run).collect();
    let there_already = insert_runs(conn, &runs).await?;
    let inserted: Vec<&RunWithParameter> =
        rows.into_iter().filter(|row| !there_already.contains(&row.run.id)).collect();
    insert_parameters(conn, &inserted).await?;
    let followed = Followed {
        inserted: inserted.iter().map(|row| row.run.id).collect(),
        closed: open.len(),
        stale: stale.into_iter().collect(),
    };
    let retried = endings.iter().filter(|ending| ending.is_retried()).map(|ending| ending.run_id);
    excuse(conn, retried.filter(|id| open.contains(id)).collect()).await?;
    close(conn, open).await?;
    failpoint::reach(Place::EffectsWritten);
    Ok(followed)
}

/// The jobs of the rows that are gone or in another version; the cursors of all are locked.
async fn moved_on(conn: &impl ConnectionTrait, endings: &[Ending]) -> Result<HashSet<i32>, DbErr> {
    use job_cursor::{Column, Entity};
    let wanted: BTreeMap<i32, i32> = endings.iter().flat_map(Ending::jobs).collect();
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

/// Those of the runs that are final and not closed, locked in the order of their ids.
async fn open<'a>(
    conn: &impl ConnectionTrait,
    endings: impl Iterator<Item = &'a Ending>,
) -> Result<HashSet<i64>, DbErr> {
    let ids = endings.map(|ending| ending.run_id);
    let found = Entity::find()
        .filter(Column::Id.is_in(ids))
        .filter(Column::LiveBucket.is_not_null())
        .order_by_asc(Column::Id)
        .lock(LockType::Update)
        .all(conn)
        .await?;
    Ok(found.into_iter().filter(|run| run.state.is_final()).map(|run| run.id).collect())
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
