//! The next fires of a schedule as a person reads them, while typing it and beside a job. The same
//! code fires the job.

use super::misfire::MAX_STEPS;
use super::schedule::{DstNote, Fire};
use super::timetable::{HORIZON_MS, Hold, Phase, Timetable, Way};
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

/// What the change of the clocks, a calendar or a blackout did to a fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PreviewNote {
    /// It stands for this wall time, which the clocks skip: `2026-03-08 02:30:00`.
    Moved { skipped: String },
    /// Its wall time comes again.
    FirstOfTwo,
    /// Its wall time comes for the second time.
    SecondOfTwo,
    /// It does not run, and neither do those that follow it, `count` in all.
    Held { by: Hold, last: String, count: u32 },
    /// It runs for all that a blackout holds back from this time on, `count` in all.
    Delayed { since: String, count: u32 },
}

/// The first `count` lines after `now`: each a fire, or a stretch of times that are held back. Fewer when
/// the schedule ends, or what is held back reaches further than five years; of a fixed delay, only the
/// first.
pub fn preview(timetable: &Timetable, now: Millis, count: usize) -> Vec<PreviewFire> {
    let mut lines = Lines { timetable, horizon: now + HORIZON_MS, found: Vec::with_capacity(count) };
    let mut next = timetable.schedule().first_fire(now);
    // One more line is begun to see that the last one is complete.
    while let Some(fire) = next.filter(|_| lines.found.len() <= count) {
        next = lines.add(fire);
    }
    lines.found.truncate(count);
    lines.found.into_iter().filter_map(|line| line.shown(timetable.schedule().zone())).collect()
}

/// One line, in instants.
enum Line {
    Fire(Fire),
    Held { by: Hold, first: Millis, last: Millis, count: u32 },
    Delayed { since: Millis, at: Millis, count: u32 },
}

struct Lines<'a> {
    timetable: &'a Timetable,
    /// What is held back is not followed beyond.
    horizon: Millis,
    found: Vec<Line>,
}

impl Lines<'_> {
    /// Adds a nominal time, and those that fare alike with it where it is held back; the next one.
    fn add(&mut self, fire: Fire) -> Option<Fire> {
        let schedule = self.timetable.schedule();
        let Phase { way, until } = self.timetable.phase(fire.at);
        if way == Way::Free {
            self.found.push(Line::Fire(fire));
            return schedule.next_fire(fire.at);
        }
        if fire.at > self.horizon {
            return None;
        }
        let alike = schedule.tally(fire.at, until, MAX_STEPS)?;
        let next = schedule.next_fire(alike.last);
        let carried = |due_at| self.timetable.is_carried(next.map(|next| next.at), due_at);
        let by = match way {
            Way::Delayed { due_at } if !carried(due_at) => {
                let (since, count) = self.take_delayed(fire.at, alike.count);
                self.found.push(Line::Delayed { since, at: due_at, count });
                return next;
            }
            Way::Held(by) => by,
            _ => Hold::Blackout,
        };
        match self.found.last_mut() {
            Some(Line::Held { by: before, last, count, .. }) if *before == by => {
                *last = alike.last;
                *count = count.saturating_add(alike.count);
            }
            _ => self.found.push(Line::Held { by, first: alike.first, last: alike.last, count: alike.count }),
        }
        next
    }

    /// A run at the end of a window stands for the earlier days of that window as well.
    fn take_delayed(&mut self, since: Millis, count: u32) -> (Millis, u32) {
        match self.found.pop() {
            Some(Line::Held { by: Hold::Blackout, first, count: before, .. }) => (first, before + count),
            other => {
                self.found.extend(other);
                (since, count)
            }
        }
    }
}

impl Line {
    /// None only beyond the years that a date can name.
    fn shown(self, zone: Tz) -> Option<PreviewFire> {
        let (at, note) = match self {
            Line::Fire(fire) => (fire.at, fire.note.map(PreviewNote::from)),
            Line::Held { by, first, last, count } => {
                (first, Some(PreviewNote::Held { by, last: local_text(last, zone)?, count }))
            }
            Line::Delayed { since, at, count } => {
                (at, Some(PreviewNote::Delayed { since: local_text(since, zone)?, count }))
            }
        };
        let local = DateTime::from_timestamp_millis(at)?.with_timezone(&zone);
        Some(PreviewFire { at, local: local_text(at, zone)?, note, clocks_change: clocks_change(local) })
    }
}

/// `2026-03-08 03:00:00 EDT`
fn local_text(at: Millis, zone: Tz) -> Option<String> {
    let local = DateTime::from_timestamp_millis(at)?.with_timezone(&zone);
    Some(local.format("%Y-%m-%d %H:%M:%S %Z").to_string())
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
    use crate::rules::schedule::{Definition, Schedule};
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
        preview(&Timetable::from(schedule), after, count).into_iter().map(line).collect()
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
