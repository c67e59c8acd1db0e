//! Claiming what waits: runs by hand, runs handed back, runs that an executor had no room for, runs
//! that others of their job may hold up, runs whose instances are asked first, runs that are split into
//! shards, and the shards.

use super::admission::Gatekeeper;
use super::agenda::Agenda;
use super::cursors::Cursors;
use super::probe::{Found, Prober};
use super::queue::{Line, Queue};
use super::route::{Exit, Router, Way};
use super::rows::deadline;
use super::spread::{self, Spread};
use super::stopper::Stopper;
use crate::by_id::ById;
use crate::engine::directory::{Bodies, Instances, JobBody};
use crate::engine::dispatch::Order;
use crate::engine::shared::Shared;
use crate::engine::step::{Applied, Claim, RouteMark, Step, What};
use crate::rules::admission::{Admission, Place};
use crate::store::engine::RunWithParameter;
use crate::{Error, Result};
use entity::Millis;
use entity::job::JobState;
use entity::run::{Model as Run, Reason, RunState};
use entity::run_text::Try;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Runs claimed per poll.
const BATCH: u64 = 1_000;

/// What claiming rests on, beside the rows.
pub struct Claimer<'a> {
    pub shared: &'a Arc<Shared>,
    pub cursors: &'a mut Cursors,
    pub prober: &'a mut Prober,
    pub queue: &'a mut Queue,
    pub stopper: &'a mut Stopper,
    pub agenda: &'a mut Agenda,
    pub now: Millis,
}

/// What is to be done about the runs that wait.
#[derive(Default)]
struct Decided {
    steps: Vec<Step>,
    buckets: Vec<i16>,
    orders: ById<i64, Order>,
    /// Runs that take a slot when they go, with their executor.
    occupants: Vec<(i64, i32)>,
    to_ask: Vec<(Run, Arc<JobBody>, Instances)>,
    to_split: Vec<Spread>,
    /// Put into the queue.
    held: Vec<i64>,
    replaced: Vec<Run>,
}

/// Runs that wait and whose time has come, or comes before the next poll, of executors with room. Those that
/// are due later were inserted by another server, which had the job until a moment ago.
pub async fn due(shared: &Shared, now: Millis) -> Result<Vec<i64>> {
    let settings = &shared.settings;
    let full = shared.lanes.full(settings.window, settings.permits);
    let until = now + settings.lead_ms + settings.poll_ms;
    shared.store.waiting(&shared.holdings().buckets(), until, &full, BATCH).await
}

