//! Days on a viewer's clock, made of the full hours in which ends are counted.
//!
//! Where a zone's midnight is not on a full hour of UTC (India, Nepal), a day begins with the first full hour
//! after it: hours are not split.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;
use entity::Millis;
use entity::run::RunState;

pub const HOUR: Millis = 3_600_000;
/// Days that one report covers at most.
pub const MOST_DAYS: u64 = 366;

/// Which days are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    Today,
    Yesterday,
    /// So many days up to today, today included.
    #[default]
    Week,
    Month,
    ThisMonth,
    LastMonth,
    /// From one day to another, both included, in either order; at most [`MOST_DAYS`], counted back from the
    /// later one.
    Free(NaiveDate, NaiveDate),
}

impl Range {
    /// Its first and its last day; `today` is the day on the viewer's clock.
    pub fn dates(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let first_of_month = today.with_day(1).unwrap_or(today);
        match self {
            Self::Today => (today, today),
            Self::Yesterday => (back(1), back(1)),
            Self::Week => (back(6), today),
            Self::Month => (back(29), today),
            Self::ThisMonth => (first_of_month, today),
            Self::LastMonth => {
                let first = first_of_month.checked_sub_months(Months::new(1)).unwrap_or(first_of_month);
                (first, first_of_month.pred_opt().unwrap_or(first))
            }
            Self::Free(one, other) => {
                let (first, last) = (one.min(other), one.max(other));
                let earliest = last.checked_sub_days(Days::new(MOST_DAYS - 1)).unwrap_or(first);
                (first.max(earliest), last)
            }
        }
    }
}

/// One day: the full hours from `from` up to, but without, `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: NaiveDate,
    pub from: Millis,
    pub until: Millis,
}

impl Day {
    pub fn of(date: NaiveDate, zone: Tz) -> Self {
        let next = date.succ_opt().unwrap_or(date);
        Self { date, from: first_hour(date, zone), until: first_hour(next, zone) }
    }

    pub fn contains(&self, at: Millis) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// Every day from `first` to `last`, both included, without gaps.
pub fn days(first: NaiveDate, last: NaiveDate, zone: Tz) -> Vec<Day> {
    first.iter_days().take_while(|date| *date <= last).map(|date| Day::of(date, zone)).collect()
}

/// The day on a zone's clock in which the hour of `at` counts.
pub fn date_of(at: Millis, zone: Tz) -> NaiveDate {
    let hour = at - at.rem_euclid(HOUR);
    DateTime::from_timestamp_millis(hour).unwrap_or_default().with_timezone(&zone).date_naive()
}

/// The first full hour of UTC that begins on this day.
fn first_hour(date: NaiveDate, zone: Tz) -> Millis {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    // Where the clocks skip midnight, the day begins when they go on.
    let after = (0..24).map(|hours| midnight + TimeDelta::hours(hours));
    let start = after.map(|local| zone.from_local_datetime(&local).earliest()).find_map(|found| found);
    let start = start.map_or(midnight.and_utc().timestamp_millis(), |start| start.timestamp_millis());
    (start + HOUR - 1).div_euclid(HOUR) * HOUR
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub lost: u64,
    pub killed: u64,
    pub skipped: u64,
}

impl Ends {
    /// Counts `runs` more; a state that is not final counts for nothing.
    pub fn add(&mut self, state: RunState, runs: u64) {
        match state {
            RunState::Succeeded => self.succeeded += runs,
            RunState::Failed => self.failed += runs,
            RunState::TimedOut => self.timed_out += runs,
            RunState::Lost => self.lost += runs,
            RunState::Killed => self.killed += runs,
            RunState::Skipped => self.skipped += runs,
            RunState::Waiting | RunState::Sending | RunState::Running | RunState::Unknown => {}
        }
    }

    pub fn total(&self) -> u64 {
        self.succeeded + self.not_succeeded()
    }

    pub fn not_succeeded(&self) -> u64 {
        self.failed + self.timed_out + self.lost + self.killed + self.skipped
    }
}

/// Runs that ended in one hour in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// Start of the hour.
    pub hour: Millis,
    pub state: RunState,
    pub runs: u64,
}

/// What each of these days has; hours outside of them are left out.
pub fn per_day(days: &[Day], counts: &[HourCount]) -> Vec<Ends> {
    let mut ends = vec![Ends::default(); days.len()];
    for count in counts {
        let place = days.partition_point(|day| day.until <= count.hour);
        if let (Some(day), Some(ends)) = (days.get(place), ends.get_mut(place))
            && day.contains(count.hour)
        {
            ends.add(count.state, count.runs);
        }
    }
    ends
}

