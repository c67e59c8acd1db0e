//! What follows a run: whether anything may, and the rows for what does.

use super::retry::{self, Retry};
use entity::job::{JobState, Model as Job, Routing, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState};

/// Whether anything may follow an end, written with the row, so that any server records a result
/// without reading the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follows {
    pub ok: bool,
    pub fail: bool,
}

impl Follows {
    /// Of a shard: its end is always looked at, for it may be the last one of its run.
    pub const OF_SHARD: Self = Self { ok: true, fail: true };

    /// For this attempt of a run of the job. A run that is to be split is not retried: its shards are.
    pub fn of(job: &Job, has_children: bool, attempt: i32) -> Self {
        let is_one = job.routing != Routing::Broadcast;
        // A fixed delay counts from the end, whatever it was.
        let restarts = job.schedule_kind == ScheduleKind::FixedDelay;
        Self { ok: has_children || restarts, fail: restarts || (is_one && retry::may_follow(job, attempt)) }
    }

    /// Writes it into the row.
    pub fn mark(self, run: &mut Run) {
        (run.follow_ok, run.follow_fail) = (self.ok, self.fail);
    }
}

/// A job, where it lies, and whether others wait for its success.
#[derive(Clone, Copy, Debug)]
pub struct Follower<'a> {
    pub job: &'a Job,
    pub bucket: i16,
    pub has_children: bool,
}

/// The rows that follow a final run, with `0` for their ids: its retry, by its job as it is now (none
/// when it has been deleted), or after a success one run of each child, whether or not the child's
/// own schedule fires. The run of a child that is disabled is skipped. Of a run that was split, the
/// shards are retried and the run has the children.
pub fn rows(ended: &Run, job: Option<Follower<'_>>, children: &[Follower<'_>]) -> Vec<Run> {
    match ended.state {
        RunState::Succeeded if ended.is_shard() => Vec::new(),
        RunState::Succeeded => children.iter().filter_map(|child| child_run(ended, *child)).collect(),
        _ if ended.is_split() => Vec::new(),
        _ => job
            .and_then(|own| Some(retry_run(ended, own, retry::decide(own.job, ended)?)))
            .into_iter()
            .collect(),
    }
}

/// The same run once more: its nominal time, parent and shard, under the job as it is now. A shard goes
/// to its instance again, and stays with its parent's executor.
fn retry_run(ended: &Run, Follower { job, has_children, .. }: Follower<'_>, retry: Retry) -> Run {
    let mut run = Run {
        kind: RunKind::Retry,
        nominal_at: ended.nominal_at,
        slot: ended.id,
        parent_id: ended.parent_id,
        shard_index: ended.shard_index,
        shard_total: ended.shard_total,
        attempt: retry.attempt,
        priority: ended.priority,
        ..Run::waiting(0, job, ended.bucket, retry.due_at)
    };
    match ended.is_shard() {
        true => {
            (run.executor_id, run.instance_id) = (ended.executor_id, ended.instance_id);
            Follows::OF_SHARD.mark(&mut run);
        }
        false => Follows::of(job, has_children, run.attempt).mark(&mut run),
    }
    run
}

