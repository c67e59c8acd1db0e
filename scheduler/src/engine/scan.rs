//! Scanning: the engine looks for signs that one of its own promises is broken, and says so loudly.
//! It mends nothing: what it finds is a defect, and covering it up would hide it.

use super::shared::Shared;
use crate::Result;
use crate::store::engine::Breaches;
use entity::Millis;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);
/// Longer than anything may take that goes well: an outage made up for, a doubt of five minutes.
const PATIENCE_MS: Millis = 15 * 60_000;

/// Counts the signs, if this server has the duty; none where another one has it.
pub async fn tick(shared: &Shared) -> Result<Option<Breaches>> {
    let on_duty = shared.holdings().has_duty();
    let found = match on_duty {
        true => {
            let frozen = shared.directory.freezes().frozen();
            Some(shared.store.breaches(shared.now() - PATIENCE_MS, frozen.as_deref()).await?)
        }
        false => None,
    };
    shared.figures.set_breaches(found.unwrap_or_default());
    if let Some(breaches) = found.filter(|found| *found != Breaches::default()) {
        tracing::error!(
            unplanned = breaches.unplanned,
            unended = breaches.unended,
            unfollowed = breaches.unfollowed,
            "promises are broken: fires without a row, runs without an end, ends without what follows"
        );
    }
    Ok(found)
}

/// Ticks every minute, the first time when an outage before the start has been made up for.
pub async fn run(shared: Arc<Shared>) -> Result<()> {
    while shared.rest(EVERY).await {
        if let Err(error) = tick(&shared).await {
            tracing::error!(%error, "the engine cannot check itself; trying again");
        }
    }
    Ok(())
}
