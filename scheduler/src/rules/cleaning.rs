//! Which runs each way of cleaning up the history takes.

use chrono::{DateTime, Months};
use entity::Millis;
use entity::cleaning::What;
use entity::retention;

/// What stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Runs due at this time or later stay.
    pub due_before: Millis,
    /// Of the others so many of each job, the newest.
    pub keep: i32,
    /// What did not succeed stays.
    pub succeeded: bool,
}

const DAY: Millis = 24 * 3_600_000;
/// Of what is kept for ever nothing is due before this.
const NEVER: Millis = Millis::MIN;

/// What stays when it is asked for at `now`. Months are those of the calendar, in UTC: a month before the 31st
/// of March is the last day of February, at the same time of day.
pub fn bounds(what: What, policy: &retention::Model, now: Millis) -> Bounds {
    let older = |due_before| Bounds { due_before, keep: 0, succeeded: false };
    let over = |months| older(months_before(now, months));
    let all_but = |keep| Bounds { keep, ..older(now) };
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
        What::TooOld => older(days_before(now, policy.run_days)),
        What::SuccessTooOld => Bounds { succeeded: true, ..older(days_before(now, policy.success_days)) },
        What::TooMany if policy.runs_per_job == 0 => older(NEVER),
        What::TooMany => all_but(policy.runs_per_job),
    }
}

/// 0 days are for ever.
fn days_before(now: Millis, days: i32) -> Millis {
    if days == 0 { NEVER } else { now - Millis::from(days) * DAY }
}

fn months_before(now: Millis, months: u32) -> Millis {
    let then =
        DateTime::from_timestamp_millis(now).and_then(|now| now.checked_sub_months(Months::new(months)));
    // Of a time that no calendar knows nothing is old.
    then.map_or(NEVER, |then| then.timestamp_millis())
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
        let before = |what| bounds(what, &retention::Model::default(), now).due_before;
        assert_eq!(before(What::OverOneMonth), at("2026-02-28T10:00:00Z"));
        assert_eq!(before(What::OverThreeMonths), at("2025-12-31T10:00:00Z"));
        assert_eq!(before(What::OverSixMonths), at("2025-09-30T10:00:00Z"));
        assert_eq!(before(What::OverOneYear), at("2025-03-31T10:00:00Z"));
    }

    #[test]
    fn by_number_or_all_nothing_goes_that_is_due_later() {
        let kept = |what| bounds(what, &retention::Model::default(), 7).keep;
        let ways = [
            What::AllButThousand,
            What::AllButTenThousand,
            What::AllButThirtyThousand,
            What::AllButHundredThousand,
            What::All,
        ];
        assert_eq!(ways.map(kept), [1_000, 10_000, 30_000, 100_000, 0]);
        let due_before = |what: &What| bounds(*what, &retention::Model::default(), 7).due_before;
        assert!(ways.iter().all(|what| due_before(what) == 7));
    }

    #[test]
    fn the_policy_keeps_for_days_so_many_of_each_job_or_for_ever() {
        let policy =
            retention::Model { run_days: 90, success_days: 7, runs_per_job: 500, ..Default::default() };
        let now = at("2026-11-23T00:00:00Z");
        let by = |what, policy: &retention::Model| bounds(what, policy, now);
        let older = |due_before, succeeded| Bounds { due_before, keep: 0, succeeded };
        assert_eq!(by(What::TooOld, &policy), older(at("2026-08-25T00:00:00Z"), false));
        assert_eq!(by(What::SuccessTooOld, &policy), older(at("2026-11-16T00:00:00Z"), true));
        assert_eq!(by(What::TooMany, &policy), Bounds { due_before: now, keep: 500, succeeded: false });
        let for_ever = retention::Model { run_days: 0, success_days: 0, runs_per_job: 0, ..policy };
        for what in [What::TooOld, What::SuccessTooOld, What::TooMany] {
            assert_eq!(by(what, &for_ever).due_before, Millis::MIN, "{what:?}");
        }
    }

    #[test]
    fn each_way_has_its_word() {
        for what in What::EACH {
            assert_eq!(What::parse(what.as_str()), Some(what));
            assert_eq!(serde_json::to_value(what).unwrap(), what.as_str());
        }
        assert_eq!(What::parse("some"), None);
        assert_eq!(What::parse(What::TooOld.as_str()), None, "the policy's are nobody's to choose");
    }
}
