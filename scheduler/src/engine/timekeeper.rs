//! The engine's time: the database's, so that all servers agree, heard with each renewal of the lease and
//! carried on by the monotonic clock in between. The machine's own clock may be moved as one likes.
//!
//! The database looked at its clock some time between the question and the answer. Of the times that may be true
//! then the earliest is taken: on a machine with much to do a run would else start before it is due.
//!
//! A clock that seems to have jumped is not believed at once: until the next renewal says the same,
//! nothing goes out. A jump forwards is then like an outage; after one backwards nothing is repeated, for
//! cursors only move forwards.

use crate::clock::Clock;
use entity::Millis;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// By how much what is heard may differ from what is expected.
const STEP_MS: Millis = 2_000;
/// An answer that took longer says nothing about the time.
const SLOWEST: Duration = Duration::from_secs(1);

/// What a sample came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// As expected: the engine's time follows it.
    Agrees,
    /// Otherwise than expected. The engine's time stays, and nothing goes out.
    Doubted,
    /// Otherwise than expected for the second time: the engine's time follows it.
    Moved,
}

/// Decides what to make of a sample that is off by so much, when the one before was off by `before` and
/// doubted.
pub fn judge(off: Millis, before: Option<Millis>) -> Heard {
    match before {
        _ if off.abs() <= STEP_MS => Heard::Agrees,
        Some(before) if (off - before).abs() <= STEP_MS => Heard::Moved,
        _ => Heard::Doubted,
    }
}

/// Tells the engine's time.
#[derive(Debug)]
pub struct Timekeeper(RwLock<Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    /// A time, and when it was.
    time: Millis,
    at: Instant,
    /// The time at which it began to go on without a jump.
    steady_since: Millis,
    /// Whether the database has said anything yet.
    is_heard: bool,
    doubted: Option<Millis>,
}

