//! Planning: cursors that fall due are claimed a lead before their time, and what waits is claimed
//! as soon as there is room.
//!
//! Memory holds (job, next time, version) of every cursor in this server's buckets. It is a copy:
//! the claim compares it with the row, so a stale copy costs a reload and nothing else.

mod admission;
mod agenda;
mod claim;
mod cursors;
mod doubt;
mod fire;
mod freeze;
mod news;
mod probe;
mod queue;
mod route;
mod rows;
mod spread;
mod stopper;

pub use cursors::Cursors;
pub use rows::{Fired, Rows, deadline, rows_for};

use super::dispatch::Order;
use super::shared::Shared;
use crate::Result;
use crate::signals::Change;
use agenda::Agenda;
use claim::Claimer;
use entity::Millis;
use freeze::Heeded;
use probe::Prober;
use queue::Queue;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stopper::Stopper;
use tokio::sync::broadcast;

/// How soon is looked again whether another server has heard of what it is sending.
const LOOK_ELSEWHERE_MS: Millis = 50;
/// Between two ticks at least: what one could not bring forward is not tried in a circle.
const SHORTEST_MS: Millis = 5;
/// How soon the database is tried again.
const AGAIN: Duration = Duration::from_millis(250);

/// The planning loop's state.
pub struct Planner {
    shared: Arc<Shared>,
    changes: broadcast::Receiver<Change>,
    cursors: Cursors,
    prober: Prober,
    /// What waits for others to end.
    queue: Queue,
    queue_read_at: Millis,
    /// Buckets that came, or got jobs, and are not read yet.
    fresh_buckets: BTreeSet<i16>,
    /// Executors that limit their runs.
    limited: BTreeSet<i32>,
    /// Runs that another server, which lives, claimed before it gave their buckets away, and that it has not
    /// heard of yet.
    sent_elsewhere: BTreeSet<i64>,
    /// Executors where something that waits may find room.
    released: HashSet<i32>,
    stopper: Stopper,
    heeded: Heeded,
    /// What waits for its time.
    agenda: Agenda,
    /// Jobs and runs that changed since the last tick.
    changed_jobs: HashSet<i32>,
    changed_runs: HashSet<i64>,
    executors_changed: bool,
    polled_at: Millis,
    /// Claims whose commit brought no answer: they may be on disk.
    unsure: Vec<Order>,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanReport {
    /// Rows inserted by the schedule, of whatever state.
    pub planned: usize,
    /// Runs handed to dispatching.
    pub claimed: usize,
    /// Cursors that had moved on.
    pub lost: usize,
    /// The right to decide was gone: the lease's keeper is about to notice.
    pub refused: bool,
    /// When the next cursor is to be claimed; now if more can be done at once.
    pub next_at: Option<Millis>,
}

impl Planner {
    pub fn new(shared: Arc<Shared>) -> Self {
        let changes = shared.signals.subscribe();
        Self {
            shared,
            changes,
            cursors: Cursors::default(),
            prober: Prober::default(),
            queue: Queue::default(),
            queue_read_at: Millis::MIN,
            fresh_buckets: BTreeSet::new(),
            limited: BTreeSet::new(),
            sent_elsewhere: BTreeSet::new(),
            released: HashSet::new(),
            stopper: Stopper::default(),
            heeded: Heeded::default(),
            agenda: Agenda::default(),
            changed_jobs: HashSet::new(),
            changed_runs: HashSet::new(),
            executors_changed: true,
            polled_at: Millis::MIN,
            unsure: Vec::new(),
        }
    }

    /// Takes note of what changed, claims what is due, and what waits and has room.
    pub async fn tick(&mut self) -> Result<PlanReport> {
        let now = self.shared.now();
        self.listen();
        let every = self.shared.settings.poll_ms;
        let poll = now.saturating_sub(self.polled_at) >= every || now < self.polled_at;
        // Before who is there is read: whoever came in before a run was started is known when it is claimed.
        let waiting = if poll { claim::due(&self.shared, now).await? } else { Vec::new() };
        self.look_again(poll).await?;
        if poll {
            self.polled_at = now;
            self.released.extend(self.queue.executors());
        }
        let mut report = PlanReport::default();
        if !self.shared.gate.is_open() {
            return Ok(report);
        }
        report.claimed += self.read_back().await?;
        self.fire(now, &mut report).await?;
        report.claimed += self.claim_waiting(now, waiting).await?;
        self.shared.signals.outbox().await_ends(self.queue.executors(), now);
        self.shared.figures.waiting.store(self.queue.len() as u64, Ordering::Relaxed);
        report.next_at = match self.changed_runs.is_empty() {
            true => {
                let moving = self.shared.handover.moving();
                let next = self.cursors.next_at(|bucket| !moving.has_stopped(bucket));
                let fire = next.map(|next| next - self.shared.settings.wake_ms());
                let look = (!self.sent_elsewhere.is_empty()).then_some(now + LOOK_ELSEWHERE_MS);
                fire.into_iter().chain(self.agenda.next_at()).chain(look).min()
            }
            false => Some(now),
        };
        Ok(report)
    }

