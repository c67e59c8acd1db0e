//! Settling: entering runs into the way from jobs to runs, in bulk, when their ids are so old that
//! no row can appear below them any more.

use super::shared::Shared;
use crate::Result;
use crate::store::engine::OpenBlock;
use entity::Millis;
use entity::id_block::BLOCK;
use entity::run_by_job::Model as Entry;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Runs that are read at once and sorted by job, of however many blocks, which a busy server fills in moments: the
/// runs of a job then lie together, and cost one page of the database instead of one each. A run takes 24 bytes of
/// memory meanwhile.
const GATHERED: usize = 500_000;
/// Runs entered per transaction.
const SLICE: usize = 2_000;
/// Between slices, so that claims and results go before.
const BREATH: Duration = Duration::from_millis(20);
/// How often is looked whether there are enough.
const EVERY: Duration = Duration::from_secs(30);
/// So many runs are worth a pass: what a pass writes goes with the jobs that have runs in it. Until they are
/// entered, whoever asks for the runs of a job looks through all of them.
const ENOUGH: i64 = 100_000;
/// Fewer wait for so long at most.
const LONGEST_MS: Millis = 2 * 60_000;
/// A block seen open for so long is given up: nobody takes ids from a block for longer than
/// [`BLOCK_LIFE`](crate::store::ids::BLOCK_LIFE), which is half of it.
const GIVEN_UP_MS: Millis = 2 * 3_600_000;

/// The settling loop's state.
pub struct Settler {
    shared: Arc<Shared>,
    /// What was seen of each open block.
    seen: HashMap<i64, Seen>,
    /// When the last pass began.
    entered_at: Option<Millis>,
}

/// An open block over time.
struct Seen {
    first_at: Millis,
    /// How far it was in use at which time, as far back as matters.
    used_to: Vec<(Millis, i64)>,
}

/// Runs to be entered, and the parts of blocks that they are from, each up to which id.
#[derive(Default)]
struct Gathered {
    runs: Vec<Entry>,
    parts: Vec<(OpenBlock, i64)>,
}

/// Whether so many ids are to be settled now, this long (ms) after the last pass.
fn is_worth_a_pass(waiting: i64, since: Option<Millis>) -> bool {
    waiting >= ENOUGH || waiting > 0 && since.is_none_or(|since| !(0..LONGEST_MS).contains(&since))
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettleReport {
    pub runs: u64,
    pub blocks: usize,
}

impl Settler {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seen: HashMap::new(), entered_at: None }
    }

    /// Settles what is old enough, if this server has the duty.
    pub async fn tick(&mut self) -> Result<SettleReport> {
        let mut report = SettleReport::default();
        let shared = self.shared.clone();
        if !shared.holdings().has_duty() {
            return Ok(report);
        }
        let now = shared.now();
        let blocks = shared.store.open_blocks().await?;
        self.seen.retain(|start, _| blocks.iter().any(|block| block.start == *start));
        let limits = blocks.into_iter().map(|block| (block, self.settled_limit(block, now)));
        let parts: Vec<_> = limits.filter(|(block, up_to)| *up_to > block.settled_to).collect();
        let waiting = parts.iter().map(|(block, up_to)| up_to - block.settled_to).sum();
        if !is_worth_a_pass(waiting, self.entered_at.map(|at| now - at)) {
            return Ok(report);
        }
        let mut gathered = Gathered::default();
        for (block, up_to) in parts {
            report.blocks += 1;
            gathered.runs.extend(shared.store.unsettled(block, up_to).await?);
            gathered.parts.push((block, up_to));
            if gathered.runs.len() >= GATHERED {
                report.runs += self.enter(std::mem::take(&mut gathered)).await?;
            }
        }
        report.runs += self.enter(gathered).await?;
        self.entered_at = Some(now);
        Ok(report)
    }

    /// Where it breaks off nothing is settled: the next one enters what is missing.
    async fn enter(&self, Gathered { mut runs, parts }: Gathered) -> Result<u64> {
        let store = &self.shared.store;
        runs.sort_unstable_by_key(|run| (run.job_id, run.due_at, run.run_id));
        let mut entered = 0;
        for slice in runs.chunks(SLICE) {
            entered += store.enter(slice).await?;
            if !self.shared.rest(BREATH).await {
                return Ok(entered);
            }
        }
        store.settle(&parts).await?;
        Ok(entered)
    }

    /// Up to where nothing can be inserted any more. An id is inserted within moments of being
    /// taken, and ids are taken in order: what was in use a while ago has no gaps to be filled.
    fn settled_limit(&mut self, block: OpenBlock, now: Millis) -> i64 {
        let age = self.shared.settings.settle_after_ms;
        let seen = self.seen.entry(block.start).or_insert(Seen { first_at: now, used_to: Vec::new() });
        seen.used_to.push((now, block.used_to));
        if now - seen.first_at >= GIVEN_UP_MS {
            return block.start + BLOCK;
        }
        let Some((at, used_to)) = seen.used_to.iter().rev().find(|(at, _)| now - at >= age).copied() else {
            return block.settled_to;
        };
        seen.used_to.retain(|(seen_at, _)| *seen_at >= at);
        used_to
    }

    pub async fn run(&mut self) -> Result<()> {
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "runs cannot be settled; trying again");
            }
            if !self.shared.rest(EVERY).await {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_waits_until_there_is_enough_but_not_for_long() {
        assert!(is_worth_a_pass(1, None), "what a server of before left");
        assert!(!is_worth_a_pass(0, None));
        assert!(!is_worth_a_pass(99_999, Some(119_999)));
        assert!(is_worth_a_pass(100_000, Some(0)));
        assert!(is_worth_a_pass(1, Some(120_000)));
        assert!(!is_worth_a_pass(0, Some(120_000)));
        assert!(is_worth_a_pass(1, Some(-1)), "the clock went back");
    }
}
