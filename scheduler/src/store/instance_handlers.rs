//! The handlers that instances announce.

use super::instances::Group;
use entity::instance_handlers::{ActiveModel, Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Set};

/// Writes what an instance announces; none = nothing.
pub async fn set(conn: &impl ConnectionTrait, instance_id: i32, names: Option<&str>) -> Result<(), DbErr> {
    Entity::delete_by_id(instance_id).exec(conn).await?;
    if let Some(names) = names {
        let row = ActiveModel { instance_id: Set(instance_id), names: Set(names.to_owned()) };
        Entity::insert(row).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// What the instances of these groups announce, by the instance that stands for the group.
pub async fn of_groups(conn: &impl ConnectionTrait, groups: &[Group]) -> Result<Vec<Model>, DbErr> {
    let ids = groups.iter().map(|group| group.one_of_them);
    Entity::find().filter(Column::InstanceId.is_in(ids)).all(conn).await
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
