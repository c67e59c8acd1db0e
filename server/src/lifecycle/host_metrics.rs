//! Writes what executors report of their hosts, and removes what is too old.

use crate::state::ServerState;
use scheduler::host_metrics::{Kept, flush, sweep};
use scheduler::{Services, retention};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Reports wait for so long at most; all of them are written together.
const FLUSH: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(60);

/// Writes until the end, and what came last.
pub async fn keep(state: ServerState, stop: CancellationToken) {
    let mut period = tokio::time::interval(FLUSH);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    while stop.run_until_cancelled(period.tick()).await.is_some() {
        let result = flush(&state.services, &state.host_metrics).await;
        if let Err(error) = &result
            && !failing
        {
            tracing::warn!(%error, "how hosts are doing cannot be written; trying again");
        }
        failing = result.is_err();
    }
    if let Err(error) = flush(&state.services, &state.host_metrics).await {
        tracing::warn!(%error, "how hosts were doing last was not written");
    }
}

/// Removes what is too old until the end. Not at the start, where the database has better to do.
pub async fn prune(state: ServerState, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        if let Err(error) = sweep_by_policy(&state.services).await {
            tracing::warn!(%error, "old reports of hosts could not be removed");
        }
    }
}

async fn sweep_by_policy(services: &Services) -> scheduler::Result<u64> {
    let policy = retention::current(services).await?;
    sweep(services, Kept::by(&policy)).await
}
