//! The two day fields, of which exactly one is `?`: every notation becomes the set of days that a
//! given month has of it.

use super::CronProblem;
use super::field::{self, Field, Span};
use super::ordinals::Ordinals;
use chrono::{Datelike, NaiveDate};
use entity::fault::CronFault;

/// Which days of a month. Weekdays count from 1 = Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayRule {
    /// `1,15`
    DaysOfMonth(Ordinals),
    /// `MON-FRI`
    DaysOfWeek(Ordinals),
    /// `L`, `L-3`: so many days before the last of the month.
    BeforeLast { days: u32 },
    /// `LW`, `L-3W`: the working day nearest to that.
    WorkdayBeforeLast { days: u32 },
    /// `15W`: the working day nearest to that day of the month.
    Workday { day: u32 },
    /// `6#3`: the third Friday.
    Nth { weekday: u32, nth: u32 },
    /// `6L`: the last Friday.
    LastOf { weekday: u32 },
}

impl DayRule {
    /// The days in the month that begins with `first_of_month`.
    pub fn days_of(self, first_of_month: NaiveDate) -> Ordinals {
        let month = Month {
            length: i32::from(first_of_month.num_days_in_month()),
            first_weekday: first_of_month.weekday().number_from_sunday(),
        };
        match self {
            Self::DaysOfMonth(days) => month.only(days.bits()),
            Self::DaysOfWeek(weekdays) => month.on(weekdays),
            Self::BeforeLast { days } => month.single(month.length - days as i32),
            Self::WorkdayBeforeLast { days } => month.single(month.workday_near(month.length - days as i32)),
            Self::Workday { day } => month.single(month.workday_near(day as i32)),
            Self::Nth { weekday, nth } => month.single(month.first(weekday) + 7 * (nth as i32 - 1)),
            Self::LastOf { weekday } => {
                let first = month.first(weekday);
                month.single(first + (month.length - first) / 7 * 7)
            }
        }
    }
}

const SATURDAY: u32 = 7;

/// What a rule needs to know of a month.
#[derive(Clone, Copy)]
struct Month {
    length: i32,
    first_weekday: u32,
}

impl Month {
    fn only(self, bits: u64) -> Ordinals {
        Ordinals::from_bits(bits & ((1 << (self.length + 1)) - 2))
    }

    fn single(self, day: i32) -> Ordinals {
        if (1..=self.length).contains(&day) { Ordinals::single(day as u32) } else { Ordinals::NONE }
    }

    /// All days that fall on one of the weekdays: the week's pattern, turned so that it begins
    /// with the weekday of the 1st, five times over.
    fn on(self, weekdays: Ordinals) -> Ordinals {
        let week = Ordinals::from_bits(weekdays.bits() >> 1).turned(8 - self.first_weekday, 7).bits();
        let weeks = week | week << 7 | week << 14 | week << 21 | week << 28;
        self.only(weeks << 1)
    }

    /// The first day that falls on `weekday`.
    fn first(self, weekday: u32) -> i32 {
        1 + (weekday + 7 - self.first_weekday) as i32 % 7
    }

    /// From a Saturday back to Friday, from a Sunday on to Monday, but never out of the month.
    ///
    /// `day` may lie beyond the month's end, and then counts on into the next month, as Quartz
    /// does: `31W` is Friday, 30 June where the day after is a Saturday, and else nothing in June.
    fn workday_near(self, day: i32) -> i32 {
        let days_since_sunday = (self.first_weekday as i32 - 1 + day - 1).rem_euclid(7);
        match days_since_sunday {
            6 if day == 1 => day + 2,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}

/// The two day fields as they were written.
pub enum DayFields {
    DaysOfMonth(Vec<Span>),
    DaysOfWeek(Vec<Span>),
    /// What the `cron` crate has no words for.
    Rule(DayRule),
}

impl DayFields {
    pub fn read(day_of_month: &str, day_of_week: &str) -> Result<Self, CronProblem> {
        match (day_of_month, day_of_week) {
            (text, "?") if text != "?" => match rule_by_month(text) {
                Some(rule) => {
                    rule.map(Self::Rule).map_err(|fault| CronProblem::in_field(Field::DayOfMonth, fault))
                }
                None => Field::DayOfMonth.read(text).map(Self::DaysOfMonth),
            },
            ("?", text) if text != "?" => match rule_by_week(text) {
                Some(rule) => {
                    rule.map(Self::Rule).map_err(|fault| CronProblem::in_field(Field::DayOfWeek, fault))
                }
                None => Field::DayOfWeek.read(text).map(Self::DaysOfWeek),
            },
            _ => Err(CronProblem::whole(CronFault::DayConflict)),
        }
    }

    /// Day of month and day of week in the dialect of the `cron` crate.
    pub fn for_crate(&self) -> (String, String) {
        match self {
            Self::DaysOfMonth(spans) => (field::for_crate(spans), "*".to_owned()),
            Self::DaysOfWeek(spans) => ("*".to_owned(), field::for_crate(spans)),
            Self::Rule(_) => ("*".to_owned(), "*".to_owned()),
        }
    }
}

/// Reads `L`, `L-3`, `LW`, `L-3W` and `15W`; none for a plain list.
///
/// Of a list with a `W`, Quartz moves the smallest day and forgets the others (`1,15W` is `1W`).
/// A schedule that comes from there must fire as it did there.
fn rule_by_month(text: &str) -> Option<Result<DayRule, CronFault>> {
    if text.contains('L') {
        return Some(rule_from_last(text));
    }
    if !text.contains('W') {
        return None;
    }
    let plain: Vec<&str> = text.split(',').map(|item| item.strip_suffix('W').unwrap_or(item)).collect();
    let days = Field::DayOfMonth.read_list(&plain.join(","));
    Some(
        days.map(|spans| DayRule::Workday {
            day: spans.iter().map(|span| span.smallest()).min().unwrap_or(0),
        }),
    )
}

fn rule_from_last(text: &str) -> Result<DayRule, CronFault> {
    let syntax = || CronFault::Syntax { value: text.to_owned() };
    let rest = text.strip_prefix('L').ok_or_else(syntax)?;
    let (rest, workday) = match rest.strip_suffix('W') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let days = match rest {
        "" => 0,
        _ => field::number(rest.strip_prefix('-').ok_or_else(syntax)?, 0, 30)?,
    };
    Ok(if workday { DayRule::WorkdayBeforeLast { days } } else { DayRule::BeforeLast { days } })
}

/// Reads `L` (Saturday, whichever it is), `6L` and `6#3`; none for a plain list.
fn rule_by_week(text: &str) -> Option<Result<DayRule, CronFault>> {
    if text == "L" {
        return Some(Ok(DayRule::DaysOfWeek(Ordinals::single(SATURDAY))));
    }
    if let Some((weekday, nth)) = text.split_once('#') {
        let weekday = Field::DayOfWeek.value(weekday);
        return Some(
            weekday.and_then(|weekday| Ok(DayRule::Nth { weekday, nth: field::number(nth, 1, 5)? })),
        );
    }
    let weekday = text.strip_suffix('L')?;
    Some(Field::DayOfWeek.value(weekday).map(|weekday| DayRule::LastOf { weekday }))
}
