//! What waits for an executor.

use super::live;
use entity::run::{Column, Entity, Model, RunState};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Runs that wait, in the order in which they go; at most `limit`.
pub async fn waiting_for(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    live(Some(vec![executor_id]))
        .filter(Column::State.eq(RunState::Waiting))
        .order_by_desc(Column::Priority)
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(conn)
        .await
}

/// How many of its runs are out.
pub async fn count_out(conn: &impl ConnectionTrait, executor_id: i32) -> Result<u64, DbErr> {
    live(Some(vec![executor_id])).filter(Column::State.is_in(RunState::OUT)).count(conn).await
}

/// How many of its runs are out, by instance; instances without any are missing.
pub async fn count_out_by_instance(
    conn: &impl ConnectionTrait,
    executor_id: i32,
) -> Result<HashMap<i32, i64>, DbErr> {
    let counts: Vec<(i32, i64)> = live(Some(vec![executor_id]))
        .filter(Column::State.is_in(RunState::OUT))
        .filter(Column::InstanceId.is_not_null())
        .select_only()
        .column(Column::InstanceId)
        .column_as(Column::Id.count(), "out")
        .group_by(Column::InstanceId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().collect())
}

/// Gives a run that waits this priority; false when it does not wait any more.
pub async fn set_priority(conn: &impl ConnectionTrait, id: i64, priority: i16) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::Priority, Expr::value(priority));
    let waiting = update.filter(Column::Id.eq(id)).filter(Column::State.eq(RunState::Waiting));
    Ok(waiting.exec(conn).await?.rows_affected == 1)
}
