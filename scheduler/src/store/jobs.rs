//! Jobs and how far each one's schedule has been fired.

use super::{job_children, job_sources, route_uses};
use crate::authority::Visible;
use entity::job::{ActiveModel, Column, Entity, JobState, Model, RunMode, ScheduleKind};
use entity::{Millis, bucket, executor, job_cursor};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    IntoActiveModel, JoinType, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationBuilder,
    RelationDef,
};
use std::collections::HashMap;

/// Which jobs a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Part of the name, description, handler or schedule, in any case, or the id; empty = all.
    pub text: String,
    pub executor_id: Option<i32>,
    pub namespace_id: Option<i32>,
    pub state: Option<JobState>,
    /// Part of the owner; empty = all.
    pub owner: String,
    /// Only those that this server decides for.
    pub server_id: Option<i32>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobOrder {
    #[default]
    Name,
    /// Those that fire soonest first, those that do not fire last.
    NextFire,
}

/// Where a page of a list begins: behind this job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    Name { name: String, id: i32 },
    NextFire { at: Option<Millis>, id: i32 },
}

/// A job as lists show it: without parameter and source, which may be long.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct JobLine {
    pub id: i32,
    pub namespace_id: i32,
    pub executor_id: i32,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub state: JobState,
    pub failure_stop_count: i32,
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub run_mode: RunMode,
    pub handler: String,
    pub version: i32,
    pub updated_at: Millis,
    pub next_at: Option<Millis>,
}

/// A job as a map shows it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct JobBrief {
    pub id: i32,
    pub executor_id: i32,
    pub name: String,
    pub state: JobState,
}

/// One of the next fires of all jobs.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct NextFire {
    pub job_id: i32,
    pub job_name: String,
    pub app_name: String,
    pub at: Millis,
}

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, locked until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Id and name of these jobs.
pub async fn names(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<(i32, String)>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::Name);
    query.filter(Column::Id.is_in(ids)).into_tuple().all(conn).await
}

/// Id and time zone of these jobs.
pub async fn zones(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<(i32, String)>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::Zone);
    query.filter(Column::Id.is_in(ids)).into_tuple().all(conn).await
}

/// Id, namespace and name of visible jobs with `text` in their name, or with this id. All of it stands in the index
/// of names.
pub async fn named(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    text: &str,
    id: Option<i32>,
    limit: u64,
) -> Result<Vec<(i32, i32, String)>, DbErr> {
    let either =
        Condition::any().add(super::contains(Column::Name, text)).add_option(id.map(|id| Column::Id.eq(id)));
    let query = Entity::find().select_only().columns([Column::Id, Column::NamespaceId, Column::Name]);
    let mut query = query.filter(either);
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    let query = query.order_by_asc(super::begins_first(Column::Name, text)).order_by_asc(Column::Name);
    query.order_by_asc(Column::Id).limit(limit).into_tuple().all(conn).await
}

/// How many of the visible jobs are in which state; states without a job are missing.
pub async fn state_counts(
    conn: &impl ConnectionTrait,
    visible: &Visible,
) -> Result<Vec<(JobState, i64)>, DbErr> {
    let mut query = Entity::find().select_only().column(Column::State).column_as(Column::Id.count(), "jobs");
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    query.group_by(Column::State).into_tuple().all(conn).await
}

/// These jobs, and all of these executors; by executor, name and id, at most `limit`.
pub async fn briefs(
    conn: &impl ConnectionTrait,
    ids: Vec<i32>,
    executors: Vec<i32>,
    limit: u64,
) -> Result<Vec<JobBrief>, DbErr> {
    const COLUMNS: [Column; 4] = [Column::Id, Column::ExecutorId, Column::Name, Column::State];
    let either = Condition::any().add(Column::Id.is_in(ids)).add(Column::ExecutorId.is_in(executors));
    let query = Entity::find().select_only().columns(COLUMNS).filter(either);
    let query = query.order_by_asc(Column::ExecutorId).order_by_asc(Column::Name).order_by_asc(Column::Id);
    query.limit(limit).into_model().all(conn).await
}

/// Those of the ids that are jobs of the namespace.
pub async fn ids_in_namespace(
    conn: &impl ConnectionTrait,
    namespace_id: i32,
    ids: &[i32],
) -> Result<Vec<i32>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::NamespaceId.eq(namespace_id));
    query.filter(Column::Id.is_in(ids.iter().copied())).into_tuple().all(conn).await
}

