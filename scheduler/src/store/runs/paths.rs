//! The access paths to runs, newest first.

use entity::run::{Column, Entity, Model, RunState};
use entity::{Millis, alert_run, id_block, run_by_job};
use sea_orm::sea_query::{Asterisk, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Compound queries stay short: SQLite takes 500 parts at most.
pub(in crate::store) const PARTS: usize = 100;

/// A place in a list of runs: behind this one, which is sorted by due time, then id.
pub type Position = (Millis, i64);

/// A stretch of time: `from ≤ due < to`, and behind `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Millis>,
    pub to: Option<Millis>,
    pub before: Option<Position>,
}

/// The newest rows of one source, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub rows: Vec<Model>,
    /// How far it was read; none = nothing lies behind these rows.
    pub end: Option<Position>,
}

/// Which index leads to the runs of an executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// All of them.
    Executor,
    /// Those that a person should look at.
    Attention,
    /// Those that an alert tells of: as often as they are told of, and until it is deleted.
    Told,
}

/// The newest runs of each of these executors, at most `limit` each: one batch for each.
pub async fn of_executors(
    conn: &impl ConnectionTrait,
    path: Path,
    ids: &[i32],
    span: Span,
    limit: u64,
) -> Result<Vec<Batch>, DbErr> {
    let mut batches = Vec::with_capacity(ids.len());
    for ids in ids.chunks(PARTS) {
        let part = |id: &i32| match path {
            Path::Executor => newest(Entity::find().filter(Column::ExecutorId.eq(*id)), span, limit),
            Path::Attention => newest(Entity::find().filter(Column::Attention.eq(*id)), span, limit),
            Path::Told => newest_told(*id, span, limit),
        };
        let mut rows = by_executor(union(conn, ids.iter().map(part).collect()).await?);
        batches.extend(ids.iter().map(|id| batch(rows.remove(id).unwrap_or_default(), limit)));
    }
    Ok(batches)
}

/// The newest `most` in one of these states among the newest runs of each of these executors, at most `limit`
/// each: one batch for each.
pub async fn of_executors_in(
    conn: &impl ConnectionTrait,
    path: Path,
    ids: &[i32],
    states: &[RunState],
    span: Span,
    (limit, most): (u64, u64),
) -> Result<Vec<Batch>, DbErr> {
    let of = |id: &i32| match path {
        Path::Attention => Entity::find().filter(Column::Attention.eq(*id)),
        _ => Entity::find().filter(Column::ExecutorId.eq(*id)),
    };
    let last = |id: &i32| {
        let query = of(id).select_only().columns([Column::ExecutorId, Column::DueAt, Column::Id]);
        newest(query.offset(limit.saturating_sub(1)), span, 1)
    };
    let mut batches = Vec::with_capacity(ids.len());
    for ids in ids.chunks(PARTS) {
        let ends: Vec<End> = union(conn, ids.iter().map(last).collect()).await?;
        let ends: HashMap<i32, Position> =
            ends.into_iter().map(|end| (end.executor_id, (end.due_at, end.id))).collect();
        let part = |id: &i32| {
            let query = of(id).filter(Column::State.is_in(states.iter().copied()));
            newest(query.filter(down_to(ends.get(id).copied())), span, most)
        };
        let mut rows = by_executor(union(conn, ids.iter().map(part).collect()).await?);
        batches.extend(ids.iter().map(|id| {
            let batch = batch(rows.remove(id).unwrap_or_default(), most);
            Batch { end: batch.end.or(ends.get(id).copied()), ..batch }
        }));
    }
    Ok(batches)
}

fn by_executor(rows: Vec<Model>) -> HashMap<i32, Vec<Model>> {
    let mut by_executor: HashMap<i32, Vec<Model>> = HashMap::new();
    for row in rows {
        by_executor.entry(row.executor_id).or_default().push(row);
    }
    by_executor
}

/// The last of the rows that were looked at.
#[derive(FromQueryResult)]
struct End {
    executor_id: i32,
    due_at: Millis,
    id: i64,
}

