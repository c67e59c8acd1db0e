//! Versions of jobs' source texts.

use entity::Millis;
use entity::job::RunMode;
use entity::job_source::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

/// A version without its text, which may be long.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct SourceRow {
    pub number: i32,
    pub run_mode: RunMode,
    pub remark: String,
    pub restores: Option<i32>,
    pub created_at: Millis,
    pub created_by: Option<i32>,
}

/// The versions of a job, newest first.
pub async fn of_job(conn: &impl ConnectionTrait, job_id: i32, limit: u64) -> Result<Vec<SourceRow>, DbErr> {
    const COLUMNS: [Column; 6] = [
        Column::Number,
        Column::RunMode,
        Column::Remark,
        Column::Restores,
        Column::CreatedAt,
        Column::CreatedBy,
    ];
    let query = Entity::find().select_only().columns(COLUMNS).filter(Column::JobId.eq(job_id));
    query.order_by_desc(Column::Number).limit(limit).into_model().all(conn).await
}

/// The number of a job's newest version; 0 where there is none.
pub async fn newest(conn: &impl ConnectionTrait, job_id: i32) -> Result<i32, DbErr> {
    let query = Entity::find().select_only().column(Column::Number).filter(Column::JobId.eq(job_id));
    let newest = query.order_by_desc(Column::Number).limit(1).into_tuple().one(conn).await?;
    Ok(newest.unwrap_or(0))
}

pub async fn by_number(
    conn: &impl ConnectionTrait,
    job_id: i32,
    number: i32,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((job_id, number)).one(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, version: Model) -> Result<(), DbErr> {
    Entity::insert(version.into_active_model()).exec_without_returning(conn).await.map(drop)
}

/// Deletes a job's versions up to this number.
pub async fn delete_until(conn: &impl ConnectionTrait, job_id: i32, number: i32) -> Result<(), DbErr> {
    let query = Entity::delete_many().filter(Column::JobId.eq(job_id));
    query.filter(Column::Number.lte(number)).exec(conn).await.map(drop)
}

/// Deletes all versions of a job.
pub async fn delete_of(conn: &impl ConnectionTrait, job_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::JobId.eq(job_id)).exec(conn).await.map(drop)
}
