//! What of all that happens is told, by which rule.

use crate::rules::usual::RecentRun;
use chrono_tz::Tz;
use entity::Millis;
use entity::alert_rule::{Event, Model as Rule};
use entity::incident::Model as Incident;
use entity::run::{Model as Run, Reason, RunState};

/// How long an executor has to be offline before that is told (ms): a program that is started anew comes back
/// sooner.
pub const OFFLINE_MS: Millis = 30_000;
/// By how much more than the usual a run has to take at least, for seconds are no trouble (ms).
pub const LONGER_BY_MS: Millis = 10_000;

/// Something that may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub event: Event,
    pub namespace_id: i32,
    pub executor_id: i32,
    /// None where it is the executor itself.
    pub job_id: Option<i32>,
    pub run_id: Option<i64>,
    pub at: Millis,
    /// The only rule that tells of it, where it was seen by that one's measure.
    pub rule_id: Option<i32>,
    pub measure: Measure,
}

/// What was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nothing: it happened.
    None,
    Limit(Millis),
    /// What the job usually takes, and how much of it may pass.
    Usual {
        limit: Millis,
        usual: Millis,
    },
    /// The rule's time of day, on the clock of this zone.
    Clock(Tz),
}

/// How a run ended that a person should look at; none while it may still be retried, and for shards, as the
/// run that they are of ends as the worst of them.
pub fn event_of(run: &Run) -> Option<Event> {
    if run.attention.is_none() || run.live_bucket.is_some() || run.is_shard() {
        return None;
    }
    match run.state {
        RunState::Failed => Some(Event::Failed),
        RunState::TimedOut => Some(Event::TimedOut),
        RunState::Lost => Some(Event::Lost),
        RunState::Skipped => Some(Event::Missed),
        _ => None,
    }
}

/// When that was.
pub fn ended_at(run: &Run) -> Millis {
    run.ended_at.unwrap_or(run.due_at)
}

/// Since when a run is late by the rule, or takes long, and what limit that exceeds.
pub fn overdue_since(rule: &Rule, run: &Run, event: Event, now: Millis) -> Option<(Millis, Measure)> {
    let (begin, seconds) = match event {
        // What is frozen waits because somebody said so.
        Event::Late if run.state == RunState::Waiting && run.reason != Reason::Frozen => {
            (run.due_at, rule.late_s)
        }
        Event::Long if run.state.is_out() && !run.is_shard() => {
            (run.accepted_at.or(run.sent_at)?, rule.long_s)
        }
        _ => return None,
    };
    let limit = i64::from(seconds) * 1_000;
    (begin + limit <= now).then_some((begin + limit, Measure::Limit(limit)))
}

/// Since when a run takes longer by the rule than its job usually does; counted from when it was sent, as what
/// is usual is.
pub fn longer_since(rule: &Rule, run: &Run, usual: Millis, now: Millis) -> Option<(Millis, Measure)> {
    let sent_at = run.sent_at.filter(|_| run.state.is_out() && !run.is_shard())?;
    let limit = (usual.saturating_mul(rule.longer_pct.into()) / 100).max(usual + LONGER_BY_MS);
    let since = sent_at.saturating_add(limit);
    (since <= now).then_some((since, Measure::Usual { limit, usual }))
}

/// Whether the rule is about this executor and job at all.
pub fn concerns(rule: &Rule, namespace_id: i32, executor_id: i32, job_id: Option<i32>) -> bool {
    rule.namespace_id == namespace_id
        && rule.executor_id.is_none_or(|id| id == executor_id)
        // A rule for one job tells nothing of executors.
        && rule.job_id.is_none_or(|id| job_id == Some(id))
}

/// Whether the rule tells of what happened.
pub fn tells(rule: &Rule, seen: &Sighting, now: Millis) -> bool {
    let begins = rule.silent_until.map_or(rule.since, |until| until.max(rule.since));
    concerns(rule, seen.namespace_id, seen.executor_id, seen.job_id)
        && seen.rule_id.is_none_or(|id| id == rule.id)
        && rule.event_list().contains(&seen.event)
        && seen.at >= begins
        && now >= begins
}

/// The success that ends a job's incident, among its newest runs.
pub fn recovered<'a>(incident: &Incident, newest: &'a [RecentRun]) -> Option<&'a RecentRun> {
    let later = |run: &&RecentRun| run.ended_at.is_some_and(|at| at > incident.last_at);
    let successes = newest.iter().filter(|run| run.state == RunState::Succeeded);
    successes.filter(later).min_by_key(|run| run.ended_at)
}

/// For how many minutes an incident has lasted, where it is to be escalated now.
pub fn escalation(rule: &Rule, incident: &Incident, now: Millis) -> Option<i64> {
    let is_silent = rule.silent_until.is_some_and(|until| until > now);
    let wanted = rule.escalate_s > 0 && rule.escalate_channel.is_some() && !incident.escalated && !is_silent;
    let lasts = now - incident.since;
    (wanted && lasts >= i64::from(rule.escalate_s) * 1_000).then_some(lasts / 60_000)
}

#[cfg(test)]
mod tests;
