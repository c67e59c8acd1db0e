//! What stopping a job does to its runs. The way to them is the bucket: there is no index by job.

use entity::run::{Column, Entity, Reason, RunKind, RunState};
use entity::{Millis, stat_hour};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use std::collections::BTreeMap;

const HOUR: Millis = 3_600_000;
/// Statistics that a person's change causes belong to no server.
const NO_SERVER: i32 = 0;

/// Skips the waiting runs of a job (those of its schedule, or all) because it was stopped, and
/// counts them. Returns their ids.
pub async fn skip_waiting(
    conn: &impl ConnectionTrait,
    job_id: i32,
    bucket: i16,
    only_schedule: bool,
    now: Millis,
) -> Result<Vec<i64>, DbErr> {
    let mut query = Entity::find()
        .select_only()
        .columns([Column::Id, Column::ExecutorId])
        .filter(Column::LiveBucket.eq(bucket))
        .filter(Column::JobId.eq(job_id))
        .filter(Column::State.eq(RunState::Waiting));
    if only_schedule {
        query = query.filter(Column::Kind.eq(RunKind::Schedule));
    }
    let waiting: Vec<(i64, i32)> =
        query.order_by_asc(Column::Id).lock_exclusive().into_tuple().all(conn).await?;
    let mut skipped = Vec::new();
    let mut per_executor: BTreeMap<i32, i64> = BTreeMap::new();
    for (id, executor_id) in waiting {
        if skip(conn, id, now).await? {
            skipped.push(id);
            *per_executor.entry(executor_id).or_default() += 1;
        }
    }
    for (executor_id, runs) in per_executor {
        count(conn, executor_id, runs, now).await?;
    }
    Ok(skipped)
}

/// A run of the job whose request is on its way, if any.
pub async fn sending_of_job(
    conn: &impl ConnectionTrait,
    job_id: i32,
    bucket: i16,
) -> Result<Option<i64>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::LiveBucket.eq(bucket));
    let sending = query.filter(Column::JobId.eq(job_id)).filter(Column::State.eq(RunState::Sending));
    sending.into_tuple().one(conn).await
}

async fn skip(conn: &impl ConnectionTrait, id: i64, now: Millis) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(RunState::Skipped))
        .col_expr(Column::Reason, Expr::value(Reason::Stopped))
        .col_expr(Column::LiveBucket, Expr::value(Option::<i16>::None))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(RunState::Waiting));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

async fn count(conn: &impl ConnectionTrait, executor_id: i32, runs: i64, now: Millis) -> Result<(), DbErr> {
    use stat_hour::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        hour: Set(now - now.rem_euclid(HOUR)),
        executor_id: Set(executor_id),
        outcome: Set(RunState::Skipped as i16),
        server_id: Set(NO_SERVER),
        runs: Set(runs),
    };
    let sum = Expr::col((Entity, Column::Runs)).add(runs);
    let key = [Column::Hour, Column::ExecutorId, Column::Outcome, Column::ServerId];
    let add = OnConflict::columns(key).value(Column::Runs, sum).to_owned();
    Entity::insert(row).on_conflict(add).exec_without_returning(conn).await.map(drop)
}
