//! Running a job for past times of its schedule.

use crate::approvals::{self, Asked, Request};
use crate::audit::Entry;
use crate::authority::{Action, Caller};
use crate::fields::Faults;
use crate::jobs::{self, Timed};
use crate::rules::backfill::times;
use crate::rules::follow::Follows;
use crate::rules::schedule::local_time::{self, Of};
use crate::rules::timetable::Timetable;
use crate::signals::Change;
use crate::store::{calendars, job_children, jobs as job_store, runs as store};
use crate::{Error, Refusal, Result, Services};
use entity::Millis;
use entity::audit_entry::Verb;
use entity::fault::{Fault, FieldFault};
use entity::job::{JobState, Model as Job, ScheduleKind};
use entity::run::{Model, RunKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Times of one request.
const MOST_TIMES: u32 = 1_000;
/// Runs of a job for past times that may be out at once.
const MOST_PARALLEL: i64 = 100;
/// How far below its job's other runs such a run stands in the queue: behind those of every job.
const BEHIND: i16 = 100;

/// As it is typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillDraft {
    /// As `until`, a date with its time on the clock of the job's zone: `2026-12-01 03:00:00`. Both ends
    /// belong to the range. Of a time that comes twice, the range begins with the first and ends with
    /// the second.
    pub from: String,
    pub until: String,
    /// How many of the runs may be out at the same time, 1 to 100. Holds for all runs for past times of
    /// the job from now on.
    pub parallel: i64,
}

/// What was asked for, of the job as it was read.
struct Wanted {
    job: Job,
    times: Vec<Millis>,
    parallel: i16,
}

/// The times that [`backfill`] would run the job for, in order.
///
/// # Errors
/// As for [`backfill`].
pub async fn preview_backfill(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    draft: &BackfillDraft,
) -> Result<Vec<Millis>> {
    Ok(wanted(services, caller, job_id, draft).await?.times)
}

/// Runs a job for each past time of its schedule in a range that its calendar and its blackouts let run,
/// as long as there are no more than 1,000; returns how many. The runs wait for the engine and go in the
/// order of their times.
///
/// # Errors
/// [`Error::Invalid`] naming `from`, `until` or `parallel`; [`Refusal::NoPastTimes`] for a job by hand,
/// of one time, or of a fixed delay; [`Refusal::JobIs`] for one that is disabled; [`Error::Conflict`] when
/// somebody saves the job at this moment.
pub async fn backfill(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    draft: &BackfillDraft,
) -> Result<usize> {
    let Wanted { job, times, parallel } = wanted(services, caller, job_id, draft).await?;
    let ids = services.run_ids.take(times.len()).await?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    let locked = job_store::by_id_locked(&transaction, job_id).await?.ok_or(Error::NotFound("job"))?;
    if locked.version != job.version {
        return Err(Error::Conflict(locked.version));
    }
    let has_children = !job_children::of_parents(&transaction, &[job_id]).await?.is_empty();
    let bucket = job_store::bucket(&transaction, job_id).await?;
    let new = |(id, at): (&i64, &Millis)| {
        let mut run = new_backfill(Model::waiting(*id, &job, bucket, now), *at);
        Follows::of(&job, has_children, run.attempt).mark(&mut run);
        run
    };
    let runs = ids.iter().zip(&times).map(new).collect();
    let texts = ids.iter().map(|id| super::asked_by(*id, caller, None)).collect();
    store::insert_all(&transaction, runs, texts).await?;
    job_store::set_backfill_slots(&transaction, job_id, parallel).await?;
    let particulars =
        json!({"from": draft.from, "until": draft.until, "parallel": parallel, "runs": times.len()});
    let entry = Entry::of(Verb::Backfill, &job).with(particulars);
    let request = Request::Backfill { id: job_id, draft: draft.clone() };
    let asked = Asked { request, version: locked.version };
    approvals::commit(services, caller, transaction, asked, entry).await?;
    services.signals.publish_in(bucket, Change::Job(job_id));
    ids.into_iter().for_each(|id| services.signals.publish_in(bucket, Change::Run(id)));
    Ok(times.len())
}

async fn wanted(services: &Services, caller: &Caller, job_id: i32, draft: &BackfillDraft) -> Result<Wanted> {
    let job = jobs::authorised(services, caller, Action::OperateJobs, job_id).await?;
    if job.state == JobState::Disabled {
        return Err(Error::Refused(Refusal::JobIs(job.state)));
    }
    if !matches!(job.schedule_kind, ScheduleKind::Cron | ScheduleKind::FixedRate) {
        return Err(Error::Refused(Refusal::NoPastTimes));
    }
    let timed = Timed::from(calendars::beside(services.db.reader(), job).await?);
    let timetable = Timetable::parse(timed.definition()).map_err(Error::Invalid)?;
    let (times, parallel) = draft.checked(&timetable, services.clock.now())?;
    Ok(Wanted { job: timed.job, times, parallel })
}

impl BackfillDraft {
    /// The times, and how many runs may be out at once.
    fn checked(&self, timetable: &Timetable, now: Millis) -> Result<(Vec<Millis>, i16)> {
        let mut faults = Faults::default();
        let mut bound = |field, typed: &str, of| {
            let read = match typed.trim() {
                "" => Err(Fault::Required),
                typed => local_time::instant(typed, timetable.schedule().zone(), of),
            };
            read.map_err(|fault| faults.add(field, fault)).ok()
        };
        let from = bound("from", &self.from, Of::FirstOfTwo);
        let until = bound("until", &self.until, Of::SecondOfTwo);
        faults.range("parallel", self.parallel, 1, MOST_PARALLEL);
        let mut found = Vec::new();
        if let Some((from, until)) = from.zip(until) {
            match times_between(timetable, from, until, now) {
                Ok(times) => found = times,
                Err(fault) => faults.add_all([fault]),
            }
        }
        faults.into_result()?;
        Ok((found, i16::try_from(self.parallel).unwrap_or(1)))
    }
}

fn times_between(
    timetable: &Timetable,
    from: Millis,
    until: Millis,
    now: Millis,
) -> Result<Vec<Millis>, FieldFault> {
    if until > now {
        return Err(FieldFault::new("until", Fault::Future));
    }
    if until < from {
        return Err(FieldFault::new("until", Fault::NotLater));
    }
    let most = MOST_TIMES as usize;
    let times = times(timetable, from, until, most + 1);
    match times.len() {
        0 => Err(FieldFault::new("from", Fault::NoTime)),
        count if count > most => Err(FieldFault::new("until", Fault::TooMany { max: MOST_TIMES })),
        _ => Ok(times),
    }
}

/// A run that waits to be sent by the engine.
fn new_backfill(waiting: Model, nominal_at: Millis) -> Model {
    let priority = waiting.priority.saturating_sub(BEHIND);
    Model { kind: RunKind::Backfill, slot: -waiting.id, nominal_at, priority, ..waiting }
}
