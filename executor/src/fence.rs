//! What is refused because somebody newer has spoken: see [`protocol::native`].

use std::collections::{HashMap, VecDeque};

use protocol::native::{AskedRun, FencedRun, epoch};

/// How many runs are remembered that were asked for and had not come.
const MOST_SHUT_OUT: usize = 100_000;

/// Why a run of a server that lost the right to send it is not taken.
pub(crate) const TEXT_FENCED: &str =
    "Another server has taken over, or has asked for this run: it was sent too late.";

/// The highest fences that servers have shown.
#[derive(Debug, Default)]
pub(crate) struct Fences {
    /// By bucket: which server has the right to send its runs.
    epochs: HashMap<i16, i64>,
    /// By run that was asked for and had not come: the fence that it needs at least.
    shut_out: HashMap<i64, i64>,
    /// In the order in which they were asked for.
    order: VecDeque<i64>,
}

impl Fences {
    /// Whether a run may come in by this fence.
    pub fn admits(&mut self, fenced: &FencedRun) -> bool {
        let FencedRun { bucket, fence, run } = fenced;
        let is_open = self.shut_out.get(&run.log_id).is_none_or(|least| fence >= least);
        self.hear(*bucket, *fence) && is_open
    }

    /// Refuses from now on what was sent of this run below this fence. False when the question itself is out
    /// of date: then nothing may be concluded from the answer.
    pub fn shut_out(&mut self, asked: AskedRun) -> bool {
        if !self.hear(asked.bucket, asked.fence) {
            return false;
        }
        if self.shut_out.insert(asked.run_id, asked.fence).is_none() {
            self.order.push_back(asked.run_id);
        }
        if self.order.len() > MOST_SHUT_OUT
            && let Some(oldest) = self.order.pop_front()
        {
            self.shut_out.remove(&oldest);
        }
        true
    }

    /// Notes who speaks for a bucket; whether nobody newer has.
    pub fn hear(&mut self, bucket: i16, fence: i64) -> bool {
        let newest = self.epochs.entry(bucket).or_default();
        *newest = epoch(fence).max(*newest);
        epoch(fence) == *newest
    }
}

#[cfg(test)]
#[path = "fence_tests.rs"]
mod tests;