/// A child's run: its time is when the parent ended.
fn child_run(ended: &Run, Follower { job, bucket, has_children }: Follower<'_>) -> Option<Run> {
    let mut run =
        Run { kind: RunKind::Child, slot: ended.id, ..Run::waiting(0, job, bucket, ended.ended_at?) };
    if job.state == JobState::Disabled {
        (run.state, run.reason) = (RunState::Skipped, Reason::Disabled);
        (run.live_bucket, run.ended_at) = (None, ended.ended_at);
    } else {
        Follows::of(job, has_children, run.attempt).mark(&mut run);
    }
    Some(run)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rules::bucket::bucket_of;
    use entity::job::*;
    use entity::run::SPLIT;

    /// A job without retries, on executor 1.
    pub fn job(id: i32) -> Job {
        Job {
            id,
            namespace_id: 1,
            executor_id: 1,
            name: format!("job {id}"),
            description: String::new(),
            owner: String::new(),
            state: JobState::On,
            schedule_kind: ScheduleKind::Manual,
            schedule: String::new(),
            zone: "UTC".to_owned(),
            gap_policy: GapPolicy::EndOfGap,
            repeat_policy: RepeatPolicy::First,
            valid_from: None,
            valid_until: None,
            spread_s: 0,
            calendar_id: None,
            calendar_use: CalendarUse::Only,
            blackouts: String::new(),
            blackout_policy: BlackoutPolicy::Suppress,
            misfire_policy: MisfirePolicy::Skip,
            catch_up_ms: 0,
            run_mode: RunMode::Handler,
            handler: "demo".to_owned(),
            parameter: String::new(),
            source: String::new(),
            source_changed_at: 0,
            routing: Routing::First,
            only_on: String::new(),
            blocking: Blocking::Serial,
            overlap: Overlap::Allow,
            slots: 1,
            queue_length: 100,
            priority: 0,
            timeout_s: 0,
            retries: 0,
            retry_delay_s: 0,
            retry_backoff: RetryBackoff::Fixed,
            retry_jitter_s: 0,
            retry_on: RetryOn::USUAL,
            stop_after_failures: 0,
            failures_since: 0,
            failure_stop_at: None,
            failure_stop_count: 0,
            failure_stop_run: None,
            version: 1,
            created_at: 0,
            updated_at: 0,
            updated_by: None,
        }
    }

    /// A run of job 1 that was due at 5,000.
    pub fn run(id: i64) -> Run {
        Run::waiting(id, &job(1), bucket_of(1), 5_000)
    }

    fn alone(job: &Job) -> Follower<'_> {
        Follower { job, bucket: bucket_of(job.id), has_children: false }
    }

    #[test]
    fn a_retry_repeats_the_run_and_points_to_it() {
        let own = Job { retries: 1, retry_delay_s: 60, version: 3, executor_id: 9, ..job(1) };
        let ended =
            Run { state: RunState::Failed, ended_at: Some(8_000), claim: 11, instance_id: Some(1), ..run(7) };
        let [retry] = &rows(&ended, Some(alone(&own)), &[alone(&job(2))])[..] else { panic!() };
        assert_eq!(
            (retry.kind, retry.slot, retry.attempt, retry.state),
            (RunKind::Retry, 7, 2, RunState::Waiting)
        );
        assert_eq!((retry.nominal_at, retry.due_at), (5_000, 68_000));
        assert_eq!((retry.job_version, retry.executor_id), (3, 9), "by the job as it is now");
        assert_eq!((retry.claim, retry.instance_id, retry.ended_at), (0, None, None));
        assert!(!retry.follow_fail, "it is the last attempt");
        assert_eq!(rows(&ended, None, &[]), [], "its job has been deleted");
    }

    #[test]
    fn a_shard_is_retried_where_it_was_and_starts_no_children() {
        let own = Job { retries: 1, executor_id: 9, routing: Routing::Broadcast, ..job(1) };
        let shard = Run {
            ended_at: Some(8_000),
            parent_id: Some(4),
            shard_index: 2,
            shard_total: 5,
            instance_id: Some(3),
            ..run(7)
        };
        let failed = Run { state: RunState::Failed, ..shard.clone() };
        let [retry] = &rows(&failed, Some(alone(&own)), &[])[..] else { panic!() };
        assert_eq!((retry.parent_id, retry.shard_index, retry.shard_total), (Some(4), 2, 5));
        assert_eq!((retry.executor_id, retry.instance_id), (1, Some(3)), "the run's, not the job's by now");
        assert!(retry.follow_ok && retry.follow_fail, "whatever its end, it may be the last");
        let succeeded = Run { state: RunState::Succeeded, ..shard };
        assert_eq!(rows(&succeeded, Some(alone(&own)), &[alone(&job(2))]), []);
    }

    #[test]
    fn a_split_run_starts_children_and_is_not_retried() {
        let own = Job { retries: 1, ..job(1) };
        let split = |state| Run { state, ended_at: Some(8_000), shard_index: SPLIT, ..run(7) };
        assert_eq!(rows(&split(RunState::Failed), Some(alone(&own)), &[]), []);
        let found = rows(&split(RunState::Succeeded), Some(alone(&own)), &[alone(&job(2))]);
        assert_eq!(found.iter().map(|run| (run.job_id, run.slot)).collect::<Vec<_>>(), [(2, 7)]);
        let broadcast = Job { routing: Routing::Broadcast, ..own };
        assert_eq!(Follows::of(&broadcast, true, 1), Follows { ok: true, fail: false });
    }

    #[test]
    fn children_follow_a_success_only_each_under_its_own_job() {
        let ended = Run { state: RunState::Succeeded, ended_at: Some(8_000), ..run(7) };
        let (stopped, parent) = (Job { state: JobState::Stopped, ..job(2) }, Job { retries: 1, ..job(3) });
        let children = [alone(&stopped), Follower { has_children: true, ..alone(&parent) }];
        let found = rows(&ended, Some(alone(&job(1))), &children);
        let facts: Vec<_> = found.iter().map(|run| (run.job_id, run.kind, run.slot, run.bucket)).collect();
        let expected = [2, 3].map(|id| (id, RunKind::Child, 7, bucket_of(id)));
        assert_eq!(facts, expected);
        assert!(found.iter().all(|run| (run.nominal_at, run.due_at, run.attempt) == (8_000, 8_000, 1)));
        assert_eq!(
            [&found[0], &found[1]].map(|run| (run.follow_ok, run.follow_fail)),
            [(false, false), (true, true)]
        );
        for state in
            [RunState::Failed, RunState::TimedOut, RunState::Killed, RunState::Skipped, RunState::Lost]
        {
            assert_eq!(rows(&Run { state, ..ended.clone() }, Some(alone(&job(1))), &children), []);
        }
    }

    #[test]
    fn the_run_of_a_disabled_child_is_skipped_and_nothing_follows_it() {
        let ended = Run { state: RunState::Succeeded, ended_at: Some(8_000), ..run(7) };
        let disabled = Job { state: JobState::Disabled, retries: 1, ..job(2) };
        let child = Follower { has_children: true, ..alone(&disabled) };
        let [skipped] = &rows(&ended, Some(alone(&job(1))), &[child])[..] else { panic!() };
        assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Reason::Disabled));
        assert_eq!((skipped.live_bucket, skipped.ended_at, skipped.slot), (None, Some(8_000), 7));
        assert_eq!((skipped.follow_ok, skipped.follow_fail), (false, false));
    }

    #[test]
    fn a_row_says_whether_anything_may_follow_it() {
        let twice = Job { retries: 2, ..job(1) };
        let follows = |attempt| Follows::of(&twice, true, attempt);
        assert_eq!([1, 2, 3].map(|attempt| follows(attempt).fail), [true, true, false]);
        assert!(follows(3).ok);
        assert_eq!(Follows::of(&job(1), false, 1), Follows::default());
    }
}
