use super::*;
use crate::rules::misfire::{Due, Plan, Planned, Span, TOLERANCE_MS, given_up, plan};
use crate::rules::schedule::local_time::{self, Of};
use chrono::NaiveDateTime;
use entity::job::MisfirePolicy;
use entity::run::Reason;
use proptest::prelude::*;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// A cron expression with what holds it back.
#[derive(Clone, Debug)]
struct Typed {
    cron: &'static str,
    zone: &'static str,
    calendar: Option<(CalendarUse, &'static str)>,
    blackouts: &'static str,
    policy: BlackoutPolicy,
}

impl Typed {
    fn definition(&self) -> Definition<'_> {
        Definition {
            schedule: schedule::Definition::cron(self.cron, self.zone),
            calendar: self.calendar.map(|(meaning, days)| Days { meaning, days: Some(days) }),
            blackouts: self.blackouts,
            blackout_policy: self.policy,
        }
    }

    fn timetable(&self) -> Timetable {
        Timetable::parse(self.definition()).unwrap()
    }
}

/// Each hour in Berlin, with nothing in its way.
fn hourly() -> Typed {
    let zone = "Europe/Berlin";
    Typed { cron: "0 0 * * * ?", zone, calendar: None, blackouts: "", policy: BlackoutPolicy::Suppress }
}

fn at(text: &str) -> Millis {
    local_time::instant(text, chrono_tz::Europe::Berlin, Of::FirstOfTwo).unwrap()
}

fn due(timetable: &Timetable, outlook: Outlook, now: Millis) -> Due<'_> {
    Due {
        timetable,
        first: outlook.held_from.or(outlook.next_at).unwrap(),
        now,
        until: now,
        policy: MisfirePolicy::Skip,
        catch_up_ms: HOUR,
        tolerance_ms: TOLERANCE_MS,
        max_fires: 100,
        max_steps: 10_000,
    }
}

fn skipped(first: &str, last: &str, count: u32, reason: Reason) -> Planned {
    Planned::Skipped(Span { first: at(first), last: at(last), count, reason })
}

fn fire(nominal: &str, due_at: &str) -> Planned {
    Planned::Fire { nominal: at(nominal), due_at: at(due_at) }
}

#[test]
fn a_calendar_is_asked_for_the_day_in_the_zone() {
    let workdays = Typed { calendar: Some((CalendarUse::Except, "sat\nsun\n2026-11-25")), ..hourly() };
    let timetable = workdays.timetable();
    // 2026-11-20 is a Friday; in UTC the first hour of Saturday is still Friday's.
    let outlook = timetable.outlook_after(at("2026-11-20 22:30"));
    assert_eq!(outlook, Outlook { next_at: Some(at("2026-11-20 23:00")), held_from: None });
    let plan = plan(due(&timetable, outlook, at("2026-11-20 23:00")));
    assert_eq!(plan.planned, [fire("2026-11-20 23:00", "2026-11-20 23:00")]);
    let weekend = Outlook { next_at: Some(at("2026-11-23 00:00")), held_from: Some(at("2026-11-21 00:00")) };
    assert_eq!(plan.outlook, weekend);
    let only = Typed { calendar: Some((CalendarUse::Only, "2026-12-24")), ..hourly() }.timetable();
    assert_eq!(only.outlook_after(at("2026-11-20 22:30")).next_at, Some(at("2026-12-24 00:00")));
}

#[test]
fn what_a_window_suppresses_is_one_span_beside_the_next_run() {
    let nightly = Typed { blackouts: "22:00-06:00", ..hourly() }.timetable();
    let outlook = nightly.outlook_after(at("2026-11-20 21:30"));
    let held = Outlook { next_at: Some(at("2026-11-21 06:00")), held_from: Some(at("2026-11-20 22:00")) };
    assert_eq!(outlook, held);
    let plan = plan(due(&nightly, outlook, at("2026-11-21 06:00")));
    let night = skipped("2026-11-20 22:00", "2026-11-21 05:00", 8, Reason::Blackout);
    assert_eq!(plan.planned, [night, fire("2026-11-21 06:00", "2026-11-21 06:00")]);
    assert_eq!(plan.outlook.next_at, Some(at("2026-11-21 07:00")));
}

