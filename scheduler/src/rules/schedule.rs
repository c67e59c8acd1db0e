//! When a job fires: a cron expression read on the wall clock of a zone, and what that means on
//! the days the clocks change; or a fixed rate, which no clock on a wall touches; or one time.
//!
//! Whatever the pattern, what lies outside of the schedule's validity is no fire.
//!
//! # The days the clocks change
//!
//! A time that the clocks skip in spring fires once at the first instant after the gap
//! ([`GapPolicy::EndOfGap`]; several skipped times are one fire, and one that is due at that
//! instant anyway is the same fire) or not at all ([`GapPolicy::Skip`]). A time that comes twice
//! in autumn fires the first time, the second, or both ([`RepeatPolicy`]).
//!
//! An *interval-like* expression needs neither: it is one that allows every hour (`*`, `0-23`,
//! `0/1`) and whose minutes and seconds map onto themselves when the clock is moved by that much
//! ([`CronExpression::keeps_rhythm`]). It fires at every instant whose wall time matches, so that
//! `0 */30 * * * ?` comes every real half hour through both changes: nothing is made up for at the
//! end of the gap, where the next regular fire is not late, and both halves of the repeated hour
//! count. Steps of hours (`0 0 */2 * * ?`) are not interval-like: a clock moved by one hour breaks
//! their distances whatever one does, so the policies decide.
//!
//! Quartz 2.3.2 loses the day of a gap, fires a repeated time in the second hour, and makes an
//! interval lose an hour in autumn; there the rules above are meant to differ from it.

mod definition;
pub mod local_time;
mod rate;
mod tally;
pub(super) mod wall_clock;

use super::cron::CronExpression;
use chrono::{Duration, NaiveDateTime};
use chrono_tz::Tz;
use entity::Millis;
use entity::job::{GapPolicy, RepeatPolicy};
use rate::Rate;
use wall_clock::{Gap, Repeat, Showing, WallClock};

pub use definition::{Definition, Validity};
pub use tally::Tally;

/// A definition that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pattern: Pattern,
    clock: WallClock,
    gap: GapPolicy,
    repeat: RepeatPolicy,
    validity: Validity,
}

/// Where the fires come from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// Nowhere.
    Manual,
    Cron(CronExpression),
    Rate(Rate),
    /// So many milliseconds after a run has ended: its times come from its runs.
    Delay(Millis),
    Once(Fire),
}

/// One nominal time of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    pub at: Millis,
    /// What the change of the clocks did to it.
    pub note: Option<DstNote>,
}

/// How a fire came out of a change of the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DstNote {
    /// It stands at the end of a gap for this wall time, which was skipped (the first of them).
    Moved { skipped: NaiveDateTime },
    /// Its wall time comes again later.
    FirstOfTwo,
    /// Its wall time was there before.
    SecondOfTwo,
}

/// No schedule fires before: some zone's 1 January 1970 begins within the day after.
const EARLIEST: i64 = -86_400;

impl Schedule {
    /// The first nominal time strictly later than `after`; none when there is no more.
    pub fn next_after(&self, after: Millis) -> Option<Millis> {
        self.next_fire(after).map(|fire| fire.at)
    }

    /// When a job that begins to fire now, which is `after`, fires first. A fixed delay begins at once, or
    /// with its validity.
    pub fn first_fire(&self, after: Millis) -> Option<Fire> {
        match self.pattern {
            Pattern::Delay(_) => self.within_validity(after.saturating_add(1)),
            _ => self.next_fire(after),
        }
    }

    /// When a job of a fixed delay fires again after a run of it has ended; none for all other schedules.
    pub fn after_end(&self, ended_at: Millis) -> Option<Fire> {
        match self.pattern {
            Pattern::Delay(delay) => self.within_validity(ended_at.saturating_add(delay)),
            _ => None,
        }
    }

    /// This time, or the beginning of the validity where that is later.
    fn within_validity(&self, at: Millis) -> Option<Fire> {
        let at = self.validity.from.map_or(at, |from| at.max(from));
        Some(Fire { at, note: None }).filter(|fire| self.validity.until.is_none_or(|until| fire.at <= until))
    }

    /// All fires strictly later than `after`, each later than the one before.
    pub fn fires(&self, after: Millis) -> impl Iterator<Item = Fire> {
        std::iter::successors(self.next_fire(after), |last| self.next_fire(last.at))
    }

    pub fn zone(&self) -> Tz {
        self.clock.0
    }

