//! Deliveries: claimed by compare-and-set, so that of several servers one sends each.

use crate::authority::Visible;
use entity::Millis;
use entity::delivery::{ActiveModel, Column, DeliveryState, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, delivery: ActiveModel) -> Result<Model, DbErr> {
    delivery.insert(conn).await
}

/// The newest visible ones, of these states if any are named, older than the one with the id `before`.
pub async fn list(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    state: Option<DeliveryState>,
    before: Option<i32>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(conn).await
}

/// Those of these alerts.
pub async fn of_alerts(conn: &impl ConnectionTrait, alert_ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::AlertId.is_in(alert_ids)).order_by_asc(Column::Id).all(conn).await
}

/// Those whose time has come, but for `busy` channels.
pub async fn due(
    conn: &impl ConnectionTrait,
    now: Millis,
    busy: Vec<i32>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find().filter(Column::NextAt.is_not_null()).filter(Column::NextAt.lte(now));
    let due = if busy.is_empty() { due } else { due.filter(Column::ChannelId.is_not_in(busy)) };
    due.order_by_asc(Column::NextAt).order_by_asc(Column::Id).limit(limit).all(conn).await
}

/// Takes a delivery as it was read for one more attempt; nobody else may until `lease`. False when somebody
/// else has.
pub async fn claim(
    conn: &impl ConnectionTrait,
    seen: &Model,
    now: Millis,
    lease: Millis,
) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Attempts, Expr::value(seen.attempts + 1))
        .col_expr(Column::NextAt, Expr::value(lease))
        .col_expr(Column::TriedAt, Expr::value(now))
        .filter(Column::Id.eq(seen.id))
        .filter(Column::State.eq(DeliveryState::Pending))
        .filter(Column::Attempts.eq(seen.attempts))
        .filter(Column::NextAt.eq(seen.next_at));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// What came of the attempt with that number.
pub async fn finish(
    conn: &impl ConnectionTrait,
    id: i32,
    attempt: i32,
    state: DeliveryState,
    next_at: Option<Millis>,
    answer: String,
) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::NextAt, Expr::value(next_at))
        .col_expr(Column::Answer, Expr::value(answer))
        .filter(Column::Id.eq(id))
        .filter(Column::Attempts.eq(attempt));
    update.exec(conn).await.map(drop)
}

/// Lets one begin anew that was read so, however far it had come; false when somebody else was at it meanwhile.
pub async fn begin_anew(conn: &impl ConnectionTrait, seen: &Model, now: Millis) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(DeliveryState::Pending))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(now))
        .col_expr(Column::TriedAt, Expr::value(now))
        .filter(Column::Id.eq(seen.id))
        .filter(Column::Attempts.eq(seen.attempts));
    let unchanged = match seen.tried_at {
        Some(at) => update.filter(Column::TriedAt.eq(at)),
        None => update.filter(Column::TriedAt.is_null()),
    };
    Ok(unchanged.exec(conn).await?.rows_affected == 1)
}

/// Lets a failed one begin anew; false when it has not failed.
pub async fn send_again(conn: &impl ConnectionTrait, id: i32, now: Millis) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(DeliveryState::Pending))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(DeliveryState::Failed));
    Ok(update.exec(conn).await?.rows_affected == 1)
}
