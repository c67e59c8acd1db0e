//! The engine's commands in SQL. Reads go through SeaORM; what is written in bulk travels as one
//! [`Rowset`](super::rowset::Rowset) per statement.
//!
//! Rows are locked before they are judged (`FOR UPDATE`; SQLite has one writer at a time), judged
//! in Rust by the same functions the model uses, and written set by set. A transaction that the
//! database aborts for a conflict is run again.

mod apply;
mod authority;
mod follow;
mod known;
mod plan;
mod read;
mod settle;
mod shards;

use super::*;
use crate::engine::failpoint::{self, Place};
use crate::store::{Db, buckets, freezes, instances, job_children, leases, route_uses, runs};
use crate::{Error, Result};
use known::Known;
use sea_orm::DatabaseTransaction;
use std::sync::atomic::{AtomicI32, Ordering};

/// Rows per statement: bounds the statement's size and how long a lock is held.
const CHUNK: usize = 1_000;
/// How often a transaction is run again after the database aborted it.
const RETRIES: usize = 5;

/// The engine's store on a real database.
#[derive(Debug)]
pub struct SqlStore {
    db: Db,
    /// Whose statistics rows are written; known after [`Store::join`].
    server_id: AtomicI32,
    known: Known,
}

impl SqlStore {
    pub fn new(db: Db) -> Self {
        Self { db, server_id: AtomicI32::new(0), known: Known::default() }
    }

    fn server_id(&self) -> i32 {
        self.server_id.load(Ordering::Relaxed)
    }