/// Id of the job with that name.
pub async fn id_by_name(
    conn: &impl ConnectionTrait,
    namespace_id: i32,
    name: &str,
) -> Result<Option<i32>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::NamespaceId.eq(namespace_id));
    query.filter(Column::Name.eq(name)).into_tuple().one(conn).await
}

/// The handlers that jobs of this executor name, each once, by name.
pub async fn handlers_of_executor(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    let query = Entity::find().select_only().column(Column::Handler).distinct();
    let query = query.filter(Column::ExecutorId.eq(executor_id)).filter(Column::RunMode.eq(RunMode::Handler));
    query.order_by_asc(Column::Handler).limit(limit).into_tuple().all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, job: ActiveModel) -> Result<Model, DbErr> {
    job.insert(conn).await
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

/// Deletes a job, its cursor, its links to other jobs, the versions of its source and how it used instances;
/// its runs stay.
pub async fn delete(conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    route_uses::delete_of_job(conn, id).await?;
    job_cursor::Entity::delete_by_id(id).exec(conn).await?;
    job_children::delete_of(conn, id).await?;
    job_sources::delete_of(conn, id).await?;
    Entity::delete_by_id(id).exec(conn).await.map(drop)
}

pub async fn insert_cursor(conn: &impl ConnectionTrait, cursor: job_cursor::Model) -> Result<(), DbErr> {
    let insert = job_cursor::Entity::insert(cursor.into_active_model());
    insert.exec_without_returning(conn).await.map(drop)
}

/// How many jobs lie in each bucket; those without are missing.
pub async fn count_by_bucket(conn: &impl ConnectionTrait) -> Result<HashMap<i16, u64>, DbErr> {
    use job_cursor::Column;
    let query = job_cursor::Entity::find().select_only().column(Column::Bucket);
    let query = query.column_as(Column::JobId.count(), "jobs").group_by(Column::Bucket);
    let counted: Vec<(i16, i64)> = query.into_tuple().all(conn).await?;
    Ok(counted.into_iter().map(|(bucket, jobs)| (bucket, jobs.unsigned_abs())).collect())
}

pub async fn cursor(conn: &impl ConnectionTrait, job_id: i32) -> Result<Option<job_cursor::Model>, DbErr> {
    job_cursor::Entity::find_by_id(job_id).one(conn).await
}

/// The bucket that a job lies in.
pub async fn bucket(conn: &impl ConnectionTrait, job_id: i32) -> Result<i16, DbErr> {
    let query = job_cursor::Entity::find_by_id(job_id).select_only().column(job_cursor::Column::Bucket);
    let bucket: Option<i16> = query.into_tuple().one(conn).await?;
    bucket.ok_or_else(|| DbErr::RecordNotFound(format!("job {job_id} has no cursor")))
}

/// The cursor, locked until the transaction ends: a claim at the same moment waits, and then fails
/// because of the version.
pub async fn cursor_locked(
    conn: &impl ConnectionTrait,
    job_id: i32,
) -> Result<Option<job_cursor::Model>, DbErr> {
    job_cursor::Entity::find_by_id(job_id).lock_exclusive().one(conn).await
}

/// Moves a cursor that is locked.
pub async fn set_cursor(conn: &impl ConnectionTrait, cursor: job_cursor::Model) -> Result<(), DbErr> {
    let update = job_cursor::Entity::update_many()
        .col_expr(job_cursor::Column::Version, Expr::value(cursor.version))
        .col_expr(job_cursor::Column::NextAt, Expr::value(cursor.next_at))
        .col_expr(job_cursor::Column::HeldFrom, Expr::value(cursor.held_from))
        .col_expr(job_cursor::Column::LastAt, Expr::value(cursor.last_at));
    update.filter(job_cursor::Column::JobId.eq(cursor.job_id)).exec(conn).await.map(drop)
}

/// Says how many of the job's runs for past times may be out.
pub async fn set_backfill_slots(conn: &impl ConnectionTrait, job_id: i32, slots: i16) -> Result<(), DbErr> {
    let update = job_cursor::Entity::update_many()
        .col_expr(job_cursor::Column::BackfillSlots, Expr::value(slots))
        .filter(job_cursor::Column::JobId.eq(job_id));
    update.exec(conn).await.map(drop)
}

/// The visible jobs that match, in `order`, from behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    filter: &JobFilter,
    order: JobOrder,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<JobLine>, DbErr> {
    const COLUMNS: [Column; 15] = [
        Column::Id,
        Column::NamespaceId,
        Column::ExecutorId,
        Column::Name,
        Column::Description,
        Column::Owner,
        Column::State,
        Column::FailureStopCount,
        Column::ScheduleKind,
        Column::Schedule,
        Column::Zone,
        Column::RunMode,
        Column::Handler,
        Column::Version,
        Column::UpdatedAt,
    ];
    let mut query = Entity::find()
        .select_only()
        .columns(COLUMNS)
        .column(job_cursor::Column::NextAt)
        .join(JoinType::LeftJoin, to_cursor())
        .filter(matching(visible, filter));
    if let Some(after) = after {
        query = query.filter(behind(after));
    }
    let query = match order {
        JobOrder::Name => query.order_by_asc(Column::Name),
        JobOrder::NextFire => query
            .order_by(Expr::col((job_cursor::Entity, job_cursor::Column::NextAt)).is_null(), Order::Asc)
            .order_by_asc(job_cursor::Column::NextAt),
    };
    query.order_by_asc(Column::Id).limit(limit).into_model().all(conn).await
}

/// Fires until `until` of visible jobs, the soonest first: one for each job.
pub async fn next_fires(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    until: Millis,
    limit: u64,
) -> Result<Vec<NextFire>, DbErr> {
    let mut query = job_cursor::Entity::find()
        .select_only()
        .column(job_cursor::Column::JobId)
        .column_as(Column::Name, "job_name")
        .column_as(executor::Column::AppName, "app_name")
        .column_as(job_cursor::Column::NextAt, "at")
        .join(JoinType::InnerJoin, to_cursor().rev())
        .join(JoinType::InnerJoin, to_executor())
        .filter(job_cursor::Column::NextAt.lte(until));
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    let query = query.order_by_asc(job_cursor::Column::NextAt).order_by_asc(job_cursor::Column::JobId);
    query.limit(limit).into_model().all(conn).await
}

/// Visible jobs with a fire that was due by `now`, the one that waits for longest first.
pub async fn overdue(
    conn: &impl ConnectionTrait,
    visible: &Visible,
    now: Millis,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query =
        Entity::find().join(JoinType::InnerJoin, to_cursor()).filter(job_cursor::Column::NextAt.lte(now));
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    let query = query.order_by_asc(job_cursor::Column::NextAt).order_by_asc(job_cursor::Column::JobId);
    query.limit(limit).all(conn).await
}

fn to_cursor() -> RelationDef {
    let relation: RelationBuilder<_, _> = Entity::belongs_to(job_cursor::Entity);
    relation.from(Column::Id).to(job_cursor::Column::JobId).into()
}

fn to_executor() -> RelationDef {
    let relation: RelationBuilder<_, _> = Entity::belongs_to(executor::Entity);
    relation.from(Column::ExecutorId).to(executor::Column::Id).into()
}

fn matching(visible: &Visible, filter: &JobFilter) -> Condition {
    let mut all = Condition::all()
        .add_option(filter.namespace_id.map(|id| Column::NamespaceId.eq(id)))
        .add_option(filter.executor_id.map(|id| Column::ExecutorId.eq(id)))
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(filter.server_id.map(decided_by));
    if let Visible::Only(ids) = visible {
        all = all.add(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    let (text, owner) = (filter.text.trim(), filter.owner.trim());
    if !text.is_empty() {
        let any = Condition::any()
            .add(super::contains(Column::Name, text))
            .add(super::contains(Column::Description, text))
            .add(super::contains(Column::Handler, text))
            .add(super::contains(Column::Schedule, text))
            .add_option(text.parse::<i32>().ok().map(|id| Column::Id.eq(id)));
        all = all.add(any);
    }
    if !owner.is_empty() {
        all = all.add(super::contains(Column::Owner, owner));
    }
    all
}

/// Jobs in the buckets of this server.
fn decided_by(server_id: i32) -> Expr {
    let buckets = bucket::Entity::find().select_only().column(bucket::Column::Id);
    let buckets = buckets.filter(bucket::Column::Owner.eq(server_id)).into_query();
    job_cursor::Column::Bucket.in_subquery(buckets)
}

fn behind(position: Position) -> Condition {
    let same_then_id = |same: Expr, id: i32| Condition::all().add(same).add(Column::Id.gt(id));
    let next_at = job_cursor::Column::NextAt;
    match position {
        Position::Name { name, id } => {
            Condition::any().add(Column::Name.gt(name.as_str())).add(same_then_id(Column::Name.eq(name), id))
        }
        Position::NextFire { at: Some(at), id } => {
            Condition::any().add(next_at.gt(at)).add(same_then_id(next_at.eq(at), id)).add(next_at.is_null())
        }
        Position::NextFire { at: None, id } => same_then_id(next_at.is_null(), id),
    }
}
