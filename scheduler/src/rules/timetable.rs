//! When a job really fires: its schedule, and what holds fires back, a calendar and blackout windows.
//!
//! Both are asked about the *nominal* time on the clock of the job's zone: the calendar about its day,
//! and the windows about its time of day where the calendar allows the day. Time falls into *phases*, in
//! each of which every nominal time fares alike. They are found one at a time, none longer than a day, so
//! that nothing is ever searched further than it is asked for.

use super::blackout::Blackouts;
use super::calendar::Calendar;
use super::misfire::MAX_STEPS;
use super::schedule::wall_clock::WallClock;
use super::schedule::{self, Schedule};
use entity::Millis;
use entity::fault::{Fault, FieldFault};
use entity::job::{BlackoutPolicy, CalendarUse};
use entity::{calendar, job};
use serde::{Deserialize, Serialize};

/// How far ahead a fire that nothing holds back is looked for: five years.
pub const HORIZON_MS: Millis = 5 * 366 * 86_400_000;
/// Edges that one window is followed through: more than the days of a century.
const MOST_EDGES: usize = 40_000;

/// The columns of a job that say when it fires, and the text of its calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    pub schedule: schedule::Definition<'a>,
    pub calendar: Option<Days<'a>>,
    pub blackouts: &'a str,
    pub blackout_policy: BlackoutPolicy,
}

/// A calendar as a job uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days<'a> {
    pub meaning: CalendarUse,
    /// None where the calendar is gone.
    pub days: Option<&'a str>,
}

/// A definition that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    schedule: Schedule,
    calendar: Option<(CalendarUse, Calendar)>,
    blackouts: Blackouts,
    policy: BlackoutPolicy,
}

/// What holds a nominal time back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    Calendar,
    Blackout,
}

/// What becomes of the nominal times of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Free,
    /// None of them runs.
    Held(Hold),
    /// One run for all of them, and for those of later phases that are due then as well.
    Delayed {
        due_at: Millis,
    },
}

/// A stretch of time in which every nominal time fares alike; there may be another of its kind behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    pub way: Way,
    /// The first instant behind it.
    pub until: Millis,
}

/// Where a cursor stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// When the next run is due, without the job's spread; when held times come to an end without one,
    /// the last of them. None when the schedule has ended.
    pub next_at: Option<Millis>,
    /// The first nominal time from here on, where it is held back and thus not the time of that run.
    pub held_from: Option<Millis>,
}

/// When a cursor is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    at: Millis,
    /// Whether a run is due then; else it is only told what was held back.
    runs: bool,
}

impl<'a> Definition<'a> {
    /// Of a job and its calendar, which is none where it is gone.
    pub fn of(job: &'a job::Model, calendar: Option<&'a calendar::Model>) -> Self {
        let days = calendar.map(|calendar| calendar.days.as_str());
        Self {
            schedule: job.into(),
            calendar: job.calendar_id.map(|_| Days { meaning: job.calendar_use, days }),
            blackouts: &job.blackouts,
            blackout_policy: job.blackout_policy,
        }
    }
}

impl Timetable {
    /// Reads a definition, as it was stored. The faults are those of the schedule, and of the fields
    /// `calendar_id` and `blackouts`.
    pub fn parse(definition: Definition<'_>) -> Result<Self, Vec<FieldFault>> {
        Self::with(Schedule::parse(definition.schedule), definition)
    }

    /// Reads a definition that somebody enters `now`, and refuses one that does not fire within
    /// [`HORIZON_MS`]. The faults are those of [`Self::parse`] and of [`Schedule::validate`].
    pub fn validate(definition: Definition<'_>, now: Millis) -> Result<Self, Vec<FieldFault>> {
        let timetable = Self::with(Schedule::validate(definition.schedule, now), definition)?;
        if !timetable.holds_all(now) {
            return Ok(timetable);
        }
        let without_windows = Self { blackouts: Blackouts::default(), ..timetable };
        let field = if without_windows.holds_all(now) { "calendar_id" } else { "blackouts" };
        Err(vec![FieldFault::new(field, Fault::NothingLeft)])
    }

