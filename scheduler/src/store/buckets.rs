//! In which bucket jobs and their runs lie, where that changes: jobs of an executor that limits its runs share
//! one, so that one server counts.
//!
//! A bucket that a run is put into which may be in doubt begins a new epoch: its owner decides nothing there before
//! it has read that, for nothing of the run's job may be sent beside it. So does one whose epoch is below that of the
//! run's fence: executors that have heard a fence of a bucket refuse what is sent there in an earlier epoch.

use super::engine::rowset::{self, Kind, Rowset};
use crate::rules::bucket::{bucket_among, bucket_of_limited, fence_elsewhere};
use crate::rules::doubt::may_be_in_doubt;
use entity::run::{self, RunState};
use entity::{bucket, executor, job, job_cursor};
use protocol::native::epoch;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult,
    QuerySelect,
};
use std::cmp::max;
use std::collections::{BTreeMap, BTreeSet};

/// Rows per statement.
const CHUNK: usize = 1_000;
/// How often is looked for runs that moved on while they were moved.
const LOOKS: usize = 3;
const CURSOR: [rowset::Column; 2] = [("job_id", Kind::Number), ("bucket", Kind::Number)];
const BUCKET: [rowset::Column; 2] = [("id", Kind::Number), ("epoch", Kind::Number)];
const RUN: [rowset::Column; 5] = [
    ("id", Kind::Number),
    ("seen", Kind::Number),
    ("bucket", Kind::Number),
    ("live_bucket", Kind::Number),
    ("fence", Kind::Number),
];

/// Puts everything where it belongs; returns how many rows lay elsewhere.
pub async fn regroup(conn: &impl ConnectionTrait, scattered: &[i32]) -> Result<u64, DbErr> {
    let mut moved = 0;
    let limits = executor::Entity::find().filter(executor::Column::Id.is_in(scattered.iter().copied()));
    for executor in limits.order_by_asc(executor::Column::Id).lock_exclusive().all(conn).await? {
        moved += jobs_of(conn, executor.id, executor.max_parallel).await?;
    }
    Ok(moved + runs_after_jobs(conn).await?)
}

/// Puts the jobs of an executor that lets `max_parallel` runs out (0 = any number) where they belong, and
/// their runs after them. The executor's row is locked.
pub async fn of_executor(conn: &impl ConnectionTrait, id: i32, max_parallel: i32) -> Result<(), DbErr> {
    jobs_of(conn, id, max_parallel).await?;
    runs_after_jobs(conn).await.map(drop)
}

async fn jobs_of(conn: &impl ConnectionTrait, executor_id: i32, max_parallel: i32) -> Result<u64, DbErr> {
    let query = job::Entity::find().select_only().column(job::Column::Id);
    let query = query.filter(job::Column::ExecutorId.eq(executor_id)).order_by_asc(job::Column::Id);
    let jobs: Vec<i32> = query.into_tuple().all(conn).await?;
    let backend = conn.get_database_backend();
    let elsewhere = "job_cursor.job_id = v.job_id AND job_cursor.bucket <> v.bucket";
    let sql = rowset::update(backend, "job_cursor", elsewhere, &["bucket"]);
    let mut moved = 0;
    for part in jobs.chunks(CHUNK) {
        let row = |id: &i32| [(*id).into(), bucket_among(*id, executor_id, max_parallel).into()];
        let rows = Rowset::new(&CURSOR, part.iter().map(row));
        moved += conn.execute_raw(rows.statement(backend, &sql, vec![])).await?.rows_affected();
    }
    Ok(moved)
}

/// Puts a job there, and its runs after it.
pub async fn of_job(conn: &impl ConnectionTrait, job_id: i32, bucket: i16) -> Result<(), DbErr> {
    let update = job_cursor::Entity::update_many();
    let update = update.col_expr(job_cursor::Column::Bucket, Expr::value(bucket));
    update.filter(job_cursor::Column::JobId.eq(job_id)).exec(conn).await?;
    runs_after_jobs(conn).await.map(drop)
}

/// Puts every run that is not over into the bucket of its job. Returns how many lay elsewhere. Their fences
/// grow: whoever has a copy of the row is to read it again. One that moves on at this moment is moved with the next
/// look; one that moves on each time stays.
pub async fn runs_after_jobs(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let mut moved = 0;
    for _ in 0..LOOKS {
        let strays = stray_runs(conn).await?;
        if strays.is_empty() {
            break;
        }
        moved += bring_back(conn, &strays).await?;
    }
    Ok(moved)
}

