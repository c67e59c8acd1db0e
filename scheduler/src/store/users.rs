//! Accounts.

use entity::Millis;
use entity::user::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set,
};

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// By user name or e-mail address, both in lower case.
pub async fn by_name_or_email(conn: &impl ConnectionTrait, text: &str) -> Result<Option<Model>, DbErr> {
    let either = Condition::any().add(Column::Name.eq(text)).add(Column::Email.eq(text));
    Entity::find().filter(either).one(conn).await
}

pub async fn by_email(conn: &impl ConnectionTrait, email: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Email.eq(email)).one(conn).await
}

/// The accounts with these ids.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// Whether there is any account.
pub async fn exist(conn: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().one(conn).await?.is_some())
}

pub async fn insert(conn: &impl ConnectionTrait, user: ActiveModel) -> Result<Model, DbErr> {
    user.insert(conn).await
}

/// A new password hash, and whether it must be changed at the next sign-in. False if the hash is
/// no longer `seen`: somebody changed it meanwhile.
pub async fn set_password(
    conn: &impl ConnectionTrait,
    seen: &Model,
    hash: String,
    must_change: bool,
    now: Millis,
) -> Result<bool, DbErr> {
    let changed = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .col_expr(Column::MustChangePassword, Expr::value(must_change))
        .col_expr(Column::PasswordChangedAt, Expr::value(now))
        .filter(Column::Id.eq(seen.id))
        .filter(Column::PasswordHash.eq(&seen.password_hash))
        .exec(conn)
        .await?;
    Ok(changed.rows_affected == 1)
}

pub async fn set_last_sign_in(conn: &impl ConnectionTrait, id: i32, now: Millis) -> Result<(), DbErr> {
    let user = ActiveModel { id: Set(id), last_sign_in_at: Set(Some(now)), ..Default::default() };
    Entity::update_many().set(user).filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}
