//! Whether a job did something on a day.

use super::paths::{Span, unsettled};
use entity::run::{Column, Entity, Model, RunState};
use entity::{Millis, run_by_job};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QuerySelect,
};
use std::ops::Range;

/// What a run may have done by a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Been due, whatever came of it.
    Due,
    /// Gone out.
    Sent,
    Succeeded,
}

/// Whether the job has a run with a nominal time of that day that did so by `by`. The way there is the index by
/// job and time, for no run is due before its nominal time; of a run that was split the whole counts.
pub async fn has_of_day(
    conn: &impl ConnectionTrait,
    job_id: i32,
    day: Range<Millis>,
    deed: Deed,
    by: Millis,
) -> Result<bool, DbErr> {
    let span = Span { from: Some(day.start), to: Some(by + 1), before: None };
    // In this order, for one may be settled meanwhile.
    let open = unsettled(conn, &[job_id], span, None).await?;
    if open.iter().any(|run| day.contains(&run.nominal_at) && !run.is_shard() && deed.is_done(run, by)) {
        return Ok(true);
    }
    let to_run = run_by_job::Entity::belongs_to(Entity).from(run_by_job::Column::RunId).to(Column::Id);
    let settled = run_by_job::Entity::find()
        .select_only()
        .column(run_by_job::Column::RunId)
        .join(JoinType::InnerJoin, to_run.into())
        .filter(run_by_job::Column::JobId.eq(job_id))
        .filter(run_by_job::Column::DueAt.between(day.start, by))
        .filter(Column::NominalAt.gte(day.start))
        .filter(Column::NominalAt.lt(day.end))
        .filter(Column::ParentId.is_null())
        .filter(deed.condition(by));
    Ok(settled.limit(1).into_tuple::<i64>().one(conn).await?.is_some())
}

impl Deed {
    fn is_done(self, run: &Model, by: Millis) -> bool {
        match self {
            Self::Due => true,
            Self::Sent => run.sent_at.is_some_and(|at| at <= by),
            Self::Succeeded => run.state == RunState::Succeeded && run.ended_at.is_some_and(|at| at <= by),
        }
    }

    /// The same for the database.
    fn condition(self, by: Millis) -> Condition {
        match self {
            Self::Due => Condition::all(),
            Self::Sent => Condition::all().add(Column::SentAt.lte(by)),
            Self::Succeeded => {
                Condition::all().add(Column::State.eq(RunState::Succeeded)).add(Column::EndedAt.lte(by))
            }
        }
    }
}
