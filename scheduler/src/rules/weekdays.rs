//! Days of the week as people write them: `sat`, `mon-fri`, `mon,wed,fri-sun`.

use chrono::{Datelike, NaiveDate};

/// In the order of ISO 8601.
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A set of days of the week: bit 0 is Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    pub const ALL: Self = Self(0b111_1111);

    /// Reads names and ranges with commas between, in any case; a range may go over the end of the week.
    /// None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').try_fold(Self::default(), |all, part| Some(all.and(Self::range(part.trim())?)))
    }

    pub fn contains(self, day: NaiveDate) -> bool {
        self.0 & (1 << day.weekday().num_days_from_monday()) != 0
    }

    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    fn range(text: &str) -> Option<Self> {
        let number = |name: &str| NAMES.iter().position(|known| known.eq_ignore_ascii_case(name.trim()));
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        let length = (last + 7 - first) % 7;
        Some(Self((first..=first + length).fold(0, |bits, day| bits | 1 << (day % 7))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of the week that begins on Monday, 2026-11-16.
    fn days(text: &str) -> Option<String> {
        let found = Weekdays::parse(text)?;
        let week = (16..=22).filter_map(|day| NaiveDate::from_ymd_opt(2026, 11, day));
        Some(week.map(|day| if found.contains(day) { 'x' } else { '.' }).collect())
    }

    #[test]
    fn names_and_ranges_are_read_in_any_case_and_over_the_end_of_the_week() {
        for (text, expected) in [
            ("sat", ".....x."),
            ("mon-fri", "xxxxx.."),
            ("Mon, WED ,fri-sun", "x.x.xxx"),
            ("fri-mon", "x...xxx"),
            ("sun-sun", "......x"),
        ] {
            assert_eq!(days(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "monday", "mon-", "-fri", "mon fri", "mon,,fri", "1"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
        assert_eq!(Weekdays::parse("mon-sun"), Some(Weekdays::ALL));
    }
}
