//! Jobs: what is to run, when, and where.
//!
//! Every change writes the job and its cursor in one transaction, with the next version: the cursor
//! is where a change and a claim of the engine meet, and one of both wins. A run that was claimed
//! before goes out with the version it was claimed with.

mod children;
mod cursor;
mod draft;
pub mod failures;
mod history;
mod list;
mod switch;
mod unreadable;

use crate::approvals::{self, Asked, Request};
use crate::audit::{Definition, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::executors::{self, ExecutorView};
use crate::fields::is_taken;
use crate::rules::bucket::bucket_among;
use crate::rules::preview::PreviewFire;
use crate::rules::timetable::Timetable;
use crate::runs::RecentRun;
use crate::signals::Change;
use crate::store::{
    buckets, calendars, executors as executor_store, job_children, jobs as store, namespaces,
    runs as run_store, users,
};
use crate::{Error, Result, Services, job_sources, rules};
use cursor::delay;
use entity::fault::{Fault, FieldFault};
use entity::job::{ActiveModel, JobState, Model, ScheduleKind};
use entity::{Millis, calendar, executor, job_cursor, namespace};
use sea_orm::{DatabaseTransaction, Set};

pub use crate::store::jobs::{JobFilter, JobOrder};
pub use children::JobName;
pub(crate) use cursor::{Timed, ids_for_held, save};
pub use draft::{JobDraft, SchedulePreview};
pub(crate) use draft::{PARAMETER_LENGTH, SOURCE_LENGTH};
pub use history::{definition, history, revert};
pub use list::{JobPage, JobRow, list};
pub(crate) use switch::say;
pub use switch::{delete, disable, enable, start, stop};
pub(crate) use unreadable::all_unreadable;
use unreadable::unreadable;

/// Fires that a preview shows at most.
pub const MOST_FIRES: usize = 20;
/// Runs beside a job in lists and on its page.
pub(crate) const RECENT: u64 = 20;

/// One job with what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDetail {
    pub job: Model,
    pub executor: ExecutorView,
    pub namespace: namespace::Model,
    /// The calendar that it names, if that is there.
    pub calendar: Option<calendar::Model>,
    /// What is wrong where it cannot be read any more when the job fires.
    pub unreadable: Vec<FieldFault>,
    /// When the next run of the schedule is due; none when it does not fire.
    pub next_at: Option<Millis>,
    /// By how much the spread delays each fire of this job.
    pub delay_ms: Millis,
    /// Name of the last editor; none when it was no account.
    pub updated_by: Option<String>,
    /// The last 20 runs, newest first.
    pub recent: Vec<RecentRun>,
    /// The jobs whose success starts it.
    pub parents: Vec<JobName>,
    /// The jobs that its success starts.
    pub children: Vec<JobName>,
}

