//! The draft that a stored job stands for.

use super::JobDraft;
use crate::rules::schedule::local_time;
use chrono::DateTime;
use chrono_tz::Tz;
use entity::Millis;
use entity::job::Model;

impl JobDraft {
    /// What somebody would have typed for this job and these children. Without the source: an empty one stays as
    /// it is stored.
    pub fn of(job: &Model, children: Vec<i32>) -> Self {
        let zone: Tz = job.zone.parse().unwrap_or(Tz::UTC);
        Self {
            executor_id: job.executor_id,
            name: job.name.clone(),
            description: job.description.clone(),
            owner: job.owner.clone(),
            schedule_kind: job.schedule_kind,
            schedule: job.schedule.clone(),
            zone: job.zone.clone(),
            gap_policy: job.gap_policy,
            repeat_policy: job.repeat_policy,
            valid_from: typed(job.valid_from, zone),
            valid_until: typed(job.valid_until, zone),
            spread_s: job.spread_s,
            calendar_id: job.calendar_id,
            calendar_use: job.calendar_use,
            blackouts: job.blackouts.clone(),
            blackout_policy: job.blackout_policy,
            misfire_policy: job.misfire_policy,
            catch_up_ms: job.catch_up_ms,
            run_mode: job.run_mode,
            handler: job.handler.clone(),
            parameter: job.parameter.clone(),
            source: String::new(),
            routing: job.routing,
            only_on: job.only_on.clone(),
            blocking: job.blocking,
            overlap: job.overlap,
            slots: job.slots,
            queue_length: job.queue_length,
            priority: job.priority,
            timeout_s: job.timeout_s,
            retries: job.retries,
            retry_delay_s: job.retry_delay_s,
            retry_backoff: job.retry_backoff,
            retry_jitter_s: job.retry_jitter_s,
            retry_on: job.retry_on,
            stop_after_failures: job.stop_after_failures,
            children,
        }
    }
}

/// An instant on the clock of the zone; empty for none.
fn typed(at: Option<Millis>, zone: Tz) -> String {
    let at = at.and_then(DateTime::from_timestamp_millis);
    at.map(|at| local_time::text(at.with_timezone(&zone).naive_local())).unwrap_or_default()
}
