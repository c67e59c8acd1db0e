//! The loop that deletes, bit by bit.

use super::cleaned::Cleaned;
use super::{executors_of, policy, store};
use crate::alerts::watch::OnDuty;
use crate::audit::{self, Entry};
use crate::authority::Caller;
use crate::logs::delete_parts;
use crate::store::logs;
use crate::store::runs::{self, Past, PastRun, Position};
use crate::{Result, Services};
use entity::Millis;
use entity::audit_entry::Verb;
use entity::cleaning::{Model, What};
use entity::log;
use entity::run::SPLIT;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Between two transactions, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(20);
/// Runs that one transaction deletes: with their texts, their logs and what leads to them these are a thousand
/// rows, and a fire waits for them some milliseconds at most.
const RUNS: usize = 250;
/// Bytes of logs that one transaction deletes. A log of more than that goes part by part before its run.
const BYTES: i64 = 4 << 20;

/// Between two questions whether it is time for what the policy lets go, and before the first one: a server
/// that starts has better to do.
const ASK_EVERY: Millis = 10 * 60_000;

/// The loop's state.
pub struct Cleaner {
    services: Services,
    on_duty: OnDuty,
    /// When to ask next whether it is time for what the policy lets go.
    ask_at: Millis,
    /// When that was looked for last.
    looked_at: Option<Millis>,
    work: Option<Work>,
}

/// What is being done. All of it is found anew when another server goes on with it.
struct Work {
    cleaning: Model,
    /// Those that are still to be looked through, the first of which is under way.
    executors: VecDeque<i32>,
    /// Of each job of the first the newest run that goes; none where all go.
    newest: Option<HashMap<i32, Position>>,
    /// What was looked at last.
    after: Option<Position>,
}

impl Cleaner {
    pub fn new(services: Services, on_duty: OnDuty) -> Self {
        let ask_at = services.clock.now() + ASK_EVERY;
        Self { services, on_duty, ask_at, looked_at: None, work: None }
    }

    /// Goes on with what was asked for first, by at most 250 runs; whether there is more to be done. Two
    /// servers that both believe to be on duty count no run twice.
    pub async fn tick(&mut self) -> Result<bool> {
        if !(self.on_duty)() {
            self.work = None;
            return Ok(false);
        }
        let Some(mut work) = self.taken_up().await? else { return self.look_for_policy().await };
        let Some(executor_id) = work.executors.front().copied() else {
            self.end(work.cleaning).await?;
            return Ok(true);
        };
        let past = work.past(executor_id);
        let reader = self.services.db.reader();
        if work.newest.is_none() && work.cleaning.keep > 0 {
            work.newest = Some(runs::newest_beyond(reader, past, work.cleaning.keep).await?);
        }
        let found = runs::oldest(reader, past, work.after, RUNS as u64).await?;
        let gone = found.iter().copied().filter(|run| work.takes(run)).collect();
        match found.last() {
            Some(last) => work.after = Some(last.position()),
            None => work.next_executor(),
        }
        self.delete(work.cleaning.id, gone).await?;
        self.work = Some(work);
        Ok(true)
    }

    /// Orders what the policy lets go, when it is time; whether there is something to be done.
    async fn look_for_policy(&mut self) -> Result<bool> {
        let now = self.services.clock.now();
        if now < self.ask_at {
            return Ok(false);
        }
        self.ask_at = now + ASK_EVERY;
        if !policy::is_due(&self.services, self.looked_at).await? {
            return Ok(false);
        }
        self.looked_at = Some(now);
        Ok(policy::order(&self.services).await? > 0)
    }

    /// What is under way, or what was asked for first.
    async fn taken_up(&mut self) -> Result<Option<Work>> {
        if let Some(work) = self.work.take() {
            return Ok(Some(work));
        }
        let Some(cleaning) = store::first_open(self.services.db.reader()).await? else { return Ok(None) };
        let executors = executors_of(&self.services, cleaning.executor_id).await?.into();
        Ok(Some(Work { cleaning, executors, newest: None, after: None }))
    }

    /// Deletes runs, those that were split after their shards.
    async fn delete(&self, cleaning_id: i32, wholes: Vec<PastRun>) -> Result<()> {
        let reader = self.services.db.reader();
        let (split, others): (Vec<_>, Vec<_>) = wholes.into_iter().partition(|run| run.shard_index == SPLIT);
        for whole in split {
            if runs::has_open_shards(reader, whole.id).await? {
                continue;
            }
            loop {
                let shards = runs::shards(reader, whole.id, RUNS as u64).await?;
                if shards.is_empty() {
                    break;
                }
                self.delete_rows(cleaning_id, shards).await?;
            }
            self.delete_rows(cleaning_id, vec![whole]).await?;
        }
        self.delete_rows(cleaning_id, others).await
    }

