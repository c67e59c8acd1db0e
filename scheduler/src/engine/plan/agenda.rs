//! When rows that wait for a time are to be looked at. A copy in memory that spares waiting for the
//! poll: what is missing here is found there, up to a second late.

use entity::Millis;
use std::collections::BTreeSet;

/// Rows noted at most (16 bytes each, and some); what is due later than these is left to the poll.
const MOST: usize = 200_000;

#[derive(Debug, Default)]
pub struct Agenda(BTreeSet<(Millis, i64)>);

impl Agenda {
    pub fn add(&mut self, at: Millis, run_id: i64) {
        self.0.insert((at, run_id));
        if self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    pub fn next_at(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out the rows whose time has come.
    pub fn take_due(&mut self, now: Millis) -> Vec<i64> {
        let later = self.0.split_off(&(now + 1, i64::MIN));
        std::mem::replace(&mut self.0, later).into_iter().map(|(_, run_id)| run_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_comes_once_when_its_time_has_come() {
        let mut agenda = Agenda::default();
        for (at, run_id) in [(30, 3), (10, 1), (20, 2), (20, 2)] {
            agenda.add(at, run_id);
        }
        assert_eq!(agenda.next_at(), Some(10));
        assert_eq!(agenda.take_due(9), [] as [i64; 0]);
        assert_eq!(agenda.take_due(20), [1, 2]);
        assert_eq!(agenda.take_due(20), [] as [i64; 0]);
        assert_eq!(agenda.next_at(), Some(30));
    }
}
