//! A job's cursor where somebody changes the job: what was held back gets its row, and the next fire is
//! found anew.

use super::{name_taken, store};
use crate::authority::Caller;
use crate::rules::misfire::{Span, given_up};
use crate::rules::spread::delay_ms;
use crate::rules::timetable::{Definition, Outlook, Timetable};
use crate::store::{calendars, runs as run_store};
use crate::{Error, Result, Services};
use entity::job::{ActiveModel, JobState, Model, ScheduleKind};
use entity::run::Model as Run;
use entity::{Millis, calendar, job_cursor};
use sea_orm::{DatabaseTransaction, Set};

/// A job and the calendar that it names.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    pub job: Model,
    pub calendar: Option<calendar::Model>,
}

/// A job that was changed, and the rows that came of it.
pub(crate) struct Saved {
    pub job: Model,
    /// Runs that were skipped.
    pub skipped: Vec<i64>,
}

impl From<(Model, Option<calendar::Model>)> for Timed {
    fn from((job, calendar): (Model, Option<calendar::Model>)) -> Self {
        Self { job, calendar }
    }
}

impl Timed {
    pub fn definition(&self) -> Definition<'_> {
        Definition::of(&self.job, self.calendar.as_ref())
    }

    /// Where the cursor stands, with the job's spread, if the job fires from `after` on; nowhere for one
    /// that is stopped or has no schedule.
    pub fn outlook(&self, after: Millis) -> Result<Outlook> {
        if self.job.state != JobState::On {
            return Ok(Outlook::default());
        }
        let timetable = Timetable::parse(self.definition()).map_err(Error::Invalid)?;
        let Outlook { next_at, held_from } = timetable.outlook_after(after);
        Ok(Outlook { next_at: next_at.map(|due_at| due_at + delay(&self.job)), held_from })
    }

    /// What was held back until now. Nothing where it cannot be read any more what held it.
    fn held(&self, cursor: &job_cursor::Model, now: Millis) -> Vec<Span> {
        let timetable = Timetable::parse(self.definition()).ok();
        timetable
            .zip(cursor.held_from)
            .map_or_else(Vec::new, |(timetable, from)| given_up(&timetable, from, now))
    }
}

pub(super) fn delay(job: &Model) -> Millis {
    delay_ms(job.id, job.spread_s)
}

/// Ids for the rows of what a job was held back from until `now`, to be taken before the transaction that
/// changes it: there will not be more of them then, for what the engine plans meanwhile has its rows.
pub(crate) async fn ids_for_held(services: &Services, job: &Model, now: Millis) -> Result<Vec<i64>> {
    let reader = services.db.reader();
    match store::cursor(reader, job.id).await? {
        Some(cursor) if cursor.held_from.is_some() => {
            let held = Timed::from(calendars::beside(reader, job.clone()).await?).held(&cursor, now);
            services.run_ids.take(held.len()).await
        }
        _ => Ok(Vec::new()),
    }
}

/// Writes the changes of a locked job and moves its cursor along. `before` has the calendar as it was;
/// `ids` are from [`ids_for_held`].
pub(crate) async fn save(
    transaction: &DatabaseTransaction,
    caller: &Caller,
    before: &Timed,
    changes: ActiveModel,
    now: Millis,
    ids: Vec<i64>,
) -> Result<Saved> {
    let (id, version) = (before.job.id, before.job.version);
    let changes = ActiveModel { updated_at: Set(now), updated_by: Set(caller.account()), ..changes };
    if !store::update(transaction, id, version, changes).await.map_err(name_taken)? {
        return Err(Error::Conflict(version + 1));
    }
    let job = store::by_id(transaction, id).await?.ok_or(Error::NotFound("job"))?;
    let after = Timed::from(calendars::beside(transaction, job).await?);
    let cursor = store::cursor_locked(transaction, id).await?;
    let cursor = cursor.ok_or_else(|| Error::Internal(format!("job {id} has no cursor")))?;
    let fires_alike = before.job.state == after.job.state && before.definition() == after.definition();
    let mut moved = job_cursor::Model { version: after.job.version, ..cursor.clone() };
    let mut rows = Vec::new();
    if fires_alike {
        // A fire that is due already is not lost because somebody corrected a description; a new spread
        // only moves it.
        moved.next_at = cursor.next_at.map(|at| at - delay(&before.job) + delay(&after.job));
    } else {
        let held = before.held(&cursor, now);
        // Only where the clocks of two servers differ: then nothing is written, and it is tried again.
        if held.len() > ids.len() {
            return Err(Error::Conflict(version));
        }
        moved.last_at = held.last().map_or(cursor.last_at, |span| span.last.max(cursor.last_at));
        let outlook = match is_under_way(&before.job, &after.job, &cursor) {
            true => Outlook::default(),
            false => after.outlook(now.max(moved.last_at))?,
        };
        (moved.next_at, moved.held_from) = (outlook.next_at, outlook.held_from);
        rows = held
            .into_iter()
            .zip(ids)
            .map(|(span, id)| held_row(id, &before.job, cursor.bucket, span, now))
            .collect();
    }
    let skipped = rows.iter().map(|run| run.id).collect();
    run_store::insert_skipped(transaction, rows).await?;
    store::set_cursor(transaction, moved).await?;
    Ok(Saved { job: after.job, skipped })
}

/// Whether a run of a fixed delay is under way, after whose end the job goes on by its new definition.
fn is_under_way(before: &Model, after: &Model, cursor: &job_cursor::Model) -> bool {
    let is_delayed = |job: &Model| job.state == JobState::On && job.schedule_kind == ScheduleKind::FixedDelay;
    is_delayed(before) && is_delayed(after) && cursor.next_at.is_none()
}

/// A run of the schedule that stands for all of a span.
fn held_row(id: i64, job: &Model, bucket: i16, span: Span, now: Millis) -> Run {
    let mut run = Run::waiting(id, job, bucket, span.first);
    span.write(&mut run, delay(job), now);
    run
}
