//! Whether a run may go out while others of its job, or of its executor, are out.
//!
//! A job may have so many *slots*: [`Overlap`] says what becomes of a run that finds them all taken. An
//! executor may have a limit over all its jobs: a run beyond it waits. A run takes its slot from the
//! moment it is claimed until it has ended, also while nobody knows whether it runs; what waits goes in
//! the order of [`Place`]. Decided when a run is due and not before: the run in front may end in the
//! last moment.
//!
//! Runs for past times of a job have a limit of their own beside these, and wait whatever the job lets
//! its other runs do.

use entity::Millis;
use entity::job::{Model as Job, Overlap};
use entity::run::{Model as Run, Reason};
use std::cmp::Reverse;

/// Where a run stands among those that wait: the higher priority first, then what was due first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    priority: Reverse<i16>,
    due_at: Millis,
    pub run_id: i64,
}

impl From<&Run> for Place {
    fn from(run: &Run) -> Self {
        Self { priority: Reverse(run.priority), due_at: run.due_at, run_id: run.id }
    }
}

/// What limits a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub job: Option<Slots>,
    /// Of a run for a past time: how many of its kind may be out.
    pub backfills: Option<usize>,
    /// How many runs of its executor may be out.
    pub executor: Option<usize>,
}

/// How many runs of a job may be out, and what becomes of one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    pub count: usize,
    pub overlap: Overlap,
    /// How many may wait, where they do.
    pub queue_length: usize,
}

impl Limits {
    /// `max_parallel` is the executor's; 0 = any number.
    pub fn of(job: &Job, max_parallel: i32) -> Self {
        let number = |number: i32| usize::try_from(number).unwrap_or(0);
        let slots = Slots {
            count: number(job.slots).max(1),
            overlap: job.overlap,
            queue_length: number(job.queue_length),
        };
        Self {
            job: (job.overlap != Overlap::Allow).then_some(slots),
            backfills: None,
            executor: (max_parallel > 0).then_some(number(max_parallel)),
        }
    }

    pub fn any(self) -> bool {
        self.job.is_some() || self.backfills.is_some() || self.executor.is_some()
    }

    /// Whether one more run may leave the queue of its job, of which so many are out.
    pub fn leave_room(self, of_job: usize, backfills: usize) -> bool {
        let is_free = |slots: Slots| match self.backfills {
            None if slots.overlap == Overlap::Replace => true,
            _ => of_job < slots.count,
        };
        self.job.is_none_or(is_free) && self.backfills.is_none_or(|most| backfills < most)
    }
}

/// What is out and what waits at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Occupancy<'a> {
    /// Runs of the job that are out, the oldest first.
    pub of_job: &'a [i64],
    /// How many of these are for past times.
    pub backfills: usize,
    /// How many runs of the executor are out.
    pub of_executor: usize,
    /// How many other runs of the job are in the queue.
    pub queued: usize,
    /// The run has its place in the queue already.
    pub is_queued: bool,
    /// A run in the queue that goes before this one waits for the same.
    pub is_behind: Option<Reason>,
}

/// What becomes of a run that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    Go,
    /// In the queue.
    Wait(Reason),
    Skip(Reason),
    /// After these have been killed.
    Replace(Vec<i64>),
}

/// Decides about one run.
pub fn admit(limits: Limits, occupancy: Occupancy<'_>) -> Admission {
    let out = occupancy.of_job.len();
    let is_behind = occupancy.is_behind == Some(Reason::BehindRun);
    if limits.backfills.is_some() {
        if is_behind || !limits.leave_room(out, occupancy.backfills) {
            return Admission::Wait(Reason::BehindRun);
        }
    } else if let Some(slots) = limits.job
        && (out >= slots.count || (is_behind && slots.overlap == Overlap::Queue))
    {
        return beyond(slots, occupancy);
    }
    let is_full = limits.executor.is_some_and(|most| occupancy.of_executor >= most);
    match is_full || occupancy.is_behind == Some(Reason::AtCapacity) {
        true => Admission::Wait(Reason::AtCapacity),
        false => Admission::Go,
    }
}

