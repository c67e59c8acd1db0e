//! Claiming what waits: runs by hand, runs handed back, runs that an executor had no room for.

use super::rows::deadline;
use crate::engine::dispatch::Order;
use crate::engine::shared::Shared;
use crate::engine::step::{Applied, Claim, Step, What};
use crate::store::engine::RunWithParameter;
use crate::{Error, Result};
use entity::Millis;
use entity::run::{Reason, RunState};
use rand::Rng;
use std::collections::HashMap;

/// Runs claimed per poll.
const BATCH: u64 = 1_000;

/// Runs that wait and whose time has come, of executors with room.
pub async fn due(shared: &Shared, now: Millis) -> Result<Vec<i64>> {
    let settings = &shared.settings;
    let full = shared.lanes.full(settings.window, settings.permits);
    let until = now + settings.lead_ms;
    shared.store.waiting(&shared.holdings().buckets(), until, &full, BATCH).await
}

/// Claims those of `ids` that wait for this server and may go, and hands them to dispatching.
pub async fn claim(shared: &Shared, ids: &[i64], now: Millis) -> Result<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    let holdings = shared.holdings();
    let until = now + shared.settings.lead_ms;
    let mut waiting = shared.store.runs(ids).await?;
    waiting.retain(|found| {
        let run = &found.run;
        run.state == RunState::Waiting && run.due_at <= until && holdings.epochs.contains_key(&run.bucket)
    });
    let (steps, orders) = decide(shared, waiting, now).await?;
    let Some(authority) = holdings.authority(orders_buckets(&steps)).filter(|_| !steps.is_empty()) else {
        return Ok(0);
    };
    let steps: Vec<Step> = steps.into_iter().map(|(_, step)| step).collect();
    let applied = match shared.store.apply(Some(&authority), &steps).await {
        Err(Error::Conflict(_)) => return Ok(0),
        applied => applied?,
    };
    let mut won = Vec::with_capacity(orders.len());
    let mut orders: HashMap<i64, Order> = orders.into_iter().map(|order| (order.run_id, order)).collect();
    for (step, _) in steps.iter().zip(applied).filter(|(_, applied)| *applied == Applied::Done) {
        match orders.remove(&step.run_id) {
            Some(order) => won.push(order),
            None => shared.publish_runs([step.run_id]),
        }
    }
    let claimed = won.len();
    shared.lanes.push(won);
    Ok(claimed)
}

fn orders_buckets(steps: &[(i16, Step)]) -> impl Iterator<Item = i16> + '_ {
    steps.iter().map(|(bucket, _)| *bucket)
}

/// Routes each, as far as there is room; a run that nobody can execute is skipped.
async fn decide(
    shared: &Shared,
    waiting: Vec<RunWithParameter>,
    now: Millis,
) -> Result<(Vec<(i16, Step)>, Vec<Order>)> {
    let ids: Vec<i32> = waiting.iter().map(|found| found.run.job_id).collect();
    let bodies = shared.directory.jobs(shared.store.as_ref(), &ids).await?;
    let holdings = shared.holdings();
    let settings = &shared.settings;
    let mut rooms: HashMap<i32, usize> = HashMap::new();
    let (mut steps, mut orders) = (Vec::new(), Vec::new());
    for RunWithParameter { mut run, parameter } in waiting {
        let room = rooms
            .entry(run.executor_id)
            .or_insert_with(|| shared.lanes.room(run.executor_id, settings.window, settings.permits));
        let body = bodies.get(&run.job_id);
        let draw: u64 = rand::rng().random();
        // The executor of the row, whatever the job says by now: it is the one whose result counts.
        let target = body
            .map(|body| (body, shared.directory.route(run.executor_id, body.job.routing, draw as i64, draw)));
        let what = match target {
            None => What::Skip { reason: Reason::Stopped },
            Some((_, None)) => What::Skip { reason: Reason::NoInstance },
            Some((_, Some(_))) if *room == 0 => continue,
            Some((body, Some(target))) => {
                *room -= 1;
                let claim = Claim {
                    claim: holdings.claim(),
                    fence: holdings.fence(run.bucket),
                    instance_id: target.instance_id,
                    instance_generation: target.instance_generation,
                    deadline_at: Some(deadline(shared, body, run.due_at, now)),
                };
                run.claim = claim.claim;
                orders.push(Order::new(&run, target, body.clone(), parameter));
                What::Claim(claim)
            }
        };
        steps.push((run.bucket, Step { run_id: run.id, at: now, what }));
    }
    Ok((steps, orders))
}