    async fn apply_and_note(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<Learnt> {
        if steps.is_empty() {
            return Ok(Learnt::default());
        }
        let apply::Report { applied, changed } = self.apply_by_copies(authority, steps).await?;
        let over = changed.iter().filter_map(Over::of).collect();
        self.known.note(changed);
        apply::reach_with_result(steps, Place::ResultCommitted);
        Ok(Learnt { applied, over })
    }

    /// By what this server knows of the rows; where that is out of date, by what it reads.
    async fn apply_by_copies(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<apply::Report> {
        let known = self.known.take(steps.iter().map(|step| step.run_id));
        let server_id = self.server_id();
        if let Some(report) = attempt!(self, conn => apply::apply(conn, server_id, authority, steps, known))?
        {
            return Ok(report);
        }
        let report = transact!(self, conn => apply::apply(conn, server_id, authority, steps, Vec::new()))?;
        report.ok_or_else(|| Error::Internal("a locked run was written by somebody else".to_owned()))
    }
}

/// Runs `$work` with `$conn` in a transaction and commits; repeats it where the database gave up
/// for another transaction's sake. A macro, because a closure that borrows both its surroundings
/// and the transaction cannot be shown to be `Send`.
macro_rules! transact {
    ($store:expr, $conn:ident => $work:expr) => {{
        let mut tries = 0;
        loop {
            let transaction = $store.db.begin().await?;
            let $conn = &transaction;
            let worked: Result<_> = $work.await.map_err(Error::from);
            tries += 1;
            if let Some(done) = finish(transaction, worked, tries).await {
                break done;
            }
        }
    }};
}
use transact;

/// Runs `$work` with `$conn` in a transaction, once: none, and nothing is changed, where it comes to none
/// or the database gave it up for another transaction's sake.
macro_rules! attempt {
    ($store:expr, $conn:ident => $work:expr) => {{
        let transaction = $store.db.begin().await?;
        let $conn = &transaction;
        let worked: Result<Option<_>> = $work.await;
        match worked {
            Ok(None) => give_up(transaction).await,
            worked => finish(transaction, worked, 1).await.unwrap_or(Ok(None)),
        }
    }};
}
use attempt;

async fn give_up<T>(transaction: DatabaseTransaction) -> Result<Option<T>> {
    transaction.rollback().await?;
    Ok(None)
}

/// Commits or rolls back; nothing when the work should be done again.
async fn finish<T>(transaction: DatabaseTransaction, worked: Result<T>, tries: usize) -> Option<Result<T>> {
    let done = match worked {
        Ok(value) => transaction.commit().await.map(|()| value).map_err(Error::from),
        Err(error) => {
            drop(transaction.rollback().await);
            Err(error)
        }
    };
    match done {
        Err(error) if tries < RETRIES && error.is_aborted() => None,
        done => Some(done),
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn join(&self, newcomer: &Newcomer) -> Result<Lease> {
        let lease = transact!(self, conn => leases::join(conn, newcomer))?;
        self.server_id.store(lease.server_id, Ordering::Relaxed);
        Ok(lease)
    }

    async fn renew(&self, lease: Lease, vitals: Vitals) -> Result<Option<Renewal>> {
        match leases::beat(self.db.writer(), lease, vitals).await? {
            true => Ok(Some(leases::renewal(self.db.reader()).await?)),
            false => Ok(None),
        }
    }

    async fn depose(&self, seen: &server::Model) -> Result<bool> {
        transact!(self, conn => leases::depose(conn, seen))
    }

    async fn assign(&self, assignments: &[Assignment]) -> Result<()> {
        transact!(self, conn => leases::assign(conn, assignments))
    }

    async fn drain(&self, lease: Lease) -> Result<()> {
        transact!(self, conn => leases::drain(conn, lease))
    }

    async fn leave(&self, lease: Lease) -> Result<()> {
        transact!(self, conn => leases::leave(conn, lease))
    }

    async fn cursors_in(&self, buckets: &[i16]) -> Result<Vec<job_cursor::Model>> {
        Ok(read::cursors_in(self.db.reader(), buckets).await?)
    }

    async fn cursor_sums(&self, buckets: &[i16]) -> Result<HashMap<i16, CursorSums>> {
        Ok(read::cursor_sums(self.db.reader(), buckets).await?)
    }

    async fn cursors_of(&self, job_ids: &[i32]) -> Result<Vec<job_cursor::Model>> {
        Ok(read::cursors_of(self.db.reader(), job_ids).await?)
    }

    async fn jobs(&self, job_ids: &[i32]) -> Result<Vec<job::Model>> {
        Ok(read::jobs(self.db.reader(), job_ids).await?)
    }

    async fn calendars(&self, ids: &[i32]) -> Result<Vec<calendar::Model>> {
        Ok(read::calendars(self.db.reader(), ids).await?)
    }

    async fn route_uses(&self, job_ids: &[i32]) -> Result<Vec<route_use::Model>> {
        Ok(route_uses::of_jobs(self.db.reader(), job_ids).await?)
    }

    async fn children_of(&self, job_ids: &[i32]) -> Result<Vec<job_child::Model>> {
        Ok(job_children::of_parents(self.db.reader(), job_ids).await?)
    }

    async fn executors(&self) -> Result<(Vec<executor::Model>, Vec<instance::Model>)> {
        Ok(read::executors(self.db.reader()).await?)
    }

    async fn freezes(&self, since: Millis) -> Result<Vec<freeze::Model>> {
        Ok(freezes::since(self.db.reader(), since).await?)
    }

    async fn heed(&self, lease: Lease, freeze_id: i32) -> Result<()> {
        transact!(self, conn => freezes::heed(conn, lease, freeze_id))
    }

    async fn runs(&self, run_ids: &[i64]) -> Result<Vec<RunWithParameter>> {
        Ok(read::runs(self.db.reader(), run_ids).await?)
    }

    async fn executors_of(&self, run_ids: &[i64]) -> Result<HashMap<i64, i32>> {
        let mut found = self.known.executors_of(run_ids);
        let unknown: Vec<i64> = run_ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        found.extend(read::executors_of(self.db.reader(), &unknown).await?);
        Ok(found)
    }

    async fn results(&self, run_ids: &[i64]) -> Result<Vec<(i64, String)>> {
        Ok(read::results(self.db.reader(), run_ids).await?)
    }

    async fn shards_of(&self, run_ids: &[i64]) -> Result<Vec<run::Model>> {
        Ok(runs::shards_of(self.db.reader(), run_ids).await?)
    }

    async fn waiting(&self, buckets: &[i16], due_by: Millis, full: &[i32], limit: u64) -> Result<Vec<i64>> {
        Ok(read::waiting(self.db.reader(), buckets, due_by, full, limit).await?)
    }

    async fn queued(&self, buckets: &[i16]) -> Result<Vec<run::Model>> {
        Ok(read::queued(self.db.reader(), buckets).await?)
    }

    async fn out(&self, jobs: &[i32], executors: &[i32]) -> Result<Vec<run::Model>> {
        Ok(read::out(self.db.reader(), jobs, executors).await?)
    }

    async fn ended(&self, buckets: &[i16], due_by: Millis, limit: u64) -> Result<Vec<i64>> {
        Ok(read::ended(self.db.reader(), buckets, due_by, limit).await?)
    }

    async fn doubtful(
        &self,
        buckets: &[i16],
        due_by: Millis,
        now: Millis,
        limit: u64,
    ) -> Result<Vec<run::Model>> {
        Ok(read::doubtful(self.db.reader(), buckets, due_by, now, limit).await?)
    }

    async fn running(
        &self,
        buckets: &[i16],
        sent_by: Millis,
        after: i64,
        limit: u64,
    ) -> Result<Vec<run::Model>> {
        Ok(read::running(self.db.reader(), buckets, sent_by, after, limit).await?)
    }

    async fn executed_before(
        &self,
        executor_id: i32,
        instance_id: i32,
        before: Millis,
    ) -> Result<Option<run::Model>> {
        Ok(read::executed_before(self.db.reader(), executor_id, instance_id, before).await?)
    }

    async fn plan(&self, authority: &Authority, advances: &[Advance]) -> Result<Planned> {
        let mut planned = Planned::default();
        for part in advances.chunks(CHUNK) {
            let part = plan::plan(self, authority, part).await?;
            planned.won.extend(part.won);
            planned.violations.extend(part.violations);
        }
        Ok(planned)
    }

    async fn apply(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<Vec<Applied>> {
        Ok(self.apply_and_note(authority, steps).await?.applied)
    }

    async fn learn(&self, facts: &[Step]) -> Result<Learnt> {
        self.apply_and_note(None, facts).await
    }

    async fn split(&self, authority: &Authority, splits: &[Split]) -> Result<HashSet<i64>> {
        let mut done = HashSet::new();
        for part in splits.chunks(shards::SPLITS) {
            done.extend(transact!(self, conn => shards::split(conn, authority, part))?);
        }
        Ok(done)
    }

    async fn follow(&self, authority: &Authority, endings: &[Ending]) -> Result<Followed> {
        let mut followed = Followed::default();
        for part in endings.chunks(follow::ENDINGS) {
            let part = transact!(self, conn => follow::follow(conn, authority, part))?;
            failpoint::reach(Place::EffectsCommitted);
            followed.inserted.extend(part.inserted);
            followed.closed += part.closed;
            followed.gathered.extend(part.gathered);
            followed.stale.extend(part.stale);
        }
        Ok(followed)
    }

    async fn expire_instances(&self, cutoff: Millis, now: Millis) -> Result<Vec<i32>> {
        let silent = instances::silent_since(self.db.reader(), cutoff).await?;
        if silent.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i32> = silent.iter().map(|instance| instance.id).collect();
        transact!(self, conn => instances::mark_silent(conn, ids.clone(), cutoff, now))?;
        let mut executors: Vec<i32> = silent.iter().map(|instance| instance.executor_id).collect();
        executors.sort_unstable();
        executors.dedup();
        Ok(executors)
    }

    async fn breaches(&self, before: Millis, frozen: Option<&[i32]>) -> Result<Breaches> {
        Ok(read::breaches(self.db.reader(), before, frozen).await?)
    }

    async fn regroup(&self) -> Result<u64> {
        let reader = self.db.reader();
        let executors = buckets::scattered(reader).await?;
        if executors.is_empty() && buckets::stray_runs(reader).await?.is_empty() {
            return Ok(0);
        }
        transact!(self, conn => buckets::regroup(conn, &executors))
    }

    async fn open_blocks(&self) -> Result<Vec<OpenBlock>> {
        Ok(settle::open_blocks(self.db.reader()).await?)
    }

    async fn unsettled(&self, block: OpenBlock, up_to: i64) -> Result<Vec<run_by_job::Model>> {
        Ok(settle::unsettled(self.db.reader(), block, up_to).await?)
    }

    async fn enter(&self, runs: &[run_by_job::Model]) -> Result<u64> {
        transact!(self, conn => settle::enter(conn, runs))
    }

    async fn settle(&self, parts: &[(OpenBlock, i64)]) -> Result<()> {
        transact!(self, conn => settle::settle(conn, parts))
    }
}
