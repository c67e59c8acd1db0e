//! What waits because others of its job are in doubt: when it is looked at again.

use super::Planner;
use crate::Result;
use crate::rules::doubt::may_be_in_doubt;
use crate::store::engine::RunWithParameter;
use entity::Millis;
use entity::run::{Model as Run, RunState};
use std::collections::HashSet;

/// Rows read at most when buckets came: more than the windows of a good many executors.
const MOST: u64 = 100_000;
/// Runs in doubt of which the poll looks whether they still are: nobody may have told.
const SLICE: usize = 1_000;

impl Planner {
    /// Brings what is known of runs in doubt up to date, and takes note of what need not wait for them any
    /// more. What came with its bucket is read before anything is claimed. What was sent by somebody else
    /// counts as in doubt until its row says that it was answered: of what a life that is over was sending nobody
    /// knows whether it arrived, and what an owner before is still sending may come into doubt there, which nobody
    /// here would hear of.
    pub(super) async fn look_at_doubts(&mut self, poll: bool, fresh: bool) -> Result<()> {
        let shared = self.shared.clone();
        if fresh {
            let holdings = shared.holdings();
            let read = shared.store.doubtful(&holdings.buckets(), Millis::MAX, shared.now(), MOST).await?;
            let is_foreign = |run: &&Run| run.state == RunState::Sending && run.claim != holdings.claim();
            shared.doubts.add_all(read.iter().filter(|run| run.state == RunState::Unknown));
            shared.doubts.add_all(read.iter().filter(is_foreign));
            let foreign = read.iter().filter(is_foreign);
            let of_another = foreign.filter(|run| holdings.is_of_another(run.claim));
            self.sent_elsewhere.extend(of_another.map(|run| run.id));
        }
        let mut to_read = shared.doubts.take_changed();
        to_read.extend(self.sent_elsewhere.iter().take(SLICE));
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
    async fn settle_doubts(&mut self, run_ids: Vec<i64>) -> Result<()> {
        if run_ids.is_empty() {
            return Ok(());
        }
        let moment = self.shared.doubts.now();
        let found = self.shared.store.runs(&run_ids).await?;
        let doubtful = found.iter().filter(|found| may_be_in_doubt(found.run.state));
        let doubtful: HashSet<i64> = doubtful.map(|found| found.run.id).collect();
        let is_being_sent = |found: &&RunWithParameter| found.run.state == RunState::Sending;
        let being_sent: HashSet<i64> = found.iter().filter(is_being_sent).map(|found| found.run.id).collect();
        for id in run_ids {
            if !being_sent.contains(&id) {
                self.sent_elsewhere.remove(&id);
            }
            if !doubtful.contains(&id) {
                self.shared.doubts.settle_as_of(id, moment);
            }
        }
        Ok(())
    }
}
