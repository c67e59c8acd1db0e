//! The account at the end of a history: what has to be in the rows, and what they say of what happened.

use crate::ground::Report;
use crate::{CHILD, PARENTS, RETRIES, START, STORM, brief, has_retries, period};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use scheduler::store::engine::Tables;
use std::collections::BTreeMap;

/// Each time of each job up to the cursor in one row, and every row true to what happened.
/// `planned` is, for each job with a schedule, the time after the last that is accounted for.
pub fn check(tables: &Tables, starts: &BTreeMap<i64, Report>, planned: &BTreeMap<i32, i64>) {
    for (&job_id, &next_at) in planned {
        assert!(next_at > START + STORM, "job {job_id} fell behind: {next_at}");
        let mut rows: BTreeMap<i64, usize> = BTreeMap::new();
        let step = usize::try_from(period(job_id)).unwrap();
        let by_schedule = |run: &&Run| run.job_id == job_id && run.kind == RunKind::Schedule;
        for run in tables.runs.values().filter(by_schedule) {
            let last = run.span_last.unwrap_or(run.nominal_at);
            (run.nominal_at..=last).step_by(step).for_each(|at| *rows.entry(at).or_default() += 1);
        }
        for time in (START + period(job_id)..next_at).step_by(step) {
            assert_eq!(rows.get(&time), Some(&1), "rows of job {job_id} for {time}");
        }
    }
    for run in tables.runs.values().filter(|run| !run.is_split()) {
        let started = starts.contains_key(&run.id);
        let holds = match run.state {
            RunState::Succeeded | RunState::TimedOut => started,
            // A failure that has no code never began.
            RunState::Failed => started == (run.code != 0),
            RunState::Skipped => !started,
            RunState::Lost | RunState::Killed => true,
            _ => false,
        };
        assert!(holds, "started: {started}, but the row says {}", brief(run));
    }
    let orphan = starts.keys().find(|id| !tables.runs.contains_key(id));
    assert_eq!(orphan, None, "started without a row");
}

/// One child's run after each success of a parent, one retry after each bad end that has
/// retries left, and nothing after anything else.
pub fn check_followers(tables: &Tables) {
    let mut followers: BTreeMap<i64, Vec<(i32, RunKind)>> = BTreeMap::new();
    for run in tables.runs.values().filter(|run| run.slot > 0) {
        followers.entry(run.slot).or_default().push((run.job_id, run.kind));
    }
    for run in tables.runs.values() {
        assert_eq!(run.live_bucket, None, "nobody decided what follows {}", brief(run));
        let expected = match run.state {
            RunState::Succeeded if PARENTS.contains(&run.job_id) && !run.is_shard() => {
                vec![(CHILD, RunKind::Child)]
            }
            RunState::Failed | RunState::TimedOut if is_retried(run) => {
                vec![(run.job_id, RunKind::Retry)]
            }
            _ => Vec::new(),
        };
        let found = followers.remove(&run.id).unwrap_or_default();
        // A shard is not tried again once another run has taken the place of the whole.
        let whole = run.parent_id.and_then(|id| tables.runs.get(&id));
        let is_given_up = found.is_empty() && whole.is_some_and(|run| run.reason == Reason::Replaced);
        assert!(is_given_up || found == expected, "what follows {}: {found:?}", brief(run));
    }
    assert!(followers.is_empty(), "rows that follow nothing: {followers:?}");
}

/// Of a fire that was split, its shards are.
fn is_retried(run: &Run) -> bool {
    has_retries(run.job_id) && run.attempt <= RETRIES && !run.is_split()
}
