//! From decided fires to rows and orders.

use super::route::{Exit, Router, Way};
use crate::Result;
use crate::engine::directory::{JobBody, Target};
use crate::engine::dispatch::Order;
use crate::engine::holdings::Holdings;
use crate::engine::shared::Shared;
use crate::engine::step::{RouteMark, wants_attention};
use crate::rules::follow::Follows;
use crate::rules::misfire::{MissedSpan, Plan, Planned};
use crate::store::engine::Advance;
use entity::run::{Model as Run, Reason, RunState};
use entity::{Millis, job_cursor};
use std::collections::HashSet;
use std::sync::Arc;

/// A cursor and what was decided for the nominal times it passes.
pub struct Fired {
    pub cursor: job_cursor::Model,
    pub body: Arc<JobBody>,
    pub plan: Plan,
}

/// The rows for what was decided, and the orders for those that go out. Routes each fire, and
/// leaves waiting what an executor has no room for.
pub async fn rows_for(shared: &Shared, fired: &[Fired], now: Millis) -> Result<(Vec<Advance>, Vec<Order>)> {
    let count = fired.iter().map(|fired| fired.plan.planned.len()).sum();
    let mut ids = shared.run_ids.take(count).await?.into_iter();
    let holdings = shared.holdings();
    let mut router = Router::new(shared, fired.iter().map(|fired| &fired.body), now).await?;
    let mut orders = Vec::with_capacity(count);
    let mut advances = Vec::with_capacity(fired.len());
    for Fired { cursor, body, plan } in fired {
        let Some(seen) = cursor.next_at.filter(|_| !plan.planned.is_empty()) else { continue };
        let mut advance = Advance {
            job_id: cursor.job_id,
            version: cursor.version,
            seen,
            next_at: plan.next_at.map(|nominal| nominal + body.delay_ms),
            last_at: cursor.last_at,
            route_seq: cursor.route_seq,
            uses: Vec::new(),
            rows: Vec::with_capacity(plan.planned.len()),
        };
        for (planned, id) in plan.planned.iter().zip(ids.by_ref()) {
            let mut run = blank(id, cursor, body);
            match *planned {
                Planned::Missed(span) => {
                    miss(&mut run, span, body.delay_ms, now);
                    advance.last_at = span.last;
                }
                Planned::Fire { nominal } => {
                    (run.nominal_at, run.due_at) = (nominal, nominal + body.delay_ms);
                    advance.last_at = nominal;
                    match router.way(body, run.executor_id, advance.route_seq) {
                        Way::Out(Exit { target, mark, .. }) => {
                            advance.route_seq = advance.route_seq.wrapping_add(1);
                            if let Some(RouteMark::Use(used)) = mark {
                                advance.uses.push(used);
                            }
                            claim(shared, &holdings, &mut run, &target, body, now);
                            orders.push(Order::new(&run, target, body.clone(), None));
                        }
                        Way::Full | Way::Ask(_) | Way::Spread(_) => {}
                        Way::None { reason, .. } => skip(&mut run, reason, now),
                    }
                }
            }
            advance.rows.push(run);
        }
        advances.push(advance);
    }
    Ok((advances, orders))
}

/// The rows, if they are there, that are to be looked at at once: their instances are asked, or they are
/// split.
pub fn in_a_moment(fired: &[Fired], advances: &[Advance]) -> Vec<i64> {
    let jobs = fired.iter().filter(|fired| fired.body.job.routing.waits()).map(|fired| fired.cursor.job_id);
    let jobs: HashSet<i32> = jobs.collect();
    let rows = advances.iter().filter(|advance| jobs.contains(&advance.job_id)).flat_map(|own| &own.rows);
    rows.filter(|run| run.state == RunState::Waiting).map(|run| run.id).collect()
}

/// When the server ends a run that goes out now, whatever the executor does.
pub fn deadline(shared: &Shared, body: &JobBody, due_at: Millis, now: Millis) -> Millis {
    let settings = &shared.settings;
    let limit = match body.job.timeout_s {
        0 => settings.deadline_without_limit_ms,
        seconds => Millis::from(seconds) * 1_000 + settings.deadline_grace_ms,
    };
    due_at.max(now) + limit
}

fn claim(shared: &Shared, holdings: &Holdings, run: &mut Run, target: &Target, body: &JobBody, now: Millis) {
    run.state = RunState::Sending;
    run.claim = holdings.claim();
    run.fence = holdings.fence(run.bucket);
    run.instance_id = Some(target.instance_id);
    run.instance_generation = target.instance_generation;
    run.deadline_at = Some(deadline(shared, body, run.due_at, now));
}

fn miss(run: &mut Run, span: MissedSpan, delay_ms: Millis, now: Millis) {
    (run.nominal_at, run.due_at) = (span.first, span.first + delay_ms);
    run.span_last = Some(span.last);
    run.span_count = i32::try_from(span.count).unwrap_or(i32::MAX);
    skip(run, Reason::Misfire, now);
}

fn skip(run: &mut Run, reason: Reason, now: Millis) {
    run.state = RunState::Skipped;
    run.reason = reason;
    run.live_bucket = None;
    run.ended_at = Some(now);
    run.attention = wants_attention(run.state, reason).then_some(run.executor_id);
}

/// A run of the schedule that waits; its times are still to be written.
fn blank(id: i64, cursor: &job_cursor::Model, body: &JobBody) -> Run {
    let mut run = Run::waiting(id, &body.job, cursor.bucket, 0);
    Follows::of(&body.job, body.has_children, run.attempt).mark(&mut run);
    run
}
