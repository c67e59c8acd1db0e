//! What stopping or disabling a job does to its runs. The way to them are the buckets in
//! which they may lie: there is no index by job.

use crate::Result;
use crate::store::stat_hours::Outcomes;
use entity::Millis;
use entity::run::{Column, Entity, Model, Reason, RunKind, RunState};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

/// Statistics that a person's change causes belong to no server.
const NO_SERVER: i32 = 0;

/// Which runs that wait are skipped, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Those of the schedule, retries and shards: the job was stopped. What a person asked for, also for
    /// past times, stays.
    OfSchedule,
    /// All: the job was disabled or is being deleted.
    All,
}

/// Skips waiting runs of a job, and counts them. Returns their ids.
pub async fn skip_waiting(
    conn: &impl ConnectionTrait,
    job_id: i32,
    buckets: [i16; 2],
    which: Waiting,
    now: Millis,
) -> Result<Vec<i64>> {
    let mut query = Entity::find()
        .filter(Column::LiveBucket.is_in(buckets))
        .filter(Column::JobId.eq(job_id))
        .filter(Column::State.eq(RunState::Waiting));
    let reason = match which {
        Waiting::OfSchedule => Reason::Stopped,
        Waiting::All => Reason::Disabled,
    };
    if which == Waiting::OfSchedule {
        query = query.filter(Column::Kind.is_in([RunKind::Schedule, RunKind::Retry, RunKind::Shard]));
    }
    let waiting = query.order_by_asc(Column::Id).lock_exclusive().all(conn).await?;
    let mut skipped = Vec::new();
    let mut outcomes = Outcomes::default();
    for mut run in waiting {
        if skip(conn, &run, reason, now).await? {
            skipped.push(run.id);
            (run.state, run.ended_at) = (RunState::Skipped, Some(now));
            outcomes.count(&run);
        }
    }
    outcomes.add_to(conn, NO_SERVER).await?;
    Ok(skipped)
}

/// Inserts runs that never go out, and counts them.
pub async fn insert_skipped(conn: &impl ConnectionTrait, runs: Vec<Model>) -> Result<()> {
    let mut outcomes = Outcomes::default();
    for run in runs {
        outcomes.count(&run);
        Entity::insert(run.into_active_model()).exec_without_returning(conn).await?;
    }
    outcomes.add_to(conn, NO_SERVER).await
}

/// A run of the job whose request is on its way, if any.
pub async fn sending_of_job(
    conn: &impl ConnectionTrait,
    job_id: i32,
    buckets: [i16; 2],
) -> Result<Option<i64>, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::LiveBucket.is_in(buckets));
    let sending = query.filter(Column::JobId.eq(job_id)).filter(Column::State.eq(RunState::Sending));
    sending.into_tuple().one(conn).await
}

async fn skip(conn: &impl ConnectionTrait, run: &Model, reason: Reason, now: Millis) -> Result<bool, DbErr> {
    // Nothing follows it, but that it may be the last shard.
    let live_bucket = run.live_bucket.filter(|_| run.is_shard());
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(RunState::Skipped))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::LiveBucket, Expr::value(live_bucket))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(run.id))
        .filter(Column::State.eq(RunState::Waiting));
    Ok(update.exec(conn).await?.rows_affected == 1)
}
