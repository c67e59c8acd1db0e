//! Stopping jobs after so many failures in a row. A loop of its own, outside of the engine, on the server that
//! has the cluster's duties: it reads what the engine has marked for people anyway, and of that only what
//! belongs to jobs with such a limit.

use super::switch::{Failed, stop_failed};
use crate::alerts::watch::OnDuty;
use crate::rules::alerts::decide::event_of;
use crate::rules::failures::{Streak, streak};
use crate::store::job_limits as limits;
use crate::store::runs::{self, Path, Span};
use crate::{Result, Services};
use entity::Millis;
use entity::alert_rule::Event;
use entity::job::Model;
use entity::run::Model as Run;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// A look finds what was due so lately (ms), a longer one, which comes less often, what took long.
const LATELY_MS: Millis = 600_000;
const LONG_AGO_MS: Millis = 24 * 3_600_000;
const LONG_LOOK_MS: Millis = 30_000;
/// Of each executor so many runs that a person should look at, the newest; executors looked at together.
const MOST: u64 = 1_000;
const SLICE: usize = 10;
/// Runs of a job read at once, and how often at most.
const RUNS: u64 = 500;
const STEPS: usize = 20;
/// Runs remembered as looked at.
const REMEMBERED: usize = 100_000;

/// The loop's state.
pub struct FailureWatch {
    services: Services,
    on_duty: OnDuty,
    /// Failures that were looked at.
    seen: HashSet<i64>,
    long_look_at: Millis,
}

impl FailureWatch {
    pub fn new(services: Services, on_duty: OnDuty) -> Self {
        Self { services, on_duty, seen: HashSet::new(), long_look_at: 0 }
    }

    /// Looks once; the ids of the jobs that are stopped now. Two servers that both believe to be on duty stop
    /// a job once.
    pub async fn tick(&mut self) -> Result<Vec<i32>> {
        if !(self.on_duty)() {
            return Ok(Vec::new());
        }
        let executors = limits::executors(self.services.db.reader()).await?;
        let now = self.services.clock.now();
        let is_long = now >= self.long_look_at;
        let since = now - if is_long { LONG_AGO_MS } else { LATELY_MS };
        let failures = self.new_failures(&executors, since).await?;
        let job_ids: BTreeSet<i32> = failures.iter().map(|(_, job_id)| *job_id).collect();
        let mut stopped = Vec::new();
        for job in limits::among(self.services.db.reader(), job_ids.into_iter().collect()).await? {
            let streak = self.streak_of(&job).await?;
            let Some(streak) = streak.filter(|streak| streak.count >= job.stop_after_failures) else {
                continue;
            };
            let failed = Failed { since: job.failures_since, streak };
            if stop_failed(&self.services, job.id, failed).await? {
                stopped.push(job.id);
            }
        }
        if self.seen.len() > REMEMBERED {
            self.seen.clear();
        }
        self.seen.extend(failures.into_iter().map(|(run_id, _)| run_id));
        if is_long {
            self.long_look_at = now + LONG_LOOK_MS;
        }
        Ok(stopped)
    }

    /// Runs that ended badly and were not looked at yet, with their jobs.
    async fn new_failures(&self, executors: &[i32], since: Millis) -> Result<Vec<(i64, i32)>> {
        let span = Span { from: Some(since), ..Span::default() };
        let mut found = Vec::new();
        for ids in executors.chunks(SLICE) {
            let batches =
                runs::of_executors(self.services.db.reader(), Path::Attention, ids, span, MOST).await?;
            let failed = batches.into_iter().flat_map(|batch| batch.rows).filter(|run| {
                let is_failure = |event| matches!(event, Event::Failed | Event::TimedOut | Event::Lost);
                event_of(run).is_some_and(is_failure) && !self.seen.contains(&run.id)
            });
            found.extend(failed.map(|run| (run.id, run.job_id)));
        }
        Ok(found)
    }

    /// The newest failures in a row, as many as the limit wants to know of.
    async fn streak_of(&self, job: &Model) -> Result<Option<Streak>> {
        let (mut rows, mut span) = (Vec::new(), Span::default());
        for _ in 0..STEPS {
            let batches = runs::of_job(self.services.db.reader(), job.id, span, RUNS).await?;
            let horizon = batches.iter().filter_map(|batch| batch.end).max();
            // What lies behind is read again with the next rows.
            let is_certain = |run: &Run| horizon.is_none_or(|horizon| (run.due_at, run.id) >= horizon);
            rows.extend(batches.into_iter().flat_map(|batch| batch.rows).filter(is_certain));
            let found = streak(&rows, job.failures_since);
            let is_enough =
                found.is_some_and(|found| found.is_whole || found.count >= job.stop_after_failures);
            if is_enough || horizon.is_none() {
                return Ok(found);
            }
            span.before = horizon;
        }
        Ok(streak(&rows, job.failures_since))
    }

    /// Looks until it is told to end.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tick()).await {
                tracing::warn!(%error, "failures in a row could not be looked for; trying again");
            }
        }
    }
}
