//! Runs that are split into shards, one for each instance: the shards, and how the whole ends.

use super::follow::Follows;
use entity::Millis;
use entity::job::Model as Job;
use entity::run::{Model as Run, Reason, RunKind, RunState};
use std::collections::BTreeMap;

/// How a split run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub state: RunState,
    pub reason: Reason,
    /// The executor's result code of the shard that decided it; 0 = none.
    pub code: i32,
    /// When the last shard ended.
    pub ended_at: Millis,
}

/// How far a split run is: how many of its shards stand where, each by its last attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub total: u32,
    pub waiting: u32,
    /// With those whose request is on its way.
    pub running: u32,
    pub succeeded: u32,
    /// Failed, timed out or lost.
    pub failed: u32,
    /// In doubt, killed or skipped.
    pub other: u32,
    /// Those that have a final state.
    pub ended: u32,
}

impl Progress {
    /// Of shards by their last attempts.
    pub fn of<'a>(last_attempts: impl IntoIterator<Item = &'a Run>) -> Self {
        let mut progress = Self::default();
        for shard in last_attempts {
            progress.total += 1;
            progress.ended += u32::from(shard.state.is_final());
            *match shard.state {
                RunState::Waiting => &mut progress.waiting,
                RunState::Sending | RunState::Running => &mut progress.running,
                RunState::Succeeded => &mut progress.succeeded,
                RunState::Failed | RunState::TimedOut | RunState::Lost => &mut progress.failed,
                RunState::Unknown | RunState::Killed | RunState::Skipped => &mut progress.other,
            } += 1;
        }
        progress
    }

    /// How many in a hundred have ended; 100 only when all have.
    pub fn percent(self) -> u32 {
        (self.ended * 100).checked_div(self.total).unwrap_or(0)
    }
}

/// The shards of a run that goes to these instances, with `0` for their ids and slots: each is pinned
/// to its instance, in the order given.
pub fn split(parent: &Run, job: &Job, instance_ids: &[i32]) -> Vec<Run> {
    let total = i32::try_from(instance_ids.len()).unwrap_or(i32::MAX);
    let shard = |(index, instance_id): (i32, &i32)| {
        let mut run = Run {
            kind: RunKind::Shard,
            nominal_at: parent.nominal_at,
            executor_id: parent.executor_id,
            instance_id: Some(*instance_id),
            parent_id: Some(parent.id),
            shard_index: index,
            shard_total: total,
            priority: parent.priority,
            ..Run::waiting(0, job, parent.bucket, parent.due_at)
        };
        Follows::OF_SHARD.mark(&mut run);
        run
    };
    (0..).zip(instance_ids).map(shard).collect()
}

/// Each shard by its last attempt, in order.
pub fn last_attempts(shards: &[Run]) -> Vec<&Run> {
    let mut last: BTreeMap<i32, &Run> = BTreeMap::new();
    for shard in shards {
        let known = last.entry(shard.shard_index).or_insert(shard);
        if shard.attempt > known.attempt {
            *known = shard;
        }
    }
    last.into_values().collect()
}

/// How a run of `total` shards ended, by the rows of its shards in all their attempts: succeeded if
/// all did, else as the worst of them and, among equally bad ones, the first. None while a shard is
/// under way, or what follows its end is not decided: it may be tried again.
pub fn outcome(total: i32, shards: &[Run]) -> Option<Outcome> {
    let last = last_attempts(shards);
    let is_over = |shard: &&Run| shard.state.is_final() && shard.live_bucket.is_none();
    if last.len() != usize::try_from(total).ok()? || !last.iter().all(is_over) {
        return None;
    }
    let ended_at = last.iter().filter_map(|shard| shard.ended_at).max()?;
    // The first of the worst: `max_by_key` takes the last of equals.
    let worst = last.into_iter().rev().max_by_key(|shard| badness(shard.state))?;
    Some(Outcome { state: worst.state, reason: worst.reason, code: worst.code, ended_at })
}

