use super::*;
use crate::rules::follow::tests as follow;
use crate::rules::timetable::Definition;
use chrono_tz::Tz;
use entity::calendar;
use entity::job::CalendarUse;

const HOUR: Millis = 3_600_000;

fn at(text: &str) -> Millis {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn day(time: &str, zone: Tz, now: &str) -> Day {
    TimeOfDay::parse(time).unwrap().last_day(zone, at(now)).unwrap()
}

#[test]
fn a_time_of_day_is_read_up_to_the_end_of_the_day_after() {
    for (typed, stored) in [("6:05", "06:05"), (" 06:05 ", "06:05"), ("24:00", "24:00"), ("47:59", "47:59")] {
        assert_eq!(TimeOfDay::parse(typed).unwrap().text(), stored, "{typed}");
    }
    for wrong in ["6", "6:5", "06:60", "48:00", "-1:00", "+6:00", "06:00:00", "006:00", "noon", "６:00"] {
        assert_eq!(TimeOfDay::parse(wrong), Err(Fault::TimeOfDay), "{wrong}");
    }
    assert_eq!(TimeOfDay::parse("  "), Err(Fault::Required));
}

#[test]
fn the_day_is_that_of_the_zone_and_a_time_beyond_midnight_is_of_the_day_before() {
    let shanghai = chrono_tz::Asia::Shanghai;
    let found = day("06:00", shanghai, "2026-11-21T22:00:00Z");
    assert_eq!(found.begin, at("2026-11-22T00:00:00+08:00"));
    assert_eq!(found.end, at("2026-11-23T00:00:00+08:00"));
    assert_eq!(found.deadline, at("2026-11-22T06:00:00+08:00"));
    let before = day("06:00", shanghai, "2026-11-21T21:59:59Z");
    assert_eq!(before.deadline, at("2026-11-21T06:00:00+08:00"));
    let night = day("30:00", shanghai, "2026-11-21T22:00:00Z");
    assert_eq!((night.begin, night.deadline), (at("2026-11-21T00:00:00+08:00"), found.deadline));
    let latest = day("47:59", shanghai, "2026-11-21T22:00:00Z");
    assert_eq!(latest.begin, at("2026-11-20T00:00:00+08:00"));
}

#[test]
fn a_skipped_time_has_passed_at_the_end_of_the_gap_and_a_repeated_one_when_it_came_again() {
    let berlin = chrono_tz::Europe::Berlin;
    let spring = day("02:30", berlin, "2026-03-29T12:00:00Z");
    assert_eq!(spring.deadline, at("2026-03-29T03:00:00+02:00"));
    assert_eq!(spring.end - spring.begin, 23 * HOUR);
    let autumn = day("02:30", berlin, "2026-10-25T12:00:00Z");
    assert_eq!(autumn.deadline, at("2026-10-25T02:30:00+01:00"));
    assert_eq!(autumn.end - autumn.begin, 25 * HOUR);
}

/// A job on weekdays at four, stored long ago.
fn nightly() -> Job {
    Job { schedule_kind: ScheduleKind::Cron, schedule: "0 0 4 ? * MON-FRI".to_owned(), ..follow::job(1) }
}

fn expected(job: &Job, date: &str, has_runs: bool) -> bool {
    let timetable = Timetable::parse(Definition::of(job, None)).unwrap();
    is_expected(job, &timetable, &day("06:00", Tz::UTC, &format!("{date}T12:00:00Z")), has_runs)
}

#[test]
fn nothing_is_expected_on_days_without_a_time_that_is_due_by_then() {
    assert!(expected(&nightly(), "2026-11-20", false), "a Friday");
    assert!(!expected(&nightly(), "2026-11-21", false), "a Saturday");
    let later = Job { schedule: "0 0 7 * * ?".to_owned(), ..nightly() };
    assert!(!expected(&later, "2026-11-20", false));
    let windowed = Job { blackouts: "03:00-05:00".to_owned(), ..nightly() };
    assert!(!expected(&windowed, "2026-11-20", false));
    let days = calendar::Model {
        id: 1,
        namespace_id: 1,
        name: "closed".to_owned(),
        days: "2026-11-20".to_owned(),
        version: 1,
        created_at: 0,
        updated_at: 0,
        updated_by: None,
    };
    let closed = Job { calendar_id: Some(1), calendar_use: CalendarUse::Except, ..nightly() };
    let timetable = Timetable::parse(Definition::of(&closed, Some(&days))).unwrap();
    assert!(!is_expected(&closed, &timetable, &day("06:00", Tz::UTC, "2026-11-20T12:00:00Z"), false));
}

#[test]
fn a_job_that_does_not_fire_owes_nothing_and_one_without_a_schedule_owes_each_day() {
    let in_state = |state| expected(&Job { state, ..nightly() }, "2026-11-20", true);
    assert_eq!((in_state(JobState::Stopped), in_state(JobState::Disabled)), (false, false));
    let by_hand = Job { schedule_kind: ScheduleKind::Manual, schedule: String::new(), ..nightly() };
    assert!(expected(&Job { state: JobState::Stopped, ..by_hand.clone() }, "2026-11-21", false));
    assert!(!expected(&Job { state: JobState::Disabled, ..by_hand }, "2026-11-21", false));
}

#[test]
fn a_job_that_was_changed_amid_the_day_owes_what_had_begun_or_came_after() {
    let changed = |time: &str| Job { updated_at: at(&format!("2026-11-20T{time}:00Z")), ..nightly() };
    assert!(expected(&changed("03:00"), "2026-11-20", false));
    assert!(!expected(&changed("05:00"), "2026-11-20", false), "it was started after its time");
    assert!(expected(&changed("05:00"), "2026-11-20", true), "it had fired before");
}
