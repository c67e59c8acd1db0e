//! Where the runs of one batch go. What one choice leaves behind, the next of the same batch sees.

use super::probe::Found;
use crate::Result;
use crate::engine::directory::{Instances, JobBody, Target};
use crate::engine::doubts::InDoubt;
use crate::engine::shared::Shared;
use crate::engine::step::RouteMark;
use crate::rules::doubt::{self, Choice};
use crate::rules::routing::{self, Basis, Candidate, Uses};
use entity::Millis;
use entity::job::{Model as Job, Routing};
use entity::run::{Model as Run, Reason};
use entity::run_text::{Try, TryOutcome};
use rand::Rng;
use std::collections::HashMap;
use std::sync::Arc;

/// Where a run goes.
pub enum Way {
    /// At once.
    Out(Exit),
    /// The executor has enough: it waits as a row.
    Full,
    /// These are asked first: it waits as a row meanwhile.
    Ask(Instances),
    /// Others of its job are in doubt wherever it may go: it waits as a row.
    Doubted,
    /// To each of these as a shard of its own: it is split, and the shards are claimed.
    Spread(Instances),
    /// Nowhere.
    None { reason: Reason, tries: Vec<Try> },
}

/// The instance that was chosen, and what is written along with the claim.
pub struct Exit {
    pub target: Arc<Target>,
    pub mark: Option<RouteMark>,
    pub tries: Vec<Try>,
}

/// Routes the runs of one batch.
pub struct Router<'a> {
    shared: &'a Shared,
    now: Millis,
    executors: HashMap<i32, Executor>,
    /// By job, for the strategies that go by it.
    uses: HashMap<i32, Uses>,
    in_doubt: InDoubt,
}

/// An executor at the moment.
struct Executor {
    /// All that are there.
    instances: Instances,
    /// Those of them that do not drain.
    taking: Instances,
    /// How many more runs it may get.
    room: usize,
}

impl<'a> Router<'a> {
    /// For runs of these jobs; reads how they used their instances, where that matters.
    pub async fn new(
        shared: &'a Shared,
        bodies: impl Iterator<Item = &Arc<JobBody>>,
        now: Millis,
    ) -> Result<Self> {
        let going_by_use = bodies.filter(|body| body.job.routing.goes_by_use());
        let ids: Vec<i32> = going_by_use.map(|body| body.job.id).collect();
        let mut uses: HashMap<i32, Uses> = HashMap::new();
        if !ids.is_empty() {
            for used in shared.store.route_uses(&ids).await? {
                uses.entry(used.job_id).or_default().insert(used.instance_id, used);
            }
        }
        Ok(Self { shared, now, executors: HashMap::new(), uses, in_doubt: shared.doubts.seen() })
    }

    /// Where a run of this job goes. `executor_id` is that of the run's row, whatever the job says by
    /// now: it is the one whose result counts. `route_seq` is the job's.
    pub fn way(&mut self, body: &JobBody, executor_id: i32, route_seq: i64) -> Way {
        let instances = match self.allowed(body, executor_id) {
            Ok(instances) => instances,
            Err(reason) => return Way::None { reason, tries: Vec::new() },
        };
        if !self.has_room(executor_id) {
            return Way::Full;
        }
        match body.job.routing {
            Routing::Broadcast => return Way::Spread(instances),
            asking if asking.asks() => {
                let all = instances.iter().all(|target| self.is_in_doubt(body.job.id, target));
                return if all { Way::Doubted } else { Way::Ask(instances) };
            }
            _ => {}
        }
        match self.choose(&body.job, body.job.routing, &instances, route_seq) {
            Ok((target, mark)) => self.out(Exit { target, mark, tries: Vec::new() }),
            Err(way) => way,
        }
    }

    /// Where a run goes whose instances were asked. Where none may get it, one that was left out may do so
    /// when the doubt there is settled.
    pub fn way_found(&mut self, run: &Run, found: Found) -> Way {
        let left_out = found.tries.iter().any(|tried| tried.outcome == TryOutcome::InDoubt);
        match found.target {
            Some(target) if self.is_in_doubt(run.job_id, &target) => Way::Doubted,
            Some(_) if !self.has_room(run.executor_id) => Way::Full,
            Some(target) => self.out(Exit { target, mark: None, tries: found.tries }),
            None if left_out => Way::Doubted,
            None => Way::None { reason: found.reason, tries: found.tries },
        }
    }

