//! Browser sessions, by the hash of their id.

use entity::Millis;
use entity::session::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
};

pub async fn insert(conn: &impl ConnectionTrait, session: Model) -> Result<(), DbErr> {
    Entity::insert(session.into_active_model()).exec_without_returning(conn).await.map(drop)
}

pub async fn by_hash(conn: &impl ConnectionTrait, id_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id_hash).one(conn).await
}

/// Replaces the data of a session that still exists; false if it does not.
pub async fn update(
    conn: &impl ConnectionTrait,
    id_hash: &str,
    user_id: Option<i32>,
    data: String,
    expires_at: Millis,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        user_id: Set(user_id),
        data: Set(data),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let updated = Entity::update_many().set(row).filter(Column::IdHash.eq(id_hash)).exec(conn).await?;
    Ok(updated.rows_affected == 1)
}

pub async fn extend(conn: &impl ConnectionTrait, id_hash: &str, expires_at: Millis) -> Result<(), DbErr> {
    let row = ActiveModel { expires_at: Set(expires_at), ..Default::default() };
    Entity::update_many().set(row).filter(Column::IdHash.eq(id_hash)).exec(conn).await.map(drop)
}

/// Returns whether it was there.
pub async fn delete(conn: &impl ConnectionTrait, id_hash: &str) -> Result<bool, DbErr> {
    Ok(Entity::delete_by_id(id_hash).exec(conn).await?.rows_affected > 0)
}

/// Ends all sessions of a user except the one with the hash `keep`. Returns how many.
pub async fn delete_of_user(
    conn: &impl ConnectionTrait,
    user_id: i32,
    keep: Option<&str>,
) -> Result<u64, DbErr> {
    let mut delete = Entity::delete_many().filter(Column::UserId.eq(user_id));
    if let Some(keep) = keep {
        delete = delete.filter(Column::IdHash.ne(keep));
    }
    Ok(delete.exec(conn).await?.rows_affected)
}

/// At most `limit` hashes of sessions that ended by themselves.
pub async fn expired(conn: &impl ConnectionTrait, now: Millis, limit: u64) -> Result<Vec<String>, DbErr> {
    let expired = Entity::find().select_only().column(Column::IdHash).filter(Column::ExpiresAt.lte(now));
    expired.limit(limit).into_tuple().all(conn).await
}

/// Deletes those of `hashes` that are still expired. Returns how many.
pub async fn delete_expired(
    conn: &impl ConnectionTrait,
    hashes: Vec<String>,
    now: Millis,
) -> Result<u64, DbErr> {
    let delete =
        Entity::delete_many().filter(Column::IdHash.is_in(hashes)).filter(Column::ExpiresAt.lte(now));
    Ok(delete.exec(conn).await?.rows_affected)
}