/// What each hour of a day has, from its first on: 24 of them, or 23 or 25 where the clocks change.
pub fn per_hour(day: &Day, counts: &[HourCount]) -> Vec<Ends> {
    let hours = usize::try_from((day.until - day.from) / HOUR).unwrap_or_default();
    let mut ends = vec![Ends::default(); hours];
    for count in counts.iter().filter(|count| day.contains(count.hour)) {
        let place = usize::try_from((count.hour - day.from) / HOUR).unwrap_or(usize::MAX);
        if let Some(ends) = ends.get_mut(place) {
            ends.add(count.state, count.runs);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn range(range: Range, today: &str) -> (String, String) {
        let (first, last) = range.dates(date(today));
        (first.to_string(), last.to_string())
    }

    #[test]
    fn each_range_has_its_days_around_today() {
        let today = "2026-03-06";
        for (asked, first, last) in [
            (Range::Today, "2026-03-06", "2026-03-06"),
            (Range::Yesterday, "2026-03-05", "2026-03-05"),
            (Range::Week, "2026-02-28", "2026-03-06"),
            (Range::Month, "2026-02-05", "2026-03-06"),
            (Range::ThisMonth, "2026-03-01", "2026-03-06"),
            (Range::LastMonth, "2026-02-01", "2026-02-28"),
        ] {
            assert_eq!(range(asked, today), (first.to_owned(), last.to_owned()), "{asked:?}");
        }
        assert_eq!(range(Range::LastMonth, "2026-01-31").0, "2025-12-01");
    }

    #[test]
    fn a_free_range_is_taken_in_either_order_and_is_a_year_at_most() {
        let (one, other) = (date("2026-03-06"), date("2026-02-01"));
        assert_eq!(Range::Free(one, other).dates(one), (other, one));
        let (first, last) = Range::Free(date("2000-01-01"), one).dates(one);
        assert_eq!((days(first, last, Tz::UTC).len() as u64, last), (MOST_DAYS, one));
    }

    #[test]
    fn days_follow_one_another_through_changes_of_the_clocks() {
        for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::America__Sao_Paulo, Tz::Asia__Kolkata] {
            let days = days(date("2018-01-01"), date("2018-12-31"), zone);
            assert_eq!(days.len(), 365);
            assert!(days.windows(2).all(|pair| pair[0].until == pair[1].from), "{zone}");
            assert!(days.iter().all(|day| date_of(day.from, zone) == day.date), "{zone}");
        }
        let spring = Day::of(date("2026-03-29"), Tz::Europe__Berlin);
        assert_eq!(spring.until - spring.from, 23 * HOUR);
    }

    #[test]
    fn a_zone_off_the_hour_begins_its_days_with_the_first_full_hour() {
        let day = Day::of(date("2026-03-06"), Tz::Asia__Kolkata);
        // Midnight there is 18:30 UTC.
        assert_eq!(
            day.from,
            DateTime::parse_from_rfc3339("2026-03-05T19:00:00Z").unwrap().timestamp_millis()
        );
        assert_eq!(date_of(day.from - 1, Tz::Asia__Kolkata), date("2026-03-05"));
    }

    #[test]
    fn every_day_is_there_and_the_days_sum_to_the_whole() {
        let days = days(date("2026-03-01"), date("2026-03-07"), Tz::Asia__Shanghai);
        let count = |hour, state, runs| HourCount { hour, state, runs };
        let counts = [
            count(days[0].from, RunState::Succeeded, 5),
            count(days[1].from - HOUR, RunState::Failed, 2),
            count(days[6].until - HOUR, RunState::Skipped, 1),
            count(days[0].from - HOUR, RunState::Succeeded, 100),
            count(days[6].until, RunState::Succeeded, 100),
        ];
        let ends = per_day(&days, &counts);
        assert_eq!(ends.iter().map(Ends::total).collect::<Vec<_>>(), [7, 0, 0, 0, 0, 0, 1]);
        assert_eq!((ends[0].succeeded, ends[0].failed, ends[6].skipped), (5, 2, 1));
        let hours = per_hour(&days[0], &counts);
        assert_eq!((hours.len(), hours[0].succeeded, hours[23].failed), (24, 5, 2));
    }
}
