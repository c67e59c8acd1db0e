//! How long a job usually takes.

use entity::Millis;
use entity::run::{Model, RunState};

/// A run among the newest of its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentRun {
    pub id: i64,
    pub state: RunState,
    pub due_at: Millis,
    pub sent_at: Option<Millis>,
    pub ended_at: Option<Millis>,
}

impl RecentRun {
    /// From sending to the end (ms); none before that, and for runs that never went out.
    pub fn duration_ms(&self) -> Option<Millis> {
        self.ended_at.zip(self.sent_at).map(|(ended, sent)| (ended - sent).max(0))
    }
}

impl From<&Model> for RecentRun {
    fn from(run: &Model) -> Self {
        let Model { id, state, due_at, sent_at, ended_at, .. } = *run;
        Self { id, state, due_at, sent_at, ended_at }
    }
}

/// Fewer runs than this say nothing.
const FEWEST: usize = 3;

/// The median of what its successful runs among these took from being sent to their end; none where there are too
/// few of them.
pub fn usual_ms(recent: &[RecentRun]) -> Option<Millis> {
    let good = recent.iter().filter(|run| run.state == RunState::Succeeded);
    let mut times: Vec<Millis> = good.filter_map(RecentRun::duration_ms).collect();
    times.sort_unstable();
    if times.len() < FEWEST { None } else { times.get(times.len() / 2).copied() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: RunState, took: Option<Millis>) -> RecentRun {
        RecentRun { id: 1, state, due_at: 0, sent_at: Some(1_000), ended_at: took.map(|took| 1_000 + took) }
    }

    #[test]
    fn the_median_of_what_succeeded_is_usual_and_outliers_are_not() {
        let good = |took| run(RunState::Succeeded, Some(took));
        let recent =
            [good(10), good(9_000), good(12), run(RunState::Failed, Some(1)), run(RunState::Running, None)];
        assert_eq!(usual_ms(&recent), Some(12));
        assert_eq!(usual_ms(&recent[..2]), None, "too few");
    }
}
