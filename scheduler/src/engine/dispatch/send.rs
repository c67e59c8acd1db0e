//! One request and what its answer says of each of its runs.

use super::{Order, Parcel};
use crate::engine::dispatcher::{Call, CallFailure};
use crate::engine::plan::deadline;
use crate::engine::shared::Shared;
use crate::engine::step::{Step, What};
use entity::Millis;
use entity::run::{Reason, RunState};
use protocol::native::{FENCED, RefusedRun};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// So much longer than an executor may be silent the answer is awaited: it may still say what became of the request.
const LATE_ANSWER: Duration = Duration::from_secs(27);
/// How soon a run is tried again that found the gate shut.
const SHUT: Duration = Duration::from_millis(100);

/// What was refused, by run.
type Refused = HashMap<i64, RefusedRun>;

/// Sends runs, and then what goes next with the same permit until nothing is due. The permit is held until the
/// answer is there or given up.
pub async fn send(shared: Arc<Shared>, first: Parcel) {
    let mut next = Some(first);
    while let Some(parcel) = next {
        next = match send_one(&shared, &parcel).await {
            Some(answered) => super::next_after(&shared, &parcel, answered),
            None => return wait_at_gate(&shared, parcel).await,
        };
    }
}

/// Sends runs and notes what becomes of the request; whether it was answered, none when the gate was shut.
async fn send_one(shared: &Shared, parcel: &Parcel) -> Option<bool> {
    let sent_at = shared.now();
    let count = parcel.orders.len() as u64;
    shared.figures.sent.fetch_add(count, Ordering::Relaxed);
    for order in &parcel.orders {
        shared.figures.lateness.store(sent_at - order.due_at, Ordering::Relaxed);
        if order.is_followed {
            shared.followed.add(order.run_id, ());
        }
    }
    let answer = {
        let call = deliver(shared, parcel);
        tokio::pin!(call);
        match tokio::time::timeout(shared.settings.answer_within, &mut call).await {
            Ok(answer) => answer,
            Err(_) => {
                note_silence(shared, parcel);
                let late = tokio::time::timeout(LATE_ANSWER, call).await;
                late.unwrap_or_else(|_| Err(CallFailure::NoAnswer("time-out".to_owned())))
            }
        }
    };
    if answer == Err(CallFailure::GateShut) {
        return None;
    }
    let answered = !matches!(answer, Err(CallFailure::NoAnswer(_)));
    if !answered {
        note_doubts(shared, parcel);
    }
    let at = shared.now();
    for order in &parcel.orders {
        shared.facts.note(Step { run_id: order.run_id, at, what: outcome(shared, order, sent_at, &answer) });
    }
    Some(answered)
}

/// One run as XXL-JOB's executors take it; many at once to those that take many.
async fn deliver(shared: &Shared, parcel: &Parcel) -> Result<Refused, CallFailure> {
    let Parcel { target, orders, .. } = parcel;
    if target.is_native() {
        let runs = orders.iter().map(Order::fenced).collect();
        let refused = shared.dispatcher.hand_over(target, runs).await?;
        return Ok(refused.into_iter().map(|refused| (refused.run_id, refused)).collect());
    }
    let mut refused = Refused::new();
    for order in orders {
        let reply = shared.dispatcher.call(target, Call::Run(Box::new(order.request()))).await?;
        if !reply.is_ok() {
            let run_id = order.run_id;
            refused.insert(run_id, RefusedRun { run_id, code: reply.code, text: reply.text });
        }
    }
    Ok(refused)
}

/// Nothing was sent: it is tried again soon, if it is still this server's to send.
async fn wait_at_gate(shared: &Shared, mut parcel: Parcel) {
    tokio::time::sleep(SHUT).await;
    let claim = shared.holdings().claim();
    if parcel.orders.iter().all(|order| order.claim == claim) {
        shared.lanes.put_back(parcel);
    } else {
        shared.lanes.finished(&parcel, false);
        parcel.orders.retain(|order| order.claim == claim);
        shared.lanes.push(parcel.orders);
    }
}

/// What the end of a request says about the run.
fn outcome(shared: &Shared, order: &Order, sent_at: Millis, answer: &Result<Refused, CallFailure>) -> What {
    let claim = order.claim;
    let deadline_at = deadline(shared, &order.body, order.due_at, sent_at);
    let (reason, text) = match answer {
        Ok(refused) => match refused.get(&order.run_id) {
            None => return What::Accepted { claim, sent_at, deadline_at },
            Some(refused) if is_overtaken(shared, order, refused) => return What::HandBack { claim },
            Some(refused) => (Reason::Refused, &refused.text),
        },
        Err(CallFailure::Garbage(text)) => (Reason::Garbage, text),
        Err(CallFailure::NeverArrived(text)) => (Reason::Unreachable, text),
        // The next process takes it, as soon as it has registered.
        Err(CallFailure::Restarted) => return What::HandBack { claim },
        Err(CallFailure::NoAnswer(_) | CallFailure::GateShut) => return doubt(claim),
    };
    What::Refused { claim, reason, text: text.clone() }
}

/// Refused because something of its bucket was sent with a later right, which this server has itself, or has given
/// away: whoever has it sends the run anew. Where it knows of none, the refusal stands.
fn is_overtaken(shared: &Shared, order: &Order, refused: &RefusedRun) -> bool {
    let is_fenced = order.target.is_native() && refused.code == FENCED;
    is_fenced && shared.holdings().is_past(order.bucket, order.fence)
}

fn doubt(claim: i64) -> What {
    What::Doubt { claim, from: RunState::Sending, reason: Reason::NoAnswer }
}

/// Before their rows can say so: nothing else of their jobs is to go there.
fn note_doubts(shared: &Shared, parcel: &Parcel) {
    parcel.orders.iter().for_each(|order| shared.doubts.add(order.run_id, order.site()));
}

/// No answer in time: the runs are in doubt, and what waits behind them is handed back.
fn note_silence(shared: &Shared, parcel: &Parcel) {
    note_doubts(shared, parcel);
    let at = shared.now();
    for order in &parcel.orders {
        shared.facts.note(Step { run_id: order.run_id, at, what: doubt(order.claim) });
    }
    for order in shared.lanes.fell_silent(parcel.target.executor_id, shared.settings.permits) {
        shared.facts.note(Step { run_id: order.run_id, at, what: What::HandBack { claim: order.claim } });
    }
}
