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
//! While a blackout lasts nothing is made up for.
//!
//! Whatever does not run is counted: consecutive times that are missed, or held back for the same
//! reason ([`super::timetable`]), are one span, so an outage costs a job one row and not one a second.

use super::schedule::{Schedule, Tally};
use super::timetable::{Hold, Outlook, Timetable, Way};
use entity::Millis;
use entity::job::MisfirePolicy;
use entity::run::{Model as Run, Reason, RunState};

/// How late a fire may be without having missed its time.
pub const TOLERANCE_MS: Millis = 5_000;

/// Steps of counting per call: about a year of hours, some ten milliseconds. What lies beyond is
/// left to the next call.
pub const MAX_STEPS: u32 = 10_000;

/// Phases of a timetable per call: about a year of days. What lies beyond is left to the next call.
const MAX_PHASES: usize = 400;

/// A cursor and what is to be known of its job.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    pub timetable: &'a Timetable,
    /// The first nominal time that is not planned yet; a time of the schedule.
    pub first: Millis,
    pub now: Millis,
    /// What is due up to and including this is planned: `now` plus the lead.
    pub until: Millis,
    pub policy: MisfirePolicy,
    /// How late a misfire may still be made up for.
    pub catch_up_ms: Millis,
    pub tolerance_ms: Millis,
    /// How many fires one call may produce.
    pub max_fires: usize,
    /// How many steps of counting one call may take in each phase, such as [`MAX_STEPS`].
    pub max_steps: u32,
}

/// What becomes of one nominal time, or of a stretch of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Due at its nominal time, or at the end of the blackout that delayed it.
    Fire {
        nominal: Millis,
        due_at: Millis,
    },
    Skipped(Span),
}

/// Consecutive nominal times that do not run: one row with state *skipped* and this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: Millis,
    pub last: Millis,
    pub count: u32,
    /// Misfire, calendar or blackout.
    pub reason: Reason,
}

/// Each nominal time from the first one of the call up to the next cursor's is in exactly one of
/// `planned`, which are in the order of nominal time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub planned: Vec<Planned>,
    /// Where the cursor stands now. When its time is not later than `until`, a limit was reached: call
    /// again.
    pub outlook: Outlook,
}

/// Decides for every nominal time from `first` that is due until `until`, as far as the limits allow.
pub fn plan(due: Due<'_>) -> Plan {
    let mut planning = Planning::of(due);
    for _ in 0..MAX_PHASES {
        if !planning.go_on() {
            break;
        }
    }
    let outlook = due.timetable.outlook(planning.next);
    planning.make_up(outlook);
    Plan { planned: planning.planned, outlook }
}

/// What becomes of times that were held back from `held_from` on, if the job's next run is never
/// planned because somebody changes or stops it `now`.
pub fn given_up(timetable: &Timetable, held_from: Millis, now: Millis) -> Vec<Span> {
    let mut planned = Vec::new();
    let mut next = Some(held_from);
    while let Some(first) = next.filter(|next| *next <= now) {
        let phase = timetable.phase(first);
        let reason = match phase.way {
            Way::Free => break,
            Way::Held(hold) => reason_of(hold),
            Way::Delayed { .. } => Reason::Blackout,
        };
        let end = phase.until.min(now + 1);
        let Some(held) = timetable.schedule().tally(first, end, MAX_STEPS) else { break };
        add_span(&mut planned, held, reason);
        next = timetable.schedule().next_after(held.last);
    }
    let span = |planned| match planned {
        Planned::Skipped(span) => Some(span),
        Planned::Fire { .. } => None,
    };
    planned.into_iter().filter_map(span).collect()
}

/// One call, phase by phase.
struct Planning<'a> {
    due: Due<'a>,
    planned: Vec<Planned>,
    fires: usize,
    /// The first nominal time that nothing was decided about.
    next: Option<Millis>,
    /// What was due before has missed its time.
    missed_before: Millis,
    /// When the last one that missed its time was due.
    last_missed: Option<Millis>,
}

impl<'a> Planning<'a> {
    fn of(due: Due<'a>) -> Self {
        let on_time_from = due.now.saturating_sub(due.tolerance_ms);
        let in_blackout = due.timetable.in_blackout(due.now);
        let missed_before = match due.policy {
            MisfirePolicy::FireAll if !in_blackout => on_time_from.min(window_from(due)),
            _ => on_time_from,
        };
        let next = Some(due.first);
        Self { due, planned: Vec::new(), fires: 0, next, missed_before, last_missed: None }
    }

