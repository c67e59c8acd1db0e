//! What is stored about a schedule, read into what fires.

use super::local_time;
use super::rate::{self, Rate};
use super::wall_clock::{Showing, WallClock};
use super::{Fire, Pattern, Schedule};
use crate::rules::cron::{CronExpression, CronProblem};
use chrono_tz::Tz;
use entity::Millis;
use entity::fault::{CronFault, Fault, FieldFault};
use entity::job::{GapPolicy, RepeatPolicy, ScheduleKind};

/// The columns of a job that say when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    pub kind: ScheduleKind,
    /// As [`ScheduleKind`] says; not looked at for [`ScheduleKind::Manual`].
    pub text: &'a str,
    /// IANA name, with its letters as the database writes them.
    pub zone: &'a str,
    /// For cron expressions, as is `repeat`.
    pub gap: GapPolicy,
    pub repeat: RepeatPolicy,
    pub validity: Validity,
    /// When the job was created: what a fixed rate counts from where nothing else is said.
    pub created_at: Millis,
}

/// Outside of it a schedule does not fire; both ends belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    pub from: Option<Millis>,
    pub until: Option<Millis>,
}

impl<'a> Definition<'a> {
    /// A cron expression for ever, with the policies that suit most jobs.
    pub fn cron(text: &'a str, zone: &'a str) -> Self {
        Self {
            kind: ScheduleKind::Cron,
            text,
            zone,
            gap: GapPolicy::EndOfGap,
            repeat: RepeatPolicy::First,
            validity: Validity::default(),
            created_at: 0,
        }
    }
}

impl<'a> From<&'a entity::job::Model> for Definition<'a> {
    fn from(job: &'a entity::job::Model) -> Self {
        Self {
            kind: job.schedule_kind,
            text: &job.schedule,
            zone: &job.zone,
            gap: job.gap_policy,
            repeat: job.repeat_policy,
            validity: Validity { from: job.valid_from, until: job.valid_until },
            created_at: job.created_at,
        }
    }
}

impl Schedule {
    /// Reads a definition, as it was stored. The faults are those of the fields `schedule` and
    /// `zone`.
    pub fn parse(definition: Definition<'_>) -> Result<Self, Vec<FieldFault>> {
        let zone = match definition.zone {
            "" => Err(Fault::Required),
            name => name.parse::<Tz>().map_err(|_| Fault::Zone),
        };
        // What is wrong with the text is told whatever the zone is.
        let clock = WallClock(*zone.as_ref().unwrap_or(&Tz::UTC));
        match (pattern(&definition, clock), zone) {
            (Ok(pattern), Ok(_)) => Ok(Self {
                pattern,
                clock,
                gap: definition.gap,
                repeat: definition.repeat,
                validity: definition.validity,
            }),
            (pattern, zone) => {
                let text = pattern.err().map(|fault| FieldFault::new("schedule", fault));
                let zone = zone.err().map(|fault| FieldFault::new("zone", fault));
                Err(text.into_iter().chain(zone).collect())
            }
        }
    }

    /// Reads a definition that somebody enters `now`, and refuses one that will never fire. The
    /// faults are those of the fields `schedule`, `zone` and `valid_until`.
    pub fn validate(definition: Definition<'_>, now: Millis) -> Result<Self, Vec<FieldFault>> {
        let schedule = Self::parse(definition)?;
        let Validity { from, until } = schedule.validity;
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(vec![FieldFault::new("valid_until", Fault::NotLater)]);
        }
        if schedule.first_fire(now).is_some() {
            return Ok(schedule);
        }
        match schedule.pattern {
            Pattern::Manual => Ok(schedule),
            Pattern::Once(_) => Err(vec![FieldFault::new("schedule", Fault::Past)]),
            Pattern::Cron(_) | Pattern::Rate(_) | Pattern::Delay(_) => {
                let never = Fault::Cron { position: None, detail: CronFault::Never };
                Err(vec![FieldFault::new("schedule", never)])
            }
        }
    }
}

fn pattern(definition: &Definition<'_>, clock: WallClock) -> Result<Pattern, Fault> {
    let text = definition.text.trim();
    match definition.kind {
        ScheduleKind::Manual => Ok(Pattern::Manual),
        _ if text.is_empty() => Err(Fault::Required),
        ScheduleKind::Cron => CronExpression::parse(text).map(Pattern::Cron).map_err(Fault::from),
        ScheduleKind::FixedRate => {
            let anchor = definition.validity.from.unwrap_or(definition.created_at);
            Rate::parse(text, anchor).map(Pattern::Rate)
        }
        ScheduleKind::FixedDelay => rate::length(text).map(Pattern::Delay),
        ScheduleKind::Once => once(text, clock).map(Pattern::Once),
    }
}

