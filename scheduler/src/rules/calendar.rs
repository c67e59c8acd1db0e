//! The days of a calendar, read from its lines.

use super::cron::{FIRST_YEAR, LAST_YEAR};
use super::weekdays::Weekdays;
use chrono::{Datelike, NaiveDate};
use entity::fault::Fault;
use std::collections::BTreeSet;

/// Lines of a calendar that name days.
pub const MOST_LINES: usize = 2_000;

/// A set of days: single ones, stretches, days of every year, days of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// First and last day, by the first; none overlaps another.
    stretches: Vec<(NaiveDate, NaiveDate)>,
    /// Month and day.
    every_year: BTreeSet<(u32, u32)>,
    weekdays: Weekdays,
}

impl Calendar {
    /// Reads `2026-12-25`, `2026-12-24..2027-01-01`, `12-25` of every year, and `sat` or `mon-fri`, one
    /// a line; what follows a `#` is a remark.
    ///
    /// # Errors
    /// [`Fault::Line`] with the first line that cannot be read, [`Fault::TooMany`] for more than
    /// [`MOST_LINES`], [`Fault::Required`] where no day is named.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut calendar = Self::default();
        let lines = read_lines(text, MOST_LINES, |line| calendar.add(line))?;
        if lines == 0 {
            return Err(Fault::Required);
        }
        calendar.stretches.sort_unstable();
        calendar.stretches.dedup_by(|later, first| {
            let overlap = later.0 <= first.1;
            first.1 = if overlap { first.1.max(later.1) } else { first.1 };
            overlap
        });
        Ok(calendar)
    }

    pub fn contains(&self, day: NaiveDate) -> bool {
        let begun = self.stretches.partition_point(|(first, _)| *first <= day);
        let in_stretch = begun.checked_sub(1).is_some_and(|index| day <= self.stretches[index].1);
        in_stretch || self.weekdays.contains(day) || self.every_year.contains(&(day.month(), day.day()))
    }

    fn add(&mut self, line: &str) -> Option<()> {
        if let Some(days) = Weekdays::parse(line) {
            self.weekdays = self.weekdays.and(days);
        } else if let Some((first, last)) = line.split_once("..") {
            let stretch = (date(first)?, date(last)?);
            self.stretches.push(Some(stretch).filter(|(first, last)| first <= last)?);
        } else if let Some(day) = date(line) {
            self.stretches.push((day, day));
        } else {
            self.every_year.insert(day_of_year(line)?);
        }
        Some(())
    }
}

/// Hands each line that is no remark to `read`, which says whether it could be read; how many there are.
///
/// # Errors
/// [`Fault::Line`] and [`Fault::TooMany`].
pub(super) fn read_lines(
    text: &str,
    most: usize,
    mut read: impl FnMut(&str) -> Option<()>,
) -> Result<usize, Fault> {
    let mut count = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        count += 1;
        if count > most {
            return Err(Fault::TooMany { max: u32::try_from(most).unwrap_or(u32::MAX) });
        }
        let fault = || Fault::Line { number, text: content.chars().take(SHOWN).collect() };
        read(content).ok_or_else(fault)?;
    }
    Ok(count)
}

/// Characters of a wrong line that are shown.
const SHOWN: usize = 60;

/// `2026-12-25`
fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // chrono would take `2026-1-5` and `+2026-01-05`.
    let is_long = text.len() == 10 && text.starts_with(|first: char| first.is_ascii_digit());
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_long)?;
    (FIRST_YEAR..=LAST_YEAR).contains(&day.year()).then_some(day)
}

/// `12-25`; `02-29` is a day of leap years.
fn day_of_year(text: &str) -> Option<(u32, u32)> {
    const LEAP_YEAR: &str = "2000";
    let day = date(&format!("{LEAP_YEAR}-{text}"))?;
    Some((day.month(), day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(calendar: &Calendar, day: &str) -> bool {
        calendar.contains(date(day).unwrap())
    }

    #[test]
    fn each_way_to_name_days_is_read() {
        let text = "2026-12-25 # Christmas\n\n# a remark\n 2026-12-30..2027-01-02\r\n05-01\nSat\n02-29";
        let calendar = Calendar::parse(text).unwrap();
        for day in ["2026-12-25", "2026-12-30", "2027-01-01", "2027-01-02", "2031-05-01", "2028-02-29"] {
            assert!(holds(&calendar, day), "{day}");
        }
        assert!(holds(&calendar, "2026-11-21"), "a Saturday");
        for day in ["2026-12-24", "2026-12-29", "2027-01-04", "2026-11-20", "2027-12-27"] {
            assert!(!holds(&calendar, day), "{day}");
        }
    }

    #[test]
    fn stretches_may_overlap_and_lie_in_each_other_in_any_order() {
        let text = "2026-06-10..2026-06-20\n2026-06-01..2026-06-30\n2026-06-15\n2026-06-30..2026-07-02";
        let calendar = Calendar::parse(text).unwrap();
        assert_eq!(calendar.stretches.len(), 1);
        assert!(holds(&calendar, "2026-06-25") && holds(&calendar, "2026-07-02"));
        assert!(!holds(&calendar, "2026-05-31") && !holds(&calendar, "2026-07-03"));
    }

    #[test]
    fn the_first_line_that_cannot_be_read_is_named() {
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-5",
            "13-01",
            "02-30",
            "someday",
            "2026-12-25 2026-12-26",
            "2026-12-31..2026-12-24",
            "2026-12-24..",
            "1969-12-31",
            "12-24..12-26",
        ] {
            let fault = Fault::Line { number: 3, text: wrong.to_owned() };
            assert_eq!(Calendar::parse(&format!("sat\n# x\n{wrong} # y")), Err(fault), "{wrong}");
        }
        for empty in ["", " \n# nothing\n"] {
            assert_eq!(Calendar::parse(empty), Err(Fault::Required));
        }
        let long = "sat\n".repeat(MOST_LINES);
        assert!(Calendar::parse(&long).is_ok());
        assert_eq!(Calendar::parse(&format!("{long}sun")), Err(Fault::TooMany { max: 2_000 }));
    }
}
