//! How the hosts of instances are doing, and were.

use entity::{Millis, host_minute, host_sample, host_state, instance};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

/// Stores single samples; one that is there already stays.
pub async fn add_samples(conn: &impl ConnectionTrait, rows: Vec<host_sample::Model>) -> Result<(), DbErr> {
    use host_sample::{Column, Entity};
    let key = [Column::InstanceId, Column::At];
    let known = OnConflict::columns(key).update_column(Column::At).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(known).exec_without_returning(conn).await.map(drop)
}

/// Adds to the sums of minutes; each minute of an instance once.
pub async fn add_minutes(conn: &impl ConnectionTrait, rows: Vec<host_minute::Model>) -> Result<(), DbErr> {
    use host_minute::{Column, Entity};
    let new = |name: &str| match conn.get_database_backend() {
        DbBackend::MySql => format!("VALUES({name})"),
        _ => format!("excluded.{name}"),
    };
    let sum = |name: &str| Expr::cust(format!("host_minute.{name} + {}", new(name)));
    let add = OnConflict::columns([Column::InstanceId, Column::At])
        .value(Column::Samples, sum("samples"))
        .value(Column::Cpu, sum("cpu"))
        .value(Column::CpuUser, sum("cpu_user"))
        .value(Column::CpuSystem, sum("cpu_system"))
        .value(Column::ProcessMemory, sum("process_memory"))
        .value(Column::Memory, sum("memory"))
        .to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(add).exec_without_returning(conn).await.map(drop)
}

/// Replaces what is known of instances; each instance once.
pub async fn set_states(conn: &impl ConnectionTrait, rows: Vec<host_state::Model>) -> Result<(), DbErr> {
    use host_state::{Column, Entity};
    let known =
        OnConflict::column(Column::InstanceId).update_columns([Column::At, Column::Sample]).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(known).exec_without_returning(conn).await.map(drop)
}

/// What is known of those of these instances that are the executor's; those that never reported are missing.
pub async fn states_of(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    instances: Vec<i32>,
) -> Result<Vec<host_state::Model>, DbErr> {
    let own = instance::Entity::find().select_only().column(instance::Column::Id);
    let own = own.filter(instance::Column::Id.is_in(instances));
    let own = own.filter(instance::Column::ExecutorId.eq(executor_id)).into_query();
    host_state::Entity::find().filter(host_state::Column::InstanceId.in_subquery(own)).all(conn).await
}

/// Single samples from `from` to `until`, both included, by time.
pub async fn samples(
    conn: &impl ConnectionTrait,
    instance_id: i32,
    from: Millis,
    until: Millis,
) -> Result<Vec<host_sample::Model>, DbErr> {
    use host_sample::{Column, Entity};
    let query = Entity::find().filter(Column::InstanceId.eq(instance_id));
    query.filter(Column::At.between(from, until)).order_by_asc(Column::At).all(conn).await
}

/// Minutes that begin from `from` to `until`, both included, by time.
pub async fn minutes(
    conn: &impl ConnectionTrait,
    instance_id: i32,
    from: Millis,
    until: Millis,
) -> Result<Vec<host_minute::Model>, DbErr> {
    use host_minute::{Column, Entity};
    let query = Entity::find().filter(Column::InstanceId.eq(instance_id));
    query.filter(Column::At.between(from, until)).order_by_asc(Column::At).all(conn).await
}

/// The time of the oldest single sample.
pub async fn oldest_sample(conn: &impl ConnectionTrait) -> Result<Option<Millis>, DbErr> {
    oldest::<host_sample::Entity>(conn, host_sample::Column::At).await
}

/// The time of the oldest minute.
pub async fn oldest_minute(conn: &impl ConnectionTrait) -> Result<Option<Millis>, DbErr> {
    oldest::<host_minute::Entity>(conn, host_minute::Column::At).await
}

async fn oldest<E: EntityTrait>(conn: &impl ConnectionTrait, at: E::Column) -> Result<Option<Millis>, DbErr> {
    let query = E::find().select_only().column(at).order_by_asc(at).limit(1);
    query.into_tuple().one(conn).await
}

/// Deletes single samples before `until`; how many.
pub async fn delete_samples(conn: &impl ConnectionTrait, until: Millis) -> Result<u64, DbErr> {
    let old = host_sample::Entity::delete_many().filter(host_sample::Column::At.lt(until));
    Ok(old.exec(conn).await?.rows_affected)
}

/// Deletes minutes before `until`; how many.
pub async fn delete_minutes(conn: &impl ConnectionTrait, until: Millis) -> Result<u64, DbErr> {
    let old = host_minute::Entity::delete_many().filter(host_minute::Column::At.lt(until));
    Ok(old.exec(conn).await?.rows_affected)
}

/// Deletes what was known of instances that have not reported since `until`; how many.
pub async fn delete_states(conn: &impl ConnectionTrait, until: Millis) -> Result<u64, DbErr> {
    let old = host_state::Entity::delete_many().filter(host_state::Column::At.lt(until));
    Ok(old.exec(conn).await?.rows_affected)
}

/// Instances that have been deleted, and of which something is still here.
pub async fn deleted_instances(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<i32>, DbErr> {
    use host_state::{Column, Entity};
    let present = instance::Entity::find().select_only().column(instance::Column::Id).into_query();
    let query = Entity::find().select_only().column(Column::InstanceId);
    query.filter(Column::InstanceId.not_in_subquery(present)).limit(limit).into_tuple().all(conn).await
}

/// Deletes everything of an instance; how many rows.
pub async fn delete_of_instance(conn: &impl ConnectionTrait, id: i32) -> Result<u64, DbErr> {
    let samples = host_sample::Entity::delete_many().filter(host_sample::Column::InstanceId.eq(id));
    let minutes = host_minute::Entity::delete_many().filter(host_minute::Column::InstanceId.eq(id));
    let state = host_state::Entity::delete_many().filter(host_state::Column::InstanceId.eq(id));
    Ok(samples.exec(conn).await?.rows_affected
        + minutes.exec(conn).await?.rows_affected
        + state.exec(conn).await?.rows_affected)
}
