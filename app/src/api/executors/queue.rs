//! What an executor is doing, and what waits for it.

use entity::run::Reason;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueView {
    /// How many of its runs are out.
    pub out: u64,
    /// The first that wait, in the order in which they go.
    pub lines: Vec<QueueLine>,
    /// Whether there are more.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueLine {
    pub run_id: i64,
    pub job_id: i32,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
    pub reason: Reason,
    pub priority: i16,
    pub due_at: i64,
}

#[cfg(feature = "ssr")]
impl From<scheduler::runs::Queue> for QueueView {
    fn from(queue: scheduler::runs::Queue) -> Self {
        let line = |queued: scheduler::runs::QueuedRun| QueueLine {
            run_id: queued.run.id,
            job_id: queued.run.job_id,
            job_name: queued.job_name,
            reason: queued.run.reason,
            priority: queued.run.priority,
            due_at: queued.run.due_at,
        };
        Self { out: queue.out, lines: queue.waiting.into_iter().map(line).collect(), more: queue.more }
    }
}