    /// Like [`Schedule::next_after`], with the note.
    pub fn next_fire(&self, after: Millis) -> Option<Fire> {
        let after = self.validity.from.map_or(after, |from| after.max(from - 1));
        let fire = match &self.pattern {
            Pattern::Manual | Pattern::Delay(_) => None,
            Pattern::Cron(cron) => self.next_match(cron, after),
            Pattern::Rate(rate) => rate.next_after(after).map(|at| Fire { at, note: None }),
            Pattern::Once(fire) => Some(*fire).filter(|fire| fire.at > after),
        };
        fire.filter(|fire| self.validity.until.is_none_or(|until| fire.at <= until))
    }

    fn next_match(&self, cron: &CronExpression, after: Millis) -> Option<Fire> {
        let after = after.div_euclid(1000).max(EARLIEST);
        let wall = self.clock.shown_at(after)?;
        match self.clock.showing(wall)? {
            Showing::Twice(repeat) => self.next_around_repeat(cron, &repeat, after, wall),
            _ => self.next_from_wall(cron, wall),
        }
    }

    /// The next fire when the clock shows `wall`, a time that is shown once: wall time runs ahead
    /// of real time here, so the next matching wall time is the next fire.
    fn next_from_wall(&self, cron: &CronExpression, wall: NaiveDateTime) -> Option<Fire> {
        let mut wall = cron.next_local(wall)?;
        loop {
            match self.clock.showing(wall)? {
                Showing::Once(instant) => return Some(Fire::plain(instant)),
                Showing::Twice(repeat) => {
                    let first = self.repeat_policy(cron, &repeat) != RepeatPolicy::Second;
                    let fire = if first { repeat.first_fire(wall) } else { repeat.second_fire(wall) };
                    return Some(fire);
                }
                Showing::Never(gap) => match self.gap_policy(cron, &gap) {
                    GapPolicy::EndOfGap => return Some(gap.end_fire(wall)),
                    GapPolicy::Skip => wall = cron.next_local(gap.to - Duration::seconds(1))?,
                },
            }
        }
    }

    /// The next fire after an instant at which the clock shows `wall`, one of a repeat's times:
    /// the rest of the first pass, then the second pass, then what follows the repeat.
    fn next_around_repeat(
        &self,
        cron: &CronExpression,
        repeat: &Repeat,
        after: i64,
        wall: NaiveDateTime,
    ) -> Option<Fire> {
        let policy = self.repeat_policy(cron, repeat);
        let in_first_pass = after < repeat.turn;
        let next_in_repeat = |wall: NaiveDateTime| cron.next_local(wall).filter(|next| *next < repeat.to);
        if in_first_pass
            && policy != RepeatPolicy::Second
            && let Some(next) = next_in_repeat(wall)
        {
            return Some(repeat.first_fire(next));
        }
        let second_pass = if in_first_pass { repeat.from - Duration::seconds(1) } else { wall };
        if policy != RepeatPolicy::First
            && let Some(next) = next_in_repeat(second_pass)
        {
            return Some(repeat.second_fire(next));
        }
        self.next_from_wall(cron, repeat.to - Duration::seconds(1))
    }

    fn gap_policy(&self, cron: &CronExpression, gap: &Gap) -> GapPolicy {
        if cron.keeps_rhythm(gap.shift()) { GapPolicy::Skip } else { self.gap }
    }

    fn repeat_policy(&self, cron: &CronExpression, repeat: &Repeat) -> RepeatPolicy {
        if cron.keeps_rhythm(repeat.shift()) { RepeatPolicy::Both } else { self.repeat }
    }
}

impl Fire {
    fn plain(instant: i64) -> Self {
        Self { at: instant * 1000, note: None }
    }
}

impl Repeat {
    fn first_fire(&self, wall: NaiveDateTime) -> Fire {
        Fire {
            note: Some(DstNote::FirstOfTwo),
            ..Fire::plain(wall.and_utc().timestamp() - self.first_offset)
        }
    }

    fn second_fire(&self, wall: NaiveDateTime) -> Fire {
        Fire {
            note: Some(DstNote::SecondOfTwo),
            ..Fire::plain(wall.and_utc().timestamp() - self.second_offset)
        }
    }
}

impl Gap {
    fn end_fire(&self, skipped: NaiveDateTime) -> Fire {
        Fire { note: Some(DstNote::Moved { skipped }), ..Fire::plain(self.end) }
    }
}

#[cfg(test)]
mod tests;
