//! The next fires of a schedule as a person reads them, while typing it and beside a job. The same
//! code fires the job.

use super::schedule::{DstNote, Fire, Schedule};
use chrono::{DateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use entity::Millis;
use serde::{Deserialize, Serialize};

/// One coming fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewFire {
    pub at: Millis,
    /// What the clock of the job's zone shows then: `2026-03-08 03:00:00 EDT`.
    pub local: String,
    pub note: Option<PreviewNote>,
    /// Whether the clocks change on that day.
    pub clocks_change: bool,
}

/// What the change of the clocks did to a fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PreviewNote {
    /// It stands for this wall time, which the clocks skip: `2026-03-08 02:30:00`.
    Moved { skipped: String },
    /// Its wall time comes again.
    FirstOfTwo,
    /// Its wall time comes for the second time.
    SecondOfTwo,
}

/// The first `count` fires after `now`; fewer when the schedule ends.
pub fn preview(schedule: &Schedule, now: Millis, count: usize) -> Vec<PreviewFire> {
    schedule.fires(now).take(count).filter_map(|fire| preview_fire(schedule.zone(), fire)).collect()
}

fn preview_fire(zone: Tz, fire: Fire) -> Option<PreviewFire> {
    let local = DateTime::from_timestamp_millis(fire.at)?.with_timezone(&zone);
    Some(PreviewFire {
        at: fire.at,
        local: local.format("%Y-%m-%d %H:%M:%S %Z").to_string(),
        note: fire.note.map(PreviewNote::from),
        clocks_change: clocks_change(local),
    })
}

/// Whether the first and the last second of that local day have different offsets, or one of them
/// is skipped.
fn clocks_change(local: DateTime<Tz>) -> bool {
    let day = local.date_naive();
    let first = local.timezone().from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
    let last =
        day.and_hms_opt(23, 59, 59).and_then(|last| local.timezone().from_local_datetime(&last).latest());
    first.map(|first| first.offset().fix()) != last.map(|last| last.offset().fix())
}

impl From<DstNote> for PreviewNote {
    fn from(note: DstNote) -> Self {
        match note {
            DstNote::Moved { skipped } => Self::Moved { skipped: skipped.to_string() },
            DstNote::FirstOfTwo => Self::FirstOfTwo,
            DstNote::SecondOfTwo => Self::SecondOfTwo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::schedule::Definition;
    use entity::job::{GapPolicy, RepeatPolicy};

    fn lines(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (gap, repeat) = (GapPolicy::EndOfGap, RepeatPolicy::Both);
        let schedule = Schedule::parse(Definition { gap, repeat, ..Definition::cron(text, zone) }).unwrap();
        let after = DateTime::parse_from_rfc3339(after).unwrap().timestamp_millis();
        let line = |fire: PreviewFire| {
            let note = fire.note.map(|note| format!(" {}", serde_json::to_string(&note).unwrap()));
            format!(
                "{}{}{}",
                fire.local,
                if fire.clocks_change { " *" } else { "" },
                note.unwrap_or_default()
            )
        };
        preview(&schedule, after, count).into_iter().map(line).collect()
    }

    #[test]
    fn the_days_on_which_the_clocks_change_are_marked() {
        assert_eq!(
            lines("0 30 2 * * ?", "America/New_York", "2026-03-07T00:00:00Z", 3),
            [
                "2026-03-07 02:30:00 EST",
                r#"2026-03-08 03:00:00 EDT * {"kind":"moved","skipped":"2026-03-08 02:30:00"}"#,
                "2026-03-09 02:30:00 EDT",
            ]
        );
        assert_eq!(
            lines("0 30 1 * * ?", "America/New_York", "2026-10-31T00:00:00Z", 4),
            [
                "2026-10-31 01:30:00 EDT",
                r#"2026-11-01 01:30:00 EDT * {"kind":"first_of_two"}"#,
                r#"2026-11-01 01:30:00 EST * {"kind":"second_of_two"}"#,
                "2026-11-02 01:30:00 EST",
            ]
        );
    }

    #[test]
    fn a_day_that_begins_after_its_midnight_is_marked() {
        assert_eq!(
            lines("0 0 12 * * ?", "America/Sao_Paulo", "2018-11-03T00:00:00Z", 3),
            ["2018-11-03 12:00:00 -03", "2018-11-04 12:00:00 -02 *", "2018-11-05 12:00:00 -02"]
        );
    }
}
