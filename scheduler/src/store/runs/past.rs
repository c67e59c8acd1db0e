//! Cleaning up the history. The way to the runs is the index by executor and time, from the oldest on; of a
//! run that was split its shards are found by the whole.

use super::Position;
use entity::run::{Column, Entity, RunState};
use entity::{Millis, dealing, run_by_job, run_text};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Order, Query, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use std::collections::{BTreeMap, HashMap};

/// Ended runs of an executor, of which a person may have more than is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    pub executor_id: i32,
    /// Only of this job.
    pub job_id: Option<i32>,
    pub due_before: Millis,
    /// Only those that succeeded.
    pub succeeded: bool,
}

/// What has to be known of a run to delete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PastRun {
    pub id: i64,
    pub job_id: i32,
    pub due_at: Millis,
    pub shard_index: i32,
}

impl PastRun {
    pub fn position(&self) -> Position {
        (self.due_at, self.id)
    }
}

impl Past {
    /// Runs that nothing changes any more and that nothing follows; shards go with the run that they are of.
    fn runs(&self) -> Select<Entity> {
        let runs = Entity::find().filter(Column::ExecutorId.eq(self.executor_id));
        let runs = runs.filter(Column::DueAt.lt(self.due_before)).filter(Column::ParentId.is_null());
        let runs = match self.succeeded {
            true => runs.filter(is_over()).filter(Column::State.eq(RunState::Succeeded)),
            false => runs.filter(is_over()),
        };
        match self.job_id {
            Some(id) => runs.filter(Column::JobId.eq(id)),
            None => runs,
        }
    }
}

fn is_over() -> Condition {
    let ended = RunState::iter().filter(|state| state.is_final());
    Condition::all().add(Column::State.is_in(ended)).add(Column::LiveBucket.is_null())
}

/// How many there are of each job.
pub async fn counts(conn: &impl ConnectionTrait, past: Past) -> Result<Vec<(i32, i64)>, DbErr> {
    let runs = past.runs().select_only().column(Column::JobId);
    runs.column_as(Column::Id.count(), "count").group_by(Column::JobId).into_tuple().all(conn).await
}

/// Of each job that has more than `keep` the newest that is too many.
pub async fn newest_beyond(
    conn: &impl ConnectionTrait,
    past: Past,
    keep: i32,
) -> Result<HashMap<i32, Position>, DbErr> {
    let mut window = WindowStatement::partition_by(Column::JobId);
    window.order_by(Column::DueAt, Order::Desc).order_by(Column::Id, Order::Desc);
    let mut ranked =
        past.runs().select_only().columns([Column::Id, Column::JobId, Column::DueAt]).into_query();
    let rank = Alias::new("place");
    ranked.column(Column::ShardIndex);
    ranked.expr_window_as(Func::cust("ROW_NUMBER"), window, rank.clone());
    let query = Query::select()
        .columns(["id", "job_id", "due_at", "shard_index"])
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col(rank).eq(i64::from(keep) + 1))
        .take();
    let rows = PastRun::find_by_statement(conn.get_database_backend().build(&query)).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.job_id, row.position())).collect())
}

/// The oldest of them that come after `after`, in order.
pub async fn oldest(
    conn: &impl ConnectionTrait,
    past: Past,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<PastRun>, DbErr> {
    let mut runs = past.runs();
    if let Some((at, id)) = after {
        let same_time = Condition::any().add(Column::DueAt.gt(at)).add(Column::Id.gt(id));
        runs = runs.filter(Column::DueAt.gte(at)).filter(same_time);
    }
    let runs = runs.order_by_asc(Column::DueAt).order_by_asc(Column::Id).limit(limit);
    heads(runs).all(conn).await
}

fn heads(runs: Select<Entity>) -> sea_orm::Selector<sea_orm::SelectModel<PastRun>> {
    let columns = [Column::Id, Column::JobId, Column::DueAt, Column::ShardIndex];
    runs.select_only().columns(columns).into_model()
}

/// Some shards of this run, which has ended; none while one of them has not.
pub async fn shards(conn: &impl ConnectionTrait, run_id: i64, limit: u64) -> Result<Vec<PastRun>, DbErr> {
    heads(Entity::find().filter(Column::ParentId.eq(run_id)).filter(is_over()).limit(limit)).all(conn).await
}

/// Whether a shard of the run is not over: the run may have been ended before.
pub async fn has_open_shards(conn: &impl ConnectionTrait, run_id: i64) -> Result<bool, DbErr> {
    let shards = Entity::find().filter(Column::ParentId.eq(run_id)).filter(Condition::not(is_over()));
    Ok(shards.limit(1).count(conn).await? > 0)
}

/// The executor with the lowest id above this one that any runs belong to, whether it is still there or not.
pub async fn next_executor(conn: &impl ConnectionTrait, above: i32) -> Result<Option<i32>, DbErr> {
    let ids = Entity::find().select_only().column(Column::ExecutorId).filter(Column::ExecutorId.gt(above));
    ids.order_by_asc(Column::ExecutorId).limit(1).into_tuple().one(conn).await
}

/// Deletes these with their texts and what leads to them; how many there still were, shards not counted.
pub async fn delete(conn: &impl ConnectionTrait, runs: &[PastRun]) -> Result<u64, DbErr> {
    let ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
    let of_these = |column: run_text::Column| column.is_in(ids.iter().copied());
    run_text::Entity::delete_many().filter(of_these(run_text::Column::RunId)).exec(conn).await?;
    let dealt = dealing::Column::RunId.is_in(ids.iter().copied());
    dealing::Entity::delete_many().filter(dealt).exec(conn).await?;
    run_by_job::Entity::delete_many().filter(entries(runs)).exec(conn).await?;
    let shards = Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied()));
    shards.filter(Column::ParentId.is_not_null()).exec(conn).await?;
    let whole = Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied()));
    Ok(whole.exec(conn).await?.rows_affected)
}

/// Their entries in the index by job: of each job a stretch of time, for the index begins with these.
fn entries(runs: &[PastRun]) -> Condition {
    use run_by_job::Column;
    let mut by_job: BTreeMap<i32, Vec<&PastRun>> = BTreeMap::new();
    for run in runs {
        by_job.entry(run.job_id).or_default().push(run);
    }
    by_job.into_iter().fold(Condition::any(), |any, (job_id, runs)| {
        let times = runs.iter().map(|run| run.due_at);
        let (from, until) = (times.clone().min().unwrap_or(0), times.max().unwrap_or(0));
        let of_job = Column::JobId.eq(job_id).and(Column::DueAt.between(from, until));
        any.add(of_job.and(Column::RunId.is_in(runs.iter().map(|run| run.id))))
    })
}