/// The one fire at a wall time: a skipped one fires at the end of the gap, one that comes twice the
/// first time.
fn once(text: &str, clock: WallClock) -> Result<Fire, Fault> {
    let wall = local_time::parse(text)?;
    match clock.showing(wall).ok_or(Fault::DateTime)? {
        Showing::Once(instant) => Ok(Fire::plain(instant)),
        Showing::Twice(repeat) => Ok(repeat.first_fire(wall)),
        Showing::Never(gap) => Ok(gap.end_fire(wall)),
    }
}

impl From<CronProblem> for Fault {
    fn from(problem: CronProblem) -> Self {
        Fault::Cron { position: problem.position, detail: problem.detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn instant(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    fn rate(seconds: &str) -> Definition<'_> {
        let created_at = instant("2026-01-01T00:00:00Z");
        Definition { kind: ScheduleKind::FixedRate, created_at, ..Definition::cron(seconds, "Europe/Berlin") }
    }

    fn once<'a>(text: &'a str, zone: &'a str) -> Definition<'a> {
        Definition { kind: ScheduleKind::Once, ..Definition::cron(text, zone) }
    }

    fn wrong(field: &str, fault: Fault) -> Result<Schedule, Vec<FieldFault>> {
        Err(vec![FieldFault::new(field, fault)])
    }

    #[test]
    fn once_fires_at_its_instant_and_never_again() {
        let at = instant("2026-12-01T02:00:00Z");
        let schedule = Schedule::validate(once("2026-12-01 03:00:00", "Europe/Berlin"), at - 1).unwrap();
        assert_eq!(schedule.fires(0).map(|fire| fire.at).collect::<Vec<_>>(), [at]);
        assert_eq!(schedule.next_after(at), None);
        assert_eq!(schedule.tally(at, at + 1, 10).unwrap().count, 1);
    }

    #[test]
    fn once_in_the_past_is_refused_when_entered_and_can_be_read_later() {
        let definition = once("2026-12-01 03:00:00", "Europe/Berlin");
        let at = instant("2026-12-01T02:00:00Z");
        assert_eq!(Schedule::validate(definition, at), wrong("schedule", Fault::Past));
        assert!(Schedule::parse(definition).is_ok());
        let unreadable = once("tomorrow", "Europe/Berlin");
        assert_eq!(Schedule::validate(unreadable, at), wrong("schedule", Fault::DateTime));
    }

    #[test]
    fn once_within_a_change_of_the_clocks_fires_once() {
        let skipped = Schedule::parse(once("2026-03-29 02:30", "Europe/Berlin")).unwrap();
        assert_eq!(skipped.next_after(0), Some(instant("2026-03-29T01:00:00Z")));
        let twice = Schedule::parse(once("2026-10-25 02:30", "Europe/Berlin")).unwrap();
        let fires: Vec<_> = twice.fires(0).map(|fire| fire.at).collect();
        assert_eq!(fires, [instant("2026-10-25T00:30:00Z")]);
    }

    #[test]
    fn a_fixed_rate_counts_from_the_beginning_of_its_validity_or_from_the_creation() {
        let now = instant("2026-06-01T10:00:00Z");
        let first = |definition| Schedule::validate(definition, now).unwrap().next_after(now);
        assert_eq!(first(rate("86400")), Some(instant("2026-06-02T00:00:00Z")));
        let from = Some(instant("2026-05-01T13:30:00Z"));
        let validity = Validity { from, until: None };
        assert_eq!(first(Definition { validity, ..rate("86400") }), Some(instant("2026-06-01T13:30:00Z")));
    }

    #[test]
    fn a_fixed_delay_begins_at_once_or_with_its_validity_and_goes_on_from_the_ends_of_its_runs() {
        let kind = ScheduleKind::FixedDelay;
        let (from, until) = (instant("2026-05-01T13:00:00Z"), instant("2026-05-01T14:00:00Z"));
        let now = instant("2026-05-01T12:00:00Z");
        let at = |fire: Option<Fire>| fire.map(|fire| fire.at);
        let plain = Schedule::validate(Definition { kind, ..rate("90") }, now).unwrap();
        assert_eq!((at(plain.first_fire(now)), plain.next_fire(now)), (Some(now + 1), None));
        assert_eq!(at(plain.after_end(now)), Some(now + 90_000));
        assert_eq!(plain.tally(now, now + 9_000_000, 10).map(|tally| tally.count), Some(1));
        let validity = Validity { from: Some(from), until: Some(until) };
        let bounded = Schedule::validate(Definition { kind, validity, ..rate("90") }, now).unwrap();
        assert_eq!(at(bounded.first_fire(now)), Some(from));
        assert_eq!([until - 90_000, until].map(|end| at(bounded.after_end(end))), [Some(until), None]);
        let never = Fault::Cron { position: None, detail: CronFault::Never };
        let over = Schedule::validate(Definition { kind, validity, ..rate("90") }, until);
        assert_eq!(over, wrong("schedule", never));
        let wrong_length = Schedule::validate(Definition { kind, ..rate("0") }, now);
        assert_eq!(wrong_length, wrong("schedule", Fault::OutOfRange { min: 1, max: 31_536_000 }));
    }

    #[test]
    fn both_ends_of_the_validity_belong_to_it_and_nothing_fires_outside() {
        let (from, until) = (instant("2026-05-01T13:00:00Z"), instant("2026-05-01T15:00:00Z"));
        let validity = Validity { from: Some(from), until: Some(until) };
        for definition in [Definition::cron("0 0 * * * ?", "UTC"), rate("3600")] {
            let schedule = Schedule::validate(Definition { validity, ..definition }, 0).unwrap();
            let fires: Vec<_> = schedule.fires(0).map(|fire| fire.at).collect();
            assert_eq!(fires, [from, from + 3_600_000, until], "{definition:?}");
            let tally = schedule.tally(from, until + 86_400_000, 1_000).unwrap();
            assert_eq!((tally.count, tally.last), (3, until), "{definition:?}");
        }
    }

    #[test]
    fn a_validity_that_ends_first_or_holds_no_fire_is_refused() {
        let (noon, now) = (instant("2026-05-01T12:00:00Z"), instant("2026-01-01T00:00:00Z"));
        let entered = |from, until| {
            let validity = Validity { from: Some(from), until: Some(until) };
            Schedule::validate(Definition { validity, ..Definition::cron("0 0 0 * * ?", "UTC") }, now)
        };
        assert_eq!(entered(noon, noon), wrong("valid_until", Fault::NotLater));
        let never = Fault::Cron { position: None, detail: CronFault::Never };
        assert_eq!(entered(noon, noon + 3_600_000), wrong("schedule", never.clone()));
        assert!(entered(noon, noon + 86_400_000).is_ok());
        let over = Validity { from: None, until: Some(now) };
        assert_eq!(
            Schedule::validate(Definition { validity: over, ..rate("1") }, now),
            wrong("schedule", never)
        );
    }

    proptest! {
        #[test]
        fn each_period_of_a_fixed_rate_has_one_fire_through_changes_of_the_clocks_and_restarts(
            seconds in 60i64..100_000,
            zone in prop_oneof![Just("America/New_York"), Just("Australia/Lord_Howe"), Just("UTC")],
            created_at in 1_772_000_000_000i64..1_795_000_000_000,
            lives in proptest::collection::vec(1usize..50, 1..20),
        ) {
            let text = seconds.to_string();
            let definition = Definition { zone, created_at, ..rate(&text) };
            let mut last = created_at;
            let mut found = Vec::new();
            // Each life of a server reads the schedule anew and knows only the last fire.
            for fires in lives {
                let schedule = Schedule::parse(definition).unwrap();
                found.extend(schedule.fires(last).take(fires).map(|fire| fire.at));
                last = found[found.len() - 1];
            }
            let anchor = created_at / 1_000 * 1_000;
            let expected: Vec<_> = (1..=found.len() as i64).map(|n| anchor + n * seconds * 1_000).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn within_its_validity_a_schedule_fires_as_without(
            text in prop_oneof![Just("0 */7 * * * ?"), Just("0 30 2 * * ?"), Just("*/40 59 1-3 * * ?")],
            start in 1_774_600_000_000i64..1_774_800_000_000,
            wait in 0i64..100_000_000,
            length in 1i64..200_000_000,
            max_steps in 1u32..100,
        ) {
            let plain = Definition::cron(text, "Europe/Berlin");
            let (from, until) = (start + wait, start + wait + length);
            let validity = Validity { from: Some(from), until: Some(until) };
            let bounded = Schedule::parse(Definition { validity, ..plain }).unwrap();
            let found: Vec<_> = bounded.fires(start).collect();
            let all = Schedule::parse(plain).unwrap();
            let expected: Vec<_> = all.fires(from - 1).take_while(|fire| fire.at <= until).collect();
            prop_assert_eq!(&found, &expected);
            let Some(first) = found.first() else { return Ok(()) };
            let tally = bounded.tally(first.at, until + 100_000_000, max_steps).unwrap();
            prop_assert_eq!(found.get(tally.count as usize - 1).map(|fire| fire.at), Some(tally.last));
        }
    }
}
