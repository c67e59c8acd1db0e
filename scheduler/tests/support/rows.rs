//! Rows for tests: complete, plain, and told apart by their ids.

use entity::executor::{self, Registration};
use entity::instance::{self, Client};
use entity::job::{self, *};
use entity::job_cursor;
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
        max_parallel: 0,
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
        labels: String::new(),
        client: Client::Java,
        life: String::new(),
        announced: String::new(),
        version: String::new(),
        workers: 0,
        queue_length: 0,
        generation: 1,
        manual: false,
        registered_at: START,
        seen_at: START,
        draining_since: None,
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
        calendar_id: None,
        calendar_use: CalendarUse::Only,
        blackouts: String::new(),
        blackout_policy: BlackoutPolicy::Suppress,
        misfire_policy: MisfirePolicy::FireOnce,
        catch_up_ms: 3_600_000,
        run_mode: RunMode::Handler,
        handler: "demo".to_owned(),
        parameter: "of the job".to_owned(),
        source: String::new(),
        source_changed_at: 0,
        routing: Routing::First,
        only_on: String::new(),
        blocking: Blocking::Serial,
        overlap: Overlap::Allow,
        slots: 1,
        queue_length: 100,
        priority: 0,
        timeout_s: 0,
        retries: 0,
        retry_delay_s: 0,
        retry_backoff: RetryBackoff::Fixed,
        retry_jitter_s: 0,
        retry_on: RetryOn::USUAL,
        stop_after_failures: 0,
        failures_since: 0,
        failure_stop_at: None,
        failure_stop_count: 0,
        failure_stop_run: None,
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
        held_from: None,
        last_at: START - 1_000,
        route_seq: 0,
        backfill_slots: 1,
    }
}
