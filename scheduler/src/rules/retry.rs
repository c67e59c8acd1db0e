//! Whether a run that ended badly is tried again, and when.

use super::bucket::mixed;
use entity::Millis;
use entity::job::{JobState, Model as Job, RetryBackoff};
use entity::run::{Model as Run, Reason};

/// Longest delay before a retry, without the jitter.
pub const LONGEST_DELAY_MS: Millis = 24 * 3_600_000;

/// Least delay after a run that the server ended at its limit: its executor is told to stop the job
/// meanwhile, which must not hit the next attempt.
pub const AFTER_LIMIT_MS: Millis = 10_000;

/// One further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Its number: 2 for the first retry.
    pub attempt: i32,
    pub due_at: Millis,
}

/// The retry of a run by its job's settings of now; none for a run that has not ended, ended in a way
/// that is not retried, was the last attempt, or was planned before the job was stopped; none for a job
/// that is disabled.
pub fn decide(job: &Job, run: &Run) -> Option<Retry> {
    let ended_at = run.ended_at?;
    let wanted = job.retry_on.includes(run.state) && may_follow(job, run.attempt);
    (wanted && !was_stopped(job, run)).then(|| Retry {
        attempt: run.attempt + 1,
        due_at: ended_at + delay_ms(job, run) + jitter_ms(job, run.id),
    })
}

/// Whether this attempt of a run of the job would be retried if it failed.
pub fn may_follow(job: &Job, attempt: i32) -> bool {
    attempt <= job.retries && !job.retry_on.is_empty()
}

/// Whether a stop has come between the run's planning and its end: every stop is a new version of
/// the job. After a stop nothing goes out but what is started while the job is stopped, which runs
/// by the stopped version.
fn was_stopped(job: &Job, run: &Run) -> bool {
    match job.state {
        JobState::On => false,
        JobState::Stopped => run.job_version < job.version,
        JobState::Disabled => true,
    }
}

/// From the end of an attempt to the next one.
fn delay_ms(job: &Job, run: &Run) -> Millis {
    let first = Millis::from(job.retry_delay_s) * 1_000;
    let factor = match job.retry_backoff {
        RetryBackoff::Fixed => 1,
        // Past 2²⁰ even one second is longer than the longest delay.
        RetryBackoff::Exponential => 1 << (run.attempt - 1).clamp(0, 20),
    };
    let least = if run.reason == Reason::Deadline { AFTER_LIMIT_MS } else { 0 };
    (first * factor).clamp(least, LONGEST_DELAY_MS)
}

/// Spread evenly over 0 … `retry_jitter_s`, at millisecond grain, by the id of the run that failed:
/// whoever decides again decides the same.
fn jitter_ms(job: &Job, run_id: i64) -> Millis {
    let choices = i64::from(job.retry_jitter_s) * 1_000 + 1;
    mixed(run_id.cast_unsigned()).cast_signed().rem_euclid(choices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::{job, run};
    use entity::job::RetryOn;
    use entity::run::RunState;
    use sea_orm::Iterable;

    const END: Millis = 1_767_225_600_000;

    fn ended(state: RunState, attempt: i32) -> Run {
        Run { state, attempt, ended_at: Some(END), ..run(7) }
    }

    fn retried(backoff: RetryBackoff, delay_s: i32) -> Job {
        Job { retries: 100, retry_delay_s: delay_s, retry_backoff: backoff, ..job(1) }
    }

    fn delay_s(job: &Job, attempt: i32) -> Millis {
        (decide(job, &ended(RunState::Failed, attempt)).unwrap().due_at - END) / 1_000
    }

    #[test]
    fn after_a_run_that_the_server_ended_its_executor_has_time_to_stop_it() {
        let at_limit = Run { reason: Reason::Deadline, ..ended(RunState::TimedOut, 1) };
        let due_after = |job: &Job, run: &Run| decide(job, run).unwrap().due_at - END;
        let (at_once, later) = (retried(RetryBackoff::Fixed, 0), retried(RetryBackoff::Fixed, 60));
        assert_eq!(due_after(&at_once, &at_limit), AFTER_LIMIT_MS);
        assert_eq!(due_after(&later, &at_limit), 60_000);
        assert_eq!(due_after(&at_once, &ended(RunState::TimedOut, 1)), 0);
    }

    #[test]
    fn a_fixed_delay_stays_and_an_exponential_one_doubles_up_to_a_day() {
        let fixed = retried(RetryBackoff::Fixed, 30);
        assert_eq!([1, 2, 3, 100].map(|attempt| delay_s(&fixed, attempt)), [30, 30, 30, 30]);
        let doubling = retried(RetryBackoff::Exponential, 30);
        assert_eq!([1, 2, 3, 4].map(|attempt| delay_s(&doubling, attempt)), [30, 60, 120, 240]);
        assert_eq!(
            [12, 13, 64, 100].map(|attempt| delay_s(&doubling, attempt)),
            [61_440, 86_400, 86_400, 86_400]
        );
        assert_eq!(delay_s(&retried(RetryBackoff::Exponential, 0), 50), 0);
        assert_eq!(delay_s(&retried(RetryBackoff::Exponential, 86_400), 100), 86_400);
    }

    #[test]
    fn retries_are_counted_and_then_run_out() {
        let twice = Job { retries: 2, ..job(1) };
        let attempts: Vec<_> = (1..=4)
            .map(|attempt| decide(&twice, &ended(RunState::Failed, attempt)).map(|retry| retry.attempt))
            .collect();
        assert_eq!(attempts, [Some(2), Some(3), None, None]);
        assert_eq!(decide(&job(1), &ended(RunState::Failed, 1)), None);
    }

    #[test]
    fn only_the_chosen_ends_are_retried_and_never_a_kill_or_a_skip() {
        for retry_on in RetryOn::CHOICES {
            let job = Job { retries: 1, retry_on, ..job(1) };
            for state in RunState::iter() {
                let expected = match state {
                    RunState::Failed => retry_on.failed,
                    RunState::TimedOut => retry_on.timed_out,
                    RunState::Lost => retry_on.lost,
                    _ => false,
                };
                assert_eq!(decide(&job, &ended(state, 1)).is_some(), expected, "{retry_on} {state:?}");
            }
        }
    }

    #[test]
    fn jitter_is_stable_for_a_run_and_even_over_runs() {
        let job = Job { retries: 1, retry_jitter_s: 10, ..job(1) };
        let delay = |id| decide(&job, &Run { id, ..ended(RunState::Failed, 1) }).unwrap().due_at - END;
        let mut tenths = [0; 10];
        for id in 1..=10_000 {
            assert_eq!(delay(id), delay(id));
            assert!((0..=10_000).contains(&delay(id)));
            tenths[usize::try_from(delay(id) / 1_000).unwrap().min(9)] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn a_stop_ends_the_retries_of_what_was_planned_before_it() {
        let stopped = Job { retries: 1, state: JobState::Stopped, version: 2, ..job(1) };
        let planned = |job_version| Run { job_version, ..ended(RunState::Failed, 1) };
        assert_eq!(decide(&stopped, &planned(1)), None);
        assert!(decide(&stopped, &planned(2)).is_some(), "started by hand while it was stopped");
        let disabled = Job { state: JobState::Disabled, ..stopped.clone() };
        assert_eq!([1, 2].map(|version| decide(&disabled, &planned(version))), [None, None]);
        assert!(decide(&Job { state: JobState::On, ..stopped }, &planned(1)).is_some());
    }
}
