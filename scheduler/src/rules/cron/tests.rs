use super::*;
use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;

fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

fn next(expression: &str, after: &str) -> String {
    let expression = CronExpression::parse(expression).unwrap();
    expression.next_local(at(after)).map_or("never".to_owned(), |found| found.to_string())
}

fn problem(expression: &str) -> CronProblem {
    CronExpression::parse(expression).unwrap_err()
}

#[test]
fn the_next_time_is_strictly_later_even_within_the_second() {
    assert_eq!(next("* * * * * ?", "2026-11-21 10:00:00"), "2026-11-21 10:00:01");
    let half_past = at("2026-11-21 10:00:00") + Duration::milliseconds(500);
    let every_second = CronExpression::parse("* * * * * ?").unwrap();
    assert_eq!(every_second.next_local(half_past), Some(at("2026-11-21 10:00:01")));
}

#[test]
fn a_wrapping_range_keeps_its_step_across_the_limit() {
    let fires = |expression: &str, count: usize| -> Vec<String> {
        let expression = CronExpression::parse(expression).unwrap();
        std::iter::successors(expression.next_local(at("2026-01-01 12:00:00")), |last| {
            expression.next_local(*last)
        })
        .take(count)
        .map(|time| time.format("%H").to_string())
        .collect()
    };
    assert_eq!(fires("0 0 20-4/3 * * ?", 4), ["20", "23", "02", "20"]);
    assert_eq!(fires("0 0 22-2/0 * * ?", 2), ["22", "22"]);
    assert_eq!(fires("0 0 22-2/9 * * ?", 2), ["22", "22"]);
}

#[test]
fn a_problem_names_its_field_and_value() {
    let range = |value: &str, min, max| CronFault::Range { value: value.to_owned(), min, max };
    let syntax = |value: &str| CronFault::Syntax { value: value.to_owned() };
    let in_field = |position, detail| CronProblem { position: Some(position), detail };
    assert_eq!(problem("61 * * * * ?"), in_field(1, range("61", 0, 59)));
    assert_eq!(problem("0 */60 * * * ?"), in_field(2, range("60", 0, 59)));
    assert_eq!(problem("0 0 99999999999 * * ?"), in_field(3, range("99999999999", 0, 23)));
    assert_eq!(problem("0 0 0 L-31 * ?"), in_field(4, range("31", 0, 30)));
    assert_eq!(problem("0 0 0 1 FOO ?"), in_field(5, syntax("FOO")));
    assert_eq!(problem("0 0 0 ? * FRI#6"), in_field(6, range("6", 1, 5)));
    assert_eq!(problem("0 0 0 * * ? 2030-2020"), in_field(7, syntax("2030-2020")));
    assert_eq!(problem("0 0 0 1 * MON").detail, CronFault::DayConflict);
    assert_eq!(problem("0 0 0 ? * ?").detail, CronFault::DayConflict);
    assert_eq!(problem("0 0 * * *").detail, CronFault::FieldCount { found: 5 });
    assert_eq!(problem("").detail, CronFault::FieldCount { found: 0 });
}

#[test]
fn what_quartz_would_silently_ignore_is_refused() {
    for expression in [
        "0 0 0 ? * MON-FRI/2",
        "0 0 0 ? JANUARY *",
        "0 0 0 ? * MON/2",
        "0 0 0 ? * 2#1,3",
        "0 0 0 0W * ?",
        "5X 0 0 * * ?",
        "*5 0 0 * * ?",
        "L 0 0 * * ?",
        "😀 0 0 * * ?",
        ", 0 0 * * ?",
    ] {
        assert!(CronExpression::parse(expression).is_err(), "{expression}");
    }
}

#[test]
fn a_rhythm_survives_shifts_that_its_hour_maps_onto() {
    let keeps = |expression: &str, shift| CronExpression::parse(expression).unwrap().keeps_rhythm(shift);
    let (hour, half_hour) = (3600, 1800);
    for expression in ["0 */30 * * * ?", "*/5 * * * * ?", "0 0 * * * ?", "0 17 0/1 * * ?", "0 0 0-23 * * ?"] {
        assert!(keeps(expression, hour) && keeps(expression, -hour), "{expression}");
    }
    assert!(keeps("0 */30 * * * ?", half_hour));
    assert!(keeps("*/5 15,45 * * * ?", -half_hour));
    assert!(keeps("*/5 * * * * ?", 4 * hour + 56 * 60 + 5));
    assert!(!keeps("0 0 * * * ?", half_hour));
    assert!(!keeps("0 */20 * * * ?", -half_hour));
    assert!(!keeps("0 * * * * ?", 5));
    assert!(!keeps("0 0 */2 * * ?", hour));
    assert!(!keeps("0 30 2 * * ?", hour));
}

