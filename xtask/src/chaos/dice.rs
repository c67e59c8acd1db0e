//! Chance that can be repeated: everything a scenario leaves to it comes from the printed seed.

use std::time::Duration;

/// A stream of numbers (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed, different for each name.
    pub fn new(seed: u64, name: &str) -> Self {
        let mixed =
            name.bytes().fold(seed, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(mixed)
    }

    /// `least` to `most`, both included.
    pub fn number(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Between two numbers of milliseconds.
    pub fn pause(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(self.number(least_ms, most_ms))
    }

    /// One of them; there must be one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.number(0, choices.len() as u64 - 1) as usize]
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_numbers_and_another_name_others() {
        let thrown = |name: &str| {
            let mut dice = Dice::new(7, name);
            (0..20).map(|_| dice.number(1, 6)).collect::<Vec<_>>()
        };
        assert_eq!(thrown("a"), thrown("a"));
        assert_ne!(thrown("a"), thrown("b"));
        assert!(thrown("a").iter().all(|number| (1..=6).contains(number)));
    }
}