#[test]
fn what_a_window_delays_is_one_run_at_its_end() {
    let half_past = Typed { cron: "0 30 * * * ?", blackouts: "22:00-06:00", ..hourly() };
    let delayed = Typed { policy: BlackoutPolicy::Delay, ..half_past }.timetable();
    let outlook = delayed.outlook_after(at("2026-11-20 22:00"));
    assert_eq!(outlook.next_at, Some(at("2026-11-21 06:00")));
    let plan = plan(due(&delayed, outlook, at("2026-11-21 06:00")));
    let night = skipped("2026-11-20 22:30", "2026-11-21 04:30", 7, Reason::Blackout);
    assert_eq!(plan.planned, [night, fire("2026-11-21 05:30", "2026-11-21 06:00")]);
    assert_eq!(plan.outlook, Outlook { next_at: Some(at("2026-11-21 06:30")), held_from: None });
}

#[test]
fn a_fire_at_the_very_end_of_a_window_runs_for_those_within_it() {
    let delayed = Typed { blackouts: "22:00-06:00", policy: BlackoutPolicy::Delay, ..hourly() }.timetable();
    let outlook = delayed.outlook_after(at("2026-11-20 21:30"));
    assert_eq!(outlook.next_at, Some(at("2026-11-21 06:00")));
    let plan = plan(due(&delayed, outlook, at("2026-11-21 06:00")));
    let night = skipped("2026-11-20 22:00", "2026-11-21 05:00", 8, Reason::Blackout);
    assert_eq!(plan.planned, [night, fire("2026-11-21 06:00", "2026-11-21 06:00")]);
}

#[test]
fn the_end_of_a_window_may_lie_on_a_day_that_the_calendar_forbids() {
    let typed = Typed {
        cron: "0 30 21-23 * * ?",
        calendar: Some((CalendarUse::Except, "sat,sun")),
        blackouts: "fri 22:00-12:00",
        policy: BlackoutPolicy::Delay,
        ..hourly()
    };
    let timetable = typed.timetable();
    let outlook = timetable.outlook_after(at("2026-11-20 22:00"));
    let saturday = at("2026-11-21 12:00");
    assert_eq!(outlook, Outlook { next_at: Some(saturday), held_from: Some(at("2026-11-20 22:30")) });
    let plan = plan(due(&timetable, outlook, saturday));
    let held = skipped("2026-11-20 22:30", "2026-11-20 22:30", 1, Reason::Blackout);
    assert_eq!(plan.planned, [held, fire("2026-11-20 23:30", "2026-11-21 12:00")]);
    let weekend = Outlook { next_at: Some(at("2026-11-23 21:30")), held_from: Some(at("2026-11-21 21:30")) };
    assert_eq!(plan.outlook, weekend);
}

#[test]
fn nothing_is_made_up_for_within_a_window() {
    let nightly = Typed { blackouts: "22:00-06:00", ..hourly() }.timetable();
    let outlook = nightly.outlook_after(at("2026-11-20 19:30"));
    for policy in [MisfirePolicy::FireOnce, MisfirePolicy::FireAll] {
        let planned = |now| plan(Due { policy, catch_up_ms: DAY, ..due(&nightly, outlook, now) }).planned;
        let missed = skipped("2026-11-20 20:00", "2026-11-20 21:00", 2, Reason::Misfire);
        let night = |last, count| skipped("2026-11-20 22:00", last, count, Reason::Blackout);
        assert_eq!(planned(at("2026-11-21 01:30")), [missed, night("2026-11-21 01:00", 4)]);
        let after = planned(at("2026-11-21 06:30"));
        assert_eq!(after.last(), Some(&fire("2026-11-21 06:00", "2026-11-21 06:00")), "{policy:?}");
    }
}

