use super::*;
use chrono::{DateTime, LocalResult, TimeZone, Utc};
use entity::fault::{CronFault, Fault, FieldFault};
use entity::job::ScheduleKind;
use proptest::prelude::*;
use std::str::FromStr;

const HOUR: i64 = 3600;

/// Instants at which clocks change: by an hour, half an hour, a quarter, two hours, 44 minutes
/// and 30 seconds, a whole day; forwards and backwards; at midnight.
const CHANGES: [(&str, &str); 14] = [
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
    ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
    ("Africa/Monrovia", "1972-01-07T00:44:30Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Caracas", "2007-12-09T07:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Europe/Dublin", "2026-10-25T01:00:00Z"),
];

fn schedule(text: &str, zone: &str, gap: GapPolicy, repeat: RepeatPolicy) -> Schedule {
    Schedule::parse(Definition { gap, repeat, ..Definition::cron(text, zone) }).unwrap()
}

fn instant(text: &str) -> Millis {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// The wall times of the next fires, with `<` for the end of a gap, `1` and `2` for a repeat.
fn fires(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let show = |fire: Fire| {
        let note = match fire.note {
            None => "",
            Some(DstNote::Moved { .. }) => "<",
            Some(DstNote::FirstOfTwo) => "1",
            Some(DstNote::SecondOfTwo) => "2",
        };
        let at = schedule.zone().timestamp_millis_opt(fire.at).unwrap();
        format!("{}{note}", at.format("%d %H:%M"))
    };
    schedule.fires(instant(after)).take(count).map(show).collect()
}

#[test]
fn a_skipped_time_fires_at_the_end_of_the_gap_or_not_at_all() {
    let zone = "America/New_York";
    let at_end = schedule("0 30 2 * * ?", zone, GapPolicy::EndOfGap, RepeatPolicy::First);
    assert_eq!(fires(&at_end, "2026-03-07T12:00:00Z", 2), ["08 03:00<", "09 02:30"]);
    let skipping = schedule("0 30 2 * * ?", zone, GapPolicy::Skip, RepeatPolicy::First);
    assert_eq!(fires(&skipping, "2026-03-07T12:00:00Z", 2), ["09 02:30", "10 02:30"]);
}

#[test]
fn several_skipped_times_and_the_one_due_then_are_one_fire() {
    let every_quarter =
        schedule("0 */15 1-3 * * ?", "America/New_York", GapPolicy::EndOfGap, RepeatPolicy::First);
    assert_eq!(fires(&every_quarter, "2026-03-08T06:30:00Z", 3), ["08 01:45", "08 03:00<", "08 03:15"]);
}

#[test]
fn a_repeated_time_fires_as_declared() {
    let zone = "America/New_York";
    let fires = |repeat| {
        let half_past = schedule("0 30 1 * * ?", zone, GapPolicy::EndOfGap, repeat);
        fires(&half_past, "2026-10-31T12:00:00Z", 3)
    };
    assert_eq!(fires(RepeatPolicy::First), ["01 01:301", "02 01:30", "03 01:30"]);
    assert_eq!(fires(RepeatPolicy::Second), ["01 01:302", "02 01:30", "03 01:30"]);
    assert_eq!(fires(RepeatPolicy::Both), ["01 01:301", "01 01:302", "02 01:30"]);
}

#[test]
fn an_interval_keeps_its_rhythm_through_both_changes_whatever_the_policies() {
    for (expression, distance) in
        [("0 */30 * * * ?", 1_800_000), ("*/5 * * * * ?", 5_000), ("0 0 * * * ?", 3_600_000)]
    {
        for (gap, repeat) in
            [(GapPolicy::EndOfGap, RepeatPolicy::First), (GapPolicy::Skip, RepeatPolicy::Second)]
        {
            let interval = schedule(expression, "America/New_York", gap, repeat);
            for around in ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"] {
                let start = instant(around) - 5 * 3_600_000;
                let times: Vec<Millis> = interval
                    .fires(start)
                    .map(|fire| fire.at)
                    .take_while(|at| *at < start + 36_000_000)
                    .collect();
                assert!(times.windows(2).all(|pair| pair[1] - pair[0] == distance), "{expression} {around}");
            }
        }
    }
}

#[test]
fn half_an_hour_of_change_keeps_a_half_hour_rhythm_and_leaves_the_rest_to_the_policies() {
    let lord_howe = |text| schedule(text, "Australia/Lord_Howe", GapPolicy::EndOfGap, RepeatPolicy::First);
    let half_hours = lord_howe("0 */30 * * * ?");
    assert_eq!(fires(&half_hours, "2026-10-03T14:35:00Z", 3), ["04 01:30", "04 02:30", "04 03:00"]);
    assert_eq!(
        fires(&half_hours, "2026-04-04T14:00:00Z", 4),
        ["05 01:301", "05 01:302", "05 02:00", "05 02:30"]
    );
    let hours = lord_howe("0 0 * * * ?");
    assert_eq!(fires(&hours, "2026-10-03T14:00:00Z", 3), ["04 01:00", "04 02:30<", "04 03:00"]);
}