/// How bad a final state is beside others.
fn badness(state: RunState) -> u8 {
    match state {
        RunState::Lost => 5,
        RunState::Failed => 4,
        RunState::TimedOut => 3,
        RunState::Killed => 2,
        RunState::Skipped => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::{job, run};
    use entity::run::SPLIT;
    use rand::rngs::StdRng;
    use rand::seq::{IndexedRandom, SliceRandom};
    use rand::{Rng, SeedableRng};
    use sea_orm::Iterable;

    fn shard(index: i32, attempt: i32, state: RunState) -> Run {
        let mut shard = split(&run(7), &job(1), &[11, 12, 13, 14]).swap_remove(index as usize);
        (shard.id, shard.attempt, shard.state) = (i64::from(index * 10 + attempt), attempt, state);
        if state.is_final() {
            (shard.live_bucket, shard.ended_at) = (None, Some(6_000 + i64::from(index)));
        }
        shard
    }

    fn ended(states: &[RunState]) -> Vec<Run> {
        (0..).zip(states).map(|(index, state)| shard(index, 1, *state)).collect()
    }

    #[test]
    fn each_instance_gets_a_shard_with_its_index_and_the_total() {
        let parent = Run { executor_id: 9, priority: 3, ..run(7) };
        let shards = split(&parent, &job(1), &[12, 11]);
        let facts: Vec<_> =
            shards.iter().map(|run| (run.instance_id, run.shard_index, run.shard_total)).collect();
        assert_eq!(facts, [(Some(12), 0, 2), (Some(11), 1, 2)]);
        for shard in &shards {
            assert_eq!(
                (shard.kind, shard.state, shard.parent_id),
                (RunKind::Shard, RunState::Waiting, Some(7))
            );
            assert_eq!((shard.nominal_at, shard.due_at, shard.bucket), (5_000, 5_000, parent.bucket));
            assert_eq!((shard.executor_id, shard.priority, shard.attempt), (9, 3, 1));
            assert!(shard.follow_ok && shard.follow_fail && shard.live_bucket.is_some());
        }
    }

    #[test]
    fn it_succeeds_when_all_shards_did_and_not_before() {
        let mut shards = ended(&[RunState::Succeeded; 3]);
        assert_eq!(outcome(4, &shards), None, "one is missing");
        shards.push(shard(3, 1, RunState::Running));
        assert_eq!(outcome(4, &shards), None, "one is under way");
        shards[3] = Run { live_bucket: Some(5), ..shard(3, 1, RunState::Succeeded) };
        assert_eq!(outcome(4, &shards), None, "what follows one is not decided");
        shards[3] = Run { code: 200, ..shard(3, 1, RunState::Succeeded) };
        let end = outcome(4, &shards).unwrap();
        assert_eq!((end.state, end.reason, end.ended_at), (RunState::Succeeded, Reason::None, 6_003));
    }

    #[test]
    fn the_worst_shard_decides_and_the_first_among_equals() {
        use RunState::*;
        let orders = [Succeeded, Skipped, Killed, TimedOut, Failed, Lost];
        for (better, worse) in orders.iter().zip(&orders[1..]) {
            assert_eq!(outcome(3, &ended(&[*better, *worse, *better])).unwrap().state, *worse);
        }
        let mut shards = ended(&[Succeeded, Failed, Failed]);
        (shards[1].code, shards[2].code) = (500, 501);
        shards[1].reason = Reason::Handler;
        let end = outcome(3, &shards).unwrap();
        assert_eq!((end.code, end.reason), (500, Reason::Handler));
    }

    #[test]
    fn only_the_last_attempt_of_a_shard_counts() {
        let mut shards = ended(&[RunState::Succeeded, RunState::Failed]);
        shards.push(shard(1, 2, RunState::Waiting));
        assert_eq!(outcome(2, &shards), None, "it is tried again");
        shards[2] = shard(1, 2, RunState::Succeeded);
        assert_eq!(outcome(2, &shards).unwrap().state, RunState::Succeeded);
        assert_eq!(last_attempts(&shards).iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn the_order_of_the_rows_never_matters_and_an_end_is_that_of_a_shard() {
        let mut random = StdRng::seed_from_u64(1);
        let states: Vec<RunState> = RunState::iter().collect();
        for _ in 0..2_000 {
            let total = random.random_range(1..=4);
            let mut shards = Vec::new();
            for index in 0..total {
                for attempt in 1..=random.random_range(1..=3) {
                    shards.push(shard(index, attempt, *states.choose(&mut random).unwrap()));
                }
            }
            let before = outcome(total, &shards);
            shards.shuffle(&mut random);
            assert_eq!(outcome(total, &shards), before);
            let last = last_attempts(&shards);
            assert_eq!(before.is_some(), last.iter().all(|run| run.state.is_final()));
            if let Some(end) = before {
                assert!(end.state.is_final() && last.iter().any(|run| run.state == end.state));
                let all = last.iter().all(|run| run.state == RunState::Succeeded);
                assert_eq!(end.state == RunState::Succeeded, all);
            }
        }
    }

    #[test]
    fn progress_counts_every_shard_once_and_is_whole_only_at_the_end() {
        for (index, state) in RunState::iter().enumerate() {
            let shards =
                [shard(0, 1, state), shard(1, 1, RunState::Waiting), shard(2, 1, RunState::Succeeded)];
            let Progress { total, waiting, running, succeeded, failed, other, ended } = Progress::of(&shards);
            assert_eq!((total, waiting + running + succeeded + failed + other), (3, 3), "{index} {state:?}");
            assert_eq!(ended, 1 + u32::from(state.is_final()));
            assert_eq!(Progress::of(&shards).percent(), if state.is_final() { 66 } else { 33 });
        }
        assert_eq!(Progress::of(&ended(&[RunState::Succeeded, RunState::Lost])).percent(), 100);
        assert_eq!(Progress::default().percent(), 0);
    }

    #[test]
    fn a_split_run_is_told_by_its_index() {
        let parent = Run { shard_index: SPLIT, ..run(7) };
        assert!(parent.is_split() && !parent.is_shard());
        assert!(!shard(0, 1, RunState::Waiting).is_split() && shard(0, 1, RunState::Waiting).is_shard());
        assert!(!run(7).is_split() && !run(7).is_shard());
    }
}
