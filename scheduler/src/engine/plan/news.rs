//! Keeping memory up to date: what the signals tell, and what is read again in turn because nobody may
//! have told.

use super::Planner;
use crate::Result;
use crate::engine::holdings::Holdings;
use crate::rules::bucket::bucket_of_limited;
use crate::signals::Change;
use entity::Millis;
use entity::run::Reason;
use std::sync::atomic::Ordering;
use tokio::sync::broadcast::error::TryRecvError;

/// How often the whole queue is read again.
const QUEUE_MS: Millis = 60_000;
/// Cursors that are compared with their rows per poll: all of them in turn.
const POLL_CURSORS: usize = 10_000;
/// Buckets whose cursors are read at once: what a database's rows take on their way is a multiple of what is
/// kept of them.
const BUCKETS_AT_ONCE: usize = 8;

impl Planner {
    /// Notes what the signals say.
    pub(super) fn listen(&mut self) {
        loop {
            match self.changes.try_recv() {
                Ok(change) => self.note(change),
                Err(TryRecvError::Lagged(_)) => self.missed_some(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// What is to be looked at anew.
    pub(super) fn note(&mut self, change: Change) {
        match change {
            Change::Job(id) => drop(self.changed_jobs.insert(id)),
            Change::Run(id) => drop(self.changed_runs.insert(id)),
            Change::Executor(_) | Change::Freeze(_) => self.executors_changed = true,
            Change::Servers => self.shared.handover.hurry(),
            Change::Everything => self.missed_some(),
        }
    }

    /// Too many changes at once: the poll finds what waits, and every cursor is read again.
    pub(super) fn missed_some(&mut self) {
        self.changed_runs.clear();
        self.executors_changed = true;
        self.polled_at = Millis::MIN;
        self.cursors.forget_buckets();
        self.shared.handover.hurry();
    }

    /// Brings memory up to date: buckets that came or went, jobs that changed, executors, and in
    /// turn a part of everything.
    pub(super) async fn look_again(&mut self, poll: bool) -> Result<()> {
        let shared = self.shared.clone();
        if self.executors_changed || poll {
            shared.directory.refresh(shared.store.as_ref(), shared.now()).await?;
            self.executors_changed = false;
            self.note_limits();
            self.heed_freezes().await?;
        }
        let holdings = shared.holdings();
        // Until everything of a bucket has been read, it is fresh: an error may come between.
        self.fresh_buckets.extend(self.cursors.match_buckets(&holdings.epochs));
        self.fresh_buckets.retain(|id| holdings.epochs.contains_key(id));
        let mut buckets: Vec<i16> = self.fresh_buckets.iter().copied().collect();
        self.read_queue(&holdings, poll, !buckets.is_empty()).await?;
        self.look_at_doubts(poll, !buckets.is_empty()).await?;
        if poll {
            let slice = self.cursors.next_slice(POLL_CURSORS);
            let sums = shared.store.cursor_sums(&slice).await?;
            buckets.extend(self.cursors.unlike(slice, &sums));
        }
        for part in buckets.chunks(BUCKETS_AT_ONCE) {
            let read = shared.store.cursors_in(part).await?;
            self.changed_jobs.extend(self.cursors.replace(part, read));
            self.fresh_buckets.retain(|id| !part.contains(id));
        }
        if !self.changed_jobs.is_empty() {
            let ids: Vec<i32> = self.changed_jobs.iter().copied().collect();
            let read = shared.store.cursors_of(&ids).await?;
            shared.directory.forget_jobs(&ids);
            self.cursors.update(&ids, read);
            self.changed_jobs.clear();
        }
        shared.figures.jobs.store(self.cursors.len() as u64, Ordering::Relaxed);
        shared.figures.unreadable.store(self.cursors.unreadable() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// The jobs of an executor go to another bucket with its limit, and back without it.
    fn note_limits(&mut self) {
        let limited = self.shared.directory.limited();
        if limited != self.limited {
            // Buckets that got jobs by it have new epochs.
            self.shared.handover.hurry();
        }
        self.fresh_buckets.extend(limited.difference(&self.limited).map(|id| bucket_of_limited(*id)));
        if !self.limited.is_subset(&limited) {
            self.cursors.forget_buckets();
        }
        self.limited = limited;
    }

    /// Reads the queue when buckets came, and now and then.
    async fn read_queue(&mut self, holdings: &Holdings, poll: bool, fresh: bool) -> Result<()> {
        if fresh {
            self.queue_read_at = Millis::MIN;
        }
        let now = self.shared.now();
        let is_old = now.saturating_sub(self.queue_read_at) >= QUEUE_MS || now < self.queue_read_at;
        if fresh || (poll && is_old) {
            let buckets = holdings.buckets();
            let read = self.shared.store.queued(&buckets).await?;
            let (frozen, queued): (Vec<_>, Vec<_>) =
                read.into_iter().partition(|run| run.reason == Reason::Frozen);
            self.queue.replace(&queued);
            // Those that are still frozen stay as they are.
            self.changed_runs.extend(frozen.iter().map(|run| run.id));
            self.queue_read_at = now;
        }
        Ok(())
    }
}