#[test]
fn of_the_missed_ones_before_a_night_the_last_is_made_up_for_when_nothing_later_is_due() {
    let daily = Typed { cron: "0 0 5,21 * * ?", blackouts: "22:00-06:00", ..hourly() }.timetable();
    let outlook = daily.outlook_after(at("2026-11-20 20:30"));
    let once = Due {
        policy: MisfirePolicy::FireOnce,
        catch_up_ms: DAY,
        ..due(&daily, outlook, at("2026-11-21 07:00"))
    };
    let early = skipped("2026-11-21 05:00", "2026-11-21 05:00", 1, Reason::Blackout);
    assert_eq!(plan(once).planned, [fire("2026-11-20 21:00", "2026-11-20 21:00"), early]);
}

#[test]
fn a_delayed_run_that_missed_its_time_is_a_misfire() {
    let delayed =
        Typed { cron: "0 30 * * * ?", blackouts: "22:00-06:00", policy: BlackoutPolicy::Delay, ..hourly() };
    let timetable = delayed.timetable();
    let outlook = timetable.outlook_after(at("2026-11-20 22:00"));
    let late = due(&timetable, outlook, at("2026-11-21 06:10"));
    let night = skipped("2026-11-20 22:30", "2026-11-21 04:30", 7, Reason::Blackout);
    let missed = skipped("2026-11-21 05:30", "2026-11-21 05:30", 1, Reason::Misfire);
    assert_eq!(plan(late).planned, [night, missed]);
    let made_up = plan(Due { policy: MisfirePolicy::FireOnce, ..late }).planned;
    assert_eq!(made_up, [night, fire("2026-11-21 05:30", "2026-11-21 06:00")]);
}

#[test]
fn what_leaves_nothing_for_years_is_refused_at_its_field() {
    let now = at("2026-11-20 12:00");
    let fields = |typed: Typed| match Timetable::validate(typed.definition(), now) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            assert!(faults.iter().all(|found| found.fault == Fault::NothingLeft));
            faults.into_iter().map(|found| found.field).collect::<Vec<_>>()
        }
    };
    let days = |meaning, days| Typed { calendar: Some((meaning, days)), ..hourly() };
    assert_eq!(fields(days(CalendarUse::Only, "2026-11-19")), ["calendar_id"]);
    assert_eq!(fields(days(CalendarUse::Except, "mon-sun")), ["calendar_id"]);
    assert_eq!(fields(days(CalendarUse::Only, "2030-01-01")), [""; 0]);
    for policy in [BlackoutPolicy::Suppress, BlackoutPolicy::Delay] {
        let always = Typed { blackouts: "00:00-12:00\n12:00-24:00", policy, ..hourly() };
        assert_eq!(fields(always), ["blackouts"]);
    }
    let daily = Typed { cron: "0 0 23 * * ?", blackouts: "22:00-06:00", ..hourly() };
    assert_eq!(fields(daily.clone()), ["blackouts"]);
    assert_eq!(fields(Typed { policy: BlackoutPolicy::Delay, ..daily }), [""; 0]);
}

#[test]
fn a_calendar_that_is_gone_is_named() {
    let typed = hourly();
    let gone = Some(Days { meaning: CalendarUse::Only, days: None });
    let definition = Definition { calendar: gone, ..typed.definition() };
    assert_eq!(Timetable::parse(definition), Err(vec![FieldFault::new("calendar_id", Fault::Unknown)]));
}

#[test]
fn what_was_held_until_a_change_is_counted_by_its_reasons() {
    let typed = Typed { calendar: Some((CalendarUse::Except, "sat")), blackouts: "22:00-06:00", ..hourly() };
    for policy in [BlackoutPolicy::Suppress, BlackoutPolicy::Delay] {
        let timetable = Typed { policy, ..typed.clone() }.timetable();
        let spans = given_up(&timetable, at("2026-11-20 22:00"), at("2026-11-21 03:30"));
        let night = skipped("2026-11-20 22:00", "2026-11-20 23:00", 2, Reason::Blackout);
        let saturday = skipped("2026-11-21 00:00", "2026-11-21 03:00", 4, Reason::Calendar);
        assert_eq!(spans.into_iter().map(Planned::Skipped).collect::<Vec<_>>(), [night, saturday]);
    }
    assert_eq!(given_up(&typed.timetable(), at("2026-11-20 22:00"), at("2026-11-20 21:59")), []);
}