    fn schedule(&self) -> &'a Schedule {
        self.due.timetable.schedule()
    }

    /// Decides about the next phase, or a part of it; false when there is no more to decide now.
    fn go_on(&mut self) -> bool {
        let Due { timetable, until, max_fires, .. } = self.due;
        let Some(first) = self.next.filter(|next| *next <= until && self.fires < max_fires) else {
            return false;
        };
        let phase = timetable.phase(first);
        match phase.way {
            Way::Free => self.free(first, phase.until),
            Way::Held(hold) => self.skip(first, phase.until.min(until + 1), reason_of(hold)).is_some(),
            Way::Delayed { due_at } if due_at <= until => self.delayed(first, phase.until, due_at),
            Way::Delayed { .. } => false,
        }
    }

    /// Times before `end`, each due at once.
    fn free(&mut self, first: Millis, end: Millis) -> bool {
        let missed_end = end.min(self.missed_before);
        if first < missed_end {
            let Some(missed) = self.skip(first, missed_end, Reason::Misfire) else { return false };
            self.last_missed = Some(missed.last);
        }
        let end = end.min(self.due.until + 1);
        while let Some(nominal) = self.next.filter(|next| *next < end && self.fires < self.due.max_fires) {
            self.fire(nominal, nominal);
            self.next = self.schedule().next_after(nominal);
        }
        true
    }

    /// Times before `end` for all of which one runs at `due_at`: the last, unless another one is due
    /// then as well.
    fn delayed(&mut self, first: Millis, end: Millis, due_at: Millis) -> bool {
        let (schedule, steps) = (self.schedule(), self.due.max_steps);
        let Some(within) = schedule.tally(first, end, steps) else { return false };
        let after = schedule.next_after(within.last);
        let is_counted = after.is_none_or(|after| after >= end);
        if !is_counted || self.due.timetable.is_carried(after, due_at) {
            return self.skip(first, end, Reason::Blackout).is_some();
        }
        if let Some(before) = schedule.tally(first, within.last, within.count) {
            add_span(&mut self.planned, before, Reason::Blackout);
        }
        self.next = after;
        if due_at < self.missed_before {
            let last = Tally { first: within.last, last: within.last, count: 1 };
            add_span(&mut self.planned, last, Reason::Misfire);
            self.last_missed = Some(due_at);
        } else {
            self.fire(within.last, due_at);
        }
        true
    }

    /// Skips the times before `end`; none when there were none, or too many to be counted at once.
    fn skip(&mut self, first: Millis, end: Millis, reason: Reason) -> Option<Tally> {
        let skipped = self.schedule().tally(first, end, self.due.max_steps)?;
        add_span(&mut self.planned, skipped, reason);
        self.next = self.schedule().next_after(skipped.last);
        Some(skipped).filter(|_| self.next.is_none_or(|next| next >= end))
    }

    fn fire(&mut self, nominal: Millis, due_at: Millis) {
        self.planned.push(Planned::Fire { nominal, due_at });
        self.fires += 1;
    }

    /// Fire once: turns the last one that missed its time into a fire, unless that is too long ago, or
    /// something later is due by now.
    fn make_up(&mut self, outlook: Outlook) {
        let now = self.due.now;
        let in_window = self.last_missed.filter(|due_at| *due_at >= window_from(self.due));
        let Some(due_at) = in_window.filter(|_| self.due.policy == MisfirePolicy::FireOnce) else { return };
        let is_due = |planned: &Planned| matches!(planned, Planned::Fire { due_at, .. } if *due_at <= now);
        let something_later =
            outlook.next_at.is_some_and(|next| next <= now) || self.planned.iter().any(is_due);
        if something_later || self.due.timetable.in_blackout(now) {
            return;
        }
        let missed =
            |planned: &Planned| matches!(planned, Planned::Skipped(Span { reason: Reason::Misfire, .. }));
        let Some(index) = self.planned.iter().rposition(missed) else { return };
        let Planned::Skipped(span) = self.planned[index] else { return };
        let fire = Planned::Fire { nominal: span.last, due_at };
        // As many steps as fires are enough: hours as before, and the last hour fire by fire.
        let before = self.schedule().tally(span.first, span.last, span.count);
        let before = before.map(|before| Planned::Skipped(Span::of(before, Reason::Misfire)));
        self.planned.splice(index..=index, before.into_iter().chain([fire]));
    }
}

impl Span {
    /// Makes a run of the schedule the one row of the span. `delay_ms` is the job's spread.
    pub fn write(self, run: &mut Run, delay_ms: Millis, now: Millis) {
        (run.nominal_at, run.due_at) = (self.first, self.first + delay_ms);
        run.span_last = Some(self.last);
        run.span_count = i32::try_from(self.count).unwrap_or(i32::MAX);
        (run.state, run.reason) = (RunState::Skipped, self.reason);
        (run.live_bucket, run.ended_at) = (None, Some(now));
    }

    fn of(tally: Tally, reason: Reason) -> Self {
        Self { first: tally.first, last: tally.last, count: tally.count, reason }
    }
}

/// From when on what was missed may be made up for.
fn window_from(due: Due<'_>) -> Millis {
    due.now.saturating_sub(due.catch_up_ms)
}

fn reason_of(hold: Hold) -> Reason {
    match hold {
        Hold::Calendar => Reason::Calendar,
        Hold::Blackout => Reason::Blackout,
    }
}

/// Adds a span, which continues the one before if that has the same reason.
fn add_span(planned: &mut Vec<Planned>, skipped: Tally, reason: Reason) {
    match planned.last_mut() {
        Some(Planned::Skipped(before)) if before.reason == reason => {
            before.last = skipped.last;
            before.count = before.count.saturating_add(skipped.count);
        }
        _ => planned.push(Planned::Skipped(Span::of(skipped, reason))),
    }
}

#[cfg(test)]
mod tests;