async fn bring_back(conn: &impl ConnectionTrait, strays: &[Stray]) -> Result<u64, DbErr> {
    let backend = conn.get_database_backend();
    let unmoved = "run.id = v.id AND run.live_bucket IS NOT NULL AND run.fence = v.seen";
    let sql = rowset::update(backend, "run", unmoved, &["bucket", "live_bucket", "fence"]);
    let mut moved = 0;
    for part in strays.chunks(CHUNK) {
        let row = |stray: &Stray| {
            let Stray { id, fence, bucket, .. } = *stray;
            [id.into(), fence.into(), bucket.into(), bucket.into(), fence_elsewhere(fence).into()]
        };
        let rows = Rowset::new(&RUN, part.iter().map(row));
        moved += conn.execute_raw(rows.statement(backend, &sql, vec![])).await?.rows_affected();
    }
    let doubtful = strays.iter().filter(|stray| may_be_in_doubt(stray.state));
    begin_epochs(conn, doubtful.map(|stray| stray.bucket).collect()).await?;
    lift_epochs(conn, strays).await?;
    Ok(moved)
}

async fn begin_epochs(conn: &impl ConnectionTrait, buckets: BTreeSet<i16>) -> Result<(), DbErr> {
    if buckets.is_empty() {
        return Ok(());
    }
    let next = Expr::col(bucket::Column::Epoch).add(1);
    let update = bucket::Entity::update_many().col_expr(bucket::Column::Epoch, next);
    update.filter(bucket::Column::Id.is_in(buckets)).exec(conn).await.map(drop)
}

/// Sees to it that no bucket's epoch is below that of what was put into it.
async fn lift_epochs(conn: &impl ConnectionTrait, strays: &[Stray]) -> Result<(), DbErr> {
    let mut least: BTreeMap<i16, i64> = BTreeMap::new();
    for stray in strays {
        let least = least.entry(stray.bucket).or_default();
        *least = max(*least, epoch(fence_elsewhere(stray.fence)));
    }
    let backend = conn.get_database_backend();
    let sql = rowset::update(backend, "bucket", "bucket.id = v.id AND bucket.epoch < v.epoch", &["epoch"]);
    let least: Vec<(i16, i64)> = least.into_iter().collect();
    for part in least.chunks(CHUNK) {
        let rows = Rowset::new(&BUCKET, part.iter().map(|(id, epoch)| [(*id).into(), (*epoch).into()]));
        conn.execute_raw(rows.statement(backend, &sql, vec![])).await?;
    }
    Ok(())
}

/// Executors that limit their runs and have jobs elsewhere than in their bucket.
pub async fn scattered(conn: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    let query = Query::select()
        .distinct()
        .column((executor::Entity, executor::Column::Id))
        .column((job_cursor::Entity, job_cursor::Column::Bucket))
        .from(job_cursor::Entity)
        .inner_join(
            job::Entity,
            Expr::col((job::Entity, job::Column::Id)).equals((job_cursor::Entity, job_cursor::Column::JobId)),
        )
        .inner_join(
            executor::Entity,
            Expr::col((executor::Entity, executor::Column::Id))
                .equals((job::Entity, job::Column::ExecutorId)),
        )
        .and_where(Expr::col((executor::Entity, executor::Column::MaxParallel)).gt(0))
        .to_owned();
    let found = conn.query_all(&query).await?;
    let place = |row: &QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "bucket")?));
    let places: Vec<(i32, i16)> = found.iter().map(place).collect::<Result<_, DbErr>>()?;
    let scattered = places.into_iter().filter(|(id, bucket)| *bucket != bucket_of_limited(*id));
    Ok(scattered.map(|(id, _)| id).collect::<BTreeSet<i32>>().into_iter().collect())
}

/// A run that is not over and lies elsewhere than its job.
#[derive(Debug, FromQueryResult)]
pub struct Stray {
    id: i64,
    fence: i64,
    state: RunState,
    /// Of the job.
    bucket: i16,
}

/// By id.
pub async fn stray_runs(conn: &impl ConnectionTrait) -> Result<Vec<Stray>, DbErr> {
    Stray::find_by_statement(conn.get_database_backend().build(&strays())).all(conn).await
}

fn strays() -> SelectStatement {
    let of_run = |column| Expr::col((run::Entity, column));
    let of_job = |column| (job_cursor::Entity, column);
    Query::select()
        .column((run::Entity, run::Column::Id))
        .column((run::Entity, run::Column::Fence))
        .column((run::Entity, run::Column::State))
        .column(of_job(job_cursor::Column::Bucket))
        .from(run::Entity)
        .inner_join(job_cursor::Entity, of_run(run::Column::JobId).equals(of_job(job_cursor::Column::JobId)))
        .and_where(of_run(run::Column::LiveBucket).is_not_null())
        .and_where(Expr::col(of_job(job_cursor::Column::Bucket)).ne(of_run(run::Column::LiveBucket)))
        .order_by((run::Entity, run::Column::Id), Order::Asc)
        .to_owned()
}