/// What a clock on the wall of the zone shows.
fn shown(timetable: &Timetable, at: Millis) -> NaiveDateTime {
    WallClock(timetable.schedule().zone()).shown_at(at.div_euclid(1_000)).unwrap()
}

/// What becomes of a nominal time, found by walking over the minutes.
fn walked(typed: &Typed, timetable: &Timetable, at: Millis) -> Way {
    let is_named = |(meaning, days): (CalendarUse, &str)| {
        let named = Calendar::parse(days).unwrap().contains(shown(timetable, at).date());
        named == (meaning == CalendarUse::Only)
    };
    if !typed.calendar.is_none_or(is_named) {
        return Way::Held(Hold::Calendar);
    }
    let windows = Blackouts::parse(typed.blackouts).unwrap();
    let inside = |at: &Millis| windows.covers(shown(timetable, *at));
    match (inside(&at), typed.policy) {
        (false, _) => Way::Free,
        (true, BlackoutPolicy::Suppress) => Way::Held(Hold::Blackout),
        (true, BlackoutPolicy::Delay) => {
            let next_minute = at - at.rem_euclid(MINUTE) + MINUTE;
            let mut minutes = (next_minute..).step_by(MINUTE as usize);
            Way::Delayed { due_at: minutes.find(|minute| !inside(minute)).unwrap() }
        }
    }
}

/// What is to become of each nominal time up to `end`: its run's due time, or why it has none.
fn expected(
    typed: &Typed,
    timetable: &Timetable,
    after: Millis,
    end: Millis,
) -> Vec<(Millis, Result<Millis, Reason>)> {
    let times: Vec<Millis> =
        timetable.schedule().fires(after).map(|fire| fire.at).take_while(|at| *at <= end).collect();
    let ways: Vec<Way> = times.iter().map(|at| walked(typed, timetable, *at)).collect();
    let fate = |index: usize| match ways[index] {
        Way::Free => Ok(times[index]),
        Way::Held(Hold::Calendar) => Err(Reason::Calendar),
        Way::Held(Hold::Blackout) => Err(Reason::Blackout),
        Way::Delayed { due_at } => {
            let later = times.iter().zip(&ways).skip(index + 1);
            let mut carriers = later.filter(|(at, way)| **at <= due_at && !matches!(way, Way::Held(_)));
            if carriers.next().is_some() { Err(Reason::Blackout) } else { Ok(due_at) }
        }
    };
    (0..times.len()).map(|index| (times[index], fate(index))).collect()
}

fn typed() -> impl Strategy<Value = Typed> {
    let cron = prop_oneof![
        Just("0 0 * * * ?"),
        Just("0 30 2,22 * * ?"),
        Just("0 */20 * * * ?"),
        Just("15 5 0-6 * * ?"),
        Just("0 0 6 ? * MON-FRI"),
    ];
    let zone = prop_oneof![
        Just("Europe/Berlin"),
        Just("Australia/Lord_Howe"),
        Just("UTC"),
        Just("America/New_York")
    ];
    let calendar = prop_oneof![
        Just(None),
        Just(Some((CalendarUse::Except, "sat,sun"))),
        Just(Some((CalendarUse::Only, "mon-fri\n2026-03-29"))),
        Just(Some((CalendarUse::Except, "2026-10-24..2026-10-26\n04-05"))),
    ];
    let blackouts = prop_oneof![
        Just(""),
        Just("22:00-06:00"),
        Just("01:30-02:30"),
        Just("02:15-03:00\n03:00-03:30"),
        Just("mon-fri 08:00-18:00\nsat,sun 0:00-24:00"),
        Just("2026-03-27 18:00..2026-03-30 06:00\n23:30-00:30"),
    ];
    let policy = prop_oneof![Just(BlackoutPolicy::Suppress), Just(BlackoutPolicy::Delay)];
    (cron, zone, calendar, blackouts, policy).prop_map(|(cron, zone, calendar, blackouts, policy)| Typed {
        cron,
        zone,
        calendar,
        blackouts,
        policy,
    })
}

