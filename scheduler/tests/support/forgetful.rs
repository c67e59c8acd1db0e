//! A store whose answers to claims can get lost: the transaction is committed, and the caller is
//! told that the connection broke. Or it takes no more claims.

use async_trait::async_trait;
use entity::{
    calendar, executor, freeze, instance, job, job_child, job_cursor, route_use, run, run_by_job, server,
};
use scheduler::engine::step::{Applied, Step};
use scheduler::store::engine::*;
use scheduler::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

pub struct ForgetfulStore {
    pub inner: SqlStore,
    /// The next answer to [`Store::plan`], [`Store::split`] or [`Store::follow`] gets lost.
    pub loses_answer: Arc<AtomicBool>,
    /// How many more calls of [`Store::plan`] are carried out; the others are refused.
    pub claims_left: Arc<AtomicUsize>,
    /// Told when [`Store::apply`] or [`Store::learn`] begins.
    pub is_applying: Arc<Notify>,
    pub pause: Arc<Pause>,
}

/// Lets something happen while [`Store::cursor_sums`] is under way, once.
#[derive(Default)]
pub struct Pause {
    is_set: AtomicBool,
    reached: Notify,
    over: Notify,
}

impl Pause {
    /// From now on; ends when `meanwhile` has happened.
    pub async fn fill(&self, meanwhile: impl Future<Output = ()>) {
        self.is_set.store(true, Ordering::SeqCst);
        self.reached.notified().await;
        meanwhile.await;
        self.over.notify_one();
    }

    async fn reach(&self) {
        if self.is_set.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.over.notified().await;
        }
    }
}

impl ForgetfulStore {
    fn may_claim(&self) -> Result<()> {
        let left = &self.claims_left;
        let counted = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        counted.map(drop).map_err(|_| Error::Unavailable("the transaction was refused".to_owned()))
    }