impl Claimer<'_> {
    /// Claims those of `ids`, of the runs whose instances have answered, and of the queues of the
    /// executors where something was `released`, that wait for this server and may go, and hands them to
    /// dispatching. Begins to ask for those whose instances are asked first. Splits what is to be split,
    /// and claims the shards. Returns how many were claimed.
    pub async fn claim(mut self, ids: &[i64], released: &HashSet<i32>) -> Result<usize> {
        let found = self.prober.take_found();
        let ids: Vec<i64> = ids.iter().chain(found.keys()).copied().collect();
        let (claimed, shards) = self.claim_these(&ids, found, released).await?;
        let (shards_claimed, _) = self.claim_these(&shards, HashMap::new(), &HashSet::new()).await?;
        Ok(claimed + shards_claimed)
    }

    /// How many were claimed, and the shards that appeared in the place of others.
    async fn claim_these(
        &mut self,
        ids: &[i64],
        found: HashMap<i64, Found>,
        released: &HashSet<i32>,
    ) -> Result<(usize, Vec<i64>)> {
        if ids.is_empty() && released.is_empty() {
            return Ok((0, Vec::new()));
        }
        let mut waiting = self.waiting(ids).await?;
        let jobs = waiting.iter().map(|found| found.run.job_id);
        let queued = released.iter().flat_map(|id| self.queue.lines_of(*id)).map(|line| line.job_id);
        let jobs: Vec<i32> = jobs.chain(queued).collect::<HashSet<i32>>().into_iter().collect();
        let bodies = self.shared.directory.jobs(self.shared.store.as_ref(), &jobs).await?;
        let gatekeeper = self.gatekeeper(&waiting, released, &bodies).await?;
        let next = released.iter().flat_map(|id| {
            gatekeeper.next(self.queue, *id, &bodies, self.shared.directory.max_parallel(*id))
        });
        let next: Vec<i64> = next.collect();
        waiting.extend(self.waiting(&next).await?);
        waiting.sort_by_key(|found| Place::from(&found.run));
        waiting.dedup_by_key(|found| found.run.id);
        let decided = self.decide(waiting, found, &bodies, gatekeeper).await?;
        self.carry_out(decided).await
    }

    /// Those of the runs that wait for this server. One that is due later is looked at then.
    async fn waiting(&mut self, ids: &[i64]) -> Result<Vec<RunWithParameter>> {
        let mut waiting = self.shared.store.runs(ids).await?;
        let there: HashSet<i64> = waiting.iter().map(|found| found.run.id).collect();
        ids.iter().filter(|id| !there.contains(id)).for_each(|id| self.queue.remove(*id));
        let holdings = self.shared.holdings();
        let lead_ms = self.shared.settings.lead_ms;
        waiting.retain(|RunWithParameter { run, .. }| {
            if run.state != RunState::Waiting || !holdings.epochs.contains_key(&run.bucket) {
                self.queue.remove(run.id);
                return false;
            }
            if run.due_at > self.now + lead_ms {
                self.agenda.add(run.due_at - lead_ms, run.id);
                return false;
            }
            true
        });
        Ok(waiting)
    }

    async fn gatekeeper(
        &self,
        waiting: &[RunWithParameter],
        released: &HashSet<i32>,
        bodies: &Bodies,
    ) -> Result<Gatekeeper> {
        let rows = waiting.iter().map(|found| (found.run.executor_id, Line::from(&found.run)));
        let queued = released.iter().flat_map(|id| self.queue.lines_of(*id).map(|line| (*id, line)));
        let wanted = rows
            .chain(queued)
            .filter_map(|(executor_id, line)| Some((executor_id, line, bodies.get(&line.job_id)?)));
        Gatekeeper::for_runs(self.shared, wanted).await
    }

    /// What becomes of each. A run of a job that is gone is skipped, and a shard of a run that has ended
    /// is killed, too.
    async fn decide(
        &mut self,
        waiting: Vec<RunWithParameter>,
        mut found: HashMap<i64, Found>,
        bodies: &Bodies,
        mut gatekeeper: Gatekeeper,
    ) -> Result<Decided> {
        let mut router = Router::new(self.shared, bodies.values(), self.now).await?;
        let freezes = self.shared.directory.freezes();
        let under_way = spread::parents_under_way(self.shared, &waiting).await?;
        let mut decided = Decided::default();
        for RunWithParameter { run, parameter } in waiting {
            // Deleted, or disabled while it was handed back: nothing of it goes out.
            let Some(body) = bodies.get(&run.job_id).filter(|body| body.job.state != JobState::Disabled)
            else {
                self.skip(&mut decided, &run, Reason::Disabled, Vec::new());
                continue;
            };
            if run.parent_id.is_some_and(|parent| !under_way.contains(&parent)) {
                self.queue.remove(run.id);
                decided.step(&run, What::Kill { by: None }, self.now);
                continue;
            }
            if freezes.is_frozen(body.job.namespace_id) {
                self.queue.remove(run.id);
                decided.hold(&run, Reason::Frozen, self.now);
                continue;
            }
            if !self.is_admitted(&mut decided, &run, body, &gatekeeper) {
                continue;
            }
            let way = match found.remove(&run.id) {
                _ if run.is_shard() => router.way_pinned(body, &run),
                Some(found) => router.way_found(&run, found),
                None => router.way(body, run.executor_id, self.cursors.route_seq(run.job_id)),
            };
            match way {
                Way::Out(exit) => {
                    gatekeeper.enter(&run);
                    self.queue.remove(run.id);
                    self.go(&mut decided, run, exit, body, parameter);
                }
                Way::Full => {}
                Way::Doubted => self.hold(&mut decided, &run, Reason::InDoubt),
                Way::Ask(instances) => decided.to_ask.push((run, body.clone(), instances)),
                Way::Spread(instances) => {
                    gatekeeper.enter_whole(&run);
                    self.queue.remove(run.id);
                    decided.to_split.push(Spread { run, parameter, body: body.clone(), instances });
                }
                Way::None { reason, tries } => self.skip(&mut decided, &run, reason, tries),
            }
        }
        Ok(decided)
    }

    /// Whether others that are out leave room for it; if not, notes what becomes of it.
    fn is_admitted(
        &mut self,
        decided: &mut Decided,
        run: &Run,
        body: &JobBody,
        gatekeeper: &Gatekeeper,
    ) -> bool {
        let limits = gatekeeper.limits(self.shared, body, run);
        if !limits.any() {
            return true;
        }
        if run.due_at > self.now {
            self.agenda.add(run.due_at, run.id);
            return false;
        }
        match gatekeeper.admit(run, limits, self.queue, self.stopper) {
            Admission::Go => {
                decided.occupants.push((run.id, run.executor_id));
                return true;
            }
            Admission::Wait(reason) => self.hold(decided, run, reason),
            Admission::Skip(reason) => self.skip(decided, run, reason, Vec::new()),
            Admission::Replace(ids) => {
                self.hold(decided, run, Reason::BehindRun);
                for replaced in gatekeeper.with_shards(&ids) {
                    decided.step(replaced, What::Replace, self.now);
                    decided.replaced.push(replaced.clone());
                }
            }
        }
        false
    }

    fn skip(&mut self, decided: &mut Decided, run: &Run, reason: Reason, tries: Vec<Try>) {
        self.queue.remove(run.id);
        decided.step(run, What::Skip { reason, tries }, self.now);
    }

    /// Puts it into the queue, where those that come after it in this batch find it.
    fn hold(&mut self, decided: &mut Decided, run: &Run, reason: Reason) {
        self.queue.put(run, reason);
        if decided.hold(run, reason, self.now) {
            decided.held.push(run.id);
        }
    }

    fn go(
        &mut self,
        decided: &mut Decided,
        mut run: Run,
        exit: Exit,
        body: &Arc<JobBody>,
        parameter: Option<String>,
    ) {
        let Exit { target, mark, tries } = exit;
        if let Some(RouteMark::Turn { job_id, route_seq }) = mark {
            self.cursors.set_route_seq(job_id, route_seq);
        }
        let holdings = self.shared.holdings();
        let claim = Claim {
            claim: holdings.claim(),
            // Not below that of an earlier claim, which may have been in another bucket.
            fence: holdings.fence(run.bucket).max(run.fence),
            instance_id: target.instance_id,
            instance_generation: target.instance_generation,
            deadline_at: Some(deadline(self.shared, body, run.due_at, self.now)),
            mark,
            tries,
        };
        (run.claim, run.fence) = (claim.claim, claim.fence);
        decided.step(&run, What::Claim(claim), self.now);
        decided.orders.insert(run.id, Order::new(&run, target, body.clone(), parameter));
    }

    /// Writes what was decided, and does what follows from it.
    async fn carry_out(&mut self, mut decided: Decided) -> Result<(usize, Vec<i64>)> {
        let to_ask = std::mem::take(&mut decided.to_ask);
        let to_split = std::mem::take(&mut decided.to_split);
        let done = self.write(&decided).await?;
        let mut won = Vec::with_capacity(decided.orders.len());
        for step in decided.steps.iter().filter(|step| done.contains(&step.run_id)) {
            match decided.orders.remove(&step.run_id) {
                Some(order) => won.push(order),
                None => self.shared.note_changed(step.run_id),
            }
        }
        for (run_id, executor_id) in &decided.occupants {
            self.shared.occupants.add(*run_id, *executor_id);
        }
        decided.held.iter().filter(|id| !done.contains(id)).for_each(|id| self.queue.remove(*id));
        self.stop_replaced(decided.replaced.iter().filter(|run| done.contains(&run.id)));
        let claimed = won.len();
        self.shared.lanes.push(won);
        for (run, body, instances) in to_ask {
            self.prober.ask(self.shared, &run, &body, &instances);
        }
        Ok((claimed, spread::split(self.shared, to_split, self.now).await?))
    }

    /// The runs whose step was applied.
    async fn write(&self, decided: &Decided) -> Result<HashSet<i64>> {
        let holdings = self.shared.holdings();
        let authority = holdings.authority(decided.buckets.iter().copied());
        let Some(authority) = authority.filter(|_| !decided.steps.is_empty()) else {
            return Ok(HashSet::new());
        };
        let applied = match self.shared.store.apply(Some(&authority), &decided.steps).await {
            Err(Error::Conflict(_)) => {
                self.shared.note_refused();
                return Ok(HashSet::new());
            }
            applied => applied?,
        };
        let done = decided.steps.iter().zip(applied).filter(|(_, applied)| *applied == Applied::Done);
        Ok(done.map(|(step, _)| step.run_id).collect())
    }

    fn stop_replaced<'a>(&mut self, replaced: impl Iterator<Item = &'a Run>) {
        let mut by_job: HashMap<i32, Vec<&Run>> = HashMap::new();
        replaced.for_each(|run| by_job.entry(run.job_id).or_default().push(run));
        by_job.into_values().for_each(|runs| self.stopper.stop(self.shared, &runs));
    }
}

impl Decided {
    /// Writes down why it waits, unless the row says so already.
    fn hold(&mut self, run: &Run, reason: Reason, now: Millis) -> bool {
        let is_new = run.reason != reason;
        if is_new {
            self.step(run, What::Hold { reason }, now);
        }
        is_new
    }

    fn step(&mut self, run: &Run, what: What, now: Millis) {
        self.buckets.push(run.bucket);
        self.steps.push(Step { run_id: run.id, at: now, what });
    }
}
