//! Windows in which a job does not fire, read on a wall clock.

use super::calendar::read_lines;
use super::schedule::local_time;
use super::weekdays::Weekdays;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use entity::fault::Fault;

/// Windows of a job.
pub const MOST_WINDOWS: usize = 50;

const DAY_S: u32 = 86_400;

/// A set of windows. What the clock shows lies in one of them or not: of a time that comes twice both
/// times, and one that is skipped never comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blackouts {
    windows: Vec<Window>,
    /// Whether those that come each week leave no minute of it.
    are_endless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    /// From `from` to before `to`, in seconds of the day, beginning on these days; where `to` is not
    /// later, it is on the day after.
    Weekly { days: Weekdays, from: u32, to: u32 },
    /// From the one to before the other.
    Once { from: NaiveDateTime, to: NaiveDateTime },
}

impl Blackouts {
    /// Reads `22:00-06:00`, `mon-fri 08:00-18:00` and `2026-12-24 18:00..2026-12-27 06:00`, one a line;
    /// what follows a `#` is a remark. The end does not belong to a window; `24:00` is the end of a day.
    ///
    /// # Errors
    /// [`Fault::Line`] with the first line that cannot be read, [`Fault::TooMany`] for more than
    /// [`MOST_WINDOWS`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut windows = Vec::new();
        read_lines(text, MOST_WINDOWS, |line| {
            windows.push(window(line)?);
            Some(())
        })?;
        let weekly = |window: &Window| matches!(window, Window::Weekly { .. });
        let weekly: Vec<Window> = windows.iter().copied().filter(weekly).collect();
        Ok(Self { are_endless: fill_a_week(&weekly), windows })
    }

    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether the clock never leaves the windows.
    pub fn are_endless(&self) -> bool {
        self.are_endless
    }

    /// Whether a clock that shows this stands in a window.
    pub fn covers(&self, wall: NaiveDateTime) -> bool {
        covers(&self.windows, wall)
    }

    /// The next time on the clock at which a window may begin or end; at the latest the end of the day.
    /// None only beyond the years that a date can name.
    pub fn next_edge(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        next_edge(&self.windows, wall)
    }
}

fn covers(windows: &[Window], wall: NaiveDateTime) -> bool {
    windows.iter().any(|window| window.covers(wall))
}

fn next_edge(windows: &[Window], wall: NaiveDateTime) -> Option<NaiveDateTime> {
    let midnight = wall.date().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
    let edges = windows.iter().flat_map(|window| window.edges(wall.date()));
    edges.filter(|edge| *edge > wall).chain([midnight]).min()
}

/// Whether each moment of a week, any of them, lies in one of these.
fn fill_a_week(weekly: &[Window]) -> bool {
    let start = NaiveDateTime::default();
    let moments = std::iter::successors(Some(start), |wall| next_edge(weekly, *wall));
    moments.take_while(|wall| *wall < start + Days::new(7)).all(|wall| covers(weekly, wall))
}

impl Window {
    fn covers(self, wall: NaiveDateTime) -> bool {
        let (day, second) = (wall.date(), wall.num_seconds_from_midnight());
        match self {
            Self::Once { from, to } => (from..to).contains(&wall),
            Self::Weekly { days, from, to } if from < to => {
                days.contains(day) && (from..to).contains(&second)
            }
            Self::Weekly { days, from, to } => {
                let began_yesterday = || day.pred_opt().is_some_and(|before| days.contains(before));
                (days.contains(day) && second >= from) || (second < to && began_yesterday())
            }
        }
    }

    /// Where it may begin or end on that day, and perhaps elsewhere.
    fn edges(self, day: NaiveDate) -> [NaiveDateTime; 2] {
        let at = |second: u32| {
            let time = NaiveTime::from_num_seconds_from_midnight_opt(second % DAY_S, 0);
            day.and_time(time.unwrap_or_default())
        };
        match self {
            Self::Once { from, to } => [from, to],
            Self::Weekly { from, to, .. } => [at(from), at(to)],
        }
    }
}

