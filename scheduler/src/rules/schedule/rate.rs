//! Every so many seconds: instants at a fixed distance from one that never changes. Nothing is added
//! up from fire to fire, so that neither lateness nor a restart moves them.

use entity::Millis;
use entity::fault::Fault;

/// A year of 365 days, in seconds.
const LONGEST_S: i64 = 31_536_000;
/// The digits of [`LONGEST_S`]; more would be zeros in front.
const DIGITS: usize = 8;

/// A rate and where it is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A fire itself; whole seconds, as the times of every schedule are.
    anchor: Millis,
    every: Millis,
}

/// Reads a number of seconds, in milliseconds.
///
/// # Errors
/// [`Fault::OutOfRange`] for what is not a whole number from 1 to 31,536,000 in digits.
pub fn length(text: &str) -> Result<Millis, Fault> {
    let digits = text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if digits { text.parse().unwrap_or(0) } else { 0 };
    match (1..=LONGEST_S).contains(&seconds) {
        true => Ok(seconds * 1_000),
        false => Err(Fault::OutOfRange { min: 1, max: LONGEST_S }),
    }
}

impl Rate {
    /// Reads a number of seconds, as [`length`] does.
    pub fn parse(text: &str, anchor: Millis) -> Result<Self, Fault> {
        Ok(Self { anchor: anchor.saturating_sub(anchor.rem_euclid(1_000)), every: length(text)? })
    }

    /// The first fire later than `after`; the anchor is the first of all. None only where time ends.
    pub fn next_after(self, after: Millis) -> Option<Millis> {
        if after < self.anchor {
            return Some(self.anchor);
        }
        let passed = after.checked_sub(self.anchor)? / self.every + 1;
        self.anchor.checked_add(passed.checked_mul(self.every)?)
    }

    /// The last fire before `end` and the number of fires from `first` to it. `first` is a fire, and
    /// earlier than `end`.
    pub fn stretch(self, first: Millis, end: Millis) -> (Millis, u32) {
        let more = (end - 1 - first) / self.every;
        (first + more * self.every, u32::try_from(more + 1).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-21T00:00:00.700Z.
    const CREATED: Millis = 1_795_219_200_700;
    const ANCHOR: Millis = 1_795_219_200_000;

    #[test]
    fn whole_seconds_up_to_a_year_are_a_rate() {
        for text in ["1", "60", "007", "31536000"] {
            assert!(Rate::parse(text, 0).is_ok(), "{text}");
        }
        for text in
            ["", "0", "-5", "+5", "1.5", "60s", " 60", "31536001", "000000001", "٣", "99999999999999999999"]
        {
            let fault = Fault::OutOfRange { min: 1, max: LONGEST_S };
            assert_eq!(Rate::parse(text, 0), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_anchor_is_the_first_fire_and_no_second_is_broken() {
        let rate = Rate::parse("90", CREATED).unwrap();
        assert_eq!(rate.next_after(0), Some(ANCHOR));
        assert_eq!(rate.next_after(ANCHOR - 1), Some(ANCHOR));
        assert_eq!(rate.next_after(CREATED), Some(ANCHOR + 90_000));
        assert_eq!(rate.next_after(ANCHOR + 90_000), Some(ANCHOR + 180_000));
    }

    #[test]
    fn where_time_ends_there_is_no_fire_and_no_panic() {
        for (anchor, after) in [(0, i64::MAX), (i64::MIN, i64::MAX), (i64::MIN, 0)] {
            assert_eq!(Rate::parse("60", anchor).unwrap().next_after(after), None);
        }
        assert_eq!(Rate::parse("60", CREATED).unwrap().next_after(i64::MIN), Some(ANCHOR));
    }

    proptest! {
        #[test]
        fn a_rate_never_drifts(
            created in 0i64..4_000_000_000_000,
            every in 1i64..=LONGEST_S,
            after in 0i64..8_000_000_000_000,
        ) {
            let rate = Rate::parse(&every.to_string(), created).unwrap();
            let anchor = created / 1_000 * 1_000;
            let next = rate.next_after(after).unwrap();
            prop_assert!(next > after);
            prop_assert_eq!((next - anchor) % (every * 1_000), 0);
            prop_assert!(next == anchor || (next > anchor && next - after <= every * 1_000));
        }

        #[test]
        fn a_stretch_counts_what_walking_finds(
            created in 0i64..4_000_000_000_000,
            every in 1i64..10_000,
            length in 1i64..10_000_000,
        ) {
            let rate = Rate::parse(&every.to_string(), created).unwrap();
            let first = rate.next_after(created + 1_000_000_000).unwrap();
            let walk = std::iter::successors(Some(first), |last| rate.next_after(*last));
            let walked: Vec<_> = walk.take_while(|at| *at < first + length).collect();
            let expected = (*walked.last().unwrap(), walked.len() as u32);
            prop_assert_eq!(rate.stretch(first, first + length), expected);
        }
    }
}
