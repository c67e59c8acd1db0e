//! Filling a database to measure with: many jobs like one, and runs that ended long ago, with
//! everything that the server would have left behind. Nothing here is fast enough to be measured
//! itself, and nothing asks whether somebody works on the same database.

use super::Db;
use super::stat_hours::Outcomes;
use crate::Result;
use crate::engine::step::{self, Claim, Step, Texts, What};
use crate::logs::parts::{Packer, Part};
use crate::rules::bucket::bucket_of;
use entity::id_block::{self, BLOCK};
use entity::log::{self, LogState};
use entity::run::Model as Run;
use entity::{
    Millis, host_minute, host_state, instance, job, job_cursor, log_part, run, run_by_job, run_text,
};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, QueryOrder,
};

/// Rows in one transaction.
const SLICE: usize = 10_000;
/// Rows in one statement: SQLite takes 32,766 values.
const ROWS: usize = 500;
/// The number of the first server of a database, and the token of one of its lives.
const SERVER: i32 = 1;
const CLAIM: i64 = 1;
/// One run of so many failed.
const FAILURES: usize = 100;

/// Runs that ended before `until`: of `jobs`, which are like `like`, all at the same times and as far
/// apart as `since` allows in whole seconds.
#[derive(Clone, Debug)]
pub struct History<'a> {
    pub runs: usize,
    pub like: &'a job::Model,
    /// Ids, ascending.
    pub jobs: &'a [i32],
    pub instance: &'a instance::Model,
    pub since: Millis,
    pub until: Millis,
}

/// The instances of an executor.
pub async fn instances_of(db: &Db, executor_id: i32) -> Result<Vec<instance::Model>> {
    let own = instance::Entity::find().filter(instance::Column::ExecutorId.eq(executor_id));
    Ok(own.all(db.reader()).await?)
}

