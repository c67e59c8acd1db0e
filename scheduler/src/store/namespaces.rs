//! Namespaces.

use crate::authority::Visible;
use entity::namespace::{ActiveModel, Column, Entity, Model};
use entity::{executor, job};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Set,
};
use std::collections::HashMap;

const MOST: u64 = 1000;

/// Which namespaces a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// Part of it, in any case; empty = all.
    pub business: String,
    /// Part of it, in any case; empty = all.
    pub service: String,
}

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

pub async fn by_name(
    conn: &impl ConnectionTrait,
    business: &str,
    service: &str,
) -> Result<Option<Model>, DbErr> {
    let named = Entity::find().filter(Column::Business.eq(business)).filter(Column::Service.eq(service));
    named.one(conn).await
}

/// The visible ones, by name.
pub async fn list(conn: &impl ConnectionTrait, visible: &Visible) -> Result<Vec<Model>, DbErr> {
    matching(conn, visible, &NamespaceFilter::default()).await
}

/// The visible ones that match, by name.
pub async fn matching(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    filter: &NamespaceFilter,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::Id.is_in(ids.iter().copied()));
    }
    if !filter.business.trim().is_empty() {
        query = query.filter(super::contains(Column::Business, &filter.business));
    }
    if !filter.service.trim().is_empty() {
        query = query.filter(super::contains(Column::Service, &filter.service));
    }
    query.order_by_asc(Column::Business).order_by_asc(Column::Service).limit(MOST).all(conn).await
}

/// The visible ones with `text` in `business:service`.
pub async fn named(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    text: &str,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    // Neither part holds a colon.
    let either = match text.split_once(':') {
        Some((business, service)) => Condition::all()
            .add(super::contains(Column::Business, business))
            .add(super::contains(Column::Service, service)),
        None => Condition::any()
            .add(super::contains(Column::Business, text))
            .add(super::contains(Column::Service, text)),
    };
    let mut query = Entity::find().filter(either);
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::Id.is_in(ids.iter().copied()));
    }
    query.order_by_asc(Column::Business).order_by_asc(Column::Service).limit(limit).all(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, namespace: ActiveModel) -> Result<Model, DbErr> {
    namespace.insert(conn).await
}

/// How many executors each of these namespaces has; those without one are missing.
pub async fn executor_counts(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<HashMap<i32, u64>, DbErr> {
    let counts = executor::Entity::find()
        .select_only()
        .column(executor::Column::NamespaceId)
        .column_as(executor::Column::Id.count(), "executors")
        .filter(executor::Column::NamespaceId.is_in(ids))
        .group_by(executor::Column::NamespaceId);
    let counts: Vec<(i32, i64)> = counts.into_tuple().all(conn).await?;
    Ok(counts.into_iter().map(|(id, executors)| (id, executors.unsigned_abs())).collect())
}

/// How many jobs each of these namespaces has; those without one are missing.
pub async fn job_counts(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<HashMap<i32, u64>, DbErr> {
    let counts = job::Entity::find()
        .select_only()
        .column(job::Column::NamespaceId)
        .column_as(job::Column::Id.count(), "jobs")
        .filter(job::Column::NamespaceId.is_in(ids))
        .group_by(job::Column::NamespaceId);
    let counts: Vec<(i32, i64)> = counts.into_tuple().all(conn).await?;
    Ok(counts.into_iter().map(|(id, jobs)| (id, jobs.unsigned_abs())).collect())
}

pub async fn executor_count(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    executor::Entity::find().filter(executor::Column::NamespaceId.eq(id)).count(conn).await
}

pub async fn job_count(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    job::Entity::find().filter(job::Column::NamespaceId.eq(id)).count(conn).await
}

/// Writes the set columns and the next version.
pub async fn update(conn: &impl ConnectionTrait, seen: &Model, changes: ActiveModel) -> Result<(), DbErr> {
    let changes = ActiveModel { version: Set(seen.version + 1), ..changes };
    Entity::update_many().set(changes).filter(Column::Id.eq(seen.id)).exec(conn).await.map(drop)
}

pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}
