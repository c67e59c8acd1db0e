//! Runs as people look at them. `run` is never counted and never skipped through: a list goes along
//! one of the access paths (executor, job, attention) from a position, and reads so many rows.

mod day;
mod past;
mod paths;
mod queue;
mod recent;
mod stop;

use entity::run::{Column, Entity, Model, RunState};
use entity::{Millis, run_text};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

pub use day::{Deed, has_of_day};
pub use past::{
    Past, PastRun, counts, delete, has_open_shards, newest_beyond, next_executor, oldest, shards,
};
pub use paths::{
    Batch, Path, Position, Span, by_ids, last_successes, of_executors, of_executors_in, of_job, position,
};
pub(super) use paths::{PARTS, union};
pub use queue::{count_out, count_out_by_instance, set_priority, waiting_for};
pub use recent::recent_of_jobs;
pub use stop::{Waiting, insert_skipped, sending_of_job, skip_waiting};

pub async fn by_id(conn: &impl ConnectionTrait, id: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

pub async fn text(conn: &impl ConnectionTrait, id: i64) -> Result<Option<run_text::Model>, DbErr> {
    run_text::Entity::find_by_id(id).one(conn).await
}

/// When these runs were due.
pub async fn dues(conn: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<(i64, Millis)>, DbErr> {
    let mut dues = Vec::with_capacity(ids.len());
    for ids in ids.chunks(1000) {
        let own = Entity::find().filter(Column::Id.is_in(ids.iter().copied()));
        let query = own.select_only().column(Column::Id).column(Column::DueAt);
        dues.extend(query.into_tuple::<(i64, Millis)>().all(conn).await?);
    }
    Ok(dues)
}

/// The first `length` characters of what these runs reported, or of what the executor answered to one
/// that it refused; runs without such a text are left out.
pub async fn remarks(
    conn: &impl ConnectionTrait,
    ids: Vec<i64>,
    length: i32,
) -> Result<Vec<(i64, String)>, DbErr> {
    use run_text::{Column, Entity};
    let text = Func::coalesce([Expr::col(Column::Result), Expr::col(Column::Dispatch)]);
    let start = Func::cust("SUBSTR").arg(text.clone()).arg(1).arg(length);
    Entity::find()
        .select_only()
        .column(Column::RunId)
        .expr_as(start, "remark")
        .filter(Column::RunId.is_in(ids))
        .filter(Expr::expr(text).is_not_null())
        .into_tuple()
        .all(conn)
        .await
}

/// What followed a run, found by the unique key: its retry has its nominal time, a child's run the time
/// of its end, and both name it.
pub async fn follow_ups(conn: &impl ConnectionTrait, run: &Model) -> Result<Vec<Model>, DbErr> {
    let Some(ended_at) = run.ended_at else { return Ok(Vec::new()) };
    let retry = Column::NominalAt.eq(run.nominal_at).and(Column::JobId.eq(run.job_id));
    let either = Condition::any().add(retry).add(Column::NominalAt.eq(ended_at));
    Entity::find().filter(either).filter(Column::Slot.eq(run.id)).all(conn).await
}

/// All shards of these runs, in all their attempts, in any order.
pub async fn shards_of(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<Model>, DbErr> {
    let mut shards = Vec::new();
    for part in run_ids.chunks(1000) {
        let own = Column::ParentId.is_in(part.iter().copied());
        shards.extend(Entity::find().filter(own).all(conn).await?);
    }
    Ok(shards)
}

pub async fn insert(conn: &impl ConnectionTrait, run: Model, text: run_text::Model) -> Result<(), DbErr> {
    Entity::insert(run.into_active_model()).exec_without_returning(conn).await?;
    run_text::Entity::insert(text.into_active_model()).exec_without_returning(conn).await.map(drop)
}

/// Inserts runs and their texts, many in one statement.
pub async fn insert_all(
    conn: &impl ConnectionTrait,
    runs: Vec<Model>,
    texts: Vec<run_text::Model>,
) -> Result<(), DbErr> {
    // Databases bound the parameters of one statement.
    const PART: usize = 500;
    for part in runs.chunks(PART) {
        let rows = part.iter().cloned().map(IntoActiveModel::into_active_model);
        Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    for part in texts.chunks(PART) {
        let rows = part.iter().cloned().map(IntoActiveModel::into_active_model);
        run_text::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// Runs of which anything is left to do; `executors` limits them to these. The way there is their own index,
/// which is short: a planner that may compare the executors themselves goes by theirs, through the whole
/// history.
fn live(executors: Option<Vec<i32>>) -> Select<Entity> {
    let live = Entity::find().filter(Column::LiveBucket.is_not_null());
    match executors {
        Some(ids) => live.filter(Expr::col(Column::ExecutorId).add(0).is_in(ids)),
        None => live,
    }
}

/// Some runs that are out: being sent, running or unknown; of a split one the whole. `executors` limits
/// them to these.
pub async fn under_way(
    conn: &impl ConnectionTrait,
    executors: Option<Vec<i32>>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let query = live(executors).filter(Column::State.is_in(RunState::OUT));
    query.filter(Column::ParentId.is_null()).limit(limit).all(conn).await
}

/// Runs of these executors in one of these states that were due before `due_before`, the oldest first; of a
/// split one the whole.
pub async fn overdue(
    conn: &impl ConnectionTrait,
    executors: Vec<i32>,
    states: &[RunState],
    due_before: Millis,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let old = live(Some(executors)).filter(Column::ParentId.is_null()).filter(Column::DueAt.lte(due_before));
    let old = old.filter(Column::State.is_in(states.iter().copied()));
    old.order_by_asc(Column::DueAt).limit(limit).all(conn).await
}

/// When the runs were due that still wait although that was before `before`, at most `limit`; the shards of a split
/// run are not looked at.
pub async fn late(
    conn: &impl ConnectionTrait,
    executors: Option<Vec<i32>>,
    before: Millis,
    limit: u64,
) -> Result<Vec<Millis>, DbErr> {
    let query = live(executors).select_only().column(Column::DueAt);
    let query = query.filter(Column::State.eq(RunState::Waiting)).filter(Column::DueAt.lt(before));
    query.filter(Column::ParentId.is_null()).limit(limit).into_tuple().all(conn).await
}

/// How many runs went wrong that nothing follows and that nobody has dealt with; those beyond `limit` are not
/// counted. Shards count as the run that they are of.
pub async fn open_count(
    conn: &impl ConnectionTrait,
    executors: Vec<i32>,
    states: &[RunState],
    limit: u64,
) -> Result<u64, DbErr> {
    let query = Entity::find().select_only().column(Column::Id);
    let query = query.filter(Column::Attention.is_in(executors));
    let over = query.filter(Column::LiveBucket.is_null()).filter(Column::ParentId.is_null());
    let ids: Vec<i64> =
        over.filter(Column::State.is_in(states.iter().copied())).limit(limit).into_tuple().all(conn).await?;
    Ok(ids.len() as u64)
}

/// The states of runs that a person should look at, at most `limit`.
pub async fn attention_states(
    conn: &impl ConnectionTrait,
    executors: Option<Vec<i32>>,
    limit: u64,
) -> Result<Vec<RunState>, DbErr> {
    let query = Entity::find().select_only().column(Column::State);
    let query = match executors {
        Some(ids) => query.filter(Column::Attention.is_in(ids)),
        None => query.filter(Column::Attention.is_not_null()),
    };
    query.order_by_desc(Column::Attention).limit(limit).into_tuple().all(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{Database, DbBackend, QueryTrait, Statement};

    #[tokio::test]
    async fn what_is_left_to_do_is_found_without_a_way_through_the_history() {
        let db = Database::connect("sqlite::memory:").await.unwrap();
        migration::up(&db).await.unwrap();
        for executors in [None, Some(vec![1, 2, 3])] {
            let query = live(executors).filter(Column::DueAt.lt(7)).build(DbBackend::Sqlite).to_string();
            let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {query}"));
            let rows = db.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            assert!(plan[0].contains("run_live_bucket_due_at"), "{plan:?}");
        }
    }
}