    /// Deletes runs with their logs, in as many transactions as these take.
    async fn delete_rows(&self, cleaning_id: i32, rows: Vec<PastRun>) -> Result<()> {
        let ids: Vec<i64> = rows.iter().map(|run| run.id).collect();
        let logs = logs::known(self.services.db.reader(), &ids).await?;
        let logs: HashMap<i64, log::Model> = logs.into_iter().map(|log| (log.run_id, log)).collect();
        for large in logs.values().filter(|log| log.stored > BYTES) {
            delete_parts(&self.services, large.run_id, large.claim).await?;
        }
        let size = |run: &PastRun| logs.get(&run.id).map_or(0, |log| log.stored).min(BYTES);
        for part in parts(&rows, size) {
            let transaction = self.services.db.begin().await?;
            logs::delete(&transaction, part.iter().map(|run| run.id).collect()).await?;
            let gone = runs::delete(&transaction, part).await?;
            store::add_gone(&transaction, cleaning_id, gone as i64).await?;
            transaction.commit().await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// All has been looked through.
    async fn end(&self, cleaning: Model) -> Result<()> {
        let transaction = self.services.db.begin().await?;
        let now = self.services.clock.now();
        let Some(gone) = store::end(&transaction, cleaning.id, now).await? else { return Ok(()) };
        let cleaned = Cleaned::stored(&transaction, Model { gone, ..cleaning }).await?;
        let asker = Caller {
            user_id: cleaned.cleaning.actor_id.unwrap_or_default(),
            name: cleaned.cleaning.actor.clone(),
            address: cleaned.cleaning.address.clone(),
            ..Caller::operator()
        };
        audit::commit(&self.services, &asker, transaction, [Entry::done(Verb::CleanUp, &cleaned)]).await
    }

    /// Works until it is told to end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = EVERY;
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            pause = match stop.run_until_cancelled(self.tick()).await {
                Some(Ok(true)) => PAUSE,
                Some(Ok(false)) | None => EVERY,
                Some(Err(error)) => {
                    // What was done is told by the row; the rest is found anew.
                    self.work = None;
                    tracing::warn!(%error, "old runs could not be deleted; trying again");
                    EVERY
                }
            };
        }
    }
}

impl Work {
    fn past(&self, executor_id: i32) -> Past {
        let Model { job_id, due_before, what, .. } = self.cleaning;
        Past { executor_id, job_id, due_before, succeeded: what == What::SuccessTooOld }
    }

    fn takes(&self, run: &PastRun) -> bool {
        let is_old = |newest: &HashMap<i32, Position>| {
            newest.get(&run.job_id).is_some_and(|newest| run.position() <= *newest)
        };
        self.newest.as_ref().is_none_or(is_old)
    }

    fn next_executor(&mut self) {
        self.executors.pop_front();
        (self.newest, self.after) = (None, None);
    }
}

/// The rows in parts of at most 250 of them, and of at most 4 MiB of logs.
fn parts(rows: &[PastRun], size: impl Fn(&PastRun) -> i64) -> Vec<&[PastRun]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, row) in rows.iter().enumerate() {
        bytes += size(row);
        if at > start && (at - start == RUNS || bytes > BYTES) {
            parts.push(&rows[start..at]);
            (start, bytes) = (at, size(row));
        }
    }
    if start < rows.len() {
        parts.push(&rows[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_takes_so_many_runs_and_so_much_of_their_logs() {
        let rows: Vec<PastRun> =
            (0..600).map(|id| PastRun { id, job_id: 1, due_at: id, shard_index: 0 }).collect();
        let sizes = |size: fn(&PastRun) -> i64| -> Vec<usize> {
            parts(&rows, size).into_iter().map(<[PastRun]>::len).collect()
        };
        assert_eq!(sizes(|_| 0), [250, 250, 100]);
        let large = |run: &PastRun| if run.id < 3 { BYTES } else { 0 };
        assert_eq!(sizes(large), [1, 1, 250, 250, 98]);
        assert!(parts(&[], |_| 0).is_empty());
    }
}