#[test]
fn a_day_that_a_zone_leaves_out_counts_as_a_gap() {
    let noon = |gap| schedule("0 0 12 * * ?", "Pacific/Apia", gap, RepeatPolicy::First);
    assert_eq!(
        fires(&noon(GapPolicy::EndOfGap), "2011-12-29T12:00:00Z", 3),
        ["29 12:00", "31 00:00<", "31 12:00"]
    );
    assert_eq!(fires(&noon(GapPolicy::Skip), "2011-12-29T12:00:00Z", 2), ["29 12:00", "31 12:00"]);
}

#[test]
fn a_schedule_without_a_future_ends_and_is_refused_when_entered() {
    let past = Definition::cron("0 0 0 1 1 ? 2020", "UTC");
    let now = instant("2026-01-01T00:00:00Z");
    assert_eq!(Schedule::parse(past).unwrap().next_after(now), None);
    let never = Fault::Cron { position: None, detail: CronFault::Never };
    assert_eq!(Schedule::validate(past, now), Err(vec![FieldFault::new("schedule", never.clone())]));
    let impossible = Definition { text: "0 0 0 30 2 ?", ..past };
    assert_eq!(Schedule::validate(impossible, now), Err(vec![FieldFault::new("schedule", never)]));
    for extreme in [i64::MIN, i64::MAX] {
        Schedule::parse(past).unwrap().next_after(extreme);
    }
}

#[test]
fn both_wrong_fields_are_named_at_once() {
    let wrong = Definition::cron(" ", "Europe/Atlantis");
    let faults = vec![FieldFault::new("schedule", Fault::Required), FieldFault::new("zone", Fault::Zone)];
    assert_eq!(Schedule::parse(wrong), Err(faults));
}

#[test]
fn a_manual_job_never_fires_by_itself() {
    let manual = Definition { kind: ScheduleKind::Manual, ..Definition::cron("", "UTC") };
    assert_eq!(Schedule::validate(manual, 0).unwrap().next_after(0), None);
}

/// The rules told again by looking at every second from `start` to `end`, with the `cron` crate
/// deciding what matches.
fn by_looking(schedule: &Schedule, matching: &cron::Schedule, start: i64, end: i64) -> Vec<Millis> {
    let zone = schedule.zone();
    let matches = |wall: NaiveDateTime| matching.includes(wall.and_utc());
    let wall_at = |instant: i64| zone.timestamp_opt(instant, 0).unwrap().naive_local();
    let hour: Vec<i64> = (0..HOUR)
        .filter(|s| matching.includes(Utc.timestamp_opt(every_hour_of(matching) + s, 0).unwrap()))
        .collect();
    let all_hours = (0..24).all(|hour| cron::TimeUnitSpec::includes(matching.hours(), hour));
    let keeps = |shift: i64| {
        let mut moved: Vec<i64> = hour.iter().map(|second| (second + shift).rem_euclid(HOUR)).collect();
        moved.sort_unstable();
        all_hours && moved == hour
    };
    let fires_at = |instant: i64| {
        let (before, wall) = (wall_at(instant - 1), wall_at(instant));
        let skipped = (wall - before).num_seconds() - 1;
        let made_up = skipped > 0
            && schedule.gap == GapPolicy::EndOfGap
            && !keeps(skipped)
            && (1..=skipped).any(|s| matches(before + Duration::seconds(s)));
        let allowed = match zone.from_local_datetime(&wall) {
            LocalResult::Ambiguous(first, second) => {
                keeps(first.timestamp() - second.timestamp())
                    || schedule.repeat == RepeatPolicy::Both
                    || (schedule.repeat == RepeatPolicy::First) == (first.timestamp() == instant)
            }
            _ => true,
        };
        made_up || (allowed && matches(wall))
    };
    (start..end).filter(|instant| fires_at(*instant)).map(|instant| instant * 1000).collect()
}

/// A full hour of 2001-01-01 that the expression allows.
fn every_hour_of(matching: &cron::Schedule) -> i64 {
    let hour = cron::TimeUnitSpec::iter(matching.hours()).next().unwrap();
    978_307_200 + i64::from(hour) * HOUR
}

fn expression() -> impl Strategy<Value = String> {
    let second = prop_oneof![Just("0"), Just("30"), Just("*/20"), Just("*"), Just("7/13")];
    let minute = prop_oneof![
        Just("0"),
        Just("15"),
        Just("30"),
        Just("*/30"),
        Just("15,45"),
        Just("*/20"),
        Just("*"),
        Just("44,59"),
    ];
    let hour = prop_oneof![
        Just("*"),
        Just("0-23"),
        Just("*/2"),
        Just("1"),
        Just("2"),
        Just("0-3"),
        Just("1,2,3,12"),
        Just("23,0"),
    ];
    (second, minute, hour).prop_map(|(second, minute, hour)| format!("{second} {minute} {hour} * * ?"))
}

