//! Runs that have ended: when the schedules say, and as the plans say.

use super::DAY;
use super::plan::JobPlan;
use anyhow::{Result, anyhow};
use entity::job::{Model as Job, Routing, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState, SPLIT};
use entity::{Millis, instance};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scheduler::engine::step::Texts;
use scheduler::rules::bucket::bucket_of;
use scheduler::rules::timetable::{Definition, Timetable};
use scheduler::store::filling::carry_out;

/// Failures are news for this long; somebody has looked at those before.
const NEWS: Millis = 2 * DAY;
/// A bad day: so many days ago everything failed more often.
const BAD_DAY: i64 = 5;
const WORSE: u32 = 12;
/// Of a thousand runs so many find no instance.
const SKIPPED: u32 = 1;
const OK: i32 = 200;
const FAILED: i32 = 500;
const TIMED_OUT: i32 = 502;

/// A past in the making.
pub struct Past {
    dice: StdRng,
    next_id: i64,
    now: Millis,
    runs: Vec<(Run, Texts)>,
}

/// What made a run.
struct Cause {
    kind: RunKind,
    nominal_at: Millis,
    due_at: Millis,
    /// As [`Run::slot`].
    slot: i64,
    attempt: i32,
}

impl Past {
    /// Runs are numbered from `first_id` on.
    pub fn new(seed: u64, first_id: i64, now: Millis) -> Self {
        Self { dice: StdRng::seed_from_u64(seed), next_id: first_id, now, runs: Vec::new() }
    }

