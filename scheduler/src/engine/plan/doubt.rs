//! What waits because others of its job are in doubt: when it is looked at again.

use super::Planner;
use crate::Result;
use crate::rules::doubt::may_be_in_doubt;
use entity::Millis;
use std::collections::HashSet;

/// Rows read at most when buckets came: more than the windows of a good many executors.
const MOST: u64 = 100_000;
/// Runs in doubt of which the poll looks whether they still are: nobody may have told.
const SLICE: usize = 1_000;

impl Planner {
    /// Brings what is known of runs in doubt up to date, and takes note of what need not wait for them any
    /// more. What came with its bucket is read before anything is claimed.
    pub(super) async fn look_at_doubts(&mut self, poll: bool, fresh: bool) -> Result<()> {
        let shared = self.shared.clone();
        if fresh {
            let buckets = shared.holdings().buckets();
            let read = shared.store.doubtful(&buckets, Millis::MAX, shared.now(), MOST).await?;
            shared.doubts.add_all(&read);
        }
        let mut to_read = shared.doubts.take_changed();
        if poll {
            to_read.extend(shared.doubts.next_slice(SLICE));
            // An instance that came may take what waits for another.
            self.changed_runs.extend(self.queue.first_in_doubt());
        }
        self.settle_doubts(to_read.into_iter().collect()).await?;
        for site in shared.doubts.take_settled() {
            self.changed_runs.extend(self.queue.in_doubt(site.executor_id, site.job_id));
        }
        Ok(())
    }

    /// Settles those of the runs whose rows say so, or are gone.
    async fn settle_doubts(&self, run_ids: Vec<i64>) -> Result<()> {
        if run_ids.is_empty() {
            return Ok(());
        }
        let moment = self.shared.doubts.now();
        let found = self.shared.store.runs(&run_ids).await?;
        let doubtful = found.iter().filter(|found| may_be_in_doubt(&found.run));
        let doubtful: HashSet<i64> = doubtful.map(|found| found.run.id).collect();
        let settled = run_ids.into_iter().filter(|id| !doubtful.contains(id));
        settled.for_each(|id| self.shared.doubts.settle_as_of(id, moment));
        Ok(())
    }
}
