//! Regrouping: jobs of an executor that limits its runs lie in one bucket, so that one server counts. Whoever
//! sets a limit, or gives a job to another executor, moves them; what other servers wrote at that moment, who
//! did not know of it yet, is found here.

use super::shared::Shared;
use crate::Result;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(20);

/// Moves what lies elsewhere than it belongs, if this server has the duty; how many rows.
pub async fn tick(shared: &Shared) -> Result<u64> {
    if !shared.holdings().has_duty() {
        return Ok(0);
    }
    let moved = shared.store.regroup().await?;
    if moved > 0 {
        tracing::info!(rows = moved, "jobs and runs went where the jobs of their executor are");
    }
    Ok(moved)
}

pub async fn run(shared: Arc<Shared>) -> Result<()> {
    while shared.rest(EVERY).await {
        if let Err(error) = tick(&shared).await {
            tracing::error!(%error, "the jobs of executors with a limit cannot be looked at; trying again");
        }
    }
    Ok(())
}
