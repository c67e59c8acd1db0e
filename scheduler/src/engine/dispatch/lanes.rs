//! One lane per executor: what is claimed and not sent, and what is under way.

use super::{Order, Parcel};
use crate::by_id::ById;
use entity::Millis;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug, Default)]
pub struct Lanes {
    lanes: Mutex<HashMap<i32, Lane>>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Lane {
    /// By due time.
    queue: BTreeMap<(Millis, i64), Order>,
    /// Runs under way.
    in_flight: ById<i64, Bound>,
    /// Requests under way: one has one run, or many.
    requests: usize,
    /// From the first request that was not answered in time until the next answer.
    silent: bool,
}

/// What was taken out of the lanes.
#[derive(Debug, Default)]
pub struct Started {
    /// To be sent, each in a request.
    pub parcels: Vec<Parcel>,
    /// Not to be sent now.
    pub held_up: Vec<Order>,
}

/// Where a request under way goes.
#[derive(Clone, Copy, Debug)]
struct Bound {
    job_id: i32,
    namespace_id: i32,
    instance_id: i32,
}

impl From<&Order> for Bound {
    fn from(order: &Order) -> Self {
        let job = &order.body.job;
        Self { job_id: job.id, namespace_id: job.namespace_id, instance_id: order.target.instance_id }
    }
}

impl Lane {
    fn start(
        &mut self,
        now: Millis,
        permits: usize,
        is_held_up: &impl Fn(&Order) -> bool,
        started: &mut Started,
    ) {
        let mut parcels: Vec<Parcel> = Vec::new();
        while let Some(first) = self.queue.first_entry().filter(|first| first.key().0 <= now) {
            if is_held_up(first.get()) {
                started.held_up.push(first.remove());
                continue;
            }
            match parcels.iter_mut().find(|parcel| parcel.has_room_for(first.get())) {
                Some(parcel) => parcel.push(first.remove()),
                None if self.requests < permits => {
                    self.requests += 1;
                    parcels.push(Parcel::of(first.remove()));
                }
                None => break,
            }
        }
        let orders = parcels.iter().flat_map(|parcel| &parcel.orders);
        self.in_flight.extend(orders.map(|order| (order.run_id, Bound::from(order))));
        started.parcels.append(&mut parcels);
    }

    fn end(&mut self, parcel: &Parcel) {
        self.requests = self.requests.saturating_sub(1);
        for order in &parcel.orders {
            self.in_flight.remove(&order.run_id);
        }
    }
}

impl Lanes {
    /// Adds claimed runs.
    pub fn push(&self, orders: impl IntoIterator<Item = Order>) {
        let mut lanes = self.lock();
        for order in orders {
            let lane = lanes.entry(order.target.executor_id).or_default();
            lane.queue.insert((order.due_at, order.run_id), order);
        }
        drop(lanes);
        self.news.notify_one();
    }

    /// How many runs of an executor may be claimed: few while it is silent, so that a hanging
    /// executor leaves few questions.
    pub fn room(&self, executor_id: i32, window: usize, permits: usize) -> usize {
        match self.lock().get(&executor_id) {
            None => window,
            Some(lane) => {
                let window = if lane.silent { permits } else { window };
                window.saturating_sub(lane.queue.len() + lane.in_flight.len())
            }
        }
    }

    /// Executors without room for more.
    pub fn full(&self, window: usize, permits: usize) -> Vec<i32> {
        let executors: Vec<i32> = self.lock().keys().copied().collect();
        executors.into_iter().filter(|id| self.room(*id, window, permits) == 0).collect()
    }

    /// Takes out what is due and has a permit, the earliest first, and what is due and held up.
    pub fn start(&self, now: Millis, permits: usize, is_held_up: impl Fn(&Order) -> bool) -> Started {
        let mut started = Started::default();
        for lane in self.lock().values_mut() {
            lane.start(now, permits, &is_held_up, &mut started);
        }
        started
    }

    /// When the next run that has a permit is due.
    pub fn next_due(&self, permits: usize) -> Option<Millis> {
        let lanes = self.lock();
        let free = lanes.values().filter(|lane| lane.requests < permits);
        free.filter_map(|lane| lane.queue.keys().next().map(|(due, _)| *due)).min()
    }

    /// A request ended; with an answer of whatever kind the executor is not silent any more.
    pub fn finished(&self, parcel: &Parcel, answered: bool) {
        if let Some(lane) = self.lock().get_mut(&parcel.target.executor_id) {
            lane.end(parcel);
            lane.silent &= !answered;
        }
        self.news.notify_one();
    }

