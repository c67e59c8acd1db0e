//! What one request carries: one run, or many to an executor of our own.

use super::Order;
use crate::engine::directory::Target;
use protocol::native::MOST_RUNS;
use std::sync::Arc;

/// Bytes of texts in one request: executors take no more than 5 MB.
const MOST_BYTES: usize = 1 << 20;

/// Runs that go out together.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub target: Arc<Target>,
    /// At least one; the only one where the target does not take many.
    pub orders: Vec<Order>,
    bytes: usize,
}

impl Parcel {
    pub fn of(order: Order) -> Self {
        Self { target: order.target.clone(), bytes: order.size(), orders: vec![order] }
    }

    /// Whether this run goes to the same process, and fits in.
    pub fn has_room_for(&self, order: &Order) -> bool {
        self.target.is_native()
            && self.target.instance_id == order.target.instance_id
            && self.target.life == order.target.life
            && self.orders.len() < MOST_RUNS
            && self.bytes + order.size() <= MOST_BYTES
    }

    pub fn push(&mut self, order: Order) {
        self.bytes += order.size();
        self.orders.push(order);
    }
}