impl Known {
    fn at(&self, at: Instant) -> Millis {
        match at.checked_duration_since(self.at) {
            Some(later) => self.time.saturating_add(millis(later)),
            None => self.time.saturating_sub(millis(self.at - at)),
        }
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

impl Timekeeper {
    /// Goes by this time until the database says another.
    pub fn new(time: Millis, at: Instant) -> Self {
        Self(RwLock::new(Known { time, at, steady_since: time, is_heard: false, doubted: None }))
    }

    /// What the database said, asked and answered at these moments.
    pub fn hear(&self, says: Millis, asked: Instant, answered: Instant) -> Heard {
        let took = answered.saturating_duration_since(asked);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if took > SLOWEST {
            return if known.doubted.is_some() { Heard::Doubted } else { Heard::Agrees };
        }
        // When the answer came it was this time at the earliest, and as much later at most as it took.
        let latest = says.saturating_add(millis(took));
        let expected = known.at(answered);
        let off = expected.clamp(says, latest) - expected;
        let heard = if known.is_heard { judge(off, known.doubted) } else { Heard::Agrees };
        let is_steady = known.is_heard && heard == Heard::Agrees;
        let steady_since = if is_steady { known.steady_since } else { says };
        match heard {
            Heard::Doubted => known.doubted = Some(off),
            Heard::Agrees if is_steady && off == 0 => known.doubted = None,
            Heard::Agrees | Heard::Moved => {
                let time = if is_steady { expected + off } else { says };
                *known = Known { time, at: answered, steady_since, is_heard: true, doubted: None };
            }
        }
        heard
    }

    /// Since when the time goes on without a jump: what was noted before is of another clock, and says
    /// nothing about how much time has passed.
    pub fn steady_since(&self) -> Millis {
        self.0.read().unwrap_or_else(PoisonError::into_inner).steady_since
    }

    fn now_at(&self, at: Instant) -> Millis {
        self.0.read().unwrap_or_else(PoisonError::into_inner).at(at)
    }
}

impl Clock for Timekeeper {
    fn now(&self) -> Millis {
        self.now_at(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    #[test]
    fn a_jump_is_believed_when_it_is_said_twice() {
        assert_eq!(judge(1_999, None), Heard::Agrees);
        assert_eq!(judge(-2_000, Some(HOUR)), Heard::Agrees, "it was a slip");
        assert_eq!(judge(HOUR, None), Heard::Doubted);
        assert_eq!(judge(HOUR + 2_000, Some(HOUR)), Heard::Moved);
        assert_eq!(judge(-HOUR, Some(HOUR)), Heard::Doubted, "it is still moving");
    }

    #[test]
    fn time_goes_on_by_itself_and_follows_the_database() {
        let start = Instant::now();
        let after = |ms: u64| start + Duration::from_millis(ms);
        let keeper = Timekeeper::new(500, start);
        assert_eq!([0, 7].map(|ms| keeper.now_at(after(ms))), [500, 507]);
        // What is heard first counts, whatever the machine's clock says.
        assert_eq!(keeper.hear(HOUR, after(10), after(20)), Heard::Agrees);
        assert_eq!([20, 1_020].map(|ms| keeper.now_at(after(ms))), [HOUR, HOUR + 1_000]);
        // A little faster or slower is no jump.
        assert_eq!(keeper.hear(HOUR + 2_300, after(2_020), after(2_020)), Heard::Agrees);
        assert_eq!(keeper.now_at(after(2_020)), HOUR + 2_300);
        assert_eq!(keeper.steady_since(), HOUR, "since the database was first heard");
    }

    #[test]
    fn an_answer_that_took_long_puts_the_time_before_no_true_one() {
        let start = Instant::now();
        let after = |ms: u64| start + Duration::from_millis(ms);
        // The database read its clock right after the question, 300 ms before the answer came.
        let keeper = Timekeeper::new(0, start);
        keeper.hear(HOUR + 1, after(0), after(300));
        assert_eq!(keeper.now_at(after(300)), HOUR + 1, "it is 300 ms later, which nobody can know");
        // A quick answer says more, a slow one nothing new.
        keeper.hear(HOUR + 2_000, after(2_000), after(2_002));
        assert_eq!(keeper.now_at(after(2_002)), HOUR + 2_000);
        keeper.hear(HOUR + 4_001, after(4_000), after(4_500));
        assert_eq!(keeper.now_at(after(4_500)), HOUR + 4_498);
        // A clock that runs faster than the database's is held back by it.
        keeper.hear(HOUR + 5_990, after(6_000), after(6_003));
        assert_eq!(keeper.now_at(after(6_003)), HOUR + 5_993);
    }

    #[test]
    fn while_a_jump_is_doubted_time_goes_on_as_before() {
        let start = Instant::now();
        let after = |ms: u64| start + Duration::from_millis(ms);
        let hear = |keeper: &Timekeeper, says, ms| keeper.hear(says, after(ms), after(ms));
        for jump in [HOUR, -HOUR] {
            let keeper = Timekeeper::new(0, start);
            assert_eq!(hear(&keeper, 10 * HOUR, 0), Heard::Agrees);
            assert_eq!(hear(&keeper, 10 * HOUR + jump + 2_000, 2_000), Heard::Doubted);
            assert_eq!(keeper.now_at(after(3_000)), 10 * HOUR + 3_000);
            assert_eq!(keeper.steady_since(), 10 * HOUR);
            // An answer that comes late settles nothing.
            assert_eq!(keeper.hear(10 * HOUR + jump, after(3_000), after(4_001)), Heard::Doubted);
            assert_eq!(hear(&keeper, 10 * HOUR + jump + 4_100, 4_100), Heard::Moved);
            assert_eq!(keeper.now_at(after(5_000)), 10 * HOUR + jump + 5_000);
            assert_eq!(keeper.steady_since(), 10 * HOUR + jump + 4_100);
        }
    }
}
