//! Approvals. What ends one does so by compare-and-set: of two who decide at the same moment, one does.

use crate::authority::Visible;
use entity::Millis;
use entity::approval::{ActiveModel, ApprovalState, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

/// How an approval ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub state: ApprovalState,
    /// None for the server.
    pub by: Option<i32>,
    pub name: String,
    pub at: Millis,
    pub remark: String,
}

pub async fn insert(conn: &impl ConnectionTrait, approval: ActiveModel) -> Result<Model, DbErr> {
    approval.insert(conn).await
}

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The newest visible ones in one of these states, older than the one with the id `before`.
pub async fn list(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    states: &[ApprovalState],
    before: Option<i32>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(Column::State.is_in(states.iter().copied()));
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(conn).await
}

/// How many wait in these namespaces that somebody else than `user_id` submitted.
pub async fn count_waiting_for(
    conn: &impl ConnectionTrait,
    namespaces: &Visible,
    user_id: i32,
) -> Result<u64, DbErr> {
    let mut query = Entity::find().filter(Column::State.eq(ApprovalState::Waiting));
    if let Visible::Only(ids) = namespaces {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    query.filter(Column::SubmittedBy.ne(user_id)).count(conn).await
}

/// Those whose time is up, the oldest first.
pub async fn overdue(conn: &impl ConnectionTrait, now: Millis, limit: u64) -> Result<Vec<Model>, DbErr> {
    let waiting = Entity::find().filter(Column::State.eq(ApprovalState::Waiting));
    waiting.filter(Column::ExpiresAt.lte(now)).order_by_asc(Column::Id).limit(limit).all(conn).await
}

/// Ends one that waits; false when it does not wait any more.
pub async fn end(conn: &impl ConnectionTrait, id: i32, end: End) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(end.state))
        .col_expr(Column::DecidedBy, Expr::value(end.by))
        .col_expr(Column::Decider, Expr::value(end.name))
        .col_expr(Column::DecidedAt, Expr::value(end.at))
        .col_expr(Column::Remark, Expr::value(end.remark))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(ApprovalState::Waiting));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Counts a code that is entered; false when it does not wait any more, or `most` were.
pub async fn count_try(conn: &impl ConnectionTrait, id: i32, most: i32) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::Id.eq(id))
        .filter(Column::Tries.lt(most))
        .filter(Column::State.eq(ApprovalState::Waiting));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Another code holds from now on; false when it does not wait any more.
pub async fn set_code(conn: &impl ConnectionTrait, id: i32, hash: String) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::CodeHash, Expr::value(hash))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(ApprovalState::Waiting));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Notes the message that tells of it.
pub async fn set_alert(conn: &impl ConnectionTrait, id: i32, alert_id: i32) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::AlertId, Expr::value(alert_id));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

/// Notes what was created by it.
pub async fn set_object(conn: &impl ConnectionTrait, id: i32, object_id: i64) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::ObjectId, Expr::value(object_id));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

pub async fn delete_of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::NamespaceId.eq(namespace_id)).exec(conn).await.map(drop)
}
