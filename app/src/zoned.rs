//! Moments on the clock of a zone, where the server reads and writes them.

use chrono::{DateTime, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::Tz;

const HOUR: i64 = 3_600_000;
const QUARTER: i64 = HOUR / 4;

/// `2026-03-06T14:28`, with or without seconds, on the clock of `zone`; with a `Z` behind it in UTC. A time that
/// the clocks skip is the first after it. None where it is no time.
pub fn moment(text: &str, zone: &str) -> Option<i64> {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    let (text, zone) = match text.strip_suffix('Z') {
        Some(text) => (text, chrono_tz::UTC),
        None => (text, zone),
    };
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let local = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    let in_gap = || zone.from_local_datetime(&(local + chrono::TimeDelta::hours(1))).earliest();
    Some(zone.from_local_datetime(&local).earliest().or_else(in_gap)?.timestamp_millis())
}

/// The full hours of a zone's clock from `from` to `until`. Zones differ from UTC by quarters of an hour.
pub fn full_hours(from: i64, until: i64, zone: &str) -> Vec<i64> {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    let is_full = |at: &i64| {
        let time = DateTime::from_timestamp_millis(*at).map(|time| time.with_timezone(&zone));
        time.is_some_and(|time| time.minute() == 0)
    };
    let first = from.div_euclid(QUARTER) * QUARTER;
    let quarters = (0..).map(|count| first + count * QUARTER).take_while(|at| *at <= until);
    quarters.filter(|at| *at >= from).filter(is_full).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-06T06:00:00Z.
    const NOON: i64 = 1_772_776_800_000;

    #[test]
    fn a_moment_is_read_on_the_clock_of_the_zone_or_in_utc() {
        for text in ["2026-03-06T14:00", "2026-03-06T14:00:00", "2026-03-06 14:00", "2026-03-06T06:00Z"] {
            assert_eq!(moment(text, "Asia/Shanghai"), Some(NOON), "{text}");
        }
        assert_eq!(moment("2026-03-29T02:30", "Europe/Berlin"), moment("2026-03-29T03:30", "Europe/Berlin"));
        for text in ["", "Z", "2026-03-06", "2026-02-30T00:00", "now"] {
            assert_eq!(moment(text, "UTC"), None, "{text}");
        }
    }

    #[test]
    fn full_hours_are_those_of_the_zones_clock() {
        let until = NOON + 2 * HOUR;
        assert_eq!(full_hours(NOON, until, "UTC"), [NOON, NOON + HOUR, until]);
        let half = full_hours(NOON + 1, until, "Asia/Kolkata");
        assert_eq!(half, [NOON + HOUR / 2, NOON + HOUR + HOUR / 2]);
    }
}
