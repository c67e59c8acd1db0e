//! How long the past is kept.

use entity::retention::{Column, Entity, Model, ONLY};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect,
};

/// What holds.
pub async fn current(conn: &impl ConnectionTrait) -> Result<Model, DbErr> {
    Ok(Entity::find_by_id(ONLY).one(conn).await?.unwrap_or_default())
}

/// What holds, and nobody changes it before the transaction ends; where there is no row yet, the second of two
/// that write the first one fails.
pub async fn current_locked(conn: &impl ConnectionTrait) -> Result<Model, DbErr> {
    Ok(Entity::find_by_id(ONLY).lock_exclusive().one(conn).await?.unwrap_or_default())
}

/// Writes what holds in the place of `version`, which is 0 where there is no row yet.
pub async fn save(conn: &impl ConnectionTrait, version: i32, policy: Model) -> Result<(), DbErr> {
    let mut row = policy.into_active_model().reset_all();
    if version == 0 {
        return row.insert(conn).await.map(drop);
    }
    row.id = ActiveValue::NotSet;
    let of_version = Entity::update_many().set(row).filter(Column::Version.eq(version));
    of_version.exec(conn).await.map(drop)
}
