//! Cron expressions as Quartz 2.3.2 reads them: seconds, `?`, `L`, `W`, `#`, ranges that wrap.
//!
//! This module knows no zone: it searches the local calendar, from one wall time to the next.
//! What a wall time means on the day the clocks change is [`super::schedule`]'s business.
//!
//! Each part does what it is good at. `field` reads Quartz's notation and rewrites the lists in
//! the dialect of the `cron` crate, which expands them into sets. The sets become bits, so that a
//! search is a few shifts: `time_of_day` within a day, `calendar` from day to day. The days
//! that the crate does not know (`L`, `LW`, `15W`, `6#3`, `FRIL`) are `day_rule`s.

mod calendar;
mod day_rule;
mod field;
mod ordinals;
mod time_of_day;

use calendar::{Calendar, Years};
use chrono::{Duration, NaiveDateTime, Timelike};
use cron::TimeUnitSpec;
use day_rule::{DayFields, DayRule};
use entity::fault::CronFault;
use field::Field;
use ordinals::Ordinals;
use std::str::FromStr;
use time_of_day::TimesOfDay;

pub use calendar::{FIRST_YEAR, LAST_YEAR};

/// Times of day on days of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronExpression {
    days: Calendar,
    times: TimesOfDay,
}

/// Why a text is no cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronProblem {
    /// The field at fault, counted from 1; none when it is the expression as a whole.
    pub position: Option<u8>,
    pub detail: CronFault,
}

impl CronExpression {
    /// Reads six or seven fields: second, minute, hour, day of month, month, day of week and, if
    /// given, year. Letters may be small. Like Quartz, it ignores what follows the year.
    pub fn parse(text: &str) -> Result<Self, CronProblem> {
        let text = text.to_ascii_uppercase();
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [second, minute, hour, day_of_month, month, day_of_week, rest @ ..] = fields.as_slice() else {
            return Err(CronProblem::whole(CronFault::FieldCount { found: fields.len() as u32 }));
        };
        let [second, minute, hour] = [
            Field::Second.read_for_crate(second)?,
            Field::Minute.read_for_crate(minute)?,
            Field::Hour.read_for_crate(hour)?,
        ];
        let day = DayFields::read(day_of_month, day_of_week)?;
        let month = Field::Month.read_for_crate(month)?;
        let years = Years::read(rest.first().copied().unwrap_or("*"))?;

        let (day_of_month, day_of_week) = day.for_crate();
        let sets = cron::Schedule::from_str(&format!(
            "{second} {minute} {hour} {day_of_month} {month} {day_of_week}"
        ))
        .map_err(|error| CronProblem::whole(CronFault::Syntax { value: error.to_string() }))?;

        let rule = match day {
            DayFields::DaysOfMonth(_) => DayRule::DaysOfMonth(bits(sets.days_of_month())),
            DayFields::DaysOfWeek(_) => DayRule::DaysOfWeek(bits(sets.days_of_week())),
            DayFields::Rule(rule) => rule,
        };
        Ok(Self {
            days: Calendar { years, months: bits(sets.months()), rule },
            times: TimesOfDay {
                hours: bits(sets.hours()),
                minutes: bits(sets.minutes()),
                seconds: bits(sets.seconds()),
            },
        })
    }

    /// The first matching wall time later than `after`; none when [`LAST_YEAR`] ends before one
    /// comes. Work is bounded by the months up to then.
    pub fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let from = after.with_nanosecond(0)?.checked_add_signed(Duration::seconds(1))?;
        let day = self.days.at_or_after(from.date())?;
        if day > from.date() {
            return Some(day.and_time(self.times.first()?));
        }
        if let Some(time) = self.times.at_or_after(from.time()) {
            return Some(day.and_time(time));
        }
        let day = self.days.at_or_after(day.succ_opt()?)?;
        Some(day.and_time(self.times.first()?))
    }

    /// Whether a wall time of whole seconds is one of the expression's.
    pub fn matches(&self, wall: NaiveDateTime) -> bool {
        wall.checked_sub_signed(Duration::seconds(1)).and_then(|before| self.next_local(before)) == Some(wall)
    }

    /// Whether the fires keep their distances when the clocks are moved by `shift` seconds.
    ///
    /// They do when every hour is allowed and the pattern of minutes and seconds within the hour
    /// maps onto itself: always for a shift by whole hours; for Lord Howe's half hour with
    /// `*/30` or `15,45` minutes, but not with `0` or `*/20`.
    pub fn keeps_rhythm(&self, shift: i64) -> bool {
        self.times.repeat_under(shift)
    }

    /// The times of day, for counting fires by the hour.
    pub(super) fn times(&self) -> &TimesOfDay {
        &self.times
    }
}

impl CronProblem {
    fn whole(detail: CronFault) -> Self {
        Self { position: None, detail }
    }

    fn in_field(field: Field, detail: CronFault) -> Self {
        Self { position: Some(field.position()), detail }
    }
}

fn bits(unit: &impl TimeUnitSpec) -> Ordinals {
    unit.iter().collect()
}

#[cfg(test)]
mod tests;
