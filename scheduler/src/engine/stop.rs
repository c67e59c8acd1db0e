//! Telling executors to stop runs that have ended here: those past their limit, which end by
//! themselves only where the client keeps to it, and those that a later run replaces.

use super::directory::Target;
use super::dispatcher::Call;
use super::shared::Shared;
use entity::run::Model as Run;
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::Arc;

/// Requests at the same time.
const WIDTH: usize = 16;

/// To whom, and which job.
pub type StopCall = (Arc<Target>, i32);

/// One request for each job and instance of `runs`: the protocol stops jobs, not runs.
pub fn calls<'a>(shared: &Shared, runs: impl IntoIterator<Item = &'a &'a Run>) -> Vec<StopCall> {
    let targets = runs.into_iter().filter_map(|run| {
        let instance_id = run.instance_id?;
        let target = shared.directory.target(run.executor_id, instance_id)?;
        Some(((instance_id, run.job_id), (target, run.job_id)))
    });
    targets.collect::<HashMap<_, _>>().into_values().collect()
}

/// Asks the instances to stop what they run of these jobs, and waits for the answers.
pub async fn stop(shared: Arc<Shared>, calls: Vec<StopCall>) {
    let ask = |(target, job_id): StopCall| {
        let shared = shared.clone();
        async move {
            if let Err(failure) = shared.dispatcher.call(&target, Call::Kill { job_id }).await {
                tracing::warn!(job_id, address = %target.address, %failure, "a run that has ended cannot be stopped");
            }
        }
    };
    futures::stream::iter(calls).for_each_concurrent(WIDTH, ask).await;
}