/// A run that finds all slots of its job taken.
fn beyond(slots: Slots, occupancy: Occupancy<'_>) -> Admission {
    match slots.overlap {
        Overlap::Allow => Admission::Go,
        Overlap::Skip => Admission::Skip(Reason::Overlap),
        Overlap::Queue if occupancy.is_queued || occupancy.queued < slots.queue_length => {
            Admission::Wait(Reason::BehindRun)
        }
        Overlap::Queue => Admission::Skip(Reason::QueueFull),
        Overlap::Replace => {
            let too_many = (occupancy.of_job.len() + 1).saturating_sub(slots.count);
            Admission::Replace(occupancy.of_job.iter().take(too_many).copied().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(overlap: Overlap, count: usize) -> Limits {
        Limits { job: Some(Slots { count, overlap, queue_length: 2 }), ..Limits::default() }
    }

    fn out(of_job: &[i64]) -> Occupancy<'_> {
        Occupancy { of_job, of_executor: of_job.len(), ..Occupancy::default() }
    }

    #[test]
    fn what_finds_a_slot_goes_whatever_the_policy() {
        for overlap in [Overlap::Queue, Overlap::Skip, Overlap::Replace] {
            assert_eq!(admit(limits(overlap, 1), out(&[])), Admission::Go);
            assert_eq!(admit(limits(overlap, 3), out(&[1, 2])), Admission::Go);
        }
        assert_eq!(admit(Limits::default(), out(&[1, 2, 3])), Admission::Go, "nothing limits it");
    }

    #[test]
    fn what_finds_none_waits_is_skipped_or_takes_the_place_of_the_oldest() {
        assert_eq!(admit(limits(Overlap::Skip, 1), out(&[7])), Admission::Skip(Reason::Overlap));
        assert_eq!(admit(limits(Overlap::Replace, 1), out(&[7])), Admission::Replace(vec![7]));
        assert_eq!(admit(limits(Overlap::Replace, 2), out(&[7, 8])), Admission::Replace(vec![7]));
        // The slots became fewer since.
        assert_eq!(admit(limits(Overlap::Replace, 1), out(&[7, 8])), Admission::Replace(vec![7, 8]));
        let queue = |queued, is_queued| {
            admit(limits(Overlap::Queue, 1), Occupancy { queued, is_queued, ..out(&[7]) })
        };
        assert_eq!(queue(1, false), Admission::Wait(Reason::BehindRun));
        assert_eq!(queue(2, false), Admission::Skip(Reason::QueueFull));
        assert_eq!(queue(2, true), Admission::Wait(Reason::BehindRun), "it has its place");
    }

    #[test]
    fn an_executor_at_its_limit_lets_everything_wait() {
        let limits = Limits { executor: Some(2), ..limits(Overlap::Skip, 9) };
        let of_executor = |of_executor| admit(limits, Occupancy { of_executor, ..Occupancy::default() });
        assert_eq!(of_executor(1), Admission::Go);
        assert_eq!(of_executor(2), Admission::Wait(Reason::AtCapacity));
        assert_eq!(of_executor(3), Admission::Wait(Reason::AtCapacity), "the limit was lowered");
    }

    #[test]
    fn nobody_goes_before_what_waits_for_the_same() {
        let behind = |reason| Occupancy { is_behind: Some(reason), queued: 1, ..Occupancy::default() };
        let own = Limits { executor: Some(9), ..limits(Overlap::Queue, 9) };
        assert_eq!(admit(own, behind(Reason::BehindRun)), Admission::Wait(Reason::BehindRun));
        assert_eq!(admit(own, behind(Reason::AtCapacity)), Admission::Wait(Reason::AtCapacity));
    }

    #[test]
    fn a_run_for_a_past_time_waits_for_its_own_kind_and_for_the_jobs_slots_whatever_the_policy() {
        let wait = Admission::Wait(Reason::BehindRun);
        for overlap in [Overlap::Queue, Overlap::Skip, Overlap::Replace] {
            let limits = Limits { backfills: Some(2), ..limits(overlap, 3) };
            let among = |of_job, backfills| admit(limits, Occupancy { backfills, ..out(of_job) });
            assert_eq!(among(&[7], 1), Admission::Go);
            assert_eq!(among(&[7, 8], 2), wait);
            assert_eq!(among(&[7, 8, 9], 0), wait, "the job has no slot left");
        }
        let unlimited = Limits { backfills: Some(2), ..Limits::default() };
        let among = |backfills| Occupancy { backfills, ..out(&[7, 8, 9]) };
        assert_eq!(admit(unlimited, among(1)), Admission::Go);
        assert_eq!(admit(unlimited, among(2)), wait);
        let behind = Occupancy { is_behind: Some(Reason::BehindRun), ..among(0) };
        assert_eq!(admit(unlimited, behind), wait, "an earlier time goes first");
        let full = Limits { executor: Some(3), ..unlimited };
        assert_eq!(admit(full, among(0)), Admission::Wait(Reason::AtCapacity));
    }

    #[test]
    fn what_leaves_the_queue_finds_a_slot_or_may_take_one() {
        let room =
            |overlap, backfills, of_job| Limits { backfills, ..limits(overlap, 2) }.leave_room(of_job, 1);
        assert!(room(Overlap::Queue, None, 1) && !room(Overlap::Queue, None, 2));
        assert!(room(Overlap::Replace, None, 2) && !room(Overlap::Replace, Some(9), 2));
        assert!(room(Overlap::Skip, Some(2), 1) && !room(Overlap::Skip, Some(1), 1));
    }

    #[test]
    fn the_queue_is_ordered_by_priority_then_by_time() {
        let place = |priority, due_at, run_id| Place { priority: Reverse(priority), due_at, run_id };
        let mut places = [place(0, 5, 3), place(0, 5, 2), place(9, 8, 4), place(-1, 1, 5), place(0, 4, 9)];
        places.sort();
        assert_eq!(places.map(|place| place.run_id), [4, 9, 2, 3, 5]);
    }

    proptest! {
        #[test]
        fn a_job_never_exceeds_its_slots(count in 1usize..6, most in 1usize..6, taken in 0usize..12) {
            let ids: Vec<i64> = (0..taken as i64).collect();
            for overlap in [Overlap::Queue, Overlap::Skip, Overlap::Replace] {
                let limits = Limits { executor: Some(most), ..limits(overlap, count) };
                match admit(limits, out(&ids)) {
                    Admission::Go => prop_assert!(taken < count && taken < most),
                    Admission::Replace(killed) => prop_assert_eq!(taken - killed.len() + 1, count),
                    _ => prop_assert!(taken >= count || taken >= most),
                }
            }
        }
    }
}
