//! Outcomes per hour, added in the commit that makes a run final. What counts is what an executor was
//! to execute: of a run that was split, each attempt of each shard, and not the whole.

use crate::Result;
use crate::rules::statistics::{HOUR, HourCount};
use entity::run::RunState;
use entity::stat_hour::{ActiveModel, Column, Entity};
use entity::{Millis, run};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// How many runs of an executor ended how in which hour; sorted, so that servers lock alike.
#[derive(Debug, Default)]
pub struct Outcomes(BTreeMap<(Millis, i32, i16), i64>);

impl Outcomes {
    /// Counts a run that has just become final; any other is not counted, nor one that was split.
    pub fn count(&mut self, run: &run::Model) {
        let at = run.ended_at.unwrap_or(run.due_at);
        if run.state.is_final() && !run.is_split() {
            let key = (at - at.rem_euclid(HOUR), run.executor_id, run.state as RunState as i16);
            *self.0.entry(key).or_default() += 1;
        }
    }

    pub async fn add_to(self, conn: &impl ConnectionTrait, server_id: i32) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows = self.0.into_iter().map(|((hour, executor_id, outcome), runs)| ActiveModel {
            hour: Set(hour),
            executor_id: Set(executor_id),
            outcome: Set(outcome),
            server_id: Set(server_id),
            runs: Set(runs),
        });
        let sum = match conn.get_database_backend() {
            DbBackend::MySql => "stat_hour.runs + VALUES(runs)",
            _ => "stat_hour.runs + excluded.runs",
        };
        let key = [Column::Hour, Column::ExecutorId, Column::Outcome, Column::ServerId];
        let add = OnConflict::columns(key).value(Column::Runs, Expr::cust(sum)).to_owned();
        Entity::insert_many(rows).on_conflict(add).exec_without_returning(conn).await?;
        Ok(())
    }
}

/// Runs that ended within `span`, by hour and way of ending, the earliest hour first. `executors` limits them
/// to these.
pub async fn by_hour(
    conn: &impl ConnectionTrait,
    executors: Option<&[i32]>,
    span: Range<Millis>,
) -> Result<Vec<HourCount>, DbErr> {
    let query = within(executors, span).column(Column::Hour).column(Column::Outcome);
    let query = query
        .expr_as(runs(conn.get_database_backend()), "runs")
        .group_by(Column::Hour)
        .group_by(Column::Outcome);
    let rows: Vec<(Millis, RunState, i64)> = query.order_by_asc(Column::Hour).into_tuple().all(conn).await?;
    let count = |(hour, state, runs): (_, _, i64)| HourCount { hour, state, runs: runs.unsigned_abs() };
    Ok(rows.into_iter().map(count).collect())
}

/// Runs that ended within `span`, by executor and way of ending.
pub async fn by_executor(
    conn: &impl ConnectionTrait,
    executors: Option<&[i32]>,
    span: Range<Millis>,
) -> Result<Vec<(i32, RunState, u64)>, DbErr> {
    let query = within(executors, span).column(Column::ExecutorId).column(Column::Outcome);
    let query = query
        .expr_as(runs(conn.get_database_backend()), "runs")
        .group_by(Column::ExecutorId)
        .group_by(Column::Outcome);
    let rows: Vec<(i32, RunState, i64)> = query.into_tuple().all(conn).await?;
    Ok(rows.into_iter().map(|(id, state, runs)| (id, state, runs.unsigned_abs())).collect())
}

/// The hours of a span, without columns yet.
fn within(executors: Option<&[i32]>, span: Range<Millis>) -> Select<Entity> {
    let query = Entity::find().select_only().filter(Column::Hour.gte(span.start));
    let query = query.filter(Column::Hour.lt(span.end));
    match executors {
        Some(ids) => query.filter(Column::ExecutorId.is_in(ids.iter().copied())),
        None => query,
    }
}

/// The sum over servers, as a number of the column's size: PostgreSQL sums up bigints as a numeric, MariaDB as a
/// decimal.
fn runs(backend: DbBackend) -> Expr {
    let kind = match backend {
        DbBackend::MySql => "SIGNED",
        _ => "BIGINT",
    };
    Expr::col(Column::Runs).sum().cast_as(kind)
}