impl JobDetail {
    /// Its next fires, if it is on. Of a fixed delay only the next one is known, and none while a run is
    /// under way.
    pub fn coming(&self, now: Millis, count: usize) -> Vec<PreviewFire> {
        let of = |now, count| coming(&self.job, self.calendar.as_ref(), now, count);
        match (self.job.state, self.job.schedule_kind) {
            (JobState::Stopped | JobState::Disabled, _) => Vec::new(),
            (JobState::On, ScheduleKind::FixedDelay) => {
                self.next_at.map_or_else(Vec::new, |due_at| of(due_at - self.delay_ms - 1, 1))
            }
            (JobState::On, _) => of(now, count),
        }
    }
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<JobDetail> {
    let job = authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let executor = executor_store::by_id(reader, job.executor_id).await?;
    let namespace = namespaces::by_id(reader, job.namespace_id).await?;
    let editor = users::names(reader, job.updated_by.into_iter().collect()).await?.into_values().next();
    let mut recent = run_store::recent_of_jobs(reader, &[id], RECENT).await?;
    let (parents, children) = children::around(reader, id).await?;
    let (job, calendar) = calendars::beside(reader, job).await?;
    Ok(JobDetail {
        executor: executor.ok_or(Error::NotFound("executor"))?.into(),
        namespace: namespace.ok_or(Error::NotFound("namespace"))?,
        next_at: store::cursor(reader, id).await?.and_then(|cursor| cursor.next_at),
        delay_ms: delay(&job),
        updated_by: editor,
        recent: recent.remove(&id).unwrap_or_default(),
        parents,
        children,
        unreadable: unreadable(&job, calendar.as_ref()),
        calendar,
        job,
    })
}

/// The next fires of a schedule as it is being typed `now`, at most [`MOST_FIRES`] lines.
///
/// # Errors
/// [`Error::Invalid`] naming `schedule`, `zone`, `valid_from`, `valid_until`, `calendar_id` or
/// `blackouts`.
pub async fn preview(
    services: &Services,
    caller: &Caller,
    typed: &SchedulePreview,
    now: Millis,
    count: usize,
) -> Result<Vec<PreviewFire>> {
    let calendar = usable_calendar(services, caller, None, typed.calendar_id).await?;
    let timetable = typed.read(now, calendar.as_ref())?;
    Ok(rules::preview::preview(&timetable, now, count.min(MOST_FIRES)))
}

/// The next fires of a stored job whose schedule fires; none when it has come to its end, or cannot be
/// read any more.
pub fn coming(
    job: &Model,
    calendar: Option<&calendar::Model>,
    now: Millis,
    count: usize,
) -> Vec<PreviewFire> {
    let timetable = Timetable::parse(rules::timetable::Definition::of(job, calendar));
    timetable.map_or_else(
        |_| Vec::new(),
        |timetable| rules::preview::preview(&timetable, now, count.min(MOST_FIRES)),
    )
}

/// Creates a job, which fires from now on if it is to be [`JobState::On`].
///
/// # Errors
/// [`Error::Invalid`] with every wrong field of the draft.
pub async fn create(services: &Services, caller: &Caller, draft: JobDraft, state: JobState) -> Result<Model> {
    let executor = usable_executor(services, caller, draft.executor_id).await?;
    let now = services.clock.now();
    let calendar = usable_calendar(services, caller, Some(executor.namespace_id), draft.calendar_id).await?;
    let request = Request::CreateJob { draft: Box::new(draft.clone()), state };
    let checked = draft.checked(now, calendar.as_ref(), None)?;
    let transaction = services.db.begin().await?;
    let executor = locked_executor(&transaction, executor.id).await?;
    check_calendar_stays(&transaction, checked.draft.calendar_id).await?;
    check_name_free(&transaction, executor.namespace_id, &checked.draft.name, None).await?;
    children::check(&transaction, executor.namespace_id, None, &checked.draft.children).await?;
    let children = checked.draft.children.clone();
    let row = ActiveModel {
        namespace_id: Set(executor.namespace_id),
        state: Set(state),
        source_changed_at: Set(now),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
        updated_by: Set(caller.account()),
        ..checked.columns()
    };
    let job = store::insert(&transaction, row).await.map_err(name_taken)?;
    job_sources::record(&transaction, caller, None, &job).await?;
    let timed = Timed::from(calendars::beside(&transaction, job).await?);
    let (outlook, job) = (timed.outlook(now)?, timed.job);
    let cursor = job_cursor::Model {
        job_id: job.id,
        bucket: bucket_among(job.id, executor.id, executor.max_parallel),
        version: job.version,
        next_at: outlook.next_at,
        held_from: outlook.held_from,
        last_at: 0,
        route_seq: 0,
        backfill_slots: 1,
    };
    store::insert_cursor(&transaction, cursor).await?;
    job_children::replace(&transaction, job.id, &children).await?;
    let entry = Entry::created(&Definition { job: &job, children });
    approvals::commit(services, caller, transaction, Asked { request, version: 0 }, entry).await?;
    services.signals.publish(Change::Job(job.id));
    Ok(job)
}

/// Changes a job of which `version` was shown. Whether it fires stays as it is.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] as for [`create`].
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    draft: JobDraft,
) -> Result<Model> {
    let stored = authorised(services, caller, Action::ManageJobs, id).await?;
    let executor = usable_executor(services, caller, draft.executor_id).await?;
    if executor.namespace_id != stored.namespace_id {
        return Err(Error::field("executor_id", Fault::Unknown));
    }
    let now = services.clock.now();
    let calendar = usable_calendar(services, caller, Some(stored.namespace_id), draft.calendar_id).await?;
    let request = Request::EditJob { id, version, draft: Box::new(draft.clone()) };
    let checked = draft.checked(now, calendar.as_ref(), Some(&stored))?;
    let ids = ids_for_held(services, &stored, now).await?;
    let transaction = services.db.begin().await?;
    let executor = locked_executor(&transaction, executor.id).await?;
    check_calendar_stays(&transaction, checked.draft.calendar_id).await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("job"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    check_name_free(&transaction, before.namespace_id, &checked.draft.name, Some(id)).await?;
    let own = Some((id, checked.draft.name.as_str()));
    children::check(&transaction, before.namespace_id, own, &checked.draft.children).await?;
    let was = Definition::stored(&transaction, &before).await?.children;
    job_children::replace(&transaction, id, &checked.draft.children).await?;
    let children = checked.draft.children.clone();
    let source_changed_at = match checked.draft.source == before.source {
        true => before.source_changed_at,
        false => job_sources::changed_at(&before, now),
    };
    let mut changes = ActiveModel { source_changed_at: Set(source_changed_at), ..checked.columns() };
    if before.stop_after_failures == 0 {
        // A limit counts what happens from now on.
        changes.failures_since = Set(now);
    }
    let before = Timed::from(calendars::beside(&transaction, before).await?);
    let saved = save(&transaction, caller, &before, changes, now, ids).await?;
    if before.job.executor_id != executor.id {
        let bucket = bucket_among(id, executor.id, executor.max_parallel);
        buckets::of_job(&transaction, id, bucket).await?;
    }
    job_sources::record(&transaction, caller, Some(&before.job), &saved.job).await?;
    let before = Definition { job: &before.job, children: was };
    let entry = Entry::edited(&before, &Definition { job: &saved.job, children });
    approvals::commit(services, caller, transaction, Asked { request, version }, entry).await?;
    services.signals.publish(Change::Job(id));
    saved.skipped.into_iter().for_each(|run| services.signals.publish(Change::Run(run)));
    Ok(saved.job)
}

/// The stored job, if the caller may do that with it.
pub(crate) async fn authorised(
    services: &Services,
    caller: &Caller,
    action: Action,
    id: i32,
) -> Result<Model> {
    visible(caller)?;
    let job = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("job"))?;
    authorise(caller, action, Scope::Namespace { id: job.namespace_id, noun: "job" })?;
    Ok(job)
}

