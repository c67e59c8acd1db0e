//! Firing: cursors that fall due become rows, and the runs that go out are handed to dispatching.

use super::rows::{Fired, Rows, rows_for};
use super::{PlanReport, Planner};
use crate::engine::directory::JobBody;
use crate::engine::dispatch::Order;
use crate::rules::misfire::{self, Due, MAX_STEPS, TOLERANCE_MS};
use crate::store::engine::Advance;
use crate::{Error, Result};
use entity::{Millis, job_cursor};
use std::sync::atomic::Ordering;

/// Fires of one job in one transaction.
const MAX_FIRES: usize = 100;

/// What a batch of cursors came to.
enum Batch {
    /// It brought nothing forward.
    Stuck,
    /// There may be more.
    Full,
    Last,
}

impl Planner {
    /// Claims what is due; in buckets that are to go, also what falls due before their next owner surely has
    /// them, and then no more.
    pub(super) async fn fire(&mut self, now: Millis, report: &mut PlanReport) -> Result<()> {
        let lead = now + self.shared.settings.lead_ms;
        let moving = self.shared.handover.moving();
        let is_stuck = self.fire_until(lead, now, |bucket| !moving.has_stopped(bucket), report).await?;
        // Of a bucket that came a moment ago it is not known yet what falls due.
        let leaving: Vec<i16> =
            moving.leaving().into_iter().filter(|bucket| self.cursors.has_read(*bucket)).collect();
        if is_stuck || leaving.is_empty() {
            return Ok(());
        }
        let ahead = now + self.shared.settings.ahead_ms();
        loop {
            let is_meant = |bucket| moving.is_leaving(bucket);
            match self.fire_next(ahead, now, is_meant, report).await? {
                Batch::Stuck => return Ok(()),
                Batch::Full => self.shared.handover.note_progress(),
                Batch::Last => break,
            }
        }
        self.shared.handover.stop(leaving);
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
            match self.fire_next(until, now, &is_meant, report).await? {
                Batch::Stuck => return Ok(true),
                Batch::Full => {}
                Batch::Last => return Ok(false),
            }
        }
    }

    /// Claims the next batch of cursors of these buckets.
    async fn fire_next(
        &mut self,
        until: Millis,
        now: Millis,
        is_meant: impl Fn(i16) -> bool,
        report: &mut PlanReport,
    ) -> Result<Batch> {
        let due = self.cursors.due(until, self.shared.settings.batch, is_meant);
        if due.is_empty() {
            return Ok(Batch::Last);
        }
        let is_full = due.len() == self.shared.settings.batch;
        Ok(match self.fire_batch(&due, now, until, report).await? {
            true => Batch::Stuck,
            false if is_full => Batch::Full,
            false => Batch::Last,
        })
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
        let Some(authority) = holdings.authority(advances.iter().map(|advance| advance.bucket)) else {
            return Ok(0);
        };
        let planned = match self.shared.store.plan(&authority, &advances).await {
            Ok(planned) => planned,
            Err(Error::Conflict(_)) => {
                tracing::info!("buckets went to others or got other jobs while theirs were being claimed");
                self.shared.note_refused();
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
