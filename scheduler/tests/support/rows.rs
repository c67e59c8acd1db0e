//! Rows for tests: complete, plain, and told apart by their ids.

use entity::executor::{self, Registration};
use entity::instance::{self, Client};
use entity::job::{self, *};
use entity::job_cursor;
use entity::run::{self, Reason, RunKind, RunState};
use scheduler::rules::bucket::bucket_of;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000;

pub fn executor(id: i32) -> executor::Model {
    executor::Model {
        id,
        namespace_id: 1,
        app_name: format!("app{id}"),
        title: format!("Executor {id}"),
        registration: Registration::Automatic,
        addresses: String::new(),
        token: format!("token{id}"),
        old_token: None,
        old_token_until: None,
        version: 1,
        created_at: START,
        updated_at: START,
    }
}

pub fn instance(id: i32, executor_id: i32) -> instance::Model {
    instance::Model {
        id,
        executor_id,
        address: format!("http://10.0.0.{id}:9999"),
        client: Client::Java,
        generation: 1,
        manual: false,
        registered_at: START,
        seen_at: START,
        gone_at: None,
    }
}

/// A job that fires every second.
pub fn job(id: i32, executor_id: i32) -> job::Model {
    job::Model {
        id,
        namespace_id: 1,
        executor_id,
        name: format!("job {id}"),
        description: String::new(),
        owner: String::new(),
        state: JobState::On,
        schedule_kind: ScheduleKind::Cron,
        schedule: "* * * * * ?".to_owned(),
        zone: "UTC".to_owned(),
        gap_policy: GapPolicy::EndOfGap,
        repeat_policy: RepeatPolicy::First,
        valid_from: None,
        valid_until: None,
        spread_s: 0,
        misfire_policy: MisfirePolicy::FireOnce,
        catch_up_ms: 3_600_000,
        run_mode: RunMode::Handler,
        handler: "demo".to_owned(),
        parameter: "of the job".to_owned(),
        source: String::new(),
        source_changed_at: 0,
        routing: Routing::First,
        blocking: Blocking::Serial,
        timeout_s: 0,
        version: 1,
        created_at: START,
        updated_at: START,
        updated_by: None,
    }
}

pub fn cursor(job: &job::Model, next_at: Option<i64>) -> job_cursor::Model {
    job_cursor::Model {
        job_id: job.id,
        bucket: bucket_of(job.id),
        version: job.version,
        next_at,
        last_at: START - 1_000,
        route_seq: 0,
    }
}

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
