//! Jobs that are stopped after so many failures in a row.

use entity::Millis;
use entity::job::{Column, Entity, JobState, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Select};

/// Jobs that fire and have a limit.
fn limited() -> Select<Entity> {
    Entity::find().filter(Column::StopAfterFailures.gt(0)).filter(Column::State.eq(JobState::On))
}

/// The executors of those.
pub async fn executors(conn: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    limited().select_only().column(Column::ExecutorId).distinct().into_tuple().all(conn).await
}

/// Those among these.
pub async fn among(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend(limited().filter(Column::Id.is_in(ids.iter().copied())).all(conn).await?);
    }
    Ok(found)
}

/// Jobs that the server stopped at that time or later and that nobody has started since.
pub async fn stopped_since(conn: &impl ConnectionTrait, since: Millis) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::FailureStopAt.gte(since)).all(conn).await
}
