//! How jobs used their instances, for the strategies that go by it.

use entity::route_use::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
};
use std::collections::BTreeMap;

/// Rows or ids per statement.
const CHUNK: usize = 1_000;

pub async fn of_jobs(conn: &impl ConnectionTrait, job_ids: &[i32]) -> Result<Vec<Model>, DbErr> {
    let mut uses = Vec::new();
    for part in job_ids.chunks(CHUNK) {
        let wanted = Column::JobId.is_in(part.iter().copied());
        uses.extend(Entity::find().filter(wanted).all(conn).await?);
    }
    Ok(uses)
}

/// Writes what is known now, in the order of the keys; the last of several for the same key counts.
pub async fn set(conn: &impl ConnectionTrait, uses: impl IntoIterator<Item = Model>) -> Result<(), DbErr> {
    let by_key = uses.into_iter().map(|row| ((row.job_id, row.instance_id), row));
    let rows: Vec<Model> = by_key.collect::<BTreeMap<_, _>>().into_values().collect();
    let known = OnConflict::columns([Column::JobId, Column::InstanceId])
        .update_columns([Column::Uses, Column::LastUsed])
        .to_owned();
    for part in rows.chunks(CHUNK) {
        let part = part.iter().map(|row| (*row).into_active_model());
        Entity::insert_many(part).on_conflict(known.clone()).exec_without_returning(conn).await?;
    }
    Ok(())
}

pub async fn delete_of_job(conn: &impl ConnectionTrait, job_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::JobId.eq(job_id)).exec(conn).await.map(drop)
}

pub async fn delete_of_instances(conn: &impl ConnectionTrait, ids: &[i32]) -> Result<(), DbErr> {
    let own = Column::InstanceId.is_in(ids.iter().copied());
    Entity::delete_many().filter(own).exec(conn).await.map(drop)
}

/// Those of all instances of an executor, which are still in their table.
pub async fn delete_of_executor(conn: &impl ConnectionTrait, executor_id: i32) -> Result<(), DbErr> {
    use entity::instance;
    let own = instance::Entity::find().select_only().column(instance::Column::Id);
    let own = own.filter(instance::Column::ExecutorId.eq(executor_id)).into_query();
    Entity::delete_many().filter(Column::InstanceId.in_subquery(own)).exec(conn).await.map(drop)
}
