//! Standing still, and going on: what the planner does when something is frozen or thawed.

use super::Planner;
use crate::Result;
use crate::engine::step::{Step, What};
use std::collections::BTreeSet;

/// The freezes that this server stands by.
#[derive(Debug, Default)]
pub struct Heeded {
    lasting: BTreeSet<i32>,
    /// Up to which the other servers have been told.
    told: i32,
}

impl Planner {
    /// Takes note of what the directory says is frozen. What was claimed and not sent is handed back; when
    /// nothing of it is on its way any more, whoever froze it is told. What was thawed is read anew with
    /// the buckets.
    pub(super) async fn heed_freezes(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let lasting = shared.directory.freezes().ids();
        if lasting != self.heeded.lasting {
            if !self.heeded.lasting.is_subset(&lasting) {
                self.cursors.forget_all();
            }
            self.heeded.lasting = lasting;
        }
        let Some(newest) = self.heeded.lasting.last().copied().filter(|id| *id > self.heeded.told) else {
            return Ok(());
        };
        self.hand_back_frozen();
        let freezes = shared.directory.freezes();
        let is_sending = shared.lanes.is_sending(|namespace_id| freezes.is_frozen(namespace_id));
        if let Some(lease) = shared.holdings().lease.filter(|_| !is_sending) {
            shared.store.heed(lease, newest).await?;
            self.heeded.told = newest;
        }
        Ok(())
    }

    /// What was claimed before, and is not sent, waits again.
    pub(super) fn hand_back_frozen(&self) {
        let shared = &self.shared;
        let freezes = shared.directory.freezes();
        for order in shared.lanes.withdraw_all(|namespace_id| freezes.is_frozen(namespace_id)) {
            let what = What::HandBack { claim: order.claim };
            shared.facts.note(Step { run_id: order.run_id, at: shared.now(), what });
        }
    }
}
