//! The other fields: on which days an expression fires.

use super::CronProblem;
use super::day_rule::DayRule;
use super::field::Field;
use super::ordinals::Ordinals;
use chrono::{Datelike, NaiveDate};

/// The first year an expression can name.
pub const FIRST_YEAR: i32 = 1970;
/// The last year that is searched. Quartz looks a hundred years ahead of the year it was started
/// in; a fixed end makes the same expression give the same times whenever it is asked.
pub const LAST_YEAR: i32 = 2126;

/// The days of these years and months that follow a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub years: Years,
    pub months: Ordinals,
    pub rule: DayRule,
}

impl Calendar {
    /// The earliest day that is not before `date`.
    pub fn at_or_after(&self, date: NaiveDate) -> Option<NaiveDate> {
        let first_year = self.years.at_or_after(date.year())?;
        let mut floor = if first_year > date.year() { (1, 1) } else { (date.month(), date.day()) };
        let mut next_year = Some(first_year);
        while let Some(year) = next_year {
            if let Some(found) = self.in_year(year, floor.0, floor.1) {
                return Some(found);
            }
            floor = (1, 1);
            next_year = self.years.at_or_after(year + 1);
        }
        None
    }

    /// The earliest day of `year` that is not before `day` of `month`.
    fn in_year(&self, year: i32, month: u32, day: u32) -> Option<NaiveDate> {
        let mut floor = day;
        let mut from = month;
        while let Some(found) = self.months.at_or_after(from) {
            if found > month {
                floor = 1;
            }
            let first_of_month = NaiveDate::from_ymd_opt(year, found, 1)?;
            if let Some(day) = self.rule.days_of(first_of_month).at_or_after(floor) {
                return first_of_month.with_day(day);
            }
            from = found + 1;
        }
        None
    }
}

/// The seventh field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Years {
    Every,
    /// In order.
    Listed(Box<[i32]>),
}

impl Years {
    /// Years outside [`FIRST_YEAR`] … [`LAST_YEAR`] may be written but never come, as in Quartz.
    pub fn read(text: &str) -> Result<Self, CronProblem> {
        if text == "*" {
            return Ok(Self::Every);
        }
        let spans = Field::Year.read(text)?;
        let listed = (FIRST_YEAR..=LAST_YEAR)
            .filter(|&year| spans.iter().any(|span| span.contains(year as u32)))
            .collect();
        Ok(Self::Listed(listed))
    }

    fn at_or_after(&self, floor: i32) -> Option<i32> {
        match self {
            Self::Every => (floor <= LAST_YEAR).then_some(floor.max(FIRST_YEAR)),
            Self::Listed(years) => years.get(years.partition_point(|&year| year < floor)).copied(),
        }
    }
}
