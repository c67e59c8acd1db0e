//! Who may go of the runs that wait: how many are out, as the database has it, and what the rules make
//! of that.

use super::queue::{Line, Of, Queue};
use super::stopper::Stopper;
use crate::Result;
use crate::engine::directory::{Bodies, JobBody};
use crate::engine::shared::Shared;
use crate::rules::admission::{Admission, Limits, Occupancy, Place, admit};
use entity::job::Routing;
use entity::job_cursor;
use entity::run::{Model as Run, Reason, RunKind};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is out of the jobs and executors that limit their runs. What goes out in the same batch counts.
#[derive(Default)]
pub struct Gatekeeper {
    of_job: HashMap<i32, Vec<i64>>,
    /// How many of these are for past times.
    backfills: HashMap<i32, usize>,
    /// How many may be, by job, where one waits.
    backfill_slots: HashMap<i32, usize>,
    of_executor: HashMap<i32, usize>,
    /// By id: what may have to be stopped.
    out: HashMap<i64, Run>,
}

/// The limits that hold for a run. Of a run that is split, the whole takes a slot of its job, and each
/// shard one of the executor.
pub fn limits(shared: &Shared, body: &JobBody, run: &Run) -> Limits {
    let limits = Limits::of(&body.job, shared.directory.max_parallel(run.executor_id));
    match body.job.routing {
        _ if run.is_shard() => Limits { job: None, ..limits },
        Routing::Broadcast => Limits { executor: None, ..limits },
        _ => limits,
    }
}

impl Gatekeeper {
    /// Reads what is out, as far as it limits runs in these lines on these executors.
    pub async fn for_runs(
        shared: &Shared,
        wanted: impl Iterator<Item = (i32, Line, &Arc<JobBody>)>,
    ) -> Result<Self> {
        let (mut jobs, mut executors, mut backfilled) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (executor_id, line, body) in wanted {
            let limits = Limits::of(&body.job, shared.directory.max_parallel(executor_id));
            jobs.extend(limits.job.map(|_| body.job.id));
            executors.extend(limits.executor.map(|_| executor_id));
            backfilled.extend((line.of == Of::Backfills).then_some(line.job_id));
        }
        jobs.extend(&backfilled);
        let backfill_slots = backfill_slots(shared, backfilled).await?;
        let mut gatekeeper = Self { backfill_slots, ..Self::default() };
        if jobs.is_empty() && executors.is_empty() {
            return Ok(gatekeeper);
        }
        let (jobs, executors): (Vec<i32>, Vec<i32>) =
            (jobs.into_iter().collect(), executors.into_iter().collect());
        for run in shared.store.out(&jobs, &executors).await? {
            shared.occupants.add(run.id, run.executor_id);
            gatekeeper.enter(&run);
            gatekeeper.out.insert(run.id, run);
        }
        Ok(gatekeeper)
    }

    /// The limits that hold for a run that waits.
    pub fn limits(&self, shared: &Shared, body: &JobBody, run: &Run) -> Limits {
        Limits { backfills: self.most_backfills(Line::from(run)), ..limits(shared, body, run) }
    }

    /// None for runs of other kinds. Without a row the job is gone, and what waits is about to be skipped.
    fn most_backfills(&self, line: Line) -> Option<usize> {
        let most = || self.backfill_slots.get(&line.job_id).copied().unwrap_or(1);
        (line.of == Of::Backfills).then(most)
    }

    /// Decides about one run that is due.
    pub fn admit(&self, run: &Run, limits: Limits, queue: &Queue, stopper: &Stopper) -> Admission {
        let Run { executor_id, job_id, .. } = *run;
        if stopper.is_stopping(job_id) {
            return Admission::Wait(Reason::BehindRun);
        }
        admit(
            limits,
            Occupancy {
                of_job: self.of_job.get(&job_id).map_or(&[], Vec::as_slice),
                backfills: self.backfills.get(&job_id).copied().unwrap_or(0),
                of_executor: self.of_executor.get(&executor_id).copied().unwrap_or(0),
                queued: queue.length(executor_id, Line::from(run)),
                is_queued: run.reason.is_held(),
                is_behind: queue.is_behind(executor_id, Line::from(run), Place::from(run)),
            },
        )
    }

    /// A run takes its slots.
    pub fn enter(&mut self, run: &Run) {
        if !run.is_shard() {
            self.enter_whole(run);
        }
        if !run.is_split() {
            *self.of_executor.entry(run.executor_id).or_default() += 1;
        }
    }

    /// A run that is about to be split takes a slot of its job.
    pub fn enter_whole(&mut self, run: &Run) {
        self.of_job.entry(run.job_id).or_default().push(run.id);
        if run.kind == RunKind::Backfill {
            *self.backfills.entry(run.job_id).or_default() += 1;
        }
    }

    /// Those of the runs that are out, and the shards of those that were split, as they were read.
    pub fn with_shards(&self, ids: &[i64]) -> impl Iterator<Item = &Run> {
        self.out.values().filter(|run| ids.contains(&run.parent_id.unwrap_or(run.id)))
    }

    /// How many runs of a job are out, and how many of them for past times.
    fn out_of(&self, job_id: i32) -> (usize, usize) {
        let backfills = self.backfills.get(&job_id).copied().unwrap_or(0);
        (self.of_job.get(&job_id).map_or(0, Vec::len), backfills)
    }

    /// The runs in the queue that find room at this executor now, in order.
    pub fn next(&self, queue: &Queue, executor_id: i32, bodies: &Bodies, max_parallel: i32) -> Vec<i64> {
        let mut taken: HashMap<i32, (usize, usize)> = HashMap::new();
        let has_room = |line: Line| {
            // A job that was deleted leaves what waits to whoever looks at the rows.
            let Some(body) = bodies.get(&line.job_id).filter(|_| line.of != Of::Shards) else { return true };
            let limits = Limits::of(&body.job, max_parallel);
            let limits = Limits { backfills: self.most_backfills(line), ..limits };
            let (of_job, backfills) = taken.entry(line.job_id).or_insert_with(|| self.out_of(line.job_id));
            let has_room = limits.leave_room(*of_job, *backfills);
            if has_room {
                *of_job += 1;
                *backfills += usize::from(line.of == Of::Backfills);
            }
            has_room
        };
        let out = self.of_executor.get(&executor_id).copied().unwrap_or(0);
        let most = usize::try_from(max_parallel).ok().filter(|most| *most > 0);
        queue.next(executor_id, most.map_or(MOST_AT_ONCE, |most| most.saturating_sub(out)), has_room)
    }
}

/// Runs taken out of the queue of one executor in one go.
const MOST_AT_ONCE: usize = 1_000;

/// How many runs for past times may be out, by job: as each request left it, also one that another
/// server took.
async fn backfill_slots(shared: &Shared, job_ids: HashSet<i32>) -> Result<HashMap<i32, usize>> {
    if job_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let cursors = shared.store.cursors_of(&job_ids.into_iter().collect::<Vec<_>>()).await?;
    let slots = |cursor: job_cursor::Model| {
        (cursor.job_id, usize::try_from(cursor.backfill_slots).unwrap_or(0).max(1))
    };
    Ok(cursors.into_iter().map(slots).collect())
}
