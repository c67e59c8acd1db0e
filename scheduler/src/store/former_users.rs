//! People whose accounts are gone.

use entity::former_user::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, former: Model) -> Result<(), DbErr> {
    Entity::insert(former.into_active_model()).exec_without_returning(conn).await.map(drop)
}
