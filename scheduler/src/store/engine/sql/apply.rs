//! Applying steps to locked rows.

use super::super::Authority;
use super::super::rowset::{self, Column, Kind, Rowset};
use super::{CHUNK, authority};
use crate::engine::failpoint::{self, Place};
use crate::engine::step::{self, Applied, RouteMark, Step, Texts, What};
use crate::store::route_uses;
use crate::store::stat_hours::Outcomes;
use crate::{Error, Result};
use entity::{job_cursor, run, run_text};
use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const CHANGED: &[Column] = &[
    ("id", Kind::Number),
    ("state", Kind::Number),
    ("reason", Kind::Number),
    ("code", Kind::Number),
    ("attention", Kind::Number),
    ("live_bucket", Kind::Number),
    ("claim", Kind::Number),
    ("fence", Kind::Number),
    ("instance_id", Kind::Number),
    ("instance_generation", Kind::Number),
    ("deadline_at", Kind::Number),
    ("sent_at", Kind::Number),
    ("accepted_at", Kind::Number),
    ("ended_at", Kind::Number),
    ("late_code", Kind::Number),
    ("late_at", Kind::Number),
];

const TURN: &[Column] = &[("job_id", Kind::Number), ("route_seq", Kind::Number)];

/// Texts per statement: each may have 50,000 characters, and MySQL bounds a packet at 16 MB.
const TEXTS: usize = 50;

/// Applies steps in order; the answers are in the order of the steps.
pub async fn apply(
    conn: &impl ConnectionTrait,
    server_id: i32,
    right: Option<&Authority>,
    steps: &[Step],
) -> Result<Vec<Applied>> {
    match right {
        Some(right) => authority::check(conn, right).await?,
        None if steps.iter().any(|step| step.what.is_decision()) => {
            return Err(Error::Internal("a decision without authority".to_owned()));
        }
        None => {}
    }
    lock_cursors(conn, steps).await?;
    let before = locked(conn, steps).await?;
    let mut after = before.clone();
    let mut texts: BTreeMap<i64, Texts> = BTreeMap::new();
    let applied = steps.iter().map(|step| match after.get_mut(&step.run_id) {
        None => Applied::NoSuchRun,
        Some(row) => {
            let mut own = Texts::default();
            let applied = step::apply(row, &mut own, step);
            if !own.is_empty() {
                texts.entry(step.run_id).or_default().merge(own);
            }
            applied
        }
    });
    let applied: Vec<Applied> = applied.collect();
    let changed: Vec<&run::Model> = after.values().filter(|row| before.get(&row.id) != Some(row)).collect();
    write_runs(conn, &changed).await?;
    let done = steps.iter().zip(&applied).filter(|(_, applied)| **applied == Applied::Done);
    write_marks(conn, done.filter_map(|(step, _)| step.what.mark()).collect()).await?;
    write_texts(conn, texts).await?;
    let mut outcomes = Outcomes::default();
    let was_final = |row: &run::Model| before.get(&row.id).is_some_and(|row| row.state.is_final());
    changed.iter().filter(|row| !was_final(row)).for_each(|row| outcomes.count(row));
    outcomes.add_to(conn, server_id).await?;
    reach_with_result(steps, Place::ResultWritten);
    Ok(applied)
}

/// Comes to a place that only steps with a result know.
pub fn reach_with_result(steps: &[Step], place: Place) {
    if steps.iter().any(|step| matches!(step.what, What::Result { .. })) {
        failpoint::reach(place);
    }
}

/// Locks the cursors that a claim writes to, before any run: an edit locks them in this order too.
async fn lock_cursors(conn: &impl ConnectionTrait, steps: &[Step]) -> Result<()> {
    let turns = steps.iter().filter_map(|step| match step.what.mark() {
        Some(RouteMark::Turn { job_id, .. }) => Some(job_id),
        _ => None,
    });
    let jobs: BTreeSet<i32> = turns.collect();
    if !jobs.is_empty() {
        let cursors = job_cursor::Entity::find().filter(job_cursor::Column::JobId.is_in(jobs));
        cursors.order_by_asc(job_cursor::Column::JobId).lock(LockType::Update).all(conn).await?;
    }
    Ok(())
}

