//! Runs for tests: complete, plain, and told apart by their ids.

use entity::job;
use entity::run::{self, Reason, RunKind, RunState};
use scheduler::rules::bucket::bucket_of;

/// A run of the schedule that was claimed and sent to instance 1.
pub fn sending(id: i64, job: &job::Model, at: i64, claim: i64) -> run::Model {
    let bucket = bucket_of(job.id);
    run::Model {
        id,
        job_id: job.id,
        kind: RunKind::Schedule,
        job_version: job.version,
        nominal_at: at,
        due_at: at,
        slot: 0,
        state: RunState::Sending,
        reason: Reason::None,
        code: 0,
        attention: None,
        bucket,
        live_bucket: Some(bucket),
        follow_ok: false,
        follow_fail: false,
        claim,
        fence: 17,
        executor_id: job.executor_id,
        instance_id: Some(1),
        instance_generation: 1,
        parent_id: None,
        shard_index: 0,
        shard_total: 1,
        attempt: 1,
        priority: 0,
        span_last: None,
        span_count: 1,
        deadline_at: Some(at + 60_000),
        sent_at: None,
        accepted_at: None,
        ended_at: None,
        late_code: None,
        late_at: None,
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
