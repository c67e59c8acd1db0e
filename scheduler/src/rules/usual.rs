//! How long a job usually takes.

use entity::Millis;
use entity::run::{Model, RunState};

/// Fewer runs than this say nothing.
const FEWEST: usize = 3;

/// The median of what its successful runs among these took from being sent to their end; none where there are too
/// few of them.
pub fn usual_ms(recent: &[Model]) -> Option<Millis> {
    let took = |run: &Model| Some((run.ended_at? - run.sent_at?).max(0));
    let good = recent.iter().filter(|run| run.state == RunState::Succeeded);
    let mut times: Vec<Millis> = good.filter_map(took).collect();
    times.sort_unstable();
    if times.len() < FEWEST { None } else { times.get(times.len() / 2).copied() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::job;

    fn run(state: RunState, took: Option<Millis>) -> Model {
        Model {
            state,
            sent_at: Some(1_000),
            ended_at: took.map(|took| 1_000 + took),
            ..Model::waiting(1, &job(1), 1, 0)
        }
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
