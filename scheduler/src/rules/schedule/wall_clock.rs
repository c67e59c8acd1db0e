//! A zone's clock on the wall: what it shows at an instant, and when it shows a given time.
//!
//! Instants are whole seconds since the epoch, offsets are seconds east of UTC.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{GapInfo, Tz};

/// The clock of one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock(pub Tz);

/// When a clock shows a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Showing {
    Once(i64),
    /// The clock is turned back over it.
    Twice(Repeat),
    /// The clock is turned forward over it.
    Never(Gap),
}

/// The times from `from` up to but not including `to` are shown twice: until the instant `turn`
/// with the first offset, from then on with the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    pub from: NaiveDateTime,
    pub to: NaiveDateTime,
    pub turn: i64,
    pub first_offset: i64,
    pub second_offset: i64,
}

/// The times from `from` up to but not including `to` are never shown: at the instant `end` the
/// clock shows `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: NaiveDateTime,
    pub to: NaiveDateTime,
    pub end: i64,
}

impl WallClock {
    /// None only beyond the years that a date can name.
    pub fn shown_at(self, instant: i64) -> Option<NaiveDateTime> {
        seconds(DateTime::from_timestamp(instant, 0)?.naive_utc(), self.offset_at(instant)?)
    }

    pub fn offset_at(self, instant: i64) -> Option<i64> {
        let utc = DateTime::from_timestamp(instant, 0)?.naive_utc();
        Some(i64::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
    }

    /// When the clock shows `wall`. None only beyond the years that the zone's history covers.
    pub fn showing(self, wall: NaiveDateTime) -> Option<Showing> {
        let offset = |offset: <Tz as TimeZone>::Offset| i64::from(offset.fix().local_minus_utc());
        let utc_if_zero = wall.and_utc().timestamp();
        match self.0.offset_from_local_datetime(&wall) {
            LocalResult::Single(single) => Some(Showing::Once(utc_if_zero - offset(single))),
            LocalResult::Ambiguous(first, second) => {
                self.repeat(utc_if_zero, offset(first), offset(second)).map(Showing::Twice)
            }
            LocalResult::None => {
                let gap = GapInfo::new(&wall, &self.0)?;
                let (from, end) = (gap.begin?.0, gap.end?);
                Some(Showing::Never(Gap { from, to: end.naive_local(), end: end.timestamp() }))
            }
        }
    }

    /// The instant from which the clock has another offset than at `before`; at `after` it has.
    fn turn_between(self, mut before: i64, mut after: i64) -> Option<i64> {
        let offset = self.offset_at(before)?;
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.offset_at(middle)? == offset {
                before = middle;
            } else {
                after = middle;
            }
        }
        Some(after)
    }

    /// The first instant after `instant` at which the clock shows `wall`, no more than a day later than
    /// what it shows then; the instant at which the clock is moved, where that comes first.
    pub fn straight_on(self, instant: i64, wall: NaiveDateTime) -> Option<i64> {
        let shown = self.shown_at(instant)?;
        let unmoved = instant + (wall - shown).num_seconds();
        match self.offset_at(unmoved - 1)? == self.offset_at(instant)? {
            true => Some(unmoved),
            false => self.turn_between(instant, unmoved - 1),
        }
    }

    /// The repeat around a time that the clock shows with both offsets: between the two showings
    /// the offset changes once, and halving finds where.
    fn repeat(self, utc_if_zero: i64, first_offset: i64, second_offset: i64) -> Option<Repeat> {
        let turn = self.turn_between(utc_if_zero - first_offset, utc_if_zero - second_offset)?;
        let at_turn = DateTime::from_timestamp(turn, 0)?.naive_utc();
        let (from, to) = (seconds(at_turn, second_offset)?, seconds(at_turn, first_offset)?);
        Some(Repeat { from, to, turn, first_offset, second_offset })
    }
}

impl Repeat {
    /// By how many seconds the clock is moved: negative, for it goes back.
    pub fn shift(&self) -> i64 {
        self.second_offset - self.first_offset
    }
}

impl Gap {
    /// By how many seconds the clock is moved.
    pub fn shift(&self) -> i64 {
        (self.to - self.from).num_seconds()
    }
}

fn seconds(time: NaiveDateTime, by: i64) -> Option<NaiveDateTime> {
    time.checked_add_signed(Duration::try_seconds(by)?)
}