fn window(line: &str) -> Option<Window> {
    if let Some((from, to)) = line.split_once("..") {
        let (from, to) = (local_time::parse(from).ok()?, local_time::parse(to).ok()?);
        return (from < to).then_some(Window::Once { from, to });
    }
    let (days, times) = line.rsplit_once(char::is_whitespace).unwrap_or(("", line));
    let days = if days.is_empty() { Weekdays::ALL } else { Weekdays::parse(days)? };
    let (from, to) = times.split_once('-')?;
    let (from, to) = (second_of_day(from)?, second_of_day(to)?);
    (from != to && from < DAY_S).then_some(Window::Weekly { days, from, to })
}

/// `08:00`, up to `24:00`.
fn second_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_short = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| is_short)
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some((hour * 60 + minute) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wall(text: &str) -> NaiveDateTime {
        local_time::parse(text).unwrap()
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let nights = Blackouts::parse("fri 22:00-06:00 # maintenance").unwrap();
        // 2026-11-20 is a Friday.
        for inside in ["2026-11-20 22:00", "2026-11-20 23:59:59", "2026-11-21 00:00", "2026-11-21 05:59:59"] {
            assert!(nights.covers(wall(inside)), "{inside}");
        }
        for outside in ["2026-11-20 05:00", "2026-11-20 21:59:59", "2026-11-21 06:00", "2026-11-21 22:00"] {
            assert!(!nights.covers(wall(outside)), "{outside}");
        }
    }

    #[test]
    fn each_form_is_read_and_the_end_is_outside() {
        let text = "mon-fri 08:00-18:00\n2026-12-24 18:00..2026-12-27 06:00\nsun 0:00-24:00";
        let blackouts = Blackouts::parse(text).unwrap();
        for inside in ["2026-11-16 08:00", "2026-12-24 18:00", "2026-12-26 12:00", "2026-11-22 00:00"] {
            assert!(blackouts.covers(wall(inside)), "{inside}");
        }
        for outside in ["2026-11-16 18:00", "2026-11-21 12:00", "2026-11-23 00:00"] {
            assert!(!blackouts.covers(wall(outside)), "{outside}");
        }
        assert_eq!(Blackouts::parse(" \n# none"), Ok(Blackouts::default()));
    }

    #[test]
    fn the_first_line_that_cannot_be_read_is_named() {
        for wrong in [
            "22-06",
            "22:00",
            "22:00-",
            "22:60-23:00",
            "24:01-06:00",
            "24:00-06:00",
            "08:00-08:00",
            "8:0-9:00",
            "someday 08:00-09:00",
            "mon 08:00 - 09:00",
            "2026-12-24 18:00..2026-12-24 18:00",
            "2026-12-24..2026-12-26",
            "+8:00-09:00",
            "008:00-09:00",
        ] {
            let fault = Fault::Line { number: 2, text: wrong.to_owned() };
            assert_eq!(Blackouts::parse(&format!("22:00-06:00\n{wrong}")), Err(fault), "{wrong}");
        }
        let many = "22:00-06:00\n".repeat(51);
        assert_eq!(Blackouts::parse(&many), Err(Fault::TooMany { max: 50 }));
    }

    fn windows() -> impl Strategy<Value = String> {
        let days = prop_oneof![Just(""), Just("mon-fri "), Just("sat,sun "), Just("wed ")];
        let time = || (0u32..24, prop_oneof![Just(0u32), Just(30), Just(59)]);
        let weekly = (days, time(), time()).prop_filter("an empty window", |(_, from, to)| from != to);
        let weekly = weekly.prop_map(|(days, from, to)| {
            format!("{days}{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
        });
        let once = Just("2026-11-18 13:00..2026-11-20 02:00".to_owned());
        prop_oneof![4 => weekly, 1 => once]
    }

    proptest! {
        #[test]
        fn between_two_edges_nothing_changes(
            lines in proptest::collection::vec(windows(), 0..4),
            minute in 0i64..14 * 1_440,
        ) {
            let blackouts = Blackouts::parse(&lines.join("\n")).unwrap();
            let start = wall("2026-11-14 00:00") + chrono::Duration::minutes(minute);
            let edge = blackouts.next_edge(start).unwrap();
            prop_assert!(edge > start && edge.signed_duration_since(start).num_minutes() <= 1_440);
            let mut walked = start;
            while walked < edge {
                prop_assert_eq!(blackouts.covers(walked), blackouts.covers(start), "{} in {:?}", walked, lines);
                walked += chrono::Duration::minutes(1);
            }
        }
    }
}
