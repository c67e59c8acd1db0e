//! Channels.

use crate::authority::Visible;
use entity::channel::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// Id of the channel with that name.
pub async fn id_by_name(
    conn: &impl ConnectionTrait,
    namespace_id: i32,
    name: &str,
) -> Result<Option<i32>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::NamespaceId.eq(namespace_id));
    query.filter(Column::Name.eq(name)).into_tuple().one(conn).await
}

/// The visible ones, by name.
pub async fn list(conn: &impl ConnectionTrait, visible: &Visible, limit: u64) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    query.order_by_asc(Column::Name).order_by_asc(Column::Id).limit(limit).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, channel: ActiveModel) -> Result<Model, DbErr> {
    channel.insert(conn).await
}

/// Writes the set columns and moves the version on, if it still is `version`.
pub async fn update(
    conn: &impl ConnectionTrait,
    id: i32,
    version: i32,
    changes: ActiveModel,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .set(changes)
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(version))
        .exec(conn)
        .await?;
    Ok(updated.rows_affected == 1)
}

pub async fn delete_of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<(), DbErr> {
    let of_namespace = Entity::delete_many().filter(Column::NamespaceId.eq(namespace_id));
    of_namespace.exec(conn).await.map(drop)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}
