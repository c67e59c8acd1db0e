//! Accounts.

use super::former_users;
use entity::user::{ActiveModel, Column, Entity, Model, UserRole};
use entity::{Millis, grant};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter,
    QueryOrder, QuerySelect, RelationDef, Set,
};
use std::collections::HashMap;

/// Which accounts a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Part of the name, in any case; empty = all.
    pub name: String,
    /// Part of the e-mail address, in any case; empty = all.
    pub email: String,
    pub role: Option<UserRole>,
}

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

/// The account with all that was granted to it, in one query: it is asked with every request.
pub async fn with_grants(
    conn: &impl ConnectionTrait,
    id: i32,
) -> Result<Option<(Model, Vec<grant::Model>)>, DbErr> {
    let grants: RelationDef =
        Entity::belongs_to(grant::Entity).from(Column::Id).to(grant::Column::UserId).into();
    let query = Entity::find_by_id(id).join(JoinType::LeftJoin, grants).select_also(grant::Entity);
    let (users, grants): (Vec<Model>, Vec<_>) = query.all(conn).await?.into_iter().unzip();
    Ok(users.into_iter().next().map(|user| (user, grants.into_iter().flatten().collect())))
}

pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// The names that stand behind these ids, also of those whose accounts are gone.
pub async fn names(conn: &impl ConnectionTrait, mut ids: Vec<i32>) -> Result<HashMap<i32, String>, DbErr> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let present = by_ids(conn, ids.clone()).await?;
    let mut names: HashMap<i32, String> = present.into_iter().map(|user| (user.id, user.name)).collect();
    ids.retain(|id| !names.contains_key(id));
    if !ids.is_empty() {
        let former = former_users::by_ids(conn, ids).await?;
        names.extend(former.into_iter().map(|former| (former.id, former.name)));
    }
    Ok(names)
}

/// Those that match, by name.
pub async fn list(conn: &impl ConnectionTrait, filter: &UserFilter, limit: u64) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if !filter.name.trim().is_empty() {
        query = query.filter(super::contains(Column::Name, &filter.name));
    }
    if !filter.email.trim().is_empty() {
        query = query.filter(super::contains(Column::Email, &filter.email));
    }
    if let Some(role) = filter.role {
        query = query.filter(Column::Role.eq(role));
    }
    query.order_by_asc(Column::Name).limit(limit).all(conn).await
}

/// The ids of all super-administrators, who stay so until the transaction ends.
pub async fn super_admins_locked(conn: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    let admins = Entity::find().filter(Column::Role.eq(UserRole::SuperAdmin)).order_by_asc(Column::Id);
    Ok(admins.lock_exclusive().all(conn).await?.into_iter().map(|user| user.id).collect())
}

/// Whether there is any account.
pub async fn exist(conn: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().one(conn).await?.is_some())
}

pub async fn insert(conn: &impl ConnectionTrait, user: ActiveModel) -> Result<Model, DbErr> {
    user.insert(conn).await
}

/// Writes the set columns and the next version.
pub async fn update(conn: &impl ConnectionTrait, seen: &Model, changes: ActiveModel) -> Result<(), DbErr> {
    let changes = ActiveModel { version: Set(seen.version + 1), ..changes };
    Entity::update_many().set(changes).filter(Column::Id.eq(seen.id)).exec(conn).await.map(drop)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
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
