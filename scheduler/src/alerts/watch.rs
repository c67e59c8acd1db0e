//! The loop that decides what is told.

use super::Alerts;
use super::deadlines::Settled;
use super::look::Scene;
use crate::Result;
use crate::store::alerts as store;
use entity::Millis;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// A look finds what was due so lately (ms). What was due earlier has run for long, or was found late, and is
/// found by a longer look, which comes less often.
const LATELY_MS: Millis = 600_000;
const LONG_AGO_MS: Millis = 24 * 3_600_000;
const LONG_LOOK_MS: Millis = 30_000;
/// How long what was told is kept, how often old rows are looked for, and how many go in one transaction (ms).
const KEPT_MS: Millis = 30 * 24 * 3_600_000;
const PRUNE_MS: Millis = 600_000;
const SLICE: u64 = 200;

/// Whether the cluster's duties are this server's.
pub type OnDuty = Arc<dyn Fn() -> bool + Send + Sync>;

/// The loop's state.
pub struct Watcher {
    alerts: Alerts,
    on_duty: OnDuty,
    /// Runs that were looked at: nothing new can be told of them.
    seen: HashSet<i64>,
    /// Times of day by which all was as it should be.
    settled: Settled,
    long_look_at: Millis,
    prune_at: Millis,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchReport {
    /// Things that happened and are told.
    pub told: usize,
    pub recovered: usize,
    pub escalated: usize,
    /// Alerts that go out now.
    pub sent: usize,
}

impl Watcher {
    pub fn new(alerts: Alerts, on_duty: OnDuty) -> Self {
        Self { alerts, on_duty, seen: HashSet::new(), settled: Settled::new(), long_look_at: 0, prune_at: 0 }
    }

    /// Looks once. Two servers that both believe to be on duty write nothing twice: the second meets the keys
    /// of the first, and looks again.
    pub async fn tick(&mut self) -> Result<WatchReport> {
        if !(self.on_duty)() {
            return Ok(WatchReport::default());
        }
        let now = self.alerts.services.clock.now();
        let scene = Scene::of(&self.alerts).await?;
        if scene.rules.is_empty() {
            return Ok(WatchReport::default());
        }
        let is_long = now >= self.long_look_at;
        let since = now - if is_long { LONG_AGO_MS } else { LATELY_MS };
        let mut found = self.alerts.ended(&scene, since, &self.seen).await?;
        let ended: Vec<i64> = found.iter().filter_map(|seen| seen.run_id).collect();
        found.extend(self.alerts.overdue(&scene, now).await?);
        found.extend(self.alerts.offline(&scene, now).await?);
        found.extend(self.alerts.stopped(&scene, now - LONG_AGO_MS).await?);
        if is_long {
            found.extend(self.alerts.longer(&scene, now).await?);
            found.extend(self.alerts.deadlines(&scene, &mut self.settled, now).await?);
        }
        let told = self.alerts.gather(&scene, found, now).await?;
        self.seen.extend(ended);
        if is_long {
            self.long_look_at = now + LONG_LOOK_MS;
        }
        let followed = self.alerts.follow_incidents(&scene, now).await?;
        let sent = self.alerts.close_due(&scene, now).await?;
        Ok(WatchReport { told, recovered: followed.recovered, escalated: followed.escalated, sent })
    }

    /// Deletes what was told long ago.
    async fn prune(&mut self) -> Result<()> {
        let now = self.alerts.services.clock.now();
        if now < self.prune_at || !(self.on_duty)() {
            return Ok(());
        }
        self.prune_at = now + PRUNE_MS;
        // A day has passed since what is in it could be found again.
        if self.seen.len() > 100_000 {
            self.seen.clear();
        }
        loop {
            let transaction = self.alerts.services.db.begin().await?;
            let deleted = store::delete_before(&transaction, now - KEPT_MS, SLICE).await?;
            transaction.commit().await?;
            if deleted < SLICE as usize {
                return Ok(());
            }
        }
    }

    /// Ticks until it is told to end.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tick()).await {
                tracing::warn!(%error, "what is to be told could not be looked for; trying again");
            }
            if let Some(Err(error)) = stop.run_until_cancelled(self.prune()).await {
                tracing::warn!(%error, "old alerts could not be deleted");
            }
        }
    }
}
