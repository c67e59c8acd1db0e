//! What the engine reads. Runs only by their key or by the index over live ones.

use super::super::rowset::{self, Column, Kind, Rowset};
use super::super::{Breaches, CursorSums, RunWithParameter};
use entity::run::{Column as RunColumn, Entity as Runs, Reason, RunState};
use entity::{Millis, calendar, executor, instance, job, job_cursor, run, run_text};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Ids per statement.
const IDS: usize = 1_000;
/// How far back among an executor's runs a yardstick for logs is looked for.
const YARDSTICK: u64 = 200;

pub async fn cursors_in(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
) -> Result<Vec<job_cursor::Model>, DbErr> {
    let own = job_cursor::Column::Bucket.is_in(buckets.iter().copied());
    job_cursor::Entity::find().filter(own).all(conn).await
}

const BUCKET: [Column; 1] = [("bucket", Kind::Number)];
/// A bucket, how many cursors it has, and the sums of these columns of theirs.
const SUMS: [&str; 5] = ["bucket", "jobs", "job_id", "version", "next_at"];

/// In one row, and not in one for each bucket: this is asked every second.
pub async fn cursor_sums(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
) -> Result<HashMap<i16, CursorSums>, DbErr> {
    if buckets.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = conn.get_database_backend();
    // Sums of whole numbers are no whole numbers on PostgreSQL and MySQL.
    let kind = if backend == DbBackend::MySql { "SIGNED" } else { "BIGINT" };
    let sums = SUMS[2..].iter().map(|name| format!("CAST(COALESCE(SUM({name}), 0) AS {kind}) AS {name}"));
    let sums = sums.collect::<Vec<_>>().join(", ");
    let table = format!(
        "(SELECT bucket, COUNT(*) AS jobs, {sums} FROM job_cursor \
          WHERE bucket IN (SELECT v.bucket FROM {{rows}}) GROUP BY bucket) AS s"
    );
    let sql = rowset::gather(backend, &table, &SUMS, "1 = 1");
    let wanted = Rowset::new(&BUCKET, buckets.iter().map(|bucket| [(*bucket).into()]));
    let found = rowset::gathered(conn, wanted.statement(backend, &sql, vec![])).await?;
    let sums = found.into_iter().map(|(bucket, count, job_ids, versions, next_ats)| {
        (bucket, CursorSums { count, job_ids, versions, next_ats })
    });
    Ok(sums.collect())
}

pub async fn cursors_of(
    conn: &impl ConnectionTrait,
    job_ids: &[i32],
) -> Result<Vec<job_cursor::Model>, DbErr> {
    let mut cursors = Vec::with_capacity(job_ids.len());
    for part in job_ids.chunks(IDS) {
        let wanted = job_cursor::Column::JobId.is_in(part.iter().copied());
        cursors.extend(job_cursor::Entity::find().filter(wanted).all(conn).await?);
    }
    Ok(cursors)
}

pub async fn jobs(conn: &impl ConnectionTrait, job_ids: &[i32]) -> Result<Vec<job::Model>, DbErr> {
    let mut jobs = Vec::with_capacity(job_ids.len());
    for part in job_ids.chunks(IDS) {
        let wanted = job::Column::Id.is_in(part.iter().copied());
        jobs.extend(job::Entity::find().filter(wanted).all(conn).await?);
    }
    Ok(jobs)
}

pub async fn calendars(conn: &impl ConnectionTrait, ids: &[i32]) -> Result<Vec<calendar::Model>, DbErr> {
    let mut calendars = Vec::with_capacity(ids.len());
    for part in ids.chunks(IDS) {
        let wanted = calendar::Column::Id.is_in(part.iter().copied());
        calendars.extend(calendar::Entity::find().filter(wanted).all(conn).await?);
    }
    Ok(calendars)
}

pub async fn executors(
    conn: &impl ConnectionTrait,
) -> Result<(Vec<executor::Model>, Vec<instance::Model>), DbErr> {
    let executors = executor::Entity::find().all(conn).await?;
    let here = instance::Entity::find().filter(instance::Column::GoneAt.is_null());
    Ok((executors, here.all(conn).await?))
}

