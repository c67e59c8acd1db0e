use super::*;
use crate::rules::schedule::Definition;
use entity::job::ScheduleKind;
use proptest::prelude::*;

const HOUR: Millis = 3_600_000;
const NOON: Millis = 1_795_262_400_000;

fn schedule(text: &str) -> Timetable {
    Schedule::parse(Definition::cron(text, "Europe/Paris")).unwrap().into()
}

/// Every so many seconds.
fn rate(seconds: u32) -> Timetable {
    let text = seconds.to_string();
    let kind = ScheduleKind::FixedRate;
    Schedule::parse(Definition { kind, ..Definition::cron(&text, "Europe/Paris") }).unwrap().into()
}

fn due(timetable: &Timetable, first: Millis, now: Millis, policy: MisfirePolicy) -> Due<'_> {
    Due {
        timetable,
        first,
        now,
        until: now,
        policy,
        catch_up_ms: HOUR,
        tolerance_ms: TOLERANCE_MS,
        max_fires: 1_000,
        max_steps: MAX_STEPS,
    }
}

fn missed(first: Millis, last: Millis, count: u32) -> Planned {
    Planned::Skipped(Span { first, last, count, reason: Reason::Misfire })
}

fn fire(nominal: Millis) -> Planned {
    Planned::Fire { nominal, due_at: nominal }
}

const MINUTE: Millis = 60_000;

#[test]
fn a_fire_within_the_tolerance_runs_whatever_the_policy() {
    let each_minute = schedule("0 * * * * ?");
    for policy in [MisfirePolicy::Skip, MisfirePolicy::FireOnce, MisfirePolicy::FireAll] {
        let plan = plan(due(&each_minute, NOON, NOON + TOLERANCE_MS, policy));
        let outlook = Outlook { next_at: Some(NOON + MINUTE), held_from: None };
        assert_eq!(plan, Plan { planned: vec![fire(NOON)], outlook });
    }
}

#[test]
fn skip_runs_nothing_late_and_counts_it_in_one_span() {
    let each_minute = schedule("0 * * * * ?");
    let plan = plan(due(&each_minute, NOON, NOON + 10 * MINUTE - 1, MisfirePolicy::Skip));
    assert_eq!(plan.planned, [missed(NOON, NOON + 9 * MINUTE, 10)]);
    assert_eq!(plan.outlook.next_at, Some(NOON + 10 * MINUTE));
}

#[test]
fn fire_once_runs_exactly_one_after_an_outage() {
    let each_minute = schedule("0 * * * * ?");
    let once = |now| plan(due(&each_minute, NOON, now, MisfirePolicy::FireOnce)).planned;
    let nine = NOON + 9 * MINUTE;
    assert_eq!(once(nine + 30_000), [missed(NOON, nine - MINUTE, 9), fire(nine)]);
    // What is due just now makes up for the ones before.
    assert_eq!(once(nine + 2_000), [missed(NOON, nine - MINUTE, 9), fire(nine)]);
    // A single misfire is no span.
    assert_eq!(once(NOON + 30_000), [fire(NOON)]);
}

#[test]
fn fire_all_runs_what_lies_in_the_window() {
    let each_half_hour = schedule("0 */30 * * * ?");
    let now = NOON + 2 * HOUR + 10 * MINUTE;
    let plan = plan(due(&each_half_hour, NOON, now, MisfirePolicy::FireAll));
    let half = HOUR / 2;
    assert_eq!(
        plan.planned,
        [missed(NOON, NOON + 2 * half, 3), fire(NOON + 3 * half), fire(NOON + 4 * half)]
    );
}

#[test]
fn a_misfire_older_than_the_window_is_not_made_up_for() {
    let daily = schedule("0 0 13 * * ?");
    let nominal = daily.schedule().next_after(NOON - 24 * HOUR).unwrap();
    for policy in [MisfirePolicy::FireOnce, MisfirePolicy::FireAll] {
        let plan = plan(due(&daily, nominal, nominal + HOUR + 1, policy));
        assert_eq!(plan.planned, [missed(nominal, nominal, 1)]);
    }
}

#[test]
fn a_year_of_missed_seconds_is_one_span() {
    let each_second = schedule("* * * * * ?");
    let year = 365 * 24 * HOUR;
    let plan = plan(due(&each_second, NOON, NOON + year + TOLERANCE_MS, MisfirePolicy::Skip));
    assert_eq!(plan.planned[0], missed(NOON, NOON + year - 1_000, 365 * 86_400));
    assert_eq!(plan.planned.len(), 1 + 6);
}

