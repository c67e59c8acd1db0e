//! Executors.

use crate::authority::Visible;
use entity::Millis;
use entity::executor::{ActiveModel, Column, Entity, Model, Registration};
use entity::job;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Which executors a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutorFilter {
    /// Part of the app name or title, in any case; empty = all.
    pub text: String,
    pub namespace_id: Option<i32>,
    pub registration: Option<Registration>,
}

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked against a concurrent delete until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// All with that app name: one in each of several namespaces.
pub async fn by_app_name(conn: &impl ConnectionTrait, app_name: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::AppName.eq(app_name)).order_by_asc(Column::Id).all(conn).await
}

pub async fn by_name(
    conn: &impl ConnectionTrait,
    namespace_id: i32,
    app_name: &str,
) -> Result<Option<Model>, DbErr> {
    let named = Entity::find().filter(Column::NamespaceId.eq(namespace_id));
    named.filter(Column::AppName.eq(app_name)).one(conn).await
}

/// The visible ones that match, by app name.
pub async fn list(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    filter: &ExecutorFilter,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    if let Some(id) = filter.namespace_id {
        query = query.filter(Column::NamespaceId.eq(id));
    }
    if let Some(registration) = filter.registration {
        query = query.filter(Column::Registration.eq(registration));
    }
    if !filter.text.trim().is_empty() {
        let either = Condition::any()
            .add(super::contains(Column::AppName, &filter.text))
            .add(super::contains(Column::Title, &filter.text));
        query = query.filter(either);
    }
    query.order_by_asc(Column::AppName).order_by_asc(Column::Id).limit(limit).all(conn).await
}

/// Id, namespace and app name of visible executors with `text` in their app name or title.
pub async fn named(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    text: &str,
    limit: u64,
) -> Result<Vec<(i32, i32, String)>, DbErr> {
    let either = Condition::any()
        .add(super::contains(Column::AppName, text))
        .add(super::contains(Column::Title, text));
    let query = Entity::find().select_only().columns([Column::Id, Column::NamespaceId, Column::AppName]);
    let mut query = query.filter(either);
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    let query = query.order_by_asc(super::begins_first(Column::AppName, text)).order_by_asc(Column::AppName);
    query.order_by_asc(Column::Id).limit(limit).into_tuple().all(conn).await
}

/// Ids of all visible executors, at most `limit`.
pub async fn visible_ids(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    limit: u64,
) -> Result<Vec<i32>, DbErr> {
    let mut query = Entity::find().select_only().column(Column::Id);
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    query.order_by_asc(Column::Id).limit(limit).into_tuple().all(conn).await
}

/// Those of these namespaces.
pub async fn of_namespaces(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::NamespaceId.is_in(ids)).order_by_asc(Column::Id).all(conn).await
}

/// How many jobs each of these executors has; executors without one are missing.
pub async fn job_counts(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<HashMap<i32, u64>, DbErr> {
    let counts: Vec<(i32, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::ExecutorId)
        .column_as(job::Column::Id.count(), "jobs")
        .filter(job::Column::ExecutorId.is_in(ids))
        .group_by(job::Column::ExecutorId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().map(|(id, jobs)| (id, jobs.unsigned_abs())).collect())
}

pub async fn job_count(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    job::Entity::find().filter(job::Column::ExecutorId.eq(id)).count(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, executor: ActiveModel) -> Result<Model, DbErr> {
    executor.insert(conn).await
}

/// Writes the set columns, moves the version on, and returns whether it was still `version`.
pub async fn update(
    conn: &impl ConnectionTrait,
    id: i32,
    version: i32,
    changes: ActiveModel,
    now: Millis,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .set(changes)
        .col_expr(Column::Version, Expr::value(version + 1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(version))
        .exec(conn)
        .await?;
    Ok(updated.rows_affected == 1)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}
