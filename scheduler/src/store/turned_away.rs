//! Registrations that were refused.

use entity::Millis;
use entity::instance::Client;
use entity::turned_away::{ActiveModel, Cause, Column, Entity, Model, NOBODY};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

/// A refused registration, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub executor_id: i32,
    pub app_name: &'a str,
    pub address: &'a str,
    pub cause: Cause,
    pub client: Client,
}

/// Counts one more of the same; false when there is none of it yet.
pub async fn count(conn: &impl ConnectionTrait, attempt: Attempt<'_>, now: Millis) -> Result<bool, DbErr> {
    let counted = Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .col_expr(Column::LastAt, Expr::value(now))
        .filter(Column::ExecutorId.eq(attempt.executor_id))
        .filter(Column::AppName.eq(attempt.app_name))
        .filter(Column::Address.eq(attempt.address))
        .filter(Column::Cause.eq(attempt.cause))
        .exec(conn)
        .await?;
    Ok(counted.rows_affected > 0)
}

/// Adds one, in place of the oldest where the executor has `most` already.
pub async fn add(
    conn: &impl ConnectionTrait,
    attempt: Attempt<'_>,
    most: u64,
    now: Millis,
) -> Result<(), DbErr> {
    let of_executor = || Entity::find().filter(Column::ExecutorId.eq(attempt.executor_id));
    if of_executor().count(conn).await? >= most
        && let Some(oldest) = of_executor().order_by_asc(Column::LastAt).one(conn).await?
    {
        Entity::delete_by_id(oldest.id).exec(conn).await?;
    }
    let row = ActiveModel {
        executor_id: Set(attempt.executor_id),
        app_name: Set(attempt.app_name.to_owned()),
        address: Set(attempt.address.to_owned()),
        cause: Set(attempt.cause),
        client: Set(attempt.client),
        tries: Set(1),
        first_at: Set(now),
        last_at: Set(now),
        ..Default::default()
    };
    row.insert(conn).await.map(drop)
}

/// Those of an executor, or of [`NOBODY`], since a time, the latest first.
pub async fn of_executor(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    since: Millis,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::ExecutorId.eq(executor_id)).filter(Column::LastAt.gte(since));
    query.order_by_desc(Column::LastAt).limit(limit).all(conn).await
}

/// Forgets what was refused of an address that has come in, and of an app name that had no executor.
pub async fn forget(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    app_name: &str,
    address: &str,
) -> Result<(), DbErr> {
    let own = Column::ExecutorId.eq(executor_id).and(Column::Address.eq(address));
    let before = Column::ExecutorId.eq(NOBODY).and(Column::AppName.eq(app_name));
    Entity::delete_many().filter(own.or(before)).exec(conn).await.map(drop)
}

pub async fn delete_of_executor(conn: &impl ConnectionTrait, executor_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ExecutorId.eq(executor_id)).exec(conn).await.map(drop)
}

/// Forgets what was last tried before `before`.
pub async fn prune(conn: &impl ConnectionTrait, before: Millis) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::LastAt.lt(before)).exec(conn).await.map(drop)
}