    /// A request was not answered in time: takes out what no longer fits into the smaller window,
    /// the latest first, to be handed back.
    pub fn fell_silent(&self, executor_id: i32, permits: usize) -> Vec<Order> {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(&executor_id) else {
            return Vec::new();
        };
        lane.silent = true;
        let kept = permits.saturating_sub(lane.in_flight.len());
        let mut handed_back = Vec::new();
        while lane.queue.len() > kept
            && let Some((_, order)) = lane.queue.pop_last()
        {
            handed_back.push(order);
        }
        handed_back
    }

    /// As [`Lanes::finished`], and takes out at once what goes next with the same permit: in a burst nobody has
    /// to be woken between two requests.
    pub fn next_after(
        &self,
        parcel: &Parcel,
        answered: bool,
        now: Millis,
        permits: usize,
        is_held_up: impl Fn(&Order) -> bool,
    ) -> Started {
        let mut started = Started::default();
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(&parcel.target.executor_id) else { return started };
        lane.end(parcel);
        lane.silent &= !answered;
        lane.start(now, permits.min(lane.requests + 1), &is_held_up, &mut started);
        let is_idle = started.parcels.is_empty() && !lane.queue.is_empty();
        drop(lanes);
        // Nothing woke for what is due later as long as there was no permit for it.
        if is_idle {
            self.news.notify_one();
        }
        started
    }

    /// Puts back what was not sent after all.
    pub fn put_back(&self, parcel: Parcel) {
        if let Some(lane) = self.lock().get_mut(&parcel.target.executor_id) {
            lane.end(&parcel);
            let orders = parcel.orders.into_iter();
            lane.queue.extend(orders.map(|order| ((order.due_at, order.run_id), order)));
        }
    }

    /// Whether a run is claimed here, or under way.
    pub fn holds(&self, executor_id: i32, run_id: i64, due_at: Millis) -> bool {
        self.lock().get(&executor_id).is_some_and(|lane| {
            lane.in_flight.contains_key(&run_id) || lane.queue.contains_key(&(due_at, run_id))
        })
    }

    /// The instances that a run of this job is on its way to.
    pub fn bound_for(&self, executor_id: i32, job_id: i32) -> HashSet<i32> {
        let lanes = self.lock();
        let Some(lane) = lanes.get(&executor_id) else {
            return HashSet::new();
        };
        let bound = lane.queue.values().map(Bound::from).chain(lane.in_flight.values().copied());
        bound.filter(|bound| bound.job_id == job_id).map(|bound| bound.instance_id).collect()
    }

    /// Takes out a run that is not to go out any more; false when it is not here (any more).
    pub fn withdraw(&self, executor_id: i32, run_id: i64, due_at: Millis) -> bool {
        let mut lanes = self.lock();
        lanes.get_mut(&executor_id).is_some_and(|lane| lane.queue.remove(&(due_at, run_id)).is_some())
    }

    /// Takes out what is not sent yet of the namespaces that are not to send.
    pub fn withdraw_all(&self, is_meant: impl Fn(i32) -> bool) -> Vec<Order> {
        let mut lanes = self.lock();
        let mut withdrawn = Vec::new();
        for lane in lanes.values_mut() {
            let meant = lane.queue.extract_if(.., |_, order| is_meant(order.body.job.namespace_id));
            withdrawn.extend(meant.map(|(_, order)| order));
        }
        withdrawn
    }

    /// Whether a request of such a namespace is under way.
    pub fn is_sending(&self, is_meant: impl Fn(i32) -> bool) -> bool {
        let lanes = self.lock();
        lanes.values().flat_map(|lane| lane.in_flight.values()).any(|bound| is_meant(bound.namespace_id))
    }

    /// Requests under way.
    pub fn in_flight(&self) -> usize {
        self.lock().values().map(|lane| lane.in_flight.len()).sum()
    }

    /// Whether anything that was claimed has not gone out yet.
    pub fn has_unsent(&self) -> bool {
        self.lock().values().any(|lane| !lane.queue.is_empty())
    }

    /// Takes out everything that is not sent, for good.
    pub fn take_unsent(&self) -> Vec<Order> {
        let mut lanes = self.lock();
        lanes.values_mut().flat_map(|lane| std::mem::take(&mut lane.queue).into_values()).collect()
    }

    /// Forgets what is not sent: somebody else decides about it now.
    pub fn clear(&self) {
        for lane in self.lock().values_mut() {
            lane.queue.clear();
        }
    }

    /// Resolves when something arrived or ended since it was made.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
