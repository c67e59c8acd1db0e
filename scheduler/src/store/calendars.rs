//! Calendars.

use crate::authority::Visible;
use entity::calendar::{ActiveModel, Column, Entity, Model};
use entity::job;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::HashMap;

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// A job and the calendar that it names, if that is there.
pub async fn beside(
    conn: &impl ConnectionTrait,
    job: job::Model,
) -> Result<(job::Model, Option<Model>), DbErr> {
    let calendar = match job.calendar_id {
        Some(id) => by_id(conn, id).await?,
        None => None,
    };
    Ok((job, calendar))
}

/// The same as by its id, locked until the transaction ends: an edit of its days waits for a job that takes it, or
/// comes first.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Id of the calendar with that name.
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

/// How many jobs use each calendar; those that none uses are missing.
pub async fn job_counts(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<HashMap<i32, u64>, DbErr> {
    let counts: Vec<(i32, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::CalendarId)
        .column_as(job::Column::Id.count(), "jobs")
        .filter(job::Column::CalendarId.is_in(ids))
        .group_by(job::Column::CalendarId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().map(|(id, jobs)| (id, jobs.unsigned_abs())).collect())
}

pub async fn job_count(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    job::Entity::find().filter(job::Column::CalendarId.eq(id)).count(conn).await
}

/// The jobs that use it, in the order of their ids.
pub async fn job_ids(conn: &impl ConnectionTrait, id: i32) -> Result<Vec<i32>, DbErr> {
    let query = job::Entity::find().select_only().column(job::Column::Id);
    query.filter(job::Column::CalendarId.eq(id)).order_by_asc(job::Column::Id).into_tuple().all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, calendar: ActiveModel) -> Result<Model, DbErr> {
    calendar.insert(conn).await
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

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}

pub async fn delete_of_namespace(conn: &impl ConnectionTrait, namespace_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::NamespaceId.eq(namespace_id)).exec(conn).await.map(drop)
}
