//! Dispatching: claimed runs wait in their executor's lane for their time and for a permit, and
//! go out. One lane cannot hold up another: that is the bulkhead.

mod lanes;
mod order;
mod parcel;
mod send;

pub use lanes::{Lanes, Started};
pub use order::Order;
pub use parcel::Parcel;

use super::doubts::InDoubt;
use super::shared::Shared;
use super::step::{Step, What};
use crate::Result;
use entity::Millis;
use std::sync::Arc;
use std::time::Duration;

/// Looked after at least so often, whatever the timers say.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a look at the lanes came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchReport {
    /// Runs, in however many requests.
    pub started: usize,
    /// When the next run is due that has a permit to go.
    pub next_due: Option<Millis>,
}

/// Starts everything that is due and has a permit; the requests go on by themselves.
pub fn tick(shared: &Arc<Shared>) -> DispatchReport {
    let now = shared.now();
    if !shared.gate.is_open() {
        return DispatchReport::default();
    }
    let in_doubt = shared.doubts.seen();
    let Started { parcels, held_up } =
        shared.lanes.start(now, shared.settings.permits, |order| is_held_up(&in_doubt, order));
    hand_back(shared, held_up, now);
    let started = parcels.iter().map(|parcel| parcel.orders.len()).sum();
    for parcel in parcels {
        tokio::spawn(send::send(shared.clone(), parcel));
    }
    DispatchReport { started, next_due: shared.lanes.next_due(shared.settings.permits) }
}

/// A request ended: what goes next with its permit.
fn next_after(shared: &Shared, parcel: &Parcel, answered: bool) -> Option<Parcel> {
    if !shared.gate.is_open() {
        shared.lanes.finished(parcel, answered);
        return None;
    }
    let (now, in_doubt) = (shared.now(), shared.doubts.seen());
    let is_held_up = |order: &Order| is_held_up(&in_doubt, order);
    let Started { mut parcels, held_up } =
        shared.lanes.next_after(parcel, answered, now, shared.settings.permits, is_held_up);
    hand_back(shared, held_up, now);
    parcels.pop()
}

/// Whether another of its job came into doubt there after it was claimed.
fn is_held_up(in_doubt: &InDoubt, order: &Order) -> bool {
    !order.is_again && in_doubt.at(&order.site())
}

/// What is held up waits again.
fn hand_back(shared: &Shared, held_up: Vec<Order>, now: Millis) {
    for order in held_up {
        let what = What::HandBack { claim: order.claim };
        shared.facts.note(Step { run_id: order.run_id, at: now, what });
    }
}

/// Ticks whenever a run falls due, arrives or ends.
pub async fn run(shared: Arc<Shared>) -> Result<()> {
    loop {
        let news = shared.lanes.news();
        let report = tick(&shared);
        let wait = match report.next_due {
            Some(due) => Duration::from_millis(u64::try_from(due - shared.now()).unwrap_or(0)).min(PATIENCE),
            None => PATIENCE,
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(wait) => {}
            () = shared.stopping.cancelled() => return Ok(()),
        }
    }
}