    fn may_lose(&self) -> Result<()> {
        match self.loses_answer.swap(false, Ordering::SeqCst) {
            true => Err(Error::Unavailable("the connection broke".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for ForgetfulStore {
    async fn plan(&self, authority: &Authority, advances: &[Advance]) -> Result<Planned> {
        self.may_claim()?;
        let planned = self.inner.plan(authority, advances).await?;
        self.may_lose()?;
        Ok(planned)
    }

    async fn join(&self, newcomer: &Newcomer) -> Result<Lease> {
        self.inner.join(newcomer).await
    }

    async fn renew(&self, lease: Lease, vitals: Vitals) -> Result<Option<Renewal>> {
        self.inner.renew(lease, vitals).await
    }

    async fn depose(&self, seen: &server::Model) -> Result<bool> {
        self.inner.depose(seen).await
    }

    async fn assign(&self, assignments: &[Assignment]) -> Result<()> {
        self.inner.assign(assignments).await
    }

    async fn drain(&self, lease: Lease) -> Result<()> {
        self.inner.drain(lease).await
    }

    async fn leave(&self, lease: Lease) -> Result<()> {
        self.inner.leave(lease).await
    }

    async fn cursors_in(&self, buckets: &[i16]) -> Result<Vec<job_cursor::Model>> {
        self.inner.cursors_in(buckets).await
    }

    async fn cursor_sums(&self, buckets: &[i16]) -> Result<HashMap<i16, CursorSums>> {
        self.pause.reach().await;
        self.inner.cursor_sums(buckets).await
    }

    async fn cursors_of(&self, job_ids: &[i32]) -> Result<Vec<job_cursor::Model>> {
        self.inner.cursors_of(job_ids).await
    }

    async fn jobs(&self, job_ids: &[i32]) -> Result<Vec<job::Model>> {
        self.inner.jobs(job_ids).await
    }

    async fn calendars(&self, ids: &[i32]) -> Result<Vec<calendar::Model>> {
        self.inner.calendars(ids).await
    }

    async fn route_uses(&self, job_ids: &[i32]) -> Result<Vec<route_use::Model>> {
        self.inner.route_uses(job_ids).await
    }

    async fn children_of(&self, job_ids: &[i32]) -> Result<Vec<job_child::Model>> {
        self.inner.children_of(job_ids).await
    }

    async fn queued(&self, buckets: &[i16]) -> Result<Vec<run::Model>> {
        self.inner.queued(buckets).await
    }

    async fn out(&self, jobs: &[i32], executors: &[i32]) -> Result<Vec<run::Model>> {
        self.inner.out(jobs, executors).await
    }

    async fn ended(&self, buckets: &[i16], due_by: i64, limit: u64) -> Result<Vec<i64>> {
        self.inner.ended(buckets, due_by, limit).await
    }

    async fn executors(&self) -> Result<(Vec<executor::Model>, Vec<instance::Model>)> {
        self.inner.executors().await
    }

    async fn freezes(&self, since: i64) -> Result<Vec<freeze::Model>> {
        self.inner.freezes(since).await
    }

    async fn heed(&self, lease: Lease, freeze_id: i32) -> Result<()> {
        self.inner.heed(lease, freeze_id).await
    }

    async fn runs(&self, run_ids: &[i64]) -> Result<Vec<RunWithParameter>> {
        self.inner.runs(run_ids).await
    }

    async fn executors_of(&self, run_ids: &[i64]) -> Result<HashMap<i64, i32>> {
        self.inner.executors_of(run_ids).await
    }

    async fn results(&self, run_ids: &[i64]) -> Result<Vec<(i64, String)>> {
        self.inner.results(run_ids).await
    }

    async fn shards_of(&self, run_ids: &[i64]) -> Result<Vec<run::Model>> {
        self.inner.shards_of(run_ids).await
    }

    async fn waiting(&self, buckets: &[i16], due_by: i64, full: &[i32], limit: u64) -> Result<Vec<i64>> {
        self.inner.waiting(buckets, due_by, full, limit).await
    }

    async fn doubtful(&self, buckets: &[i16], due_by: i64, now: i64, limit: u64) -> Result<Vec<run::Model>> {
        self.inner.doubtful(buckets, due_by, now, limit).await
    }

    async fn running(
        &self,
        buckets: &[i16],
        sent_by: i64,
        after: i64,
        limit: u64,
    ) -> Result<Vec<run::Model>> {
        self.inner.running(buckets, sent_by, after, limit).await
    }

    async fn executed_before(&self, executor: i32, instance: i32, before: i64) -> Result<Option<run::Model>> {
        self.inner.executed_before(executor, instance, before).await
    }

    async fn apply(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<Vec<Applied>> {
        self.is_applying.notify_one();
        self.inner.apply(authority, steps).await
    }

    async fn learn(&self, facts: &[Step]) -> Result<Learnt> {
        self.is_applying.notify_one();
        self.inner.learn(facts).await
    }

    async fn split(&self, authority: &Authority, splits: &[Split]) -> Result<HashSet<i64>> {
        let split = self.inner.split(authority, splits).await?;
        self.may_lose()?;
        Ok(split)
    }

    async fn follow(&self, authority: &Authority, endings: &[Ending]) -> Result<Followed> {
        let followed = self.inner.follow(authority, endings).await?;
        self.may_lose()?;
        Ok(followed)
    }

    async fn expire_instances(&self, cutoff: i64, now: i64) -> Result<Vec<i32>> {
        self.inner.expire_instances(cutoff, now).await
    }

    async fn breaches(&self, before: i64, frozen: Option<&[i32]>) -> Result<Breaches> {
        self.inner.breaches(before, frozen).await
    }

    async fn regroup(&self) -> Result<u64> {
        self.inner.regroup().await
    }

    async fn open_blocks(&self) -> Result<Vec<OpenBlock>> {
        self.inner.open_blocks().await
    }

    async fn unsettled(&self, block: OpenBlock, up_to: i64) -> Result<Vec<run_by_job::Model>> {
        self.inner.unsettled(block, up_to).await
    }

    async fn enter(&self, runs: &[run_by_job::Model]) -> Result<u64> {
        self.inner.enter(runs).await
    }

    async fn settle(&self, parts: &[(OpenBlock, i64)]) -> Result<()> {
        self.inner.settle(parts).await
    }
}
