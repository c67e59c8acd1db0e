//! Instances that stopped registering are gone.

use super::shared::Shared;
use crate::Result;
use crate::signals::Change;
use entity::Millis;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// Marks instances as gone that are silent for too long, and tells whoever routes; returns their
/// executors. `listening_since` is when this server began to listen, or when the clock last jumped:
/// silence before that means nothing.
pub async fn tick(shared: &Shared, listening_since: Millis) -> Result<Vec<i32>> {
    let now = shared.now();
    let cutoff = now - shared.settings.instance_silence_ms;
    let on_duty = shared.holdings().has_duty();
    if !on_duty || listening_since > cutoff {
        return Ok(Vec::new());
    }
    let executors = shared.store.expire_instances(cutoff, now).await?;
    executors.iter().for_each(|id| shared.signals.publish(Change::Executor(*id)));
    Ok(executors)
}

pub async fn run(shared: Arc<Shared>) -> Result<()> {
    let began = shared.now();
    loop {
        let listening_since = shared.timekeeper.as_ref().map_or(began, |keeper| keeper.steady_since());
        if let Err(error) = tick(&shared, listening_since).await {
            tracing::error!(%error, "silent instances cannot be marked; trying again");
        }
        if !shared.rest(EVERY).await {
            return Ok(());
        }
    }
}
