//! Dates with times as people type them: `2026-12-01 03:00:00`, on the clock of some zone.

use super::wall_clock::{Showing, WallClock};
use crate::rules::cron::{FIRST_YEAR, LAST_YEAR};
use chrono::{Datelike, NaiveDateTime};
use chrono_tz::Tz;
use entity::Millis;
use entity::fault::Fault;

/// Which instant is meant by a wall time that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    FirstOfTwo,
    SecondOfTwo,
}

/// Reads `2026-12-01 03:00:00`. The seconds may be missing, and a `T` may stand between.
///
/// # Errors
/// [`Fault::DateTime`]; the years are those that a cron expression can name.
pub fn parse(text: &str) -> Result<NaiveDateTime, Fault> {
    let text = text.trim().replacen('T', " ", 1);
    let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let found = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok());
    // Read as a leap second, the sixtieth second would be the next minute's first.
    let exists = |time: &NaiveDateTime| time.and_utc().timestamp_subsec_nanos() == 0;
    found.filter(exists).filter(|time| (FIRST_YEAR..=LAST_YEAR).contains(&time.year())).ok_or(Fault::DateTime)
}

/// The instant at which a zone's clock shows the time that was typed. One that it skips is the end
/// of the gap.
///
/// # Errors
/// As for [`parse`].
pub fn instant(text: &str, zone: Tz, of: Of) -> Result<Millis, Fault> {
    instant_of(parse(text)?, zone, of).ok_or(Fault::DateTime)
}

/// The same of a time that was read. None only beyond the years that the zone's history covers.
pub fn instant_of(wall: NaiveDateTime, zone: Tz, of: Of) -> Option<Millis> {
    let seconds = match WallClock(zone).showing(wall)? {
        Showing::Once(instant) => instant,
        Showing::Never(gap) => gap.end,
        Showing::Twice(repeat) => {
            let offset = if of == Of::FirstOfTwo { repeat.first_offset } else { repeat.second_offset };
            wall.and_utc().timestamp() - offset
        }
    };
    Some(seconds * 1_000)
}

/// The one spelling that is stored.
pub fn text(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_and_time_is_read_with_and_without_its_seconds() {
        for typed in ["2026-12-01 03:00:00", " 2026-12-01 03:00 ", "2026-12-01T03:00:00", "2026-12-01T03:00"]
        {
            assert_eq!(text(parse(typed).unwrap()), "2026-12-01 03:00:00", "{typed}");
        }
        for wrong in [
            "",
            "tomorrow",
            "2026-12-01",
            "2026-02-29 03:00",
            "2026-12-01 24:00",
            "2026-12-01 03:00:60",
            "1969-12-31 23:00",
            "2127-01-01 00:00",
            "2026-12-01 03:00:00Z",
        ] {
            assert_eq!(parse(wrong), Err(Fault::DateTime), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_comes_twice_is_the_one_asked_for_and_a_skipped_one_the_end_of_the_gap() {
        let berlin = chrono_tz::Europe::Berlin;
        let first = instant("2026-10-25 02:30", berlin, Of::FirstOfTwo).unwrap();
        let second = instant("2026-10-25 02:30", berlin, Of::SecondOfTwo).unwrap();
        assert_eq!((first, second - first), (1_792_888_200_000, 3_600_000));
        let skipped = instant("2026-03-29 02:30", berlin, Of::FirstOfTwo).unwrap();
        assert_eq!(Ok(skipped), instant("2026-03-29 03:00", berlin, Of::FirstOfTwo));
    }
}
