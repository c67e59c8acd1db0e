//! The last runs of a job as twenty bars, readable in grey: height is duration, and what did not
//! succeed reaches below the base line.

use super::state::{state_class, state_word};
use crate::i18n::*;
use entity::run::RunState;
use leptos::prelude::*;

/// How many runs are shown; fewer stand at the right.
pub const SPARK_RUNS: usize = 20;
const PITCH: i64 = 7;
const BAR: i64 = 5;
const BASE: i64 = 15;
const TALLEST: i64 = 11;

/// One run of the sparkline.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SparkRun {
    pub state: RunState,
    /// How long it took, in milliseconds; 0 where it has not ended or never ran.
    pub took_ms: i64,
}

/// The height above the base line in pixels, 4 to 11: against the longest of the runs shown.
fn height(took_ms: i64, longest_ms: i64) -> i64 {
    let share = if longest_ms > 0 { took_ms.max(0) as f64 / longest_ms as f64 } else { 0.0 };
    4 + (share * (TALLEST - 4) as f64).round() as i64
}

/// A bar's outline at `x`.
fn bar(x: i64, top: i64, bottom: i64) -> String {
    format!("M{x} {top}h{BAR}V{bottom}h-{BAR}z")
}

/// The outline of a run at `x`, and whether it is hollow.
fn outline(run: SparkRun, x: i64, longest_ms: i64) -> (String, bool) {
    let top = BASE - height(run.took_ms, longest_ms);
    match run.state {
        RunState::Succeeded => (bar(x, top, BASE), false),
        RunState::Failed => (bar(x, BASE - 10, BASE + 7), false),
        RunState::TimedOut => (bar(x, BASE - 12, BASE - 2) + &bar(x, BASE + 1, BASE + 7), false),
        RunState::Killed => (bar(x, BASE - 2, BASE + 7), false),
        RunState::Unknown | RunState::Lost => (format!("M{} {}l3 5l-3 5l-3-5z", x + 2, BASE - 6), false),
        RunState::Skipped => (format!("M{}.5 {}.5h4v4h-4z", x, BASE - 5), true),
        RunState::Waiting | RunState::Sending | RunState::Running => {
            (format!("M{}.5 {}.5h4v9h-4z", x, BASE - 10), true)
        }
    }
}

/// The last [`SPARK_RUNS`] runs, oldest first. Its accessible name counts them by state.
#[component]
pub fn Sparkline(runs: Vec<SparkRun>) -> impl IntoView {
    let i18n = use_i18n();
    let skipped = runs.len().saturating_sub(SPARK_RUNS);
    let runs = &runs[skipped..];
    let longest = runs.iter().map(|run| run.took_ms).max().unwrap_or(0);
    let label = if runs.is_empty() {
        tu_string!(i18n, states.no_runs).to_owned()
    } else {
        tu_string!(i18n, states.last_runs, words = count_words(runs))
    };
    let first = SPARK_RUNS - runs.len();
    let bars = runs.iter().enumerate().map(|(index, run)| {
        let (path, hollow) = outline(*run, (first + index) as i64 * PITCH, longest);
        let class = if hollow { "hollow" } else { "solid" };
        view! { <path class=format!("{class} {}", state_class(run.state)) d=path></path> }
    });
    view! {
        <svg class="spark" width="140" height="24" viewBox="0 0 140 24" role="img" aria-label=label>
            {bars.collect_view()}
        </svg>
    }
}

/// “18 Succeeded, 2 Failed”, most first.
fn count_words(runs: &[SparkRun]) -> String {
    let mut counts: Vec<(RunState, usize)> = Vec::new();
    for run in runs {
        match counts.iter_mut().find(|(state, _)| *state == run.state) {
            Some((_, count)) => *count += 1,
            None => counts.push((run.state, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .iter()
        .map(|(state, count)| format!("{count} {}", state_word(*state)))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_is_the_tallest_and_none_vanishes() {
        assert_eq!(height(500, 500), TALLEST);
        assert_eq!(height(0, 500), 4);
        assert_eq!(height(0, 0), 4);
        assert_eq!(height(-5, 500), 4);
    }

    #[test]
    fn what_did_not_succeed_reaches_below_the_base_line() {
        for state in [RunState::Failed, RunState::TimedOut, RunState::Killed] {
            let (path, _) = outline(SparkRun { state, took_ms: 1 }, 0, 1);
            assert!(path.contains("V22"), "{state:?}: {path}");
        }
    }
}