fn policies() -> impl Strategy<Value = (GapPolicy, RepeatPolicy)> {
    (
        prop_oneof![Just(GapPolicy::EndOfGap), Just(GapPolicy::Skip)],
        prop_oneof![Just(RepeatPolicy::First), Just(RepeatPolicy::Second), Just(RepeatPolicy::Both)],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn around_a_change_no_fire_is_missing_doubled_or_out_of_order(
        expression in expression(),
        (gap, repeat) in policies(),
        change in 0..CHANGES.len(),
        offset in -2 * HOUR..2 * HOUR,
    ) {
        let (zone, at) = CHANGES[change];
        let start = instant(at) / 1000 - 2 * HOUR + offset;
        let end = start + 6 * HOUR;
        let schedule = schedule(&expression, zone, gap, repeat);
        let found: Vec<Millis> = schedule
            .fires(start * 1000 - 1)
            .map(|fire| fire.at)
            .take_while(|at| *at < end * 1000)
            .collect();
        prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        let matching = cron::Schedule::from_str(&expression).unwrap();
        prop_assert_eq!(found, by_looking(&schedule, &matching, start, end));
    }

    #[test]
    fn every_start_between_two_fires_leads_to_the_second(
        expression in expression(),
        (gap, repeat) in policies(),
        change in 0..CHANGES.len(),
        start in -3 * HOUR * 1000..3 * HOUR * 1000,
    ) {
        let (zone, at) = CHANGES[change];
        let schedule = schedule(&expression, zone, gap, repeat);
        let start = instant(at) + start;
        let next = schedule.next_after(start).unwrap();
        prop_assert!(next > start);
        for part in 1..8 {
            let between = start + (next - 1 - start) / 8 * part;
            prop_assert_eq!(schedule.next_after(between), Some(next));
        }
        prop_assert_eq!(schedule.next_after(next - 1), Some(next));
    }

    #[test]
    fn every_fire_shows_a_matching_time_or_says_why_not(
        expression in expression(),
        (gap, repeat) in policies(),
        zone in 0..CHANGES.len(),
        start in 0i64..4_000_000_000_000,
    ) {
        let schedule = schedule(&expression, CHANGES[zone].0, gap, repeat);
        let matching = cron::Schedule::from_str(&expression).unwrap();
        let mut last = start;
        for fire in schedule.fires(start).take(20) {
            prop_assert!(fire.at > last);
            last = fire.at;
            let wall = schedule.zone().timestamp_millis_opt(fire.at).unwrap().naive_local();
            let shown = match fire.note {
                Some(DstNote::Moved { skipped }) => skipped,
                _ => wall,
            };
            prop_assert!(matching.includes(shown.and_utc()), "{} {:?}", wall, fire);
        }
    }

    #[test]
    fn a_tally_counts_what_walking_finds(
        expression in expression(),
        (gap, repeat) in policies(),
        change in 0..CHANGES.len(),
        length in 1i64..12 * HOUR * 1000,
        max_steps in 1u32..5_000,
    ) {
        let (zone, at) = CHANGES[change];
        let schedule = schedule(&expression, zone, gap, repeat);
        let first = schedule.next_after(instant(at) - 3 * HOUR * 1000).unwrap();
        let tally = schedule.tally(first, first + length, max_steps).unwrap();
        let walked: Vec<Millis> =
            schedule.fires(first - 1).map(|fire| fire.at).take_while(|at| *at <= tally.last).collect();
        prop_assert_eq!(walked.last().copied(), Some(tally.last));
        prop_assert_eq!(walked.len() as u32, tally.count);
        if max_steps > 4_500 && !expression.starts_with('*') {
            prop_assert!(schedule.next_after(tally.last).is_none_or(|next| next >= first + length));
        }
    }
}

#[test]
fn a_fire_at_the_end_of_a_gap_counts_as_one_though_it_begins_an_hour() {
    let at_one = schedule("*/20 */30 1 * * ?", "Antarctica/Troll", GapPolicy::EndOfGap, RepeatPolicy::First);
    let (first, end) = (instant("2026-03-29T01:00:00Z"), instant("2026-03-29T12:00:00Z"));
    assert_eq!(at_one.tally(first, end, 10), Some(Tally { first, last: first, count: 1 }));
}

#[test]
fn a_year_of_seconds_is_counted_in_few_steps() {
    let each_second = schedule("* * * * * ?", "Europe/Paris", GapPolicy::EndOfGap, RepeatPolicy::First);
    let (first, end) = (instant("2025-01-01T00:00:01Z"), instant("2026-01-01T00:00:01Z"));
    let tally = each_second.tally(first, end, 30_000).unwrap();
    assert_eq!((tally.count, tally.last), (365 * 86_400, end - 1_000));
}
