//! Times of day by which a job has to have started or finished.
//!
//! The day is that of the job's zone, and it is the *nominal* times of runs that belong to it: a retry, or a
//! run that is made up for, is of the day that it is for. A time beyond 24:00 is one of the day after, for
//! jobs that work through midnight.

use crate::rules::schedule::local_time::{Of, instant_of};
use crate::rules::spread::delay_ms;
use crate::rules::timetable::Timetable;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use entity::Millis;
use entity::fault::Fault;
use entity::job::{JobState, Model as Job, ScheduleKind};

/// The first minute that is too late to name: two days.
const TOO_LATE: u32 = 48 * 60;
/// What is recorded about a time may come to the database so much after it (ms).
pub const GRACE_MS: Millis = 5_000;
/// For how long it is told that a time has passed, where nobody looked (ms).
pub const LOOKED_BACK_MS: Millis = 24 * 3_600_000;

/// Minutes since the midnight that a day begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(u32);

/// One day of a job, and the time by which something has to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub begin: Millis,
    /// The first instant of the next day.
    pub end: Millis,
    pub deadline: Millis,
}

impl TimeOfDay {
    /// Reads `06:00`, `6:00` or `30:00`.
    ///
    /// # Errors
    /// [`Fault::Required`] or [`Fault::TimeOfDay`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::Required);
        }
        let number = |digits: &str, length| {
            let is_number = digits.len() <= length && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse::<u32>().ok()).flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or(Fault::TimeOfDay)?;
        let minutes = number(minutes, 2).filter(|_| minutes.len() == 2).filter(|minutes| *minutes < 60);
        let total = number(hours, 2).zip(minutes).map(|(hours, minutes)| hours * 60 + minutes);
        total.filter(|total| *total < TOO_LATE).map(Self).ok_or(Fault::TimeOfDay)
    }

    /// The one spelling that is stored.
    pub fn text(self) -> String {
        format!("{:02}:{:02}", self.0 / 60, self.0 % 60)
    }

    /// The last day whose time has passed by `now`. A time that the clocks skip has passed at the end of the
    /// gap, and one that comes twice when it has come for the second time.
    pub fn last_day(self, zone: Tz, now: Millis) -> Option<Day> {
        let today = DateTime::from_timestamp_millis(now)?.with_timezone(&zone).date_naive();
        let days = (0..=2).filter_map(|back| self.day(today.checked_sub_days(Days::new(back))?, zone));
        days.into_iter().find(|day| day.deadline <= now)
    }

    fn day(self, date: NaiveDate, zone: Tz) -> Option<Day> {
        let midnight = date.and_time(NaiveTime::MIN);
        let time = midnight.checked_add_signed(TimeDelta::minutes(self.0.into()))?;
        let next = date.succ_opt()?.and_time(NaiveTime::MIN);
        Some(Day {
            begin: instant_of(midnight, zone, Of::FirstOfTwo)?,
            end: instant_of(next, zone, Of::FirstOfTwo)?,
            deadline: instant_of(time, zone, Of::SecondOfTwo)?,
        })
    }
}

/// Whether the job had to do anything on that day by then. A schedule asks for it where a time of that day is
/// due by the deadline; what comes by hand, from the API or from another job is asked for every day. Of a job
/// that was changed or started amid the day, `has_runs` says whether it had fired by then: where not, only
/// what was due since counts.
pub fn is_expected(job: &Job, timetable: &Timetable, day: &Day, has_runs: bool) -> bool {
    match (job.schedule_kind, job.state) {
        (_, JobState::Disabled) => false,
        (ScheduleKind::Manual, _) => true,
        (_, JobState::Stopped) => false,
        (_, JobState::On) => {
            let from = if has_runs { day.begin } else { day.begin.max(job.updated_at) };
            let until = (day.deadline - delay_ms(job.id, job.spread_s)).min(day.end - 1);
            timetable.runs_within(from - 1, until)
        }
    }
}

#[cfg(test)]
mod tests;
