//! From decided fires to rows and orders.

use crate::Result;
use crate::engine::directory::{JobBody, Target};
use crate::engine::dispatch::Order;
use crate::engine::holdings::Holdings;
use crate::engine::shared::Shared;
use crate::engine::step::wants_attention;
use crate::rules::misfire::{MissedSpan, Plan, Planned};
use crate::store::engine::Advance;
use entity::run::{Model as Run, Reason, RunKind, RunState};
use entity::{Millis, job_cursor};
use rand::Rng;
use std::collections::HashMap;
use std::sync::Arc;

/// A cursor and what was decided for the nominal times it passes.
pub struct Fired {
    pub cursor: job_cursor::Model,
    pub body: Arc<JobBody>,
    pub plan: Plan,
}

/// Where a fire goes.
enum Way {
    /// At once: claimed with the row.
    Out(Arc<Target>),
    /// The executor has enough: it waits as a row.
    Waits,
    NoInstance,
}

/// The rows for what was decided, and the orders for those that go out. Routes each fire, and
/// leaves waiting what an executor has no room for.
pub async fn rows_for(shared: &Shared, fired: &[Fired], now: Millis) -> Result<(Vec<Advance>, Vec<Order>)> {
    let count = fired.iter().map(|fired| fired.plan.planned.len()).sum();
    let mut ids = shared.run_ids.take(count).await?.into_iter();
    let holdings = shared.holdings();
    let mut rooms: HashMap<i32, usize> = HashMap::new();
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
                    match way(shared, body, advance.route_seq, &mut rooms) {
                        Way::Out(target) => {
                            advance.route_seq += 1;
                            claim(shared, &holdings, &mut run, &target, body, now);
                            orders.push(Order::new(&run, target, body.clone(), None));
                        }
                        Way::Waits => {}
                        Way::NoInstance => skip(&mut run, Reason::NoInstance, now),
                    }
                }
            }
            advance.rows.push(run);
        }
        advances.push(advance);
    }
    Ok((advances, orders))
}

fn way(shared: &Shared, body: &JobBody, route_seq: i64, rooms: &mut HashMap<i32, usize>) -> Way {
    let settings = &shared.settings;
    let executor_id = body.job.executor_id;
    let draw = rand::rng().random();
    let Some(target) = shared.directory.route(executor_id, body.job.routing, route_seq, draw) else {
        return Way::NoInstance;
    };
    let room = rooms
        .entry(executor_id)
        .or_insert_with(|| shared.lanes.room(executor_id, settings.window, settings.permits));
    match room.checked_sub(1) {
        Some(left) => {
            *room = left;
            Way::Out(target)
        }
        None => Way::Waits,
    }
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

/// A run of the schedule that waits.
fn blank(id: i64, cursor: &job_cursor::Model, body: &JobBody) -> Run {
    Run {
        id,
        job_id: cursor.job_id,
        kind: RunKind::Schedule,
        job_version: cursor.version,
        nominal_at: 0,
        due_at: 0,
        slot: 0,
        state: RunState::Waiting,
        reason: Reason::None,
        code: 0,
        attention: None,
        bucket: cursor.bucket,
        live_bucket: Some(cursor.bucket),
        follow_ok: false,
        follow_fail: false,
        claim: 0,
        fence: 0,
        executor_id: body.job.executor_id,
        instance_id: None,
        instance_generation: 0,
        parent_id: None,
        shard_index: 0,
        shard_total: 1,
        attempt: 1,
        priority: 0,
        span_last: None,
        span_count: 1,
        deadline_at: None,
        sent_at: None,
        accepted_at: None,
        ended_at: None,
        late_code: None,
        late_at: None,
    }
}
