//! How often one server is told something: at once as long as that is seldom, and never more than 20 times in a second.

use std::time::{Duration, Instant};

/// So many times without any rest; a chain of jobs goes on between two servers by a few.
const AT_ONCE: u32 = 5;
/// Each of them is made up for in this time: 15 in a second.
const EACH: Duration = Duration::from_nanos(1_000_000_000 / 15);

#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// When all are made up for.
    even_at: Option<Instant>,
}

impl Pace {
    /// One begins now. After how long the next one may.
    pub fn take(&mut self, now: Instant) -> Duration {
        let even_at = self.even_at.map_or(now, |at| at.max(now)) + EACH;
        self.even_at = Some(even_at);
        even_at.saturating_duration_since(now + EACH * (AT_ONCE - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_go_at_once_and_never_more_than_twenty_in_a_second() {
        let begin = Instant::now();
        let (mut pace, mut now, mut begun) = (Pace::default(), begin, Vec::new());
        while now < begin + Duration::from_secs(10) {
            begun.push(now);
            now += pace.take(now);
        }
        assert_eq!(begun.iter().filter(|at| **at == begin).count(), AT_ONCE as usize);
        for since in &begun {
            let second = *since..*since + Duration::from_secs(1);
            let count = begun.iter().filter(|at| second.contains(*at)).count();
            assert!(count <= 20, "{count}");
        }
        assert!(begun.len() >= 150, "{}", begun.len());
        // After a while of silence it is as at first.
        now += Duration::from_secs(1);
        assert!((1..AT_ONCE).all(|_| pace.take(now).is_zero()));
        assert!(!pace.take(now).is_zero());
    }
}