#[test]
fn a_fixed_rate_goes_on_in_step_after_an_outage_of_years() {
    let each_seventh = rate(7);
    let first = each_seventh.schedule().next_after(NOON).unwrap();
    let now = first + 10 * 365 * 24 * HOUR;
    let counting = Due { max_steps: 1, ..due(&each_seventh, first, now, MisfirePolicy::FireOnce) };
    let plan = plan(counting);
    let passed = (now - first) / 7_000;
    let last = first + passed * 7_000;
    assert_eq!(plan.planned, [missed(first, last - 7_000, passed as u32), fire(last)]);
    assert_eq!(plan.outlook.next_at, Some(last + 7_000));
}

#[test]
fn what_exceeds_a_limit_is_left_to_the_next_call() {
    let each_second = schedule("* * * * * ?");
    let now = NOON + 100_000;
    let limited = Due { max_fires: 30, ..due(&each_second, NOON, now, MisfirePolicy::FireAll) };
    let first = plan(limited);
    assert_eq!(first.planned.len(), 30);
    assert_eq!(first.outlook.next_at, Some(NOON + 30_000));
    let counting = Due { max_steps: 2, ..due(&each_second, NOON, NOON + 9 * HOUR, MisfirePolicy::FireOnce) };
    assert_eq!(plan(counting).planned, [missed(NOON, NOON + 2 * HOUR - 1_000, 7_200)]);
}

fn schedules() -> impl Strategy<Value = Timetable> {
    let texts = prop_oneof![
        Just("* * * * * ?"),
        Just("*/7 * * * * ?"),
        Just("0 * * * * ?"),
        Just("0 */13 8-18 * * ?"),
        Just("30 0 3 * * ?"),
        Just("5,40 59 * * * ?"),
    ];
    prop_oneof![3 => texts.prop_map(schedule), 1 => (1u32..20_000).prop_map(rate)]
}

fn policies() -> impl Strategy<Value = MisfirePolicy> {
    prop_oneof![Just(MisfirePolicy::Skip), Just(MisfirePolicy::FireOnce), Just(MisfirePolicy::FireAll)]
}

proptest! {
    #[test]
    fn each_nominal_time_is_planned_exactly_once_whatever_the_limits(
        schedule in schedules(),
        policy in policies(),
        start in 1_774_600_000_000i64..1_774_800_000_000,
        outage in 0..3 * HOUR,
        lead in 0i64..10_000,
        catch_up_ms in 0..4 * HOUR,
        max_fires in 1usize..2_000,
        max_steps in 1u32..4_000,
    ) {
        let next_at = schedule.schedule().next_after(start).unwrap();
        let now = next_at + outage;
        let due = Due {
            until: now + lead, catch_up_ms, max_fires, max_steps,
            ..due(&schedule, next_at, now, policy)
        };
        let plan = plan(due);
        let mut nominal = schedule.schedule().fires(next_at - 1).map(|fire| fire.at);
        for planned in &plan.planned {
            match *planned {
                Planned::Fire { nominal: at, .. } => prop_assert_eq!(nominal.next(), Some(at)),
                Planned::Skipped(Span { first, last, count, .. }) => {
                    prop_assert!(count >= 1);
                    prop_assert_eq!(nominal.next(), Some(first));
                    let rest = (1..count).map(|_| nominal.next()).last();
                    prop_assert_eq!(rest.unwrap_or(Some(first)), Some(last));
                    prop_assert!(last < now - TOLERANCE_MS);
                }
            }
        }
        prop_assert_eq!(nominal.next(), plan.outlook.next_at);
        let spans = plan.planned.iter().filter(|planned| matches!(planned, Planned::Skipped(_))).count();
        prop_assert!(spans <= 1);
        prop_assert!(!plan.planned.is_empty(), "every call makes headway");
        let fires = plan.planned.len() - spans;
        prop_assert!(fires <= max_fires);
    }

    #[test]
    fn after_an_outage_fire_once_makes_up_for_one_at_most(
        text in prop_oneof![Just("0 * * * * ?"), Just("0 */13 8-18 * * ?"), Just("30 0 3 * * ?")],
        outage in TOLERANCE_MS + 1..30 * HOUR,
        catch_up_ms in 0..40 * HOUR,
    ) {
        let schedule = schedule(text);
        let next_at = schedule.schedule().next_after(NOON).unwrap();
        let now = next_at + outage;
        let due = Due { catch_up_ms, ..due(&schedule, next_at, now, MisfirePolicy::FireOnce) };
        let fires: Vec<_> = plan(due).planned.into_iter().filter(|planned| matches!(planned, Planned::Fire { .. })).collect();
        prop_assert!(fires.len() <= 1);
        let last = schedule.schedule().fires(next_at - 1).map(|fire| fire.at).take_while(|at| *at <= now).last().unwrap();
        let made_up = now - last <= catch_up_ms.max(TOLERANCE_MS);
        prop_assert_eq!(fires, if made_up { vec![fire(last)] } else { vec![] });
    }
}