    /// Where a shard goes: to its own instance. That one gone, a first attempt goes nowhere, for it is
    /// about that instance, and a further one to any other: what was begun is to be done.
    pub fn way_pinned(&mut self, body: &JobBody, shard: &Run) -> Way {
        let instances = match self.allowed(body, shard.executor_id) {
            Ok(instances) => instances,
            Err(reason) => return Way::None { reason, tries: Vec::new() },
        };
        let own = instances.iter().find(|target| Some(target.instance_id) == shard.instance_id);
        match own {
            None if shard.attempt == 1 => Way::None { reason: Reason::NoInstance, tries: Vec::new() },
            _ if !self.has_room(shard.executor_id) => Way::Full,
            Some(own) if self.is_in_doubt(shard.job_id, own) => Way::Doubted,
            Some(own) => self.out(Exit { target: own.clone(), mark: None, tries: Vec::new() }),
            None => match self.choose(&body.job, Routing::Random, &instances, 0) {
                Ok((target, mark)) => self.out(Exit { target, mark, tries: Vec::new() }),
                Err(way) => way,
            },
        }
    }

    /// One of the instances by this strategy; or what becomes of the run instead.
    fn choose(
        &mut self,
        job: &Job,
        routing: Routing,
        instances: &Instances,
        route_seq: i64,
    ) -> Result<(Arc<Target>, Option<RouteMark>), Way> {
        let candidates: Vec<Candidate<'_>> = instances.iter().map(|target| target.candidate()).collect();
        let unused = Uses::new();
        let uses = self.uses.get(&job.id).unwrap_or(&unused);
        let basis = Basis { job_id: job.id, route_seq, draw: rand::rng().random(), uses };
        let is_in_doubt = |index: usize| self.is_in_doubt(job.id, &instances[index]);
        let target = match doubt::choose(routing, basis, &candidates, is_in_doubt) {
            Choice::Candidate(index) => instances[index].clone(),
            Choice::Wait => return Err(Way::Doubted),
            Choice::None => return Err(Way::None { reason: Reason::NoInstance, tries: Vec::new() }),
        };
        let mark = match routing {
            Routing::Round => Some(RouteMark::Turn { job_id: job.id, route_seq: route_seq.wrapping_add(1) }),
            by_use if by_use.goes_by_use() => {
                let used = routing::used_once_more(basis, &candidates, target.instance_id, self.now);
                self.uses.entry(job.id).or_default().insert(used.instance_id, used);
                Some(RouteMark::Use(used))
            }
            _ => None,
        };
        Ok((target, mark))
    }

    /// Whether another run of the job is in doubt there.
    fn is_in_doubt(&self, job_id: i32, target: &Target) -> bool {
        self.in_doubt.at(&target.site(job_id))
    }

    /// The instances that take runs and that the job may run on, at least one; or why there is none.
    fn allowed(&mut self, body: &JobBody, executor_id: i32) -> Result<Instances, Reason> {
        let Executor { instances, taking, .. } = self.executor(executor_id);
        let allowed = body.allowed.as_ref().ok_or(Reason::NoneAllowed)?;
        if instances.is_empty() {
            return Err(Reason::NoInstance);
        }
        let is_named = |target: &&Arc<Target>| allowed.names(&target.address, &target.labels);
        let named = match allowed.is_everyone() {
            true => taking.clone(),
            false => taking.iter().filter(is_named).cloned().collect(),
        };
        if !named.is_empty() {
            return Ok(named);
        }
        let drain = instances.iter().any(|target| is_named(&target));
        Err(if drain { Reason::Draining } else { Reason::NoneAllowed })
    }

    fn out(&mut self, exit: Exit) -> Way {
        self.executor(exit.target.executor_id).room -= 1;
        Way::Out(exit)
    }

    fn has_room(&mut self, executor_id: i32) -> bool {
        self.executor(executor_id).room > 0
    }

    fn executor(&mut self, id: i32) -> &mut Executor {
        let (shared, settings) = (self.shared, &self.shared.settings);
        self.executors.entry(id).or_insert_with(|| {
            let instances = shared.directory.instances(id);
            let taking = match instances.iter().any(|target| target.is_draining) {
                true => instances.iter().filter(|target| !target.is_draining).cloned().collect(),
                false => instances.clone(),
            };
            Executor { instances, taking, room: shared.lanes.room(id, settings.window, settings.permits) }
        })
    }
}