pub async fn runs(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<RunWithParameter>, DbErr> {
    let mut runs = Vec::with_capacity(run_ids.len());
    for part in run_ids.chunks(IDS) {
        let found = Runs::find().filter(RunColumn::Id.is_in(part.iter().copied())).all(conn).await?;
        let texts: Vec<(i64, Option<String>)> = run_text::Entity::find()
            .select_only()
            .columns([run_text::Column::RunId, run_text::Column::Parameter])
            .filter(run_text::Column::RunId.is_in(part.iter().copied()))
            .into_tuple()
            .all(conn)
            .await?;
        let mut parameters: HashMap<i64, Option<String>> = texts.into_iter().collect();
        runs.extend(
            found
                .into_iter()
                .map(|run| RunWithParameter { parameter: parameters.remove(&run.id).flatten(), run }),
        );
    }
    Ok(runs)
}

pub async fn executors_of(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<(i64, i32)>, DbErr> {
    let mut executors = Vec::with_capacity(run_ids.len());
    for part in run_ids.chunks(IDS) {
        let runs = Runs::find().select_only().columns([RunColumn::Id, RunColumn::ExecutorId]);
        let runs = runs.filter(RunColumn::Id.is_in(part.iter().copied()));
        executors.extend(runs.into_tuple::<(i64, i32)>().all(conn).await?);
    }
    Ok(executors)
}

pub async fn results(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<(i64, String)>, DbErr> {
    use run_text::{Column, Entity};
    let mut results = Vec::new();
    for part in run_ids.chunks(IDS) {
        let own = Entity::find().select_only().columns([Column::RunId, Column::Result]);
        let own = own.filter(Column::RunId.is_in(part.iter().copied())).filter(Column::Result.is_not_null());
        results.extend(own.into_tuple::<(i64, String)>().all(conn).await?);
    }
    Ok(results)
}

pub async fn waiting(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
    due_by: Millis,
    full: &[i32],
    limit: u64,
) -> Result<Vec<i64>, DbErr> {
    Runs::find()
        .select_only()
        .column(RunColumn::Id)
        .filter(live(buckets, due_by))
        .filter(RunColumn::State.eq(RunState::Waiting))
        .filter(RunColumn::Reason.is_not_in(Reason::HELD))
        .filter(RunColumn::ExecutorId.is_not_in(full.iter().copied()))
        .order_by_asc(RunColumn::DueAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

pub async fn queued(conn: &impl ConnectionTrait, buckets: &[i16]) -> Result<Vec<run::Model>, DbErr> {
    let queued = RunColumn::State.eq(RunState::Waiting).and(RunColumn::Reason.is_in(Reason::HELD));
    Runs::find().filter(live(buckets, Millis::MAX)).filter(queued).all(conn).await
}

pub async fn out(
    conn: &impl ConnectionTrait,
    jobs: &[i32],
    executors: &[i32],
) -> Result<Vec<run::Model>, DbErr> {
    let concerned = Condition::any()
        .add(RunColumn::JobId.is_in(jobs.iter().copied()))
        .add(RunColumn::ExecutorId.is_in(executors.iter().copied()));
    Runs::find()
        .filter(RunColumn::LiveBucket.is_not_null())
        .filter(RunColumn::State.is_in(RunState::OUT))
        .filter(concerned)
        .order_by_asc(RunColumn::DueAt)
        .order_by_asc(RunColumn::Id)
        .all(conn)
        .await
}

pub async fn ended(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
    due_by: Millis,
    limit: u64,
) -> Result<Vec<i64>, DbErr> {
    Runs::find()
        .select_only()
        .column(RunColumn::Id)
        .filter(live(buckets, due_by))
        .filter(RunColumn::State.is_in(RunState::iter().filter(|state| state.is_final())))
        .order_by_asc(RunColumn::DueAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

pub async fn doubtful(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
    due_by: Millis,
    now: Millis,
    limit: u64,
) -> Result<Vec<run::Model>, DbErr> {
    let same_life = Query::select()
        .expr(Expr::val(1))
        .from(instance::Entity)
        .and_where(Expr::col((instance::Entity, instance::Column::Id)).equals((Runs, RunColumn::InstanceId)))
        .and_where(
            Expr::col((instance::Entity, instance::Column::Generation))
                .equals((Runs, RunColumn::InstanceGeneration)),
        )
        .and_where(Expr::col((instance::Entity, instance::Column::GoneAt)).is_null())
        .to_owned();
    let unanswered = RunColumn::State.is_in([RunState::Sending, RunState::Unknown]);
    let overdue = RunColumn::DeadlineAt.lte(now).and(RunColumn::State.eq(RunState::Running));
    let orphaned = RunColumn::State
        .eq(RunState::Running)
        .and(RunColumn::ShardIndex.ne(run::SPLIT))
        .and(Expr::exists(same_life).not());
    Runs::find()
        .filter(live(buckets, due_by))
        .filter(Condition::any().add(unanswered).add(overdue).add(orphaned))
        .order_by_asc(RunColumn::DueAt)
        .limit(limit)
        .all(conn)
        .await
}

pub async fn running(
    conn: &impl ConnectionTrait,
    buckets: &[i16],
    sent_by: Millis,
    after: i64,
    limit: u64,
) -> Result<Vec<run::Model>, DbErr> {
    Runs::find()
        .filter(live(buckets, Millis::MAX))
        .filter(RunColumn::State.eq(RunState::Running))
        .filter(RunColumn::ShardIndex.ne(run::SPLIT))
        .filter(RunColumn::SentAt.lte(sent_by))
        .filter(RunColumn::Id.gt(after))
        .order_by_asc(RunColumn::Id)
        .limit(limit)
        .all(conn)
        .await
}

pub async fn executed_before(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    instance_id: i32,
    before: Millis,
) -> Result<Option<run::Model>, DbErr> {
    let recent = Runs::find()
        .filter(RunColumn::ExecutorId.eq(executor_id))
        .filter(RunColumn::DueAt.lt(before))
        .order_by_desc(RunColumn::DueAt)
        .limit(YARDSTICK)
        .all(conn)
        .await?;
    let executed = |run: &run::Model| run.code != 0 && run.instance_id == Some(instance_id);
    Ok(recent.into_iter().find(executed))
}

pub async fn breaches(
    conn: &impl ConnectionTrait,
    before: Millis,
    frozen: Option<&[i32]>,
) -> Result<Breaches, DbErr> {
    let live = || Runs::find().filter(RunColumn::LiveBucket.is_not_null());
    let is_final = RunColumn::State.is_in(RunState::iter().filter(|state| state.is_final()));
    let is_left_open = Condition::all()
        .add(RunColumn::ShardIndex.eq(run::SPLIT))
        .add(RunColumn::SentAt.lt(before))
        .add(Expr::exists(live_shard()).not());
    let is_overdue = Condition::any().add(RunColumn::DeadlineAt.lt(before)).add(is_left_open);
    let unended = live().filter(is_overdue).filter(is_final.clone().not());
    let unfollowed = live().filter(RunColumn::EndedAt.lt(before)).filter(is_final);
    Ok(Breaches {
        unplanned: unplanned(conn, before, frozen).await?,
        unended: unended.count(conn).await?,
        unfollowed: unfollowed.count(conn).await?,
    })
}

/// Cursors that should have moved on.
async fn unplanned(
    conn: &impl ConnectionTrait,
    before: Millis,
    frozen: Option<&[i32]>,
) -> Result<u64, DbErr> {
    let Some(frozen) = frozen else { return Ok(0) };
    let late = job_cursor::Entity::find().filter(job_cursor::Column::NextAt.lt(before));
    let still = Query::select()
        .column(job::Column::Id)
        .from(job::Entity)
        .and_where(Expr::col(job::Column::NamespaceId).is_in(frozen.iter().copied()))
        .to_owned();
    late.filter(job_cursor::Column::JobId.not_in_subquery(still)).count(conn).await
}

/// A live shard of the run that the query around it looks at.
fn live_shard() -> SelectStatement {
    let shard = |column: RunColumn| Expr::col(("shard", column));
    Query::select()
        .expr(Expr::val(1))
        .from_as(Runs, "shard")
        .and_where(shard(RunColumn::ParentId).equals((Runs, RunColumn::Id)))
        .and_where(shard(RunColumn::LiveBucket).is_not_null())
        .to_owned()
}

/// By the index (live_bucket, due_at), which the predicate has to name.
fn live(buckets: &[i16], due_by: Millis) -> Condition {
    Condition::all()
        .add(RunColumn::LiveBucket.is_not_null())
        .add(RunColumn::LiveBucket.is_in(buckets.iter().copied()))
        .add(RunColumn::DueAt.lte(due_by))
}
