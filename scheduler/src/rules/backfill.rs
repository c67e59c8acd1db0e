//! Which past times of a schedule a job runs for when somebody asks for a stretch of them.

use super::misfire::{Due, MAX_STEPS, Planned, plan};
use super::timetable::Timetable;
use entity::Millis;
use entity::job::MisfirePolicy;

/// The first `most` nominal times from `from` to `until`, both included, for which the job would have run
/// by then: what a calendar or a blackout holds back is left out, and of what a blackout delays there is
/// one time. Found by the code that fires the job.
pub fn times(timetable: &Timetable, from: Millis, until: Millis, most: usize) -> Vec<Millis> {
    let mut found = Vec::new();
    let mut next = timetable.schedule().next_after(from.saturating_sub(1));
    while let Some(first) = next.filter(|at| *at <= until && found.len() < most) {
        let plan = plan(Due {
            timetable,
            first,
            now: until,
            until,
            policy: MisfirePolicy::Skip,
            catch_up_ms: 0,
            // Nothing has missed its time.
            tolerance_ms: Millis::MAX,
            max_fires: most - found.len(),
            max_steps: MAX_STEPS,
        });
        found.extend(plan.planned.into_iter().filter_map(|planned| match planned {
            Planned::Fire { nominal, .. } => Some(nominal),
            Planned::Skipped(_) => None,
        }));
        let outlook = plan.outlook;
        next = outlook.next_at.filter(|at| *at <= until).and(outlook.held_from.or(outlook.next_at));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::blackout::Blackouts;
    use crate::rules::schedule::local_time::{self, Of};
    use crate::rules::schedule::{self, Schedule};
    use crate::rules::timetable::{Days, Definition};
    use entity::job::{BlackoutPolicy, CalendarUse};

    fn at(text: &str) -> Millis {
        local_time::instant(text, chrono_tz::UTC, Of::FirstOfTwo).unwrap()
    }

    /// Every hour, with these windows.
    fn hourly(blackouts: &str, blackout_policy: BlackoutPolicy) -> Timetable {
        assert!(Blackouts::parse(blackouts).is_ok());
        let schedule = schedule::Definition::cron("0 0 * * * ?", "UTC");
        Timetable::parse(Definition { schedule, calendar: None, blackouts, blackout_policy }).unwrap()
    }

    fn hours(timetable: &Timetable, from: &str, until: &str, most: usize) -> Vec<i64> {
        let midnight = at("2026-05-01 00:00");
        let found = times(timetable, at(from), at(until), most).into_iter();
        found.map(|at| (at - midnight) / 3_600_000).collect()
    }

    #[test]
    fn both_ends_belong_to_the_range_and_no_more_than_asked_for_are_found() {
        let plain = hourly("", BlackoutPolicy::Suppress);
        assert_eq!(hours(&plain, "2026-05-01 02:00", "2026-05-01 05:00", 9), [2, 3, 4, 5]);
        assert_eq!(hours(&plain, "2026-05-01 02:00", "2026-05-01 05:00", 3), [2, 3, 4]);
        assert_eq!(hours(&plain, "2026-05-01 02:00", "2026-05-01 02:00", 9), [2]);
        assert_eq!(hours(&plain, "2026-05-01 02:01", "2026-05-01 02:59", 9), [] as [i64; 0]);
        assert_eq!(hours(&plain, "2026-05-01 05:00", "2026-05-01 02:00", 9), [] as [i64; 0]);
    }

    #[test]
    fn what_was_held_back_is_left_out_and_a_delayed_time_stands_for_all_of_its_window() {
        let suppressed = hourly("03:30-06:30", BlackoutPolicy::Suppress);
        assert_eq!(hours(&suppressed, "2026-05-01 02:00", "2026-05-01 08:00", 9), [2, 3, 7, 8]);
        let delayed = hourly("03:30-06:30", BlackoutPolicy::Delay);
        assert_eq!(hours(&delayed, "2026-05-01 02:00", "2026-05-01 08:00", 9), [2, 3, 6, 7, 8]);
        let within = hours(&delayed, "2026-05-01 02:00", "2026-05-01 05:00", 9);
        assert_eq!(within, [2, 3], "the window has not ended by then");
    }

    #[test]
    fn years_that_a_calendar_holds_back_are_searched_to_their_end() {
        let schedule = schedule::Definition::cron("0 0 12 * * ?", "UTC");
        let calendar = Some(Days { meaning: CalendarUse::Only, days: Some("2026-05-01") });
        let policy = BlackoutPolicy::Suppress;
        let definition = Definition { schedule, calendar, blackouts: "", blackout_policy: policy };
        let timetable = Timetable::parse(definition).unwrap();
        assert_eq!(hours(&timetable, "2016-01-01 00:00", "2026-06-01 00:00", 9), [12]);
    }

    #[test]
    fn a_range_of_many_times_is_found_in_order() {
        let every_second =
            Timetable::from(Schedule::parse(schedule::Definition::cron("* * * * * ?", "UTC")).unwrap());
        let found = times(&every_second, at("2026-05-01 00:00"), at("2026-05-02 00:00"), 1_001);
        assert_eq!(found.len(), 1_001);
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] == 1_000));
    }
}
