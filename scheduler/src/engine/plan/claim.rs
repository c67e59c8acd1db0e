//! Claiming what waits: runs by hand, runs handed back, runs that an executor had no room for, runs
//! whose instances are asked first, runs that are split into shards, and the shards.

use super::cursors::Cursors;
use super::probe::{Found, Prober};
use super::route::{Exit, Router, Way};
use super::rows::deadline;
use super::spread::{self, Spread};
use crate::engine::directory::{Instances, JobBody};
use crate::engine::dispatch::Order;
use crate::engine::shared::Shared;
use crate::engine::step::{Applied, Claim, RouteMark, Step, What};
use crate::store::engine::RunWithParameter;
use crate::{Error, Result};
use entity::Millis;
use entity::run::{Model as Run, Reason, RunState};
use entity::run_text::Try;
use std::collections::HashMap;
use std::sync::Arc;

/// Runs claimed per poll.
const BATCH: u64 = 1_000;

/// What claiming rests on, beside the rows.
pub struct Claimer<'a> {
    pub shared: &'a Arc<Shared>,
    pub cursors: &'a mut Cursors,
    pub prober: &'a mut Prober,
    pub now: Millis,
}

/// What is to be done about the runs that wait.
#[derive(Default)]
struct Decided {
    steps: Vec<Step>,
    buckets: Vec<i16>,
    orders: HashMap<i64, Order>,
    to_ask: Vec<(Run, Arc<JobBody>, Instances)>,
    to_split: Vec<Spread>,
}

/// Runs that wait and whose time has come, of executors with room.
pub async fn due(shared: &Shared, now: Millis) -> Result<Vec<i64>> {
    let settings = &shared.settings;
    let full = shared.lanes.full(settings.window, settings.permits);
    let until = now + settings.lead_ms;
    shared.store.waiting(&shared.holdings().buckets(), until, &full, BATCH).await
}

impl Claimer<'_> {
    /// Claims those of `ids`, and of the runs whose instances have answered, that wait for this server
    /// and may go, and hands them to dispatching. Begins to ask for those whose instances are asked
    /// first. Splits what is to be split, and claims the shards. Returns how many were claimed.
    pub async fn claim(mut self, ids: &[i64]) -> Result<usize> {
        let found = self.prober.take_found();
        let ids: Vec<i64> = ids.iter().chain(found.keys()).copied().collect();
        let (claimed, shards) = self.claim_these(&ids, found).await?;
        let (shards_claimed, _) = self.claim_these(&shards, HashMap::new()).await?;
        Ok(claimed + shards_claimed)
    }

    /// How many of these were claimed, and the shards that appeared in the place of others.
    async fn claim_these(&mut self, ids: &[i64], found: HashMap<i64, Found>) -> Result<(usize, Vec<i64>)> {
        if ids.is_empty() {
            return Ok((0, Vec::new()));
        }
        let holdings = self.shared.holdings();
        let until = self.now + self.shared.settings.lead_ms;
        let mut waiting = self.shared.store.runs(ids).await?;
        waiting.retain(|found| {
            let run = &found.run;
            run.state == RunState::Waiting && run.due_at <= until && holdings.epochs.contains_key(&run.bucket)
        });
        waiting.sort_by_key(|found| (found.run.due_at, found.run.id));
        waiting.dedup_by_key(|found| found.run.id);
        let mut decided = self.decide(waiting, found).await?;
        let to_ask = std::mem::take(&mut decided.to_ask);
        let to_split = std::mem::take(&mut decided.to_split);
        let claimed = self.write(decided).await?;
        for (run, body, instances) in to_ask {
            self.prober.ask(self.shared, &run, &body, &instances);
        }
        Ok((claimed, spread::split(self.shared, to_split, self.now).await?))
    }

    /// Routes each, as far as there is room; a run that nobody can execute is skipped, and a shard of a
    /// run that a person has killed is killed, too.
    async fn decide(
        &mut self,
        waiting: Vec<RunWithParameter>,
        mut found: HashMap<i64, Found>,
    ) -> Result<Decided> {
        let shared = self.shared;
        let ids: Vec<i32> = waiting.iter().map(|found| found.run.job_id).collect();
        let bodies = shared.directory.jobs(shared.store.as_ref(), &ids).await?;
        let mut router = Router::new(shared, bodies.values(), self.now).await?;
        let under_way = spread::parents_under_way(shared, &waiting).await?;
        let mut decided = Decided::default();
        for RunWithParameter { run, parameter } in waiting {
            let Some(body) = bodies.get(&run.job_id) else {
                decided.skip(&run, Reason::Stopped, Vec::new(), self.now);
                continue;
            };
            let way = match (run.parent_id, found.remove(&run.id)) {
                (Some(parent), _) if !under_way.contains(&parent) => {
                    decided.step(&run, What::Kill { by: None }, self.now);
                    continue;
                }
                (Some(_), _) => router.way_pinned(body, &run),
                (None, Some(found)) => router.way_found(run.executor_id, found),
                (None, None) => router.way(body, run.executor_id, self.cursors.route_seq(run.job_id)),
            };
            match way {
                Way::Out(exit) => self.go(&mut decided, run, exit, body, parameter),
                Way::Full => {}
                Way::Ask(instances) => decided.to_ask.push((run, body.clone(), instances)),
                Way::Spread(instances) => {
                    decided.to_split.push(Spread { run, parameter, body: body.clone(), instances });
                }
                Way::None { reason, tries } => decided.skip(&run, reason, tries, self.now),
            }
        }
        Ok(decided)
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
            fence: holdings.fence(run.bucket),
            instance_id: target.instance_id,
            instance_generation: target.instance_generation,
            deadline_at: Some(deadline(self.shared, body, run.due_at, self.now)),
            mark,
            tries,
        };
        run.claim = claim.claim;
        decided.step(&run, What::Claim(claim), self.now);
        decided.orders.insert(run.id, Order::new(&run, target, body.clone(), parameter));
    }

    /// Writes what was decided, and hands the claims that were won to dispatching.
    async fn write(&self, decided: Decided) -> Result<usize> {
        let Decided { steps, buckets, mut orders, .. } = decided;
        let holdings = self.shared.holdings();
        let Some(authority) = holdings.authority(buckets).filter(|_| !steps.is_empty()) else {
            return Ok(0);
        };
        let applied = match self.shared.store.apply(Some(&authority), &steps).await {
            Err(Error::Conflict(_)) => return Ok(0),
            applied => applied?,
        };
        let mut won = Vec::with_capacity(orders.len());
        for (step, _) in steps.iter().zip(applied).filter(|(_, applied)| *applied == Applied::Done) {
            match orders.remove(&step.run_id) {
                Some(order) => won.push(order),
                None => self.shared.publish_runs([step.run_id]),
            }
        }
        let claimed = won.len();
        self.shared.lanes.push(won);
        Ok(claimed)
    }
}

impl Decided {
    fn skip(&mut self, run: &Run, reason: Reason, tries: Vec<Try>, now: Millis) {
        self.step(run, What::Skip { reason, tries }, now);
    }

    fn step(&mut self, run: &Run, what: What, now: Millis) {
        self.buckets.push(run.bucket);
        self.steps.push(Step { run_id: run.id, at: now, what });
    }
}