/// Up to this place, which belongs to it.
fn down_to(end: Option<Position>) -> Condition {
    let Some((at, id)) = end else { return Condition::all() };
    let at_the_end = Condition::any().add(Column::DueAt.gt(at)).add(Column::Id.gte(id));
    Condition::all().add(Column::DueAt.gte(at)).add(at_the_end)
}

/// The newest runs of a job: the settled ones by their index, the others from the ends of the
/// blocks that are being filled. Two batches.
pub async fn of_job(
    conn: &impl ConnectionTrait,
    job_id: i32,
    span: Span,
    limit: u64,
) -> Result<Vec<Batch>, DbErr> {
    // In this order, for one may be settled meanwhile; and one that is being settled is found twice.
    let unsettled = unsettled(conn, &[job_id], span, Some(limit)).await?;
    let known: HashSet<i64> = unsettled.iter().map(|row| row.id).collect();
    let mut settled = settled_ids(conn, &[job_id], span, limit).await?;
    let is_complete = (settled.len() as u64) < limit;
    settled.retain(|id| !known.contains(id));
    let mut rows = by_ids(conn, settled).await?;
    sort(&mut rows);
    let end = rows.last().filter(|_| !is_complete).map(position);
    Ok(vec![Batch { rows, end }, batch(unsettled, limit)])
}

/// When each of these jobs succeeded last, as far as that is among its `among` newest runs or those that its
/// index does not hold yet; shards do not count.
pub async fn last_successes(
    conn: &impl ConnectionTrait,
    job_ids: &[i32],
    among: u64,
) -> Result<HashMap<i32, Millis>, DbErr> {
    let of_jobs = Column::JobId.is_in(job_ids.iter().copied());
    let mut places: Vec<Condition> =
        not_settled(conn).await?.map(|ids| ids.add(of_jobs)).into_iter().collect();
    let settled = settled_ids(conn, job_ids, Span::default(), among).await?;
    let parts = settled.chunks(1000).map(|ids| Column::Id.is_in(ids.iter().copied()));
    places.extend(parts.map(|part| Condition::all().add(part)));
    let mut last: HashMap<i32, Millis> = HashMap::new();
    for place in places {
        let found: Vec<(i32, Option<Millis>)> = Entity::find()
            .select_only()
            .column(Column::JobId)
            .column_as(Column::EndedAt.max(), "ended_at")
            .filter(place)
            .filter(Column::State.eq(RunState::Succeeded))
            .filter(Column::ParentId.is_null())
            .group_by(Column::JobId)
            .into_tuple()
            .all(conn)
            .await?;
        for (job_id, ended_at) in found {
            let ended_at = ended_at.unwrap_or_default();
            last.entry(job_id).and_modify(|last| *last = Ord::max(*last, ended_at)).or_insert(ended_at);
        }
    }
    Ok(last)
}

fn sort(rows: &mut [Model]) {
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(position(row)));
}

/// Where the run stands among all, by when it was due.
pub fn position(row: &Model) -> Position {
    (row.due_at, row.id)
}

fn batch(mut rows: Vec<Model>, limit: u64) -> Batch {
    sort(&mut rows);
    Batch { end: rows.last().filter(|_| rows.len() as u64 >= limit).map(position), rows }
}

/// These runs, in any order; those that do not exist are missing.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<Model>, DbErr> {
    let mut rows = Vec::with_capacity(ids.len());
    for ids in ids.chunks(1000) {
        rows.extend(Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(conn).await?);
    }
    Ok(rows)
}

/// `query` narrowed to the span, newest first.
fn newest(query: sea_orm::Select<Entity>, span: Span, limit: u64) -> SelectStatement {
    let query = query.filter(within(Column::DueAt, Column::Id, span));
    query.order_by_desc(Column::DueAt).order_by_desc(Column::Id).limit(limit).into_query()
}

/// The newest runs of an executor that were told of.
fn newest_told(executor_id: i32, span: Span, limit: u64) -> SelectStatement {
    use alert_run::Column as Told;
    let to_told = Entity::belongs_to(alert_run::Entity).from(Column::Id).to(Told::RunId);
    Entity::find()
        .join(JoinType::InnerJoin, to_told.into())
        .filter(Told::ExecutorId.eq(executor_id))
        .filter(within(Told::DueAt, Told::RunId, span))
        .order_by_desc(Told::DueAt)
        .order_by_desc(Told::RunId)
        .limit(limit)
        .into_query()
}