/// Writes what the choices leave behind; the last of a job counts.
async fn write_marks(conn: &impl ConnectionTrait, marks: Vec<RouteMark>) -> Result<()> {
    let backend = conn.get_database_backend();
    let (mut turns, mut uses) = (BTreeMap::new(), Vec::new());
    for mark in marks {
        match mark {
            RouteMark::Turn { job_id, route_seq } => drop(turns.insert(job_id, route_seq)),
            RouteMark::Use(used) => uses.push(used),
        }
    }
    if !turns.is_empty() {
        let rows: Vec<_> = turns.into_iter().map(|(job_id, route_seq)| json!([job_id, route_seq])).collect();
        let sql = rowset::update(backend, "job_cursor", "job_cursor.job_id = v.job_id", &["route_seq"]);
        conn.execute_raw(Rowset::new(TURN, &rows).statement(backend, &sql, vec![])).await?;
    }
    Ok(route_uses::set(conn, uses).await?)
}

/// The rows that the steps name, locked in the order of their ids.
async fn locked(conn: &impl ConnectionTrait, steps: &[Step]) -> Result<BTreeMap<i64, run::Model>> {
    locked_runs(conn, steps.iter().map(|step| step.run_id).collect()).await
}

/// These rows, as far as there are any, locked in the order of their ids.
pub async fn locked_runs(
    conn: &impl ConnectionTrait,
    mut ids: Vec<i64>,
) -> Result<BTreeMap<i64, run::Model>> {
    ids.sort_unstable();
    ids.dedup();
    let mut rows = BTreeMap::new();
    for part in ids.chunks(CHUNK) {
        let query = run::Entity::find().filter(run::Column::Id.is_in(part.iter().copied()));
        let found = query.order_by_asc(run::Column::Id).lock(LockType::Update).all(conn).await?;
        rows.extend(found.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows)
}

/// Writes what steps change of locked rows.
pub async fn write_runs(conn: &impl ConnectionTrait, changed: &[&run::Model]) -> Result<()> {
    let backend = conn.get_database_backend();
    let columns: Vec<&str> = CHANGED.iter().skip(1).map(|(name, _)| *name).collect();
    let sql = rowset::update(backend, "run", "run.id = v.id", &columns);
    for part in changed.chunks(CHUNK) {
        let rows: Vec<_> = part.iter().map(|run| changed_values(run)).collect();
        conn.execute_raw(Rowset::new(CHANGED, &rows).statement(backend, &sql, vec![])).await?;
    }
    Ok(())
}

/// Adds texts, as [`Texts::merge`] does.
async fn write_texts(conn: &impl ConnectionTrait, texts: BTreeMap<i64, Texts>) -> Result<()> {
    use run_text::{ActiveModel, Column, Entity};
    let later = match conn.get_database_backend() {
        DbBackend::MySql => |name: &str| format!("VALUES({name})"),
        _ => |name: &str| format!("excluded.{name}"),
    };
    let new = |name: &str| format!("COALESCE(run_text.{name}, {})", later(name));
    let newest = |name: &str| format!("COALESCE({}, run_text.{name})", later(name));
    let add = OnConflict::column(Column::RunId)
        .value(Column::EndedBy, Expr::cust(new("ended_by")))
        .value(Column::Tries, Expr::cust(newest("tries")))
        .value(Column::Dispatch, Expr::cust(new("dispatch")))
        .value(Column::Result, Expr::cust(new("result")))
        .value(Column::LateResult, Expr::cust(new("late_result")))
        .to_owned();
    let rows: Vec<ActiveModel> = texts
        .into_iter()
        .map(|(run_id, texts)| ActiveModel {
            run_id: Set(run_id),
            parameter: Set(None),
            started_by: Set(None),
            ended_by: Set(texts.ended_by),
            tries: Set(texts.tries),
            dispatch: Set(texts.dispatch),
            result: Set(texts.result),
            late_result: Set(texts.late_result),
        })
        .collect();
    for part in rows.chunks(TEXTS) {
        Entity::insert_many(part.to_vec()).on_conflict(add.clone()).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// A run in the order of [`CHANGED`].
fn changed_values(run: &run::Model) -> serde_json::Value {
    json!([
        run.id,
        run.state as i16,
        run.reason as i16,
        run.code,
        run.attention,
        run.live_bucket,
        run.claim,
        run.fence,
        run.instance_id,
        run.instance_generation,
        run.deadline_at,
        run.sent_at,
        run.accepted_at,
        run.ended_at,
        run.late_code,
        run.late_at
    ])
}
