//! Counting fires over a long stretch without visiting each: an outage of a year must not cost a
//! job that fires each second thirty million steps.

use super::wall_clock::Showing;
use super::{Pattern, Schedule};
use chrono::{Duration, Timelike};
use entity::Millis;

/// The fires of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub first: Millis,
    pub last: Millis,
    /// At least 1.
    pub count: u32,
}

impl Schedule {
    /// Counts the fires from `first`, which must be one, to before `end`, in at most `max_steps`
    /// steps; a step takes all fires of a fixed rate, a whole hour of a cron expression where no
    /// change of the clocks touches it, else one fire.
    ///
    /// A tally that ran out of steps ends early: its `last` says where. None when `first` is not
    /// before `end`.
    pub fn tally(&self, first: Millis, end: Millis, max_steps: u32) -> Option<Tally> {
        if first >= end || max_steps == 0 {
            return None;
        }
        let end = self.validity.until.map_or(end, |until| end.min(until + 1));
        if let Pattern::Rate(rate) = self.pattern {
            let (last, count) = rate.stretch(first, end);
            return Some(Tally { first, last, count });
        }
        let mut tally = Tally { first, last: first, count: 0 };
        let mut fire = first;
        for _ in 0..max_steps {
            let (last, count) = self.whole_hour(fire).filter(|(last, _)| *last < end).unwrap_or((fire, 1));
            tally.last = last;
            tally.count += count;
            match self.next_after(last) {
                Some(next) if next < end => fire = next,
                _ => break,
            }
        }
        Some(tally)
    }

    /// The last fire and the number of fires in the hour of the clock that begins with this one,
    /// unless the clock changes within that hour.
    fn whole_hour(&self, fire: Millis) -> Option<(Millis, u32)> {
        let Pattern::Cron(cron) = &self.pattern else { return None };
        let (first, last) = cron.times().bounds_in_hour()?;
        let shown = self.clock.shown_at(fire.div_euclid(1000))?;
        // A fire at the end of a gap may show an hour in which the expression has no others.
        if i64::from(shown.minute() * 60 + shown.second()) != first || !cron.matches(shown) {
            return None;
        }
        let length = last - first;
        let last_shown = shown + Duration::seconds(length);
        let undisturbed = match (self.clock.showing(shown)?, self.clock.showing(last_shown)?) {
            (Showing::Once(first), Showing::Once(last)) => last - first == length,
            // Both ends lie in the same pass of a repeat, for the clock runs straight through it.
            (Showing::Twice(first), Showing::Twice(last)) => first == last,
            _ => false,
        };
        undisturbed.then(|| (fire + length * 1000, cron.times().per_hour()))
    }
}
