//! Deleting logs that are too old, and the oldest ones where all together take too much.

use super::{Logs, delete_parts};
use crate::store::logs as store;
use crate::{Result, retention};
use entity::{Millis, log};
use std::sync::PoisonError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub use crate::store::logs::KeptLogs;

const DAY: Millis = 24 * 3_600_000;
const MIB: i64 = 1 << 20;
/// Between two looks.
const EVERY: Duration = Duration::from_secs(600);
/// Logs deleted in one transaction, and bytes: more than that goes part by part.
const ROWS: u64 = 100;
const BYTES: i64 = 4 << 20;
/// Transactions of one look.
const MOST: usize = 1_000;
/// Between two of them, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(20);

impl Logs {
    /// Deletes what is too old by the policy at `now` (ms), and what is too much; how many logs.
    pub async fn delete_old(&self, now: Millis) -> Result<usize> {
        let reader = self.services.db.reader();
        let policy = retention::current(&self.services).await?;
        let too_old = now - Millis::from(policy.log_days) * DAY;
        let mut deleted = 0;
        let mut excess = store::kept(reader).await?.bytes - i64::from(policy.log_mib) * MIB;
        for _ in 0..MOST {
            let before = (excess <= 0).then_some(too_old);
            let oldest = store::oldest(reader, before, ROWS).await?;
            let gone = some_of(oldest, too_old, excess);
            if gone.is_empty() {
                return Ok(deleted);
            }
            for large in gone.iter().filter(|log| log.stored > BYTES) {
                delete_parts(&self.services, large.run_id, large.claim).await?;
            }
            let transaction = self.services.db.begin().await?;
            store::delete(&transaction, gone.iter().map(|log| log.run_id).collect()).await?;
            transaction.commit().await?;
            excess -= gone.iter().map(|log| log.stored).sum::<i64>();
            deleted += gone.len();
            tokio::time::sleep(PAUSE).await;
        }
        Ok(deleted)
    }

    /// What there was at the last look, some minutes ago; none before the first one.
    pub fn kept(&self) -> Option<KeptLogs> {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks how much there is.
    pub async fn count_kept(&self) -> Result<KeptLogs> {
        let kept = store::kept(self.services.db.reader()).await?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(kept)
    }

    /// Looks how much there is, and deletes what is too old or too much where the cluster's singleton duties are this
    /// server's, until it is told to end.
    pub async fn run_retention(self, stop: CancellationToken) {
        loop {
            if let Some(Err(error)) = stop.run_until_cancelled(self.count_kept()).await {
                tracing::warn!(%error, "the logs that are kept cannot be counted");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
            if !self.origin.has_duties() {
                continue;
            }
            let now = self.services.clock.now();
            match stop.run_until_cancelled(self.delete_old(now)).await {
                Some(Ok(0)) | None => {}
                Some(Ok(logs)) => tracing::debug!(logs, "old logs were deleted"),
                Some(Err(error)) => tracing::warn!(%error, "old logs could not be deleted"),
            }
        }
    }
}

/// Of the oldest logs those that have to go and fit into one transaction.
fn some_of(oldest: Vec<log::Model>, too_old: Millis, mut excess: i64) -> Vec<log::Model> {
    let mut some = Vec::new();
    let mut bytes = 0;
    for log in oldest {
        let has_to_go = log.kept_at < too_old || excess > 0;
        bytes += log.stored;
        if !has_to_go || (bytes > BYTES && !some.is_empty()) {
            break;
        }
        excess -= log.stored;
        some.push(log);
    }
    some
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::log::LogState;

    fn log(run_id: i64, kept_at: Millis, stored: i64) -> log::Model {
        let (state, trouble) = (LogState::Kept, None);
        log::Model { run_id, state, claim: 1, kept_at, last_line: 1, bytes: 1, stored, trouble }
    }

    fn gone(oldest: &[log::Model], too_old: Millis, excess: i64) -> Vec<i64> {
        some_of(oldest.to_vec(), too_old, excess).iter().map(|log| log.run_id).collect()
    }

    #[test]
    fn the_old_go_and_the_oldest_while_there_is_too_much() {
        let logs = [log(1, 10, 100), log(2, 20, 100), log(3, 30, 100)];
        assert_eq!(gone(&logs, 20, 0), [1]);
        assert_eq!(gone(&logs, 0, 150), [1, 2]);
        assert!(gone(&logs, 0, 0).is_empty());
    }

    #[test]
    fn one_transaction_deletes_a_bounded_number_of_bytes_and_at_least_one_log() {
        let logs = [log(1, 1, BYTES), log(2, 2, 1), log(3, 3, 1)];
        assert_eq!(gone(&logs, 9, 0), [1]);
        assert_eq!(gone(&[log(1, 1, 3 * BYTES)], 9, 0), [1]);
    }
}
