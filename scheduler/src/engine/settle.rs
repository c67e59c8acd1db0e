//! Settling: entering runs into the way from jobs to runs, in bulk, when their ids are so old that
//! no row can appear below them any more.

use super::shared::Shared;
use crate::Result;
use crate::store::engine::OpenBlock;
use entity::id_block::BLOCK;
use entity::{DUTY_BUCKET, Millis};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Runs entered per transaction: some milliseconds.
const SLICE: i64 = 1_000;
/// Between slices, so that claims and results go before.
const BREATH: Duration = Duration::from_millis(20);
const EVERY: Duration = Duration::from_secs(5);
/// Sightings remembered per block: one per `EVERY` within the age looked for.
const SIGHTINGS: usize = 64;

/// The settling loop's state.
pub struct Settler {
    shared: Arc<Shared>,
    /// How far each open block was in use at which time.
    seen: HashMap<i64, Vec<(Millis, i64)>>,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettleReport {
    pub runs: usize,
    pub blocks: usize,
}

impl Settler {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seen: HashMap::new() }
    }

    /// Settles what is old enough, if this server has the duty.
    pub async fn tick(&mut self) -> Result<SettleReport> {
        let mut report = SettleReport::default();
        let shared = self.shared.clone();
        if !shared.holdings().epochs.contains_key(&DUTY_BUCKET) {
            return Ok(report);
        }
        let now = shared.now();
        let blocks = shared.store.open_blocks().await?;
        self.seen.retain(|start, _| blocks.iter().any(|block| block.start == *start));
        let newest = blocks.last().map(|block| block.start);
        for mut block in blocks {
            let up_to = self.settled_limit(block, now, newest != Some(block.start));
            if up_to > block.settled_to {
                report.blocks += 1;
            }
            while block.settled_to < up_to {
                let end = up_to.min(block.settled_to + SLICE);
                report.runs += shared.store.settle(block, end).await?.runs;
                block.settled_to = end;
                tokio::time::sleep(BREATH).await;
            }
        }
        Ok(report)
    }

    /// Up to where nothing can be inserted any more. An id is inserted within moments of being
    /// taken, and ids are taken in order: what was in use a while ago has no gaps to be filled. A
    /// block that did not move for as long, with a later one in use, is given up by its server.
    fn settled_limit(&mut self, block: OpenBlock, now: Millis, has_later: bool) -> i64 {
        let age = self.shared.settings.settle_after_ms;
        let sightings = self.seen.entry(block.start).or_default();
        sightings.push((now, block.used_to));
        let old = sightings.iter().rev().find(|(at, _)| now - at >= age).copied();
        if let Some((at, _)) = old {
            sightings.retain(|(seen_at, _)| *seen_at >= at);
        }
        if sightings.len() > SIGHTINGS {
            sightings.remove(1);
        }
        match old {
            Some((_, used_to)) if used_to == block.used_to && has_later => block.start + BLOCK,
            Some((_, used_to)) => used_to,
            None => block.settled_to,
        }
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
