//! The logs that are kept.

use entity::log::{ActiveModel, Column, Entity, LogState, Model};
use entity::{Millis, log_part};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Set,
};

/// A part without its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PartHead {
    pub first_line: i32,
    pub lines: i32,
}

pub async fn by_run(conn: &impl ConnectionTrait, run_id: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(run_id).one(conn).await
}

/// Those of these runs of which a log is kept, is being kept, or is known not to be there.
pub async fn known(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<Model>, DbErr> {
    let mut known = Vec::new();
    for ids in run_ids.chunks(500) {
        known.extend(Entity::find().filter(Column::RunId.is_in(ids.iter().copied())).all(conn).await?);
    }
    Ok(known)
}

/// Inserts a row unless its run has one; whether it did. Within a transaction that is to go on, look first:
/// a key that is taken ends it on PostgreSQL.
pub async fn insert(conn: &impl ConnectionTrait, row: Model) -> Result<bool, DbErr> {
    if by_run(conn, row.run_id).await?.is_some() {
        return Ok(false);
    }
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(true)
}

pub async fn insert_part(conn: &impl ConnectionTrait, part: log_part::Model) -> Result<(), DbErr> {
    log_part::Entity::insert(part.into_active_model()).exec_without_returning(conn).await.map(drop)
}

/// Replaces the row of a log that is being kept, by whoever is at it; whether it still was.
pub async fn finish(conn: &impl ConnectionTrait, row: Model) -> Result<bool, DbErr> {
    let (run_id, claim) = (row.run_id, row.claim);
    let all = ActiveModel { run_id: Set(run_id), ..row.into_active_model() }.reset_all();
    let update = Entity::update_many().set(all).filter(Column::RunId.eq(run_id));
    let update = update.filter(Column::Claim.eq(claim)).filter(Column::State.eq(LogState::Coming));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Takes away what somebody began to keep before `before` and did not end.
pub async fn delete_stale(
    conn: &impl ConnectionTrait,
    run_id: i64,
    claim: i64,
    before: Millis,
) -> Result<bool, DbErr> {
    let stale = Entity::delete_many().filter(Column::RunId.eq(run_id)).filter(Column::Claim.eq(claim));
    let stale = stale.filter(Column::State.eq(LogState::Coming)).filter(Column::KeptAt.lt(before));
    Ok(stale.exec(conn).await?.rows_affected == 1)
}

/// The parts of a log in order.
pub async fn parts(conn: &impl ConnectionTrait, run_id: i64, claim: i64) -> Result<Vec<PartHead>, DbErr> {
    use log_part::{Column, Entity};
    let query = Entity::find().select_only().columns([Column::FirstLine, Column::Lines]);
    let query = query.filter(Column::RunId.eq(run_id)).filter(Column::Claim.eq(claim));
    query.order_by_asc(Column::FirstLine).into_model().all(conn).await
}

/// One part.
pub async fn part(
    conn: &impl ConnectionTrait,
    run_id: i64,
    claim: i64,
    first_line: i32,
) -> Result<Option<log_part::Model>, DbErr> {
    log_part::Entity::find_by_id((run_id, claim, first_line)).one(conn).await
}

/// Deletes these parts of a log.
pub async fn delete_parts(
    conn: &impl ConnectionTrait,
    run_id: i64,
    claim: i64,
    first_lines: Vec<i32>,
) -> Result<(), DbErr> {
    use log_part::{Column, Entity};
    let these = Entity::delete_many().filter(Column::RunId.eq(run_id)).filter(Column::Claim.eq(claim));
    these.filter(Column::FirstLine.is_in(first_lines)).exec(conn).await.map(drop)
}

/// Deletes the rows of logs whose parts are gone, and what parts are left of them.
pub async fn delete(conn: &impl ConnectionTrait, run_ids: Vec<i64>) -> Result<(), DbErr> {
    let parts = log_part::Entity::delete_many();
    parts.filter(log_part::Column::RunId.is_in(run_ids.iter().copied())).exec(conn).await?;
    Entity::delete_many().filter(Column::RunId.is_in(run_ids)).exec(conn).await.map(drop)
}

/// The logs that were kept first; with `before`, only those kept before.
pub async fn oldest(
    conn: &impl ConnectionTrait,
    before: Option<Millis>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(before) = before {
        query = query.filter(Column::KeptAt.lt(before));
    }
    query.order_by_asc(Column::KeptAt).limit(limit).all(conn).await
}

/// The logs that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct KeptLogs {
    pub logs: i64,
    /// What they take in the database.
    pub bytes: i64,
    /// When the oldest of them was kept; none where there are none.
    pub oldest: Option<Millis>,
}

/// How many logs there are, from their index; one of which an executor had nothing takes no room and does not count.
pub async fn kept(conn: &impl ConnectionTrait) -> Result<KeptLogs, DbErr> {
    // PostgreSQL sums up bigints as a numeric, MariaDB as a decimal.
    let kind = match conn.get_database_backend() {
        sea_orm::DbBackend::MySql => "SIGNED",
        _ => "BIGINT",
    };
    let sum = Func::coalesce([Expr::col(Column::Stored).sum(), Expr::val(0)]).cast_as(kind);
    let query = Query::select()
        .expr_as(Expr::col(Column::Stored).count(), "logs")
        .expr_as(sum, "bytes")
        .expr_as(Expr::col(Column::KeptAt).min(), "oldest")
        .from(Entity)
        .and_where(Expr::col(Column::Stored).gt(0))
        .take();
    let found = KeptLogs::find_by_statement(conn.get_database_backend().build(&query)).one(conn).await?;
    Ok(found.unwrap_or_default())
}