/// An executor that the caller may give jobs to; on the form, another one is a wrong field.
async fn usable_executor(services: &Services, caller: &Caller, id: i32) -> Result<executor::Model> {
    match executors::authorised(services, caller, Action::ManageJobs, id).await {
        Err(Error::NotFound(_)) => Err(Error::field("executor_id", Fault::Unknown)),
        found => found,
    }
}

/// The calendar that is named, if any, which the caller may see; on the form, another one is a wrong field,
/// as is one of another namespace than the job's, where that is known.
async fn usable_calendar(
    services: &Services,
    caller: &Caller,
    namespace_id: Option<i32>,
    id: Option<i32>,
) -> Result<Option<calendar::Model>> {
    let Some(id) = id else { return Ok(None) };
    let unknown = || Error::field("calendar_id", Fault::Unknown);
    let found = calendars::by_id(services.db.reader(), id).await?.ok_or_else(unknown)?;
    let is_foreign = namespace_id.is_some_and(|own| own != found.namespace_id);
    if is_foreign || !visible(caller)?.contains(found.namespace_id) {
        return Err(unknown());
    }
    Ok(Some(found))
}

/// Locks the calendar, so that it is not deleted or edited while a job begins to use it. To be taken
/// before the lock of a job that is there: an edit of a calendar takes its jobs after it.
async fn check_calendar_stays(transaction: &DatabaseTransaction, id: Option<i32>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let calendar = calendars::by_id_locked(transaction, id).await?;
    calendar.map(drop).ok_or_else(|| Error::field("calendar_id", Fault::Unknown))
}

/// The executor, locked, so that it is not deleted, and sets no limit, while it gets a job.
async fn locked_executor(transaction: &DatabaseTransaction, id: i32) -> Result<executor::Model> {
    let executor = executor_store::by_id_locked(transaction, id).await?;
    executor.ok_or_else(|| Error::field("executor_id", Fault::Unknown))
}

async fn check_name_free(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    name: &str,
    own_id: Option<i32>,
) -> Result<()> {
    match store::id_by_name(transaction, namespace_id, name).await? {
        Some(holder) if Some(holder) != own_id => {
            Err(Error::field("name", Fault::Taken { id: Some(holder.into()) }))
        }
        _ => Ok(()),
    }
}

/// Two people may take the same name at the same moment: the unique index tells.
fn name_taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("name", Fault::Taken { id: None }) } else { error.into() }
}