    fn with(
        schedule: Result<Schedule, Vec<FieldFault>>,
        definition: Definition<'_>,
    ) -> Result<Self, Vec<FieldFault>> {
        let calendar = definition.calendar.map(|Days { meaning, days }| {
            let read = days.ok_or(Fault::Unknown).and_then(Calendar::parse);
            read.map(|calendar| (meaning, calendar)).map_err(|fault| FieldFault::new("calendar_id", fault))
        });
        let blackouts = Blackouts::parse(definition.blackouts);
        let blackouts = blackouts.map_err(|fault| FieldFault::new("blackouts", fault));
        match (schedule, calendar.transpose(), blackouts) {
            (Ok(schedule), Ok(calendar), Ok(blackouts)) => {
                Ok(Self { schedule, calendar, blackouts, policy: definition.blackout_policy })
            }
            (schedule, calendar, blackouts) => {
                let faults = schedule.err().into_iter().flatten();
                Err(faults.chain(calendar.err()).chain(blackouts.err()).collect())
            }
        }
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The phase that an instant lies in, from there on.
    pub fn phase(&self, at: Millis) -> Phase {
        let forever = Phase { way: Way::Free, until: Millis::MAX };
        if self.calendar.is_none() && self.blackouts.is_empty() {
            return forever;
        }
        // Beyond the years that a date can name nothing is held back.
        let Some(until) = self.edge_after(at) else { return forever };
        if !self.allows_day(at) {
            return Phase { way: Way::Held(Hold::Calendar), until };
        }
        match (self.in_blackout(at), self.policy) {
            (false, _) => Phase { way: Way::Free, until },
            (true, BlackoutPolicy::Suppress) => Phase { way: Way::Held(Hold::Blackout), until },
            (true, BlackoutPolicy::Delay) => match self.blackout_end(at) {
                Some(due_at) => Phase { way: Way::Delayed { due_at }, until },
                None => Phase { way: Way::Held(Hold::Blackout), until },
            },
        }
    }

    /// Whether an instant lies in a window, whatever the calendar says of the day.
    pub fn in_blackout(&self, at: Millis) -> bool {
        let shown = || WallClock(self.schedule.zone()).shown_at(at.div_euclid(1_000));
        !self.blackouts.is_empty() && shown().is_some_and(|wall| self.blackouts.covers(wall))
    }

    /// Where a cursor stands whose first nominal time without a row is `first`.
    pub fn outlook(&self, first: Option<Millis>) -> Outlook {
        let Some(first) = first else { return Outlook::default() };
        let next_at = self.next_look(first).at;
        Outlook { next_at: Some(next_at), held_from: (next_at != first).then_some(first) }
    }

    /// The outlook of a job that fires from after `after` on.
    pub fn outlook_after(&self, after: Millis) -> Outlook {
        self.outlook(self.schedule.first_fire(after).map(|fire| fire.at))
    }

    /// Whether fires that were delayed until `due_at` have one at hand that runs for them all: a nominal
    /// time from `next` on that is due by then, too.
    pub fn is_carried(&self, mut next: Option<Millis>, due_at: Millis) -> bool {
        while let Some(at) = next.filter(|at| *at <= due_at) {
            let phase = self.phase(at);
            if !matches!(phase.way, Way::Held(_)) {
                return true;
            }
            next = self.schedule.next_after(phase.until - 1);
        }
        false
    }

    /// Whether a nominal time later than `after` runs by `until`.
    pub fn runs_within(&self, after: Millis, until: Millis) -> bool {
        let mut next = self.schedule.first_fire(after).map(|fire| fire.at);
        while let Some(at) = next.filter(|at| *at <= until) {
            let phase = self.phase(at);
            match phase.way {
                Way::Free => return true,
                Way::Delayed { due_at } if due_at <= until => return true,
                Way::Delayed { .. } | Way::Held(_) => next = self.schedule.next_after(phase.until - 1),
            }
        }
        false
    }

    fn next_look(&self, first: Millis) -> Look {
        let mut at = first;
        loop {
            let phase = self.phase(at);
            match phase.way {
                Way::Free => return Look { at, runs: true },
                Way::Delayed { due_at } => return Look { at: due_at, runs: true },
                Way::Held(_) => match self.schedule.next_after(phase.until - 1) {
                    Some(next) if next - first < HORIZON_MS => at = next,
                    Some(next) => return Look { at: next, runs: false },
                    None => return Look { at: self.last_within(at, phase.until), runs: false },
                },
            }
        }
    }

    /// The last nominal time of a phase, or of the part that can be counted at once.
    fn last_within(&self, first: Millis, until: Millis) -> Millis {
        self.schedule.tally(first, until, MAX_STEPS).map_or(first, |tally| tally.last)
    }

    /// Whether there are nominal times, and none within the horizon runs.
    fn holds_all(&self, now: Millis) -> bool {
        self.schedule.first_fire(now).is_some_and(|first| !self.next_look(first.at).runs)
    }

    fn allows_day(&self, at: Millis) -> bool {
        let Some((meaning, calendar)) = &self.calendar else { return true };
        let shown = WallClock(self.schedule.zone()).shown_at(at.div_euclid(1_000));
        shown.is_none_or(|wall| calendar.contains(wall.date()) == (*meaning == CalendarUse::Only))
    }

    /// The next instant at which something may change.
    fn edge_after(&self, at: Millis) -> Option<Millis> {
        let (clock, second) = (WallClock(self.schedule.zone()), at.div_euclid(1_000));
        let edge = self.blackouts.next_edge(clock.shown_at(second)?)?;
        clock.straight_on(second, edge).map(|edge| edge * 1_000)
    }

    /// The end of the windows, one joining the other, that an instant lies in; none where they have none.
    fn blackout_end(&self, at: Millis) -> Option<Millis> {
        if self.blackouts.are_endless() {
            return None;
        }
        let mut edges = std::iter::successors(Some(at), |at| self.edge_after(*at)).take(MOST_EDGES);
        edges.find(|edge| !self.in_blackout(*edge))
    }
}

impl From<Schedule> for Timetable {
    /// A schedule that nothing holds back.
    fn from(schedule: Schedule) -> Self {
        let blackouts = Blackouts::default();
        Self { schedule, calendar: None, blackouts, policy: BlackoutPolicy::Suppress }
    }
}

#[cfg(test)]
mod tests;
