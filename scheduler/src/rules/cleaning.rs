//! Which runs each of the nine ways of cleaning up the history takes.

use chrono::{DateTime, Months};
use entity::Millis;
use entity::cleaning::What;

/// What stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Runs due at this time or later stay.
    pub due_before: Millis,
    /// Of the others so many of each job, the newest.
    pub keep: i32,
}

/// What stays when it is asked for at `now`. Months are those of the calendar, in UTC: a month before the 31st
/// of March is the last day of February, at the same time of day.
pub fn bounds(what: What, now: Millis) -> Bounds {
    let over = |months| Bounds { due_before: months_before(now, months), keep: 0 };
    let all_but = |keep| Bounds { due_before: now, keep };
    match what {
        What::OverOneMonth => over(1),
        What::OverThreeMonths => over(3),
        What::OverSixMonths => over(6),
        What::OverOneYear => over(12),
        What::AllButThousand => all_but(1_000),
        What::AllButTenThousand => all_but(10_000),
        What::AllButThirtyThousand => all_but(30_000),
        What::AllButHundredThousand => all_but(100_000),
        What::All => all_but(0),
    }
}

fn months_before(now: Millis, months: u32) -> Millis {
    let then =
        DateTime::from_timestamp_millis(now).and_then(|now| now.checked_sub_months(Months::new(months)));
    // Of a time that no calendar knows nothing is old.
    then.map_or(Millis::MIN, |then| then.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let now = at("2026-03-31T10:00:00Z");
        let before = |what| bounds(what, now).due_before;
        assert_eq!(before(What::OverOneMonth), at("2026-02-28T10:00:00Z"));
        assert_eq!(before(What::OverThreeMonths), at("2025-12-31T10:00:00Z"));
        assert_eq!(before(What::OverSixMonths), at("2025-09-30T10:00:00Z"));
        assert_eq!(before(What::OverOneYear), at("2025-03-31T10:00:00Z"));
    }

    #[test]
    fn by_number_or_all_nothing_goes_that_is_due_later() {
        let kept = |what| bounds(what, 7).keep;
        let ways = [
            What::AllButThousand,
            What::AllButTenThousand,
            What::AllButThirtyThousand,
            What::AllButHundredThousand,
            What::All,
        ];
        assert_eq!(ways.map(kept), [1_000, 10_000, 30_000, 100_000, 0]);
        assert!(ways.iter().all(|what| bounds(*what, 7).due_before == 7));
    }

    #[test]
    fn each_way_has_its_word() {
        for what in What::EACH {
            assert_eq!(What::parse(what.as_str()), Some(what));
            assert_eq!(serde_json::to_value(what).unwrap(), what.as_str());
        }
        assert_eq!(What::parse("some"), None);
    }
}
