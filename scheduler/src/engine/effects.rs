//! What follows a run: its retry, or after a success its job's children; and after the last of its
//! shards the end of a split run. A final row stays live until this is decided; the rows that follow
//! appear in the transaction that closes it, and their key (the cause's id as the slot) keeps them
//! single, however often and by whomever it is tried.
//!
//! The rows wait for the planner of their bucket's owner, which claims them when they are due.

mod family;

use super::shared::Shared;
use crate::signals::Change;
use crate::store::engine::{Ending, Followed, RunWithParameter};
use crate::{Error, Result};
use entity::run::RunKind;
use family::Family;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Final runs looked at in one tick.
const BATCH: u64 = 1_000;

/// The loop's state.
pub struct Effects {
    shared: Arc<Shared>,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EffectsReport {
    /// Final runs of which was decided what follows.
    pub ended: usize,
    pub retries: usize,
    pub children: usize,
}

impl Effects {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Decides about every run of this server's buckets that has ended and is not closed. One that
    /// ended before its time was killed, which nothing follows: it is closed when its time comes, so
    /// that this need not look through all that waits for a later time.
    pub async fn tick(&mut self) -> Result<EffectsReport> {
        let shared = self.shared.clone();
        let mut report = EffectsReport::default();
        loop {
            let due_by = shared.now() + shared.settings.lead_ms;
            let ids = shared.store.ended(&shared.holdings().buckets(), due_by, BATCH).await?;
            let full = ids.len() as u64 == BATCH;
            if self.close(&ids, &mut report).await? == 0 || !full {
                return Ok(report);
            }
        }
    }

    /// Decides about those of the watched runs that changed.
    pub async fn tick_changed(&mut self) -> Result<EffectsReport> {
        let mut report = EffectsReport::default();
        let changed = self.shared.followed.take_changed();
        let ids: Vec<i64> = changed.into_iter().map(|(id, ())| id).collect();
        self.close(&ids, &mut report).await?;
        Ok(report)
    }

    /// Starts what follows those of the runs that have ended, and the split runs that ended with them;
    /// how many were closed.
    async fn close(&self, ids: &[i64], report: &mut EffectsReport) -> Result<usize> {
        let followed = self.close_these(ids, report).await?;
        let gathered: Vec<i64> = followed.gathered.into_iter().collect();
        Ok(followed.closed + self.close_these(&gathered, report).await?.closed)
    }

    async fn close_these(&self, ids: &[i64], report: &mut EffectsReport) -> Result<Followed> {
        let shared = &self.shared;
        let holdings = shared.holdings();
        let mut ended = shared.store.runs(ids).await?;
        ended.retain(|found| found.run.state.is_final());
        ended.iter().for_each(|found| shared.followed.forget(found.run.id));
        ended.retain(|found| found.run.live_bucket.is_some_and(|own| holdings.epochs.contains_key(&own)));
        let authority = holdings.authority(ended.iter().map(|found| found.run.bucket));
        let Some(authority) = authority.filter(|_| !ended.is_empty()) else {
            return Ok(Followed::default());
        };
        let endings = self.endings(&ended).await?;
        let followed = match shared.store.follow(&authority, &endings).await {
            Err(Error::Conflict(_)) => {
                shared.note_refused();
                return Ok(Followed::default());
            }
            followed => followed?,
        };
        shared.directory.forget_jobs(&followed.stale);
        report.ended += followed.closed;
        self.announce(&endings, &followed.inserted, report);
        let restarts = endings.iter().filter_map(|ending| ending.restart);
        // They lie where their runs do.
        restarts.for_each(|restart| shared.signals.publish_here(Change::Job(restart.job_id)));
        followed.gathered.iter().for_each(|run_id| shared.note_changed(*run_id));
        Ok(followed)
    }

    /// The rows that follow each of these.
    async fn endings(&self, ended: &[RunWithParameter]) -> Result<Vec<Ending>> {
        let family = Family::of(&self.shared, ended).await?;
        let mut endings: Vec<Ending> = ended.iter().map(|ended| family.ending(ended)).collect();
        let count = endings.iter().map(|ending| ending.rows.len()).sum();
        let ids = self.shared.run_ids.take(count).await?;
        for (row, id) in endings.iter_mut().flat_map(|ending| &mut ending.rows).zip(ids) {
            row.run.id = id;
        }
        Ok(endings)
    }

    /// Tells the planners of the buckets' owners what appeared.
    fn announce(&self, endings: &[Ending], inserted: &HashSet<i64>, report: &mut EffectsReport) {
        let rows = endings.iter().flat_map(|ending| &ending.rows).map(|row| &row.run);
        for run in rows.filter(|run| inserted.contains(&run.id)) {
            match run.kind {
                RunKind::Retry => report.retries += 1,
                _ => report.children += 1,
            }
            // Killed long before its time, it may yet be the last shard.
            if run.is_shard() {
                self.shared.followed.add(run.id, ());
            }
            self.shared.signals.publish_in(run.bucket, Change::Run(run.id));
        }
    }

    /// Ticks at once for what is watched, and now and then for everything.
    pub async fn run(&mut self) -> Result<()> {
        let every = self.shared.settings.poll_ms;
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "what follows cannot be started; trying again");
            }
            let poll = tokio::time::sleep(Duration::from_millis(every.unsigned_abs()));
            tokio::pin!(poll);
            loop {
                tokio::select! {
                    () = self.shared.stopping.cancelled() => return Ok(()),
                    () = self.shared.followed.news() => {}
                    () = self.shared.overlooked.notified() => break,
                    () = &mut poll => break,
                }
                if let Err(error) = self.tick_changed().await {
                    tracing::error!(%error, "what follows cannot be started at once; the next look finds it");
                }
            }
        }
    }
}
