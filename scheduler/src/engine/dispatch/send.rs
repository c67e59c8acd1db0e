//! One request and what its answer says.

use super::Order;
use crate::engine::dispatcher::{Call, CallFailure};
use crate::engine::shared::Shared;
use crate::engine::step::{Step, What};
use entity::Millis;
use entity::run::{Reason, RunState};
use protocol::RemoteReply;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How soon a run is tried again that found the gate shut.
const SHUT: Duration = Duration::from_millis(100);

/// Sends a run and notes what becomes of the request. Its permit is held until the answer is there
/// or given up.
pub async fn send(shared: Arc<Shared>, order: Order) {
    let sent_at = shared.now();
    shared.figures.sent.fetch_add(1, Ordering::Relaxed);
    shared.figures.lateness.store(sent_at - order.due_at, Ordering::Relaxed);
    if order.is_followed {
        shared.followed.add(order.run_id, ());
    }
    let target = order.target.clone();
    let call = shared.dispatcher.call(&target, Call::Run(Box::new(order.request())));
    tokio::pin!(call);
    let answer = match tokio::time::timeout(shared.settings.answer_within, &mut call).await {
        Ok(answer) => answer,
        Err(_) => {
            note_silence(&shared, &order);
            call.await
        }
    };
    if answer == Err(CallFailure::GateShut) {
        tokio::time::sleep(SHUT).await;
        if shared.holdings().claim() == order.claim {
            shared.lanes.put_back(order);
        } else {
            shared.lanes.finished(order.target.executor_id, order.run_id, false);
        }
        return;
    }
    let answered = !matches!(answer, Err(CallFailure::NoAnswer(_)));
    if !answered {
        shared.doubts.add(order.run_id, order.site());
    }
    shared.facts.note(Step {
        run_id: order.run_id,
        at: shared.now(),
        what: outcome(&order, sent_at, answer),
    });
    shared.lanes.finished(order.target.executor_id, order.run_id, answered);
}

/// What the end of a request says about the run.
fn outcome(order: &Order, sent_at: Millis, answer: Result<RemoteReply, CallFailure>) -> What {
    let claim = order.claim;
    let (reason, text) = match answer {
        Ok(reply) if reply.is_ok() => return What::Accepted { claim, sent_at },
        Ok(reply) => (Reason::Refused, reply.text),
        Err(CallFailure::Garbage(text)) => (Reason::Garbage, text),
        Err(CallFailure::NeverArrived(text)) => (Reason::Unreachable, text),
        Err(CallFailure::NoAnswer(_) | CallFailure::GateShut) => return doubt(claim),
    };
    What::Refused { claim, reason, text }
}

fn doubt(claim: i64) -> What {
    What::Doubt { claim, from: RunState::Sending, reason: Reason::NoAnswer }
}

/// No answer in time: the run is in doubt, and what waits behind it is handed back.
fn note_silence(shared: &Shared, order: &Order) {
    let now = shared.now();
    // Before its row can say so: nothing else of its job is to go there.
    shared.doubts.add(order.run_id, order.site());
    shared.facts.note(Step { run_id: order.run_id, at: now, what: doubt(order.claim) });
    for order in shared.lanes.fell_silent(order.target.executor_id, shared.settings.permits) {
        shared.facts.note(Step {
            run_id: order.run_id,
            at: now,
            what: What::HandBack { claim: order.claim },
        });
    }
}
