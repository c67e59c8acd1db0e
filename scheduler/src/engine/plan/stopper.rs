//! Stopping the runs that a later run of their job replaces: it goes out when their executors have
//! answered, for the protocol stops jobs and not runs, and it would be stopped with them.

use crate::engine::shared::Shared;
use crate::engine::stop;
use entity::run::Model as Run;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::task::{Id, JoinError, JoinSet};

/// The stops under way, by job.
#[derive(Default)]
pub struct Stopper {
    tasks: JoinSet<()>,
    jobs: HashMap<Id, (i32, i32)>,
}

impl Stopper {
    /// Tells the executors of these runs of one job, which have ended here. What was not sent yet never is.
    pub fn stop(&mut self, shared: &Arc<Shared>, runs: &[&Run]) {
        let is_out = |run: &&&Run| !shared.lanes.withdraw(run.executor_id, run.id, run.due_at);
        let runs: Vec<&Run> = runs.iter().filter(is_out).copied().collect();
        let calls = stop::calls(shared, &runs);
        let Some(run) = runs.first().filter(|_| !calls.is_empty()) else { return };
        let task = self.tasks.spawn(stop::stop(shared.clone(), calls));
        self.jobs.insert(task.id(), (run.job_id, run.executor_id));
    }

    /// Whether an executor is still being told to stop runs of this job.
    pub fn is_stopping(&self, job_id: i32) -> bool {
        self.jobs.values().any(|(id, _)| *id == job_id)
    }

    /// Whether answers are awaited.
    pub fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Waits until the next one has answered; for ever where none is told.
    pub async fn answered(&mut self, released: &mut HashSet<i32>) {
        match self.tasks.join_next_with_id().await {
            Some(answer) => released.extend(self.note(answer)),
            None => std::future::pending().await,
        }
    }

    /// Whose executors have answered since the last time: something that waits there may go.
    pub fn take_answered(&mut self) -> Vec<i32> {
        let mut released = Vec::new();
        while let Some(answer) = self.tasks.try_join_next_with_id() {
            released.extend(self.note(answer));
        }
        released
    }

    fn note(&mut self, answer: Result<(Id, ()), JoinError>) -> Option<i32> {
        let id = answer.map_or_else(|error| error.id(), |(id, ())| id);
        self.jobs.remove(&id).map(|(_, executor_id)| executor_id)
    }
}
