//! Telling executors to stop runs that are past their limit: theirs ended by themselves only where the
//! client keeps to the limit, and not every client does.

use crate::engine::directory::Target;
use crate::engine::dispatcher::Call;
use crate::engine::shared::Shared;
use entity::run::Model as Run;
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::Arc;

/// Requests at the same time.
const WIDTH: usize = 16;

/// Asks the instances of `runs` to stop what they run of these jobs. The runs have ended whatever the
/// answers are, so nobody waits for them.
pub fn stop(shared: &Arc<Shared>, runs: &[&Run]) {
    let calls = calls(shared, runs);
    if calls.is_empty() {
        return;
    }
    let shared = shared.clone();
    tokio::spawn(async move {
        let ask = |(target, job_id): (Arc<Target>, i32)| {
            let shared = shared.clone();
            async move {
                if let Err(failure) = shared.dispatcher.call(&target, Call::Kill { job_id }).await {
                    tracing::warn!(job_id, address = %target.address, %failure, "a run past its limit cannot be stopped");
                }
            }
        };
        futures::stream::iter(calls).for_each_concurrent(WIDTH, ask).await;
    });
}

/// One request for each job and instance: the protocol stops jobs, not runs.
fn calls(shared: &Shared, runs: &[&Run]) -> Vec<(Arc<Target>, i32)> {
    let targets = runs.iter().filter_map(|run| {
        let instance_id = run.instance_id?;
        let target = shared.directory.target(run.executor_id, instance_id)?;
        Some(((instance_id, run.job_id), (target, run.job_id)))
    });
    targets.collect::<HashMap<_, _>>().into_values().collect()
}
