//! Outcomes per hour, added in the commit that makes a run final. What counts is what an executor was
//! to execute: of a run that was split, each attempt of each shard, and not the whole.

use crate::Result;
use entity::run::RunState;
use entity::stat_hour::{ActiveModel, Column, Entity};
use entity::{Millis, run};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait};
use std::collections::BTreeMap;

const HOUR: Millis = 3_600_000;

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
