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

use super::directory::JobBody;
use super::dispatch::Order;
use super::shared::Shared;
use crate::rules::bucket::bucket_of;
use crate::rules::misfire::{self, Due, MAX_STEPS, TOLERANCE_MS};
use crate::signals::Change;
use crate::store::engine::Advance;
use crate::{Error, Result};
use agenda::Agenda;
use claim::Claimer;
use entity::{Millis, job_cursor};
use freeze::Heeded;
use probe::Prober;
use queue::Queue;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stopper::Stopper;
use tokio::sync::broadcast;

/// Fires of one job in one transaction.
const MAX_FIRES: usize = 100;
/// How often what may have changed without a signal is looked for.
pub(super) const POLL_MS: Millis = 1_000;
/// Between two ticks at least: what one could not bring forward is not tried in a circle.
const SHORTEST_MS: u64 = 5;
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
    /// Buckets that came, and are not read yet.
    fresh_buckets: BTreeSet<i16>,
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
        let poll = now.saturating_sub(self.polled_at) >= POLL_MS || now < self.polled_at;
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
        self.shared.figures.waiting.store(self.queue.len() as u64, Ordering::Relaxed);
        report.next_at = match self.changed_runs.is_empty() {
            true => {
                let moving = self.shared.handover.moving();
                let next = self.cursors.next_at(|bucket| !moving.has_stopped(bucket));
                let fire = next.map(|next| next - self.shared.settings.wake_ms());
                fire.into_iter().chain(self.agenda.next_at()).min()
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

    /// Claims what is due; in buckets that are to go, also what falls due before their next owner surely has
    /// them, and then no more.
    async fn fire(&mut self, now: Millis, report: &mut PlanReport) -> Result<()> {
        let lead = now + self.shared.settings.lead_ms;
        let moving = self.shared.handover.moving();
        let is_stuck = self.fire_until(lead, now, |bucket| !moving.has_stopped(bucket), report).await?;
        // Of a bucket that came a moment ago it is not known yet what falls due.
        let leaving: Vec<i16> =
            moving.leaving().into_iter().filter(|bucket| self.cursors.has_read(*bucket)).collect();
        if is_stuck || leaving.is_empty() {
            return Ok(());
        }
        let ahead = lead + self.shared.settings.ahead_ms();
        if !self.fire_until(ahead, now, |bucket| moving.is_leaving(bucket), report).await? {
            self.shared.handover.stop(leaving);
        }
        Ok(())
    }

    /// Claims one batch of cursors of these buckets after the other until none is due; true when one brought
    /// nothing forward.
    async fn fire_until(
        &mut self,
        until: Millis,
        now: Millis,
        is_meant: impl Fn(i16) -> bool,
        report: &mut PlanReport,
    ) -> Result<bool> {
        loop {
            let due = self.cursors.due(until, self.shared.settings.batch, &is_meant);
            if due.is_empty() {
                return Ok(false);
            }
            let full = due.len() == self.shared.settings.batch;
            let is_stuck = self.fire_batch(&due, now, until, report).await?;
            if is_stuck || !full {
                return Ok(is_stuck);
            }
        }
    }

    /// Claims a batch; true when it brought nothing forward.
    async fn fire_batch(
        &mut self,
        due: &[job_cursor::Model],
        now: Millis,
        until: Millis,
        report: &mut PlanReport,
    ) -> Result<bool> {
        let shared = self.shared.clone();
        let ids: Vec<i32> = due.iter().map(|cursor| cursor.job_id).collect();
        let bodies = shared.directory.jobs(shared.store.as_ref(), &ids).await?;
        let freezes = shared.directory.freezes();
        let mut fired: Vec<Fired> = Vec::with_capacity(due.len());
        for cursor in due {
            let body = bodies.get(&cursor.job_id).filter(|body| body.job.version == cursor.version);
            let Some(body) = body else {
                // An edit is just being saved, or the job is just being deleted.
                self.changed_jobs.insert(cursor.job_id);
                self.cursors.suspend(cursor.job_id);
                continue;
            };
            if freezes.is_frozen(body.job.namespace_id) {
                // The thaw has every cursor read again.
                self.cursors.suspend(cursor.job_id);
                continue;
            }
            match decide(body, cursor, now, until) {
                Some(plan) => fired.push(Fired { cursor: cursor.clone(), body: body.clone(), plan }),
                None => self.cursors.suspend_unreadable(cursor.job_id),
            }
        }
        shared.figures.unreadable.store(self.cursors.unreadable() as u64, Ordering::Relaxed);
        let Rows { advances, orders, appointments } = rows_for(&shared, &fired, now).await?;
        let is_stuck = self.commit(advances, orders, report).await? == 0;
        // An appointment of a cursor that had moved on finds no row.
        appointments.into_iter().for_each(|(at, run_id)| self.agenda.add(at, run_id));
        Ok(is_stuck)
    }

    /// Writes a batch, and hands the runs of the cursors that were won to dispatching. Returns how
    /// many cursors moved.
    async fn commit(
        &mut self,
        advances: Vec<Advance>,
        mut orders: Vec<Order>,
        report: &mut PlanReport,
    ) -> Result<usize> {
        if advances.is_empty() {
            return Ok(0);
        }
        let holdings = self.shared.holdings();
        let buckets = advances.iter().map(|advance| bucket_of(advance.job_id));
        let Some(authority) = holdings.authority(buckets) else {
            return Ok(0);
        };
        let planned = match self.shared.store.plan(&authority, &advances).await {
            Ok(planned) => planned,
            Err(Error::Conflict(_)) => {
                tracing::warn!("a bucket was taken over while its jobs were being claimed");
                self.cursors.forget_buckets();
                report.refused = true;
                return Ok(0);
            }
            Err(error) => {
                self.unsure.append(&mut orders);
                return Err(error);
            }
        };
        for run_id in &planned.violations {
            self.shared.violation("a fire met a row of its own key", *run_id);
        }
        for advance in &advances {
            if planned.won.contains(&advance.job_id) {
                report.planned += advance.rows.len();
                self.cursors.advance(advance);
            } else {
                report.lost += 1;
                self.changed_jobs.insert(advance.job_id);
                self.cursors.suspend(advance.job_id);
            }
        }
        orders.retain(|order| {
            planned.won.contains(&order.body.job.id) && !planned.violations.contains(&order.run_id)
        });
        report.claimed += orders.len();
        self.shared.lanes.push(orders);
        Ok(planned.won.len())
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
        let poll = self.polled_at.saturating_add(POLL_MS);
        let next =
            if self.changed_jobs.is_empty() { next_at.map_or(poll, |next| next.min(poll)) } else { now };
        Duration::from_millis(u64::try_from(next - now).unwrap_or(0).clamp(SHORTEST_MS, 1_000))
    }
}

/// What becomes of the nominal times of one cursor; none when its timetable cannot be read.
///
/// A job that is spread is planned as if it were earlier by its delay: on that clock its nominal
/// times are its due times, so lateness and the lead are measured from when a run is due.
fn decide(body: &JobBody, cursor: &job_cursor::Model, now: Millis, until: Millis) -> Option<misfire::Plan> {
    Some(misfire::plan(Due {
        timetable: body.timetable.as_ref().ok()?,
        first: cursor.held_from.or(cursor.next_at.map(|due_at| due_at - body.delay_ms))?,
        now: now - body.delay_ms,
        until: until - body.delay_ms,
        policy: body.job.misfire_policy,
        catch_up_ms: body.job.catch_up_ms,
        tolerance_ms: TOLERANCE_MS,
        max_fires: MAX_FIRES,
        max_steps: MAX_STEPS,
    }))
}
