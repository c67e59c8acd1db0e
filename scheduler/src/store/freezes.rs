//! Freezes, and which servers have heeded them.

use entity::freeze::{ActiveModel, Column, EVERYWHERE, Entity, Model};
use entity::server::{self, ServerState};
use entity::{Millis, freeze};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::authority::Visible;
use crate::store::engine::Lease;

/// Those that last or ended at or after `since`, the newest first.
pub async fn since(conn: &impl ConnectionTrait, since: Millis) -> Result<Vec<Model>, DbErr> {
    let lately = Condition::any().add(Column::ThawedAt.is_null()).add(Column::ThawedAt.gte(since));
    Entity::find().filter(lately).order_by_desc(Column::Id).all(conn).await
}

/// Those that concern a visible namespace, the newest first.
pub async fn list(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    only_lasting: bool,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied().chain([EVERYWHERE])));
    }
    if only_lasting {
        query = query.filter(Column::ThawedAt.is_null());
    }
    query.order_by_desc(Column::Id).limit(limit).all(conn).await
}

pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Whether exactly this is frozen.
pub async fn lasts(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<bool, DbErr> {
    let own = Entity::find().filter(Column::NamespaceId.eq(namespace_id));
    Ok(own.filter(Column::ThawedAt.is_null()).count(conn).await? > 0)
}

pub async fn insert(conn: &impl ConnectionTrait, freeze: ActiveModel) -> Result<freeze::Model, DbErr> {
    freeze.insert(conn).await
}

pub async fn thaw(conn: &impl ConnectionTrait, id: i32, by: Option<i32>, now: Millis) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::ThawedBy, Expr::value(by))
        .col_expr(Column::ThawedAt, Expr::value(now))
        .filter(Column::Id.eq(id));
    update.exec(conn).await.map(drop)
}

/// A server says that it has heeded every freeze up to this one.
pub async fn heed(conn: &impl ConnectionTrait, lease: Lease, id: i32) -> Result<(), DbErr> {
    let update = server::Entity::update_many().col_expr(server::Column::FreezeSeen, Expr::value(id));
    let own = update.filter(server::Column::Id.eq(lease.server_id));
    own.filter(server::Column::Incarnation.eq(lease.incarnation)).exec(conn).await.map(drop)
}

/// How many living servers have not heeded this one yet.
pub async fn unheeded(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    // One that drains sends what it has claimed.
    let living = server::Entity::find().filter(server::Column::State.ne(ServerState::Dead));
    living.filter(server::Column::FreezeSeen.lt(id)).count(conn).await
}

pub async fn delete_of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::NamespaceId.eq(namespace_id)).exec(conn).await.map(drop)
}