/// Inserts instances; their ids are the database's.
pub async fn instances(db: &Db, rows: impl Iterator<Item = instance::Model>) -> Result<()> {
    let transaction = db.begin().await?;
    let rows: Vec<_> = rows.collect();
    for rows in rows.chunks(ROWS) {
        let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
        let rows = rows.map(|row| instance::ActiveModel { id: NotSet, ..row });
        instance::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Makes the instances of an executor such as understand [`protocol::native`], without their registering.
pub async fn announce(db: &Db, executor_id: i32, life: &str) -> Result<()> {
    let transaction = db.begin().await?;
    let update = instance::Entity::update_many().col_expr(instance::Column::Life, Expr::value(life));
    update.filter(instance::Column::ExecutorId.eq(executor_id)).exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Inserts jobs with their cursors.
pub async fn jobs(db: &Db, mut rows: impl Iterator<Item = (job::Model, job_cursor::Model)>) -> Result<()> {
    loop {
        let (jobs, cursors): (Vec<_>, Vec<_>) = rows.by_ref().take(SLICE).unzip();
        if jobs.is_empty() {
            return Ok(());
        }
        let transaction = db.begin().await?;
        insert::<job::Entity, _>(&transaction, jobs).await?;
        insert::<job_cursor::Entity, _>(&transaction, cursors).await?;
        transaction.commit().await?;
    }
}

/// Inserts a history, in blocks of ids that are settled.
pub async fn history(db: &Db, history: &History<'_>) -> Result<()> {
    let block = BLOCK as usize;
    for (number, first) in (0..history.runs).step_by(block).enumerate() {
        // The first block is nobody's: see `ids`.
        let start = BLOCK * (1 + number as i64);
        let ended = (first..history.runs.min(first + block))
            .zip(start..)
            .map(|(number, id)| history.ended(number, id))
            .collect();
        let transaction = db.begin().await?;
        write_ended(&transaction, ended).await?;
        let settled = id_block::Model { start, server_id: SERVER, settled_to: start + BLOCK };
        insert::<id_block::Entity, _>(&transaction, vec![settled]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

impl History<'_> {
    /// A run by its number in the order of time, as its steps made it.
    fn ended(&self, number: usize, id: i64) -> (Run, Texts) {
        let times = self.runs.div_ceil(self.jobs.len()) as i64;
        let apart = ((self.until - self.since) / times / 1_000).max(1) * 1_000;
        let (turn, job) = (number / self.jobs.len(), number % self.jobs.len());
        let due_at = self.until - (times - turn as i64) * apart;
        let job = job::Model { id: self.jobs[job], ..self.like.clone() };
        let run = Run::waiting(id, &job, bucket_of(job.id), due_at);
        let code = if number.is_multiple_of(FAILURES) { 500 } else { 200 };
        let text = if code == 200 { String::new() } else { "no connection to the warehouse".to_owned() };
        carry_out(run, self.instance, 25, code, text)
    }
}

/// A run that waits, sent to this instance when it was due and ended `took_ms` later with this result, as its steps
/// would have made it.
pub fn carry_out(
    mut run: Run,
    instance: &instance::Model,
    took_ms: Millis,
    code: i32,
    text: String,
) -> (Run, Texts) {
    let (run_id, due_at) = (run.id, run.due_at);
    let deadline_at = due_at + 24 * 3_600_000;
    let claim = What::Claim(Claim {
        claim: CLAIM,
        fence: 16,
        instance_id: instance.id,
        instance_generation: instance.generation,
        deadline_at: Some(deadline_at),
        mark: None,
        tries: Vec::new(),
    });
    let result = What::Result { executor_id: run.executor_id, code, text };
    let mut texts = Texts::default();
    let accepted = What::Accepted { claim: CLAIM, sent_at: due_at + 1, deadline_at };
    for (later, what) in [(-150, claim), (3, accepted), (took_ms.max(4), result)] {
        step::apply(&mut run, &mut texts, &Step { run_id, at: due_at + later, what });
    }
    (run, texts)
}

/// The id behind all blocks: the first that a past may begin with.
pub async fn first_free(db: &Db) -> Result<i64> {
    let query = id_block::Entity::find().order_by_desc(id_block::Column::Start);
    let last = query.one(db.reader()).await?;
    // The first block is nobody's: see `ids`.
    Ok(last.map_or(BLOCK, |last| last.start + BLOCK))
}

/// Inserts runs that have ended, with ids that follow one another from [`first_free`] on, in blocks of ids that are
/// settled.
pub async fn past(db: &Db, runs: Vec<(Run, Texts)>) -> Result<()> {
    let mut runs = runs.into_iter().peekable();
    while let Some((first, _)) = runs.peek() {
        let start = first.id - first.id % BLOCK;
        let mut block = Vec::new();
        while let Some(run) = runs.next_if(|(run, _)| run.id < start + BLOCK) {
            block.push(run);
        }
        let transaction = db.begin().await?;
        write_ended(&transaction, block).await?;
        let settled = id_block::Model { start, server_id: SERVER, settled_to: start + BLOCK };
        insert::<id_block::Entity, _>(&transaction, vec![settled]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Keeps the lines of runs as their logs, with when that was.
///
/// # Errors
/// [`crate::Error::Internal`] when they cannot be compressed.
pub async fn logs(db: &Db, logs: Vec<(i64, Millis, Vec<String>)>) -> Result<()> {
    let (mut rows, mut parts) = (Vec::with_capacity(logs.len()), Vec::with_capacity(logs.len()));
    for (run_id, kept_at, lines) in logs {
        let mut packer = Packer::default();
        (1..).zip(&lines).for_each(|(number, line)| packer.push(number, line));
        let Some(Part { first_line, lines, bytes, data }) = packer.take()? else { continue };
        rows.push(log::Model {
            run_id,
            state: LogState::Kept,
            claim: CLAIM,
            kept_at,
            last_line: lines,
            bytes: bytes as i64,
            stored: data.len() as i64,
            trouble: None,
        });
        parts.push(log_part::Model { run_id, claim: CLAIM, first_line, lines, data });
    }
    let transaction = db.begin().await?;
    insert::<log::Entity, _>(&transaction, rows).await?;
    insert::<log_part::Entity, _>(&transaction, parts).await?;
    Ok(transaction.commit().await?)
}

/// Inserts how hosts are doing, and were.
pub async fn hosts(db: &Db, states: Vec<host_state::Model>, minutes: Vec<host_minute::Model>) -> Result<()> {
    let transaction = db.begin().await?;
    insert::<host_state::Entity, _>(&transaction, states).await?;
    insert::<host_minute::Entity, _>(&transaction, minutes).await?;
    Ok(transaction.commit().await?)
}

/// Inserts runs that have ended, the way from their jobs to them, their texts, and their share of the
/// statistics.
async fn write_ended(conn: &impl ConnectionTrait, ended: Vec<(Run, Texts)>) -> Result<()> {
    let mut outcomes = Outcomes::default();
    ended.iter().for_each(|(run, _)| outcomes.count(run));
    let mut ways: Vec<_> = ended
        .iter()
        .map(|(run, _)| run_by_job::Model { job_id: run.job_id, due_at: run.due_at, run_id: run.id })
        .collect();
    ways.sort_unstable_by_key(|way| (way.job_id, way.due_at));
    let (mut runs, mut texts) = (Vec::with_capacity(ended.len()), Vec::new());
    for (run, text) in ended {
        if let Some(result) = text.result {
            texts.push(text_of(run.id, result));
        }
        runs.push(run);
    }
    insert::<run::Entity, _>(conn, runs).await?;
    insert::<run_text::Entity, _>(conn, texts).await?;
    insert::<run_by_job::Entity, _>(conn, ways).await?;
    outcomes.add_to(conn, SERVER).await
}

fn text_of(run_id: i64, result: String) -> run_text::Model {
    run_text::Model {
        run_id,
        result: Some(result),
        parameter: None,
        started_by: None,
        ended_by: None,
        tries: None,
        dispatch: None,
        late_result: None,
    }
}

/// Inserts rows with the keys that they have.
async fn insert<E, M>(conn: &impl ConnectionTrait, rows: Vec<M>) -> Result<()>
where
    E: EntityTrait<Model = M>,
    M: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let mut rows = rows.into_iter().map(|row| row.into_active_model().reset_all()).peekable();
    while rows.peek().is_some() {
        let part: Vec<_> = rows.by_ref().take(ROWS).collect();
        E::insert_many(part).exec_without_returning(conn).await?;
    }
    Ok(())
}
