//! Grants.

use entity::grant::{ActiveModel, Column, Entity, Model, Role};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::NamespaceId.eq(namespace_id)).all(conn).await
}

pub async fn of_users(conn: &impl ConnectionTrait, user_ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::UserId.is_in(user_ids)).order_by_asc(Column::Id).all(conn).await
}

/// The grant of that person there, locked until the transaction ends.
pub async fn of_user_locked(
    conn: &impl ConnectionTrait,
    namespace_id: i32,
    user_id: i32,
) -> Result<Option<Model>, DbErr> {
    let own = Entity::find().filter(Column::NamespaceId.eq(namespace_id)).filter(Column::UserId.eq(user_id));
    own.lock_exclusive().one(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, grant: ActiveModel) -> Result<Model, DbErr> {
    grant.insert(conn).await
}

pub async fn set_role(conn: &impl ConnectionTrait, id: i32, role: Role) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::Role, Expr::value(role));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}

pub async fn delete_of_user(conn: &impl ConnectionTrait, user_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(conn).await.map(drop)
}

pub async fn delete_of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::NamespaceId.eq(namespace_id)).exec(conn).await.map(drop)
}