    /// The runs of a job's schedule since then, with their retries and the runs that they started.
    pub fn fires(
        &mut self,
        plan: &JobPlan,
        job: &Job,
        instances: &[instance::Model],
        since: Millis,
        jobs: &[(&'static JobPlan, Job)],
    ) -> Result<()> {
        if plan.kind == ScheduleKind::Manual || plan.is_stopped {
            return Ok(());
        }
        let faults = |_| anyhow!("the schedule of {}", plan.name);
        // A fixed rate counts from the job's creation, which lies at the end of its past.
        let old = Job { created_at: since, ..job.clone() };
        let timetable = Timetable::parse(Definition::of(&old, None)).map_err(faults)?;
        let mut at = timetable.outlook_after(since).next_at;
        while let Some(nominal_at) = at.filter(|at| *at < self.now) {
            let cause =
                Cause { kind: RunKind::Schedule, nominal_at, due_at: nominal_at, slot: 0, attempt: 1 };
            self.run(plan, job, instances, cause, jobs);
            at = timetable.outlook_after(nominal_at + 1).next_at;
        }
        Ok(())
    }

    /// In the order of their ids.
    pub fn into_runs(self) -> Vec<(Run, Texts)> {
        self.runs
    }

    fn take_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// One run and what follows from it, as far as it has ended by now.
    fn run(
        &mut self,
        plan: &JobPlan,
        job: &Job,
        instances: &[instance::Model],
        cause: Cause,
        jobs: &[(&'static JobPlan, Job)],
    ) {
        let took_ms = plan.takes_ms * i64::from(self.dice.random_range(70..150_u32)) / 100;
        if instances.is_empty() || cause.due_at + 2 * took_ms >= self.now {
            return;
        }
        let (nominal_at, attempt, slot) = (cause.nominal_at, cause.attempt, cause.slot);
        let run = Run {
            kind: cause.kind,
            nominal_at,
            attempt,
            slot,
            ..Run::waiting(self.take_id(), job, bucket_of(job.id), cause.due_at)
        };
        let index = self.runs.len();
        if self.is_one_of(SKIPPED) {
            self.runs.push((skipped(run), Texts::default()));
        } else if plan.routing == Routing::Broadcast {
            self.split(plan, run, instances, took_ms);
        } else {
            let instance = &instances[self.dice.random_range(0..instances.len())];
            let ended = self.carried_out(plan, run, instance, took_ms);
            self.runs.push(ended);
        }
        let (run, _) = &self.runs[index];
        let (id, state, ended_at) = (run.id, run.state, run.ended_at.unwrap_or(run.due_at));
        let is_retried =
            self.follow(plan, job, instances, (id, state, ended_at), (nominal_at, attempt), jobs);
        let is_news = ended_at > self.now - NEWS && !is_retried && state != RunState::Succeeded;
        self.runs[index].0.attention = is_news.then_some(job.executor_id);
    }

    /// The retry of a failure, or the children of a success; whether there was a retry.
    fn follow(
        &mut self,
        plan: &JobPlan,
        job: &Job,
        instances: &[instance::Model],
        (id, state, ended_at): (i64, RunState, Millis),
        (nominal_at, attempt): (Millis, i32),
        jobs: &[(&'static JobPlan, Job)],
    ) -> bool {
        if state == RunState::Succeeded {
            for (plan, job) in jobs.iter().filter(|(child, _)| plan.starts.contains(&child.name)) {
                let kind = RunKind::Child;
                let cause = Cause { kind, nominal_at: ended_at, due_at: ended_at, slot: id, attempt: 1 };
                // Those that a job starts run where it runs.
                self.run(plan, job, instances, cause, jobs);
            }
            return false;
        }
        let is_retried = matches!(state, RunState::Failed | RunState::TimedOut) && attempt <= plan.retries;
        if is_retried {
            let due_at = ended_at + i64::from(job.retry_delay_s) * 1_000;
            let cause = Cause { kind: RunKind::Retry, nominal_at, due_at, slot: id, attempt: attempt + 1 };
            let before = self.runs.len();
            self.run(plan, job, instances, cause, jobs);
            return self.runs.len() > before;
        }
        false
    }

    fn is_one_of(&mut self, per_mille: u32) -> bool {
        self.dice.random_range(0..1_000_u32) < per_mille
    }

    fn carried_out(&mut self, plan: &JobPlan, run: Run, at: &instance::Model, took_ms: i64) -> (Run, Texts) {
        let is_bad = (self.now - run.due_at) / DAY == BAD_DAY;
        let worse = if is_bad { WORSE } else { 1 };
        match self.is_one_of(plan.fails * worse) {
            false => carry_out(run, at, took_ms, OK, String::new()),
            true if plan.timeout_s > 0 => {
                carry_out(run, at, i64::from(plan.timeout_s) * 1_000, TIMED_OUT, plan.fault.to_owned())
            }
            true => carry_out(run, at, took_ms / 3, FAILED, plan.fault.to_owned()),
        }
    }

    /// A run that is split into a shard for each instance, and ends with the last of them.
    fn split(&mut self, plan: &JobPlan, run: Run, instances: &[instance::Model], took_ms: i64) {
        let place = self.runs.len();
        let total = i32::try_from(instances.len()).unwrap_or(i32::MAX);
        let whole = Run { shard_index: SPLIT, shard_total: total, sent_at: Some(run.due_at), ..run };
        self.runs.push((whole.clone(), Texts::default()));
        let mut end = (RunState::Succeeded, whole.due_at);
        for (index, instance) in (0..).zip(instances) {
            let id = self.take_id();
            let parent_id = Some(whole.id);
            let (kind, slot) = (RunKind::Shard, -id);
            let shard = Run { id, kind, slot, parent_id, shard_index: index, sent_at: None, ..whole.clone() };
            let took_ms = took_ms * i64::from(self.dice.random_range(60..100_u32)) / 100;
            let (shard, texts) = self.carried_out(plan, shard, instance, took_ms);
            let state = if shard.state == RunState::Succeeded { end.0 } else { shard.state };
            end = (state, end.1.max(shard.ended_at.unwrap_or_default()));
            self.runs.push((Run { attention: None, ..shard }, texts));
        }
        let whole = &mut self.runs[place].0;
        (whole.state, whole.ended_at, whole.live_bucket) = (end.0, Some(end.1), None);
    }
}

/// A run that found no instance.
fn skipped(run: Run) -> Run {
    let (state, reason) = (RunState::Skipped, Reason::NoInstance);
    Run { state, reason, ended_at: Some(run.due_at), live_bucket: None, ..run }
}
