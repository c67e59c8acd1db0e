//! What becomes of the nominal times that a cursor finds due, late ones included.
//!
//! A fire up to [`TOLERANCE_MS`] late is not a misfire: a restart takes a moment, and the fire is
//! simply late. What is later than that missed its time, and the job's policy says what happens:
//!
//! - *skip*: nothing of it runs;
//! - *fire once*: the last one runs, if it lies within the catch-up window and nothing later is
//!   due by now, for a fire that is due makes up for the missed ones before it;
//! - *fire all*: each one within the catch-up window runs.
//!
//! Whatever does not run is counted: consecutive misfires are one span, so an outage costs a job
//! one row and not one a second.

use super::schedule::{Schedule, Tally};
use entity::Millis;
use entity::job::MisfirePolicy;

/// How late a fire may be without having missed its time.
pub const TOLERANCE_MS: Millis = 5_000;

/// Steps of counting per call: about a year of hours, some ten milliseconds. What lies beyond is
/// left to the next call.
pub const MAX_STEPS: u32 = 10_000;

/// A cursor and what is to be known of its job.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    pub schedule: &'a Schedule,
    /// The first nominal time that is not planned yet; a time of the schedule.
    pub next_at: Millis,
    pub now: Millis,
    /// Nominal times up to and including this are planned: `now` plus the lead.
    pub until: Millis,
    pub policy: MisfirePolicy,
    /// How late a misfire may still be made up for.
    pub catch_up_ms: Millis,
    pub tolerance_ms: Millis,
    /// How many fires one call may produce.
    pub max_fires: usize,
    /// How many steps of counting one call may take, such as [`MAX_STEPS`].
    pub max_steps: u32,
}

/// What becomes of one nominal time, or of a stretch of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    Fire { nominal: Millis },
    Missed(MissedSpan),
}

/// Consecutive nominal times that do not run: one row with state *skipped*, reason *misfire*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedSpan {
    pub first: Millis,
    pub last: Millis,
    pub count: u32,
}

/// Each nominal time from the old cursor up to the new one is in exactly one of `planned`, which
/// are in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub planned: Vec<Planned>,
    /// The new cursor; none when the schedule has ended. When it is not later than `until`, a
    /// limit was reached: call again.
    pub next_at: Option<Millis>,
}

/// Decides for every nominal time from `next_at` to `until`, as far as the limits allow.
pub fn plan(due: Due<'_>) -> Plan {
    let mut plan = Plan { planned: Vec::new(), next_at: Some(due.next_at) };
    let on_time_from = due.now.saturating_sub(due.tolerance_ms);
    let window_from = due.now.saturating_sub(due.catch_up_ms);
    let missed_before = match due.policy {
        MisfirePolicy::Skip | MisfirePolicy::FireOnce => on_time_from,
        MisfirePolicy::FireAll => on_time_from.min(window_from),
    };
    if let Some(missed) = due.schedule.tally(due.next_at, missed_before, due.max_steps) {
        plan.next_at = due.schedule.next_after(missed.last);
        let made_up = due.policy == MisfirePolicy::FireOnce
            && missed.last >= window_from
            && plan.next_at.is_none_or(|next| next > due.now);
        plan.planned = if made_up { all_but_last(due, missed) } else { vec![missed.into()] };
        if plan.next_at.is_some_and(|next| next < missed_before) {
            return plan;
        }
    }
    let mut fires = plan.planned.iter().filter(|planned| matches!(planned, Planned::Fire { .. })).count();
    while let Some(nominal) = plan.next_at.filter(|next| *next <= due.until && fires < due.max_fires) {
        plan.planned.push(Planned::Fire { nominal });
        plan.next_at = due.schedule.next_after(nominal);
        fires += 1;
    }
    plan
}

/// The span without its last time, and that one as a fire.
fn all_but_last(due: Due<'_>, missed: Tally) -> Vec<Planned> {
    let last = Planned::Fire { nominal: missed.last };
    // As many steps as fires are enough: hours as before, and the last hour fire by fire.
    match due.schedule.tally(missed.first, missed.last, missed.count) {
        Some(before) => vec![before.into(), last],
        None => vec![last],
    }
}

impl From<Tally> for Planned {
    fn from(tally: Tally) -> Self {
        Planned::Missed(MissedSpan { first: tally.first, last: tally.last, count: tally.count })
    }
}

#[cfg(test)]
mod tests;
