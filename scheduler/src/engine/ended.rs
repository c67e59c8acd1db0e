//! Runs that ended at this server and may have a log: noted in memory on the way, for a loop elsewhere
//! that keeps logs. It costs the engine no query and no request.

use super::step::{Step, What};
use entity::Millis;
use protocol::words;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which ends are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    Nothing,
    /// Those that did not succeed.
    Failed,
    All,
}

/// A run whose log is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedRun {
    pub run_id: i64,
    /// Not to be asked for before.
    pub not_before: Millis,
    /// How often it has been asked for in vain.
    pub tries: u8,
}

/// Bounded queues of them, which nobody has to empty.
#[derive(Debug, Default)]
pub struct Ended(Mutex<Queues>);

#[derive(Debug, Default)]
struct Queues {
    wanted: Wanted,
    /// Of each queue.
    most: usize,
    after: Millis,
    /// In which order they are taken: those that somebody looks at, those that went badly, the others.
    looked_at: VecDeque<EndedRun>,
    failed: VecDeque<EndedRun>,
    others: VecDeque<EndedRun>,
    left_out: u64,
}

impl Ended {
    /// From now on so many of the wanted ones are noted, to be asked for `after` ms after their end:
    /// executors write their last lines after they told the result.
    pub fn want(&self, wanted: Wanted, most: usize, after: Millis) {
        let mut queues = self.queues();
        (queues.wanted, queues.most, queues.after) = (wanted, most, after);
    }

    /// Notes the run of a step that has been done, if it has ended by it.
    pub fn offer_after(&self, step: &Step) {
        let went_badly = match &step.what {
            What::Result { code, .. } => *code != words::SUCCESS,
            What::Kill { .. } | What::Lose { .. } | What::Expire => true,
            _ => return,
        };
        let mut queues = self.queues();
        if queues.wanted == Wanted::All || (queues.wanted == Wanted::Failed && went_badly) {
            let run = EndedRun { run_id: step.run_id, not_before: step.at + queues.after, tries: 0 };
            queues.push(run, went_badly);
        }
    }

    /// Notes a run again, or one that was found.
    pub fn offer(&self, run: EndedRun, went_badly: bool) {
        self.queues().push(run, went_badly);
    }

    /// Notes a run, whose log can be read, ahead of all others: somebody looks at it.
    pub fn prefer(&self, run_id: i64) {
        let mut queues = self.queues();
        let is_noted = queues.looked_at.iter().any(|run| run.run_id == run_id);
        if !is_noted && queues.wanted != Wanted::Nothing && queues.looked_at.len() < queues.most.min(1_000) {
            queues.looked_at.push_back(EndedRun { run_id, not_before: 0, tries: 0 });
        }
    }

    /// Takes at most `most` of those whose time has come.
    pub fn take(&self, now: Millis, most: usize) -> Vec<EndedRun> {
        let mut queues = self.queues();
        let Queues { looked_at, failed, others, .. } = &mut *queues;
        let mut taken = Vec::new();
        for queue in [looked_at, failed, others] {
            while taken.len() < most
                && let Some(run) = queue.pop_front_if(|run| run.not_before <= now)
            {
                taken.push(run);
            }
        }
        taken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        let queues = self.queues();
        queues.looked_at.len() + queues.failed.len() + queues.others.len()
    }

    /// How many found no place since the last time.
    pub fn take_left_out(&self) -> u64 {
        std::mem::take(&mut self.queues().left_out)
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn push(&mut self, run: EndedRun, went_badly: bool) {
        let most = self.most;
        let queue = if went_badly { &mut self.failed } else { &mut self.others };
        if queue.len() < most {
            queue.push_back(run);
        } else {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(run_id: i64, code: i32) -> Step {
        Step { run_id, at: 1_000, what: What::Result { executor_id: 1, code, text: String::new() } }
    }

    fn ids(taken: Vec<EndedRun>) -> Vec<i64> {
        taken.into_iter().map(|run| run.run_id).collect()
    }

    #[test]
    fn nobody_who_wants_none_is_told_of_any() {
        let ended = Ended::default();
        ended.offer_after(&result(1, 200));
        ended.prefer(1);
        assert_eq!((ended.waiting(), ended.take_left_out()), (0, 0));
    }

    #[test]
    fn those_that_somebody_looks_at_come_first_then_those_that_failed_and_none_before_its_time() {
        let ended = Ended::default();
        ended.want(Wanted::All, 10, 2_000);
        ended.offer_after(&result(1, 200));
        ended.offer_after(&result(2, 500));
        ended.offer_after(&Step { what: What::Found, ..result(3, 0) });
        ended.prefer(4);
        ended.prefer(4);
        assert_eq!(ids(ended.take(2_999, 10)), [4]);
        assert_eq!(ids(ended.take(3_000, 1)), [2]);
        assert_eq!(ids(ended.take(3_000, 10)), [1]);
    }

    #[test]
    fn what_finds_no_place_is_counted_and_a_flood_of_successes_leaves_room_for_failures() {
        let ended = Ended::default();
        ended.want(Wanted::All, 2, 0);
        (1..=5).for_each(|id| ended.offer_after(&result(id, 200)));
        ended.offer_after(&result(6, 500));
        assert_eq!(ids(ended.take(1_000, 10)), [6, 1, 2]);
        assert_eq!((ended.take_left_out(), ended.take_left_out()), (3, 0));
    }

    #[test]
    fn where_only_failures_are_wanted_no_success_is_noted() {
        let ended = Ended::default();
        ended.want(Wanted::Failed, 2, 0);
        ended.offer_after(&result(1, 200));
        ended.offer_after(&Step { what: What::Expire, ..result(2, 0) });
        assert_eq!(ids(ended.take(1_000, 10)), [2]);
    }
}
