//! When a message that was not taken is sent again.

use entity::Millis;

/// After the first attempt, the second, and so on (ms). After the last it has failed.
pub const PAUSES: [Millis; 4] = [10_000, 60_000, 300_000, 1_800_000];

/// When the next attempt is, after so many; none when that was the last.
pub fn next_at(attempts: i32, now: Millis) -> Option<Millis> {
    let pause = usize::try_from(attempts - 1).ok().and_then(|index| PAUSES.get(index))?;
    Some(now + pause)
}

#[cfg(test)]
mod tests {
    use super::next_at;

    #[test]
    fn the_pauses_grow_and_after_five_attempts_it_has_failed() {
        let after = |attempts| next_at(attempts, 1_000);
        assert_eq!((after(1), after(4)), (Some(11_000), Some(1_801_000)));
        assert_eq!((after(5), after(6), after(0)), (None, None, None));
    }
}
