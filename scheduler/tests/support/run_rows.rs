//! Runs for tests: complete, plain, and told apart by their ids.

use entity::job;
use entity::run::{self, RunKind, RunState};
use scheduler::rules::bucket::bucket_of;

/// A run of the schedule that was claimed and sent to instance 1.
pub fn sending(id: i64, job: &job::Model, at: i64, claim: i64) -> run::Model {
    run::Model {
        state: RunState::Sending,
        claim,
        fence: 17,
        instance_id: Some(1),
        instance_generation: 1,
        deadline_at: Some(at + 60_000),
        ..run::Model::waiting(id, job, bucket_of(job.id), at)
    }
}

/// A run by hand that waits.
pub fn waiting(id: i64, job: &job::Model, at: i64) -> run::Model {
    run::Model {
        kind: RunKind::Manual,
        slot: -id,
        state: RunState::Waiting,
        fence: 0,
        instance_id: None,
        instance_generation: 0,
        deadline_at: None,
        ..sending(id, job, at, 0)
    }
}