/// Around the changes of the clocks in spring and in autumn, north and south.
fn starts() -> impl Strategy<Value = Millis> {
    let changes = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"];
    (proptest::sample::select(changes.to_vec()), 0..72 * 60i64)
        .prop_map(|(day, minutes)| at(&format!("{day} 00:00")) - DAY - DAY / 2 + minutes * MINUTE)
}

proptest! {
    #[test]
    fn each_nominal_time_fares_as_a_walk_over_the_minutes_says(typed in typed(), start in starts()) {
        let timetable = typed.timetable();
        let fires = timetable.schedule().fires(start).map(|fire| fire.at);
        for at in fires.take_while(|at| *at < start + 3 * DAY) {
            let phase = timetable.phase(at);
            prop_assert_eq!(phase.way, walked(&typed, &timetable, at), "{} of {:?}", shown(&timetable, at), typed);
            prop_assert!(phase.until > at);
        }
    }

    #[test]
    fn woken_in_time_the_planner_gives_each_nominal_time_the_fate_it_is_to_have(
        typed in typed(),
        start in starts(),
    ) {
        let timetable = typed.timetable();
        let mut outlook = timetable.outlook_after(start);
        let mut fates = Vec::new();
        let mut nominal = timetable.schedule().fires(start).map(|fire| fire.at);
        let end = start + 6 * DAY;
        while let Some(now) = outlook.next_at.filter(|at| *at <= end) {
            let Plan { planned, outlook: next } = plan(due(&timetable, outlook, now));
            prop_assert!(!planned.is_empty(), "nothing came of a look at {}", shown(&timetable, now));
            for planned in planned {
                match planned {
                    Planned::Fire { nominal: at, due_at } => {
                        prop_assert_eq!(due_at, now);
                        fates.push((nominal.next().unwrap(), Ok(due_at)));
                        prop_assert_eq!(fates.last().unwrap().0, at);
                    }
                    Planned::Skipped(span) => {
                        let spanned: Vec<Millis> = nominal.by_ref().take(span.count as usize).collect();
                        prop_assert_eq!((spanned[0], spanned[spanned.len() - 1]), (span.first, span.last));
                        fates.extend(spanned.into_iter().map(|at| (at, Err(span.reason))));
                    }
                }
            }
            prop_assert!(next.next_at > Some(now));
            outlook = next;
        }
        let mut expected = expected(&typed, &timetable, start, end + 4 * DAY);
        expected.truncate(fates.len());
        prop_assert_eq!(fates, expected, "{:?}", typed);
    }

    #[test]
    fn after_an_outage_each_nominal_time_is_planned_once_whatever_the_limits(
        typed in typed(),
        start in starts(),
        outage in 0..9 * DAY,
        policy in prop_oneof![Just(MisfirePolicy::Skip), Just(MisfirePolicy::FireOnce), Just(MisfirePolicy::FireAll)],
        max_fires in 1usize..50,
        max_steps in 1u32..50,
    ) {
        let timetable = typed.timetable();
        let mut outlook = timetable.outlook_after(start);
        let now = outlook.next_at.unwrap() + outage;
        let mut nominal = timetable.schedule().fires(start).map(|fire| fire.at);
        let mut calls = 0;
        while outlook.next_at.is_some_and(|at| at <= now) {
            let limited = Due { policy, max_fires, max_steps, catch_up_ms: DAY, ..due(&timetable, outlook, now) };
            let Plan { planned, outlook: next } = plan(limited);
            for planned in planned {
                let (first, last, count) = match planned {
                    Planned::Fire { nominal, .. } => (nominal, nominal, 1),
                    Planned::Skipped(span) => (span.first, span.last, span.count),
                };
                let spanned: Vec<Millis> = nominal.by_ref().take(count as usize).collect();
                prop_assert_eq!((spanned[0], spanned[spanned.len() - 1]), (first, last));
            }
            outlook = next;
            calls += 1;
            prop_assert!(calls < 10_000, "no headway in {:?}", typed);
        }
        prop_assert_eq!(nominal.next(), outlook.held_from.or(outlook.next_at));
    }
}
