//! Runs for tests: complete, plain, and told apart by their ids.

use entity::job;
use entity::run::{self, RunKind};
use scheduler::rules::bucket::bucket_of;

/// A run by hand that waits.
pub fn waiting(id: i64, job: &job::Model, at: i64) -> run::Model {
    run::Model { kind: RunKind::Manual, slot: -id, ..run::Model::waiting(id, job, bucket_of(job.id), at) }
}
