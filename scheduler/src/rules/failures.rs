//! Runs of a job that ended badly one after the other, after so many of which it is stopped.

use entity::Millis;
use entity::run::{Model as Run, RunKind, RunState};
use std::collections::HashSet;

/// Runs in a row that ended badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streak {
    /// Never 0.
    pub count: i32,
    /// The last of them.
    pub run_id: i64,
    /// Whether a success lies before them, so that there are no more of them.
    pub is_whole: bool,
}

/// How many runs in a row have ended badly, of those of a job that ended after `since`, in any order; none
/// where the last one succeeded.
///
/// A run that is retried counts once, by its last attempt, and one that was split as a whole. What was killed
/// or skipped says nothing about the job.
pub fn streak(runs: &[Run], since: Millis) -> Option<Streak> {
    let retries = runs.iter().filter(|run| run.kind == RunKind::Retry && !run.is_shard());
    let retried: HashSet<i64> = retries.map(|run| run.slot).collect();
    let mut ends: Vec<(Millis, &Run)> = runs
        .iter()
        .filter(|run| tells(run.state) && !run.is_shard() && run.live_bucket.is_none())
        .filter(|run| !retried.contains(&run.id))
        .filter_map(|run| Some((run.ended_at.filter(|at| *at > since)?, run)))
        .collect();
    ends.sort_unstable_by_key(|(at, run)| std::cmp::Reverse((*at, run.id)));
    let count = ends.iter().take_while(|(_, run)| run.state != RunState::Succeeded).count();
    let (_, last) = ends.first().filter(|_| count > 0)?;
    let is_whole = count < ends.len();
    Some(Streak { count: i32::try_from(count).unwrap_or(i32::MAX), run_id: last.id, is_whole })
}

/// Whether the state says whether the job does its work.
fn tells(state: RunState) -> bool {
    matches!(state, RunState::Succeeded | RunState::Failed | RunState::TimedOut | RunState::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::job;

    /// A run that ended `at` in that state.
    fn ended(id: i64, at: Millis, state: RunState) -> Run {
        Run { state, live_bucket: None, ended_at: Some(at), ..Run::waiting(id, &job(1), 0, at - 1) }
    }

    fn count(runs: &[Run], since: Millis) -> i32 {
        streak(runs, since).map_or(0, |streak| streak.count)
    }

    #[test]
    fn what_failed_timed_out_or_was_lost_counts_up_to_the_last_success() {
        let runs = [
            ended(5, 50, RunState::Lost),
            ended(1, 10, RunState::Failed),
            ended(4, 40, RunState::TimedOut),
            ended(2, 20, RunState::Succeeded),
            ended(3, 30, RunState::Failed),
        ];
        assert_eq!(streak(&runs, 0), Some(Streak { count: 3, run_id: 5, is_whole: true }));
        assert_eq!(streak(&runs[..1], 0), Some(Streak { count: 1, run_id: 5, is_whole: false }));
        assert_eq!(streak(&[ended(1, 10, RunState::Failed), ended(2, 20, RunState::Succeeded)], 0), None);
        assert_eq!(streak(&[], 0), None);
    }

    #[test]
    fn what_was_killed_or_skipped_neither_counts_nor_ends_it() {
        let runs = [
            ended(1, 10, RunState::Failed),
            ended(2, 20, RunState::Killed),
            ended(3, 30, RunState::Skipped),
            ended(4, 40, RunState::Failed),
        ];
        assert_eq!(count(&runs, 0), 2);
    }

    #[test]
    fn attempts_count_once_and_only_when_the_last_has_ended() {
        let retry = |id, of, at, state| Run { kind: RunKind::Retry, slot: of, ..ended(id, at, state) };
        let runs = [ended(1, 10, RunState::Failed), retry(2, 1, 20, RunState::Failed)];
        assert_eq!(count(&runs, 0), 1);
        let runs = [ended(1, 10, RunState::Failed), retry(2, 1, 20, RunState::Running)];
        assert_eq!(count(&runs, 0), 0, "it may succeed yet");
        let undecided = Run { live_bucket: Some(0), ..ended(1, 10, RunState::Failed) };
        assert_eq!(count(&[undecided], 0), 0, "whether it is retried is not decided yet");
    }

    #[test]
    fn shards_are_counted_by_the_whole_and_nothing_from_before_the_start() {
        let shard = Run { parent_id: Some(9), ..ended(1, 30, RunState::Failed) };
        assert_eq!(count(&[shard, ended(9, 31, RunState::Failed)], 0), 1);
        assert_eq!(count(&[ended(1, 10, RunState::Failed), ended(2, 20, RunState::Failed)], 10), 1);
    }
}