    /// Claims what waits: `waiting` and what changed, what is due by now, what finds room where something
    /// ended.
    async fn claim_waiting(&mut self, now: Millis, mut waiting: Vec<i64>) -> Result<usize> {
        let shared = self.shared.clone();
        waiting.extend(&self.changed_runs);
        waiting.extend(self.agenda.take_due(now));
        self.note_released();
        let released = std::mem::take(&mut self.released);
        let Self { cursors, prober, queue, stopper, agenda, .. } = self;
        let claimer = Claimer { shared: &shared, cursors, prober, queue, stopper, agenda, now };
        let claimed = claimer.claim(&waiting, &released).await.inspect_err(|_| {
            // What it took out of the queue may still be there.
            self.queue_read_at = Millis::MIN;
        })?;
        self.changed_runs = self.prober.take_next().into_iter().collect();
        Ok(claimed)
    }

    /// Notes where a run that took a slot has changed. What it released is seen when the rows are read.
    fn note_released(&mut self) {
        self.released.extend(self.stopper.take_answered());
        for (run_id, executor_id) in self.shared.occupants.take_changed() {
            self.released.insert(executor_id);
            if !self.queue.waits_for(executor_id) {
                self.shared.occupants.forget(run_id);
            }
        }
        let queue = &self.queue;
        self.released.retain(|executor_id| queue.waits_for(*executor_id));
    }

    /// Waits until the instances of a run that were asked have answered, or those that were told to stop
    /// one: the next tick claims what waited for it. Returns at once where there are none.
    pub async fn answered(&mut self) {
        if !self.prober.is_asking() && !self.stopper.is_busy() {
            return;
        }
        tokio::select! {
            () = self.prober.answered() => {}
            () = self.stopper.answered(&mut self.released) => {}
        }
    }

    /// Finds out which claims are on disk whose commit brought no answer, and hands these to
    /// dispatching.
    async fn read_back(&mut self) -> Result<usize> {
        if self.unsure.is_empty() {
            return Ok(0);
        }
        let ids: Vec<i64> = self.unsure.iter().map(|order| order.run_id).collect();
        let found = self.shared.store.runs(&ids).await?;
        let ours: HashSet<(i64, i64)> = found.iter().map(|found| (found.run.id, found.run.claim)).collect();
        let mut orders = std::mem::take(&mut self.unsure);
        orders.retain(|order| ours.contains(&(order.run_id, order.claim)));
        let claimed = orders.len();
        self.shared.lanes.push(orders);
        self.hand_back_frozen();
        Ok(claimed)
    }

    /// Plans until told to stop; sleeps until the next cursor is to be claimed, or news comes.
    pub async fn run(&mut self) -> Result<()> {
        loop {
            let wait = match self.tick().await {
                Ok(PlanReport { refused: true, .. }) => AGAIN,
                Ok(report) => self.wait_for(report.next_at),
                Err(error) => {
                    tracing::error!(%error, "nothing can be planned; trying again");
                    AGAIN
                }
            };
            if !self.sleep(wait).await {
                return Ok(());
            }
        }
    }

    /// Sleeps until then or until news come; false when none will come any more.
    async fn sleep(&mut self, wait: Duration) -> bool {
        let timer = tokio::time::sleep(wait);
        let stopping = self.shared.stopping.clone();
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return false,
                change = self.changes.recv() => match change {
                    Ok(change) => self.note(change),
                    Err(broadcast::error::RecvError::Lagged(_)) => self.missed_some(),
                    Err(broadcast::error::RecvError::Closed) => return false,
                },
                () = self.prober.answered() => {}
                () = self.stopper.answered(&mut self.released) => {}
                () = self.shared.doubts.news() => {}
                () = self.shared.handover.asked() => {}
                () = self.shared.occupants.news() => {
                    self.note_released();
                    if self.released.is_empty() {
                        continue;
                    }
                }
                () = &mut timer => {}
            }
            return true;
        }
    }

    fn wait_for(&self, next_at: Option<Millis>) -> Duration {
        let now = self.shared.now();
        let every = self.shared.settings.poll_ms;
        let poll = self.polled_at.saturating_add(every);
        let next =
            if self.changed_jobs.is_empty() { next_at.map_or(poll, |next| next.min(poll)) } else { now };
        let wait = (next - now).clamp(SHORTEST_MS, every.max(SHORTEST_MS));
        Duration::from_millis(wait.unsigned_abs())
    }
}
