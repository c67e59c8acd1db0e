//! Alert rules.

use crate::authority::Visible;
use entity::Millis;
use entity::alert_rule::{ActiveModel, Column, Entity, Event, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Id of the rule with that name.
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

/// Those of a namespace, in the order of their ids.
pub async fn of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::NamespaceId.eq(namespace_id)).order_by_asc(Column::Id).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, rule: ActiveModel) -> Result<Model, DbErr> {
    rule.insert(conn).await
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

/// Notes that the rule told of the time of day `at` that has passed; false when that was told before, or the
/// event is not about one.
pub async fn note_told(
    conn: &impl ConnectionTrait,
    id: i32,
    event: Event,
    at: Millis,
) -> Result<bool, DbErr> {
    let column = match event {
        Event::NotStarted => Column::StartTold,
        Event::NotFinished => Column::FinishTold,
        _ => return Ok(false),
    };
    let update = Entity::update_many().col_expr(column, Expr::value(at)).filter(Column::Id.eq(id));
    let earlier = Condition::any().add(column.is_null()).add(column.lt(at));
    Ok(update.filter(earlier).exec(conn).await?.rows_affected == 1)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}
