//! Dispatching: claimed runs wait in their executor's lane for their time and for a permit, and
//! go out. One lane cannot hold up another: that is the bulkhead.

mod lanes;
mod order;
mod parcel;
mod send;

pub use lanes::{Lanes, Started};
pub use order::Order;
pub use parcel::Parcel;

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
    let is_held_up = |order: &Order| !order.is_again && in_doubt.at(&order.site());
    let Started { parcels, held_up } = shared.lanes.start(now, shared.settings.permits, is_held_up);
    // Another of its job came into doubt there after it was claimed: it waits again.
    for order in held_up {
        let what = What::HandBack { claim: order.claim };
        shared.facts.note(Step { run_id: order.run_id, at: now, what });
    }
    let started = parcels.iter().map(|parcel| parcel.orders.len()).sum();
    for parcel in parcels {
        tokio::spawn(send::send(shared.clone(), parcel));
    }
    DispatchReport { started, next_due: shared.lanes.next_due(shared.settings.permits) }
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