/// The span as a condition whose first part an index can use.
fn within<C: ColumnTrait>(due_at: C, id: C, span: Span) -> Condition {
    let behind = span.before.map(|(at, before)| {
        let same_time = Condition::any().add(due_at.lt(at)).add(id.lt(before));
        Condition::all().add(due_at.lte(at)).add(same_time)
    });
    Condition::all()
        .add_option(span.from.map(|from| due_at.gte(from)))
        .add_option(span.to.map(|to| due_at.lt(to)))
        .add_option(behind)
}

/// Ids of the newest settled runs of each job, at most `limit` each.
pub(super) async fn settled_ids(
    conn: &impl ConnectionTrait,
    job_ids: &[i32],
    span: Span,
    limit: u64,
) -> Result<Vec<i64>, DbErr> {
    use run_by_job::{Column, Entity};
    let mut ids = Vec::new();
    for job_ids in job_ids.chunks(PARTS) {
        let part = |job_id: &i32| {
            let query = Entity::find().filter(Column::JobId.eq(*job_id));
            let query = query.filter(within(Column::DueAt, Column::RunId, span));
            query.order_by_desc(Column::DueAt).order_by_desc(Column::RunId).limit(limit).into_query()
        };
        let rows: Vec<run_by_job::Model> = union(conn, job_ids.iter().map(part).collect()).await?;
        ids.extend(rows.into_iter().map(|row| row.run_id));
    }
    Ok(ids)
}

/// Runs of these jobs that their index does not hold yet.
pub(super) async fn unsettled(
    conn: &impl ConnectionTrait,
    job_ids: &[i32],
    span: Span,
    limit: Option<u64>,
) -> Result<Vec<Model>, DbErr> {
    let Some(not_settled) = not_settled(conn).await?.filter(|_| !job_ids.is_empty()) else {
        return Ok(Vec::new());
    };
    Entity::find()
        .filter(not_settled)
        .filter(Column::JobId.is_in(job_ids.iter().copied()))
        .filter(within(Column::DueAt, Column::Id, span))
        .order_by(Column::DueAt, Order::Desc)
        .order_by(Column::Id, Order::Desc)
        .limit(limit)
        .all(conn)
        .await
}

/// The ids that the index by job does not hold yet, as a condition; none where it holds all.
async fn not_settled(conn: &impl ConnectionTrait) -> Result<Option<Condition>, DbErr> {
    let ranges = unsettled_ranges(conn).await?;
    let in_range = |range: Range<i64>| Column::Id.gte(range.start).and(Column::Id.lt(range.end));
    let is_any = !ranges.is_empty();
    let in_ranges = ranges.into_iter().fold(Condition::any(), |any, range| any.add(in_range(range)));
    Ok(is_any.then(|| Condition::all().add(in_ranges)))
}

/// The ids that the index by job does not hold yet: the ends of the open blocks, neighbours joined.
async fn unsettled_ranges(conn: &impl ConnectionTrait) -> Result<Vec<Range<i64>>, DbErr> {
    let blocks = id_block::Entity::find().order_by_asc(id_block::Column::Start).all(conn).await?;
    let mut ranges: Vec<Range<i64>> = Vec::new();
    for block in blocks {
        let end = block.start + id_block::BLOCK;
        match ranges.last_mut() {
            _ if block.settled_to >= end => {}
            Some(last) if last.end == block.settled_to => last.end = end,
            _ => ranges.push(block.settled_to..end),
        }
    }
    Ok(ranges)
}

/// All rows of several limited queries in one round trip.
pub(in crate::store) async fn union<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    parts: Vec<SelectStatement>,
) -> Result<Vec<T>, DbErr> {
    // A limit belongs to one part only when the part is a table of its own.
    let wrap = |part| Query::select().column(Asterisk).from_subquery(part, "part").take();
    let mut parts = parts.into_iter().map(wrap);
    let Some(mut first) = parts.next() else { return Ok(Vec::new()) };
    for part in parts {
        first.union(UnionType::All, part);
    }
    T::find_by_statement(conn.get_database_backend().build(&first)).all(conn).await
}
