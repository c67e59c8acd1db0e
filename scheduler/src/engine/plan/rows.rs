//! From decided fires to rows and orders.

use super::admission::limits;
use super::route::{Exit, Router, Way};
use crate::Result;
use crate::engine::directory::{JobBody, Target};
use crate::engine::dispatch::Order;
use crate::engine::holdings::Holdings;
use crate::engine::shared::Shared;
use crate::engine::step::{RouteMark, wants_attention};
use crate::rules::follow::Follows;
use crate::rules::misfire::{Plan, Planned};
use crate::store::engine::Advance;
use entity::run::{Model as Run, Reason, RunState};
use entity::{Millis, job_cursor};
use std::sync::Arc;

/// A cursor and what was decided for the nominal times it passes.
pub struct Fired {
    pub cursor: job_cursor::Model,
    pub body: Arc<JobBody>,
    pub plan: Plan,
}

/// The rows for what was decided.
pub struct Rows {
    pub advances: Vec<Advance>,
    /// For those that go out.
    pub orders: Vec<Order>,
    /// When those that wait are to be looked at, as far as that is known.
    pub appointments: Vec<(Millis, i64)>,
}

/// Routes each fire. What an executor has no room for waits, and so does what others of its job may
/// hold up, until it is due.
pub async fn rows_for(shared: &Shared, fired: &[Fired], now: Millis) -> Result<Rows> {
    let count = fired.iter().map(|fired| fired.plan.planned.len()).sum();
    let mut ids = shared.run_ids.take(count).await?.into_iter();
    let holdings = shared.holdings();
    let freezes = shared.directory.freezes();
    let mut router = Router::new(shared, fired.iter().map(|fired| &fired.body), now).await?;
    let mut orders = Vec::with_capacity(count);
    let mut advances = Vec::with_capacity(fired.len());
    let mut appointments = Vec::new();
    for Fired { cursor, body, plan } in fired {
        let Some(seen) = cursor.next_at else { continue };
        let mut advance = Advance {
            job_id: cursor.job_id,
            bucket: cursor.bucket,
            version: cursor.version,
            seen,
            next_at: plan.outlook.next_at.map(|due_at| due_at + body.delay_ms),
            held_from: plan.outlook.held_from,
            last_at: cursor.last_at,
            route_seq: cursor.route_seq,
            uses: Vec::new(),
            rows: Vec::with_capacity(plan.planned.len()),
        };
        for (planned, id) in plan.planned.iter().zip(ids.by_ref()) {
            let mut run = blank(id, cursor, body);
            match *planned {
                Planned::Skipped(span) => {
                    span.write(&mut run, body.delay_ms, now);
                    let was_frozen = freezes.covered(body.job.namespace_id, span.last + body.delay_ms);
                    if run.reason == Reason::Misfire && was_frozen {
                        run.reason = Reason::Frozen;
                    }
                    run.attention = wants_attention(run.state, run.reason).then_some(run.executor_id);
                    advance.last_at = span.last;
                }
                Planned::Fire { nominal, due_at } => {
                    (run.nominal_at, run.due_at) = (nominal, due_at + body.delay_ms);
                    advance.last_at = nominal;
                    if limits(shared, body, &run).any() {
                        appointments.push((run.due_at, run.id));
                        advance.rows.push(run);
                        continue;
                    }
                    match router.way(body, run.executor_id, advance.route_seq) {
                        Way::Out(Exit { target, mark, .. }) => {
                            advance.route_seq = advance.route_seq.wrapping_add(1);
                            if let Some(RouteMark::Use(used)) = mark {
                                advance.uses.push(used);
                            }
                            claim(shared, &holdings, &mut run, &target, body, now);
                            orders.push(Order::new(&run, target, body.clone(), None));
                        }
                        Way::Full => {}
                        Way::Ask(_) | Way::Spread(_) | Way::Doubted => appointments.push((now, run.id)),
                        Way::None { reason, .. } => skip(&mut run, reason, now),
                    }
                }
            }
            advance.rows.push(run);
        }
        // With no run under way that it could count from, a fixed delay counts from now.
        if advance.rows.iter().all(|run| run.state.is_final()) {
            advance.next_at = advance.next_at.or(body.after_end(now));
        }
        advances.push(advance);
    }
    Ok(Rows { advances, orders, appointments })
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