/// An expression that the `cron` crate knows too, with `*` for `?`.
fn shared_with_crate() -> impl Strategy<Value = String> {
    let field = |min: u32, max: u32| {
        prop_oneof![
            Just("*".to_owned()),
            (min..=max).prop_map(|value| value.to_string()),
            (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            (min..=max, 1..=max).prop_map(|(start, step)| format!("{start}/{step}")),
            (1..=max).prop_map(|step| format!("*/{step}")),
            (min..=max, min..=max).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    };
    let day = prop_oneof![
        field(1, 31).prop_map(|day| (day, "?".to_owned())),
        field(1, 7).prop_map(|weekday| ("?".to_owned(), weekday)),
    ];
    (field(0, 59), field(0, 59), field(0, 23), day, field(1, 12)).prop_map(
        |(second, minute, hour, (day, weekday), month)| {
            format!("{second} {minute} {hour} {day} {month} {weekday}")
        },
    )
}

proptest! {
    #[test]
    fn the_search_agrees_with_the_cron_crate_where_that_has_the_words(
        expression in shared_with_crate(),
        start in 0i64..3_000_000_000,
    ) {
        let theirs = cron::Schedule::from_str(&expression).unwrap();
        let start = chrono::DateTime::from_timestamp(start, 0).unwrap();
        let ours = CronExpression::parse(&expression).unwrap();
        // The crate's own search ends in 2100.
        let end = NaiveDate::from_ymd_opt(2100, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let found = std::iter::successors(ours.next_local(start.naive_utc()), |last| ours.next_local(*last));
        let expected: Vec<_> =
            theirs.after(&start).map(|time| time.naive_utc()).take_while(|time| *time < end).take(5).collect();
        prop_assert_eq!(found.take_while(|time| *time < end).take(5).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_days_of_a_month_are_those_that_the_words_describe(
        year in 1970..2126i32,
        month in 1..=12u32,
        weekday in 1..=7u32,
        nth in 1..=5u32,
        day in 1..=28u32,
    ) {
        let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
        let length = u32::from(first.num_days_in_month());
        let weekday_of = |day| first.with_day(day).unwrap().weekday().number_from_sunday();
        let days_that = |fits: &dyn Fn(u32) -> bool| (1..=length).filter(|day| fits(*day)).collect::<Vec<_>>();
        let nearest_workday = |to: u32| {
            let workdays = days_that(&|day| (2..=6).contains(&weekday_of(day)));
            workdays.into_iter().min_by_key(|day| day.abs_diff(to)).into_iter().collect::<Vec<_>>()
        };
        let found = |day_of_month: &str, day_of_week: &str| {
            let text = format!("0 0 0 {day_of_month} {month} {day_of_week} {year}");
            let expression = CronExpression::parse(&text).unwrap();
            let next = |after| expression.next_local(after);
            let start = first.and_hms_opt(0, 0, 0).unwrap() - Duration::days(1);
            std::iter::successors(next(start), |last| next(*last)).map(|time| time.day()).collect::<Vec<_>>()
        };

        prop_assert_eq!(
            found("?", &format!("{weekday}#{nth}")),
            days_that(&|day| weekday_of(day) == weekday && (day - 1) / 7 + 1 == nth)
        );
        prop_assert_eq!(
            found("?", &format!("{weekday}L")),
            days_that(&|day| weekday_of(day) == weekday && day + 7 > length)
        );
        prop_assert_eq!(
            found("?", &format!("{weekday},{nth}")),
            days_that(&|day| [weekday, nth].contains(&weekday_of(day)))
        );
        prop_assert_eq!(found("L", "?"), [length]);
        prop_assert_eq!(found(&format!("L-{nth}"), "?"), [length - nth]);
        prop_assert_eq!(found("LW", "?"), nearest_workday(length));
        prop_assert_eq!(found(&format!("L-{nth}W"), "?"), nearest_workday(length - nth));
        prop_assert_eq!(found(&format!("{day}W"), "?"), nearest_workday(day));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[0-9A-Z*?/,#LW -]{0,40}|\\PC{0,40}") {
        let _ = CronExpression::parse(&text);
    }
}
