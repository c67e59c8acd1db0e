//! Namespaces.

use crate::authority::Visible;
use entity::namespace::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

const MOST: u64 = 1000;

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn by_name(
    conn: &impl ConnectionTrait,
    business: &str,
    service: &str,
) -> Result<Option<Model>, DbErr> {
    let named = Entity::find().filter(Column::Business.eq(business)).filter(Column::Service.eq(service));
    named.one(conn).await
}

/// The visible ones, by name.
pub async fn list(conn: &impl ConnectionTrait, visible: &Visible) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::Id.is_in(ids.iter().copied()));
    }
    query.order_by_asc(Column::Business).order_by_asc(Column::Service).limit(MOST).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, namespace: ActiveModel) -> Result<Model, DbErr> {
    namespace.insert(conn).await
}
