//! API tokens, by the hash of their text.

use entity::Millis;
use entity::api_token::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

pub async fn by_hash(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::TokenHash.eq(hash)).one(conn).await
}

/// Newest first.
pub async fn of_user(conn: &impl ConnectionTrait, user_id: i32, limit: u64) -> Result<Vec<Model>, DbErr> {
    let own = Entity::find().filter(Column::UserId.eq(user_id));
    own.order_by_desc(Column::Id).limit(limit).all(conn).await
}

/// How many of a user's still work.
pub async fn count_valid(conn: &impl ConnectionTrait, user_id: i32, now: Millis) -> Result<u64, DbErr> {
    let own = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::RevokedAt.is_null());
    own.filter(Column::ExpiresAt.gt(now)).count(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, token: ActiveModel) -> Result<Model, DbErr> {
    token.insert(conn).await
}

/// Notes a use, unless one at or after `since` is noted already.
pub async fn note_use(conn: &impl ConnectionTrait, id: i32, since: Millis, now: Millis) -> Result<(), DbErr> {
    let earlier = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(since));
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(now));
    update.filter(Column::Id.eq(id)).filter(earlier).exec(conn).await.map(drop)
}

/// The user's token with this id.
pub async fn by_id_locked(
    conn: &impl ConnectionTrait,
    user_id: i32,
    id: i32,
) -> Result<Option<Model>, DbErr> {
    let own = Entity::find_by_id(id).filter(Column::UserId.eq(user_id));
    own.lock_exclusive().one(conn).await
}

pub async fn revoke(conn: &impl ConnectionTrait, id: i32, now: Millis) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

pub async fn delete_of_user(conn: &impl ConnectionTrait, user_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(conn).await.map(drop)
}
