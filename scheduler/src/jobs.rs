//! Jobs: what is to run, when, and where.
//!
//! Every change writes the job and its cursor in one transaction, with the next version: the cursor
//! is where a change and a claim of the engine meet, and one of both wins. A run that was claimed
//! before goes out with the version it was claimed with.

mod children;
mod draft;
mod list;
mod switch;

use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::executors::{self, ExecutorView};
use crate::fields::is_taken;
use crate::rules::bucket::bucket_of;
use crate::rules::preview::PreviewFire;
use crate::rules::schedule::{Definition, Schedule};
use crate::runs::RecentRun;
use crate::signals::Change;
use crate::store::{
    executors as executor_store, job_children, jobs as store, namespaces, runs as run_store, users,
};
use crate::{Error, Result, Services, rules};
use entity::fault::Fault;
use entity::job::{ActiveModel, JobState, Model};
use entity::{Millis, executor, job_cursor, namespace};
use sea_orm::{DatabaseTransaction, Set};

pub use crate::store::jobs::{JobFilter, JobOrder};
pub use children::JobName;
pub(crate) use draft::PARAMETER_LENGTH;
pub use draft::{JobDraft, SchedulePreview};
pub use list::{JobPage, JobRow, list};
pub use switch::{delete, start, stop};

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
    /// When the next run of the schedule is due; none when it does not fire.
    pub next_at: Option<Millis>,
    /// By how much the spread delays each fire of this job.
    pub delay_ms: Millis,
    /// Name of the last editor; none when it was no account or is gone.
    pub updated_by: Option<String>,
    /// The last 20 runs, newest first.
    pub recent: Vec<RecentRun>,
    /// The jobs whose success starts it.
    pub parents: Vec<JobName>,
    /// The jobs that its success starts.
    pub children: Vec<JobName>,
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<JobDetail> {
    let job = authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let executor = executor_store::by_id(reader, job.executor_id).await?;
    let namespace = namespaces::by_id(reader, job.namespace_id).await?;
    let editor = match job.updated_by {
        Some(id) => users::by_id(reader, id).await?,
        None => None,
    };
    let mut recent = run_store::recent_of_jobs(reader, &[id], RECENT).await?;
    let (parents, children) = children::around(reader, id).await?;
    Ok(JobDetail {
        executor: executor.ok_or(Error::NotFound("executor"))?.into(),
        namespace: namespace.ok_or(Error::NotFound("namespace"))?,
        next_at: store::cursor(reader, id).await?.and_then(|cursor| cursor.next_at),
        delay_ms: delay(&job),
        updated_by: editor.map(|user| user.name),
        recent: recent.remove(&id).unwrap_or_default().iter().map(RecentRun::from).collect(),
        parents,
        children,
        job,
    })
}

/// The next fires of a schedule as it is being typed, at most [`MOST_FIRES`]. Reads nothing.
///
/// # Errors
/// [`Error::Invalid`] naming `schedule`, `zone`, `valid_from` or `valid_until`.
pub fn preview(typed: &SchedulePreview, now: Millis, count: usize) -> Result<Vec<PreviewFire>> {
    Ok(rules::preview::preview(&typed.read(now)?, now, count.min(MOST_FIRES)))
}

/// The next fires of a stored job whose schedule fires; none when it has come to its end.
pub fn coming(job: &Model, now: Millis, count: usize) -> Vec<PreviewFire> {
    let schedule = Schedule::parse(Definition::from(job));
    schedule.map_or_else(
        |_| Vec::new(),
        |schedule| rules::preview::preview(&schedule, now, count.min(MOST_FIRES)),
    )
}

/// Creates a job, which fires from now on if it is to be [`JobState::On`].
///
/// # Errors
/// [`Error::Invalid`] with every wrong field of the draft.
pub async fn create(services: &Services, caller: &Caller, draft: JobDraft, state: JobState) -> Result<Model> {
    let executor = usable_executor(services, caller, draft.executor_id).await?;
    let now = services.clock.now();
    let checked = draft.checked(now, None)?;
    let transaction = services.db.begin().await?;
    check_executor_stays(&transaction, executor.id).await?;
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
    let cursor = job_cursor::Model {
        job_id: job.id,
        bucket: bucket_of(job.id),
        version: job.version,
        next_at: next_fire(&job, now)?,
        last_at: 0,
        route_seq: 0,
    };
    store::insert_cursor(&transaction, cursor).await?;
    job_children::replace(&transaction, job.id, &children).await?;
    transaction.commit().await?;
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
    let checked = draft.checked(now, Some(&stored))?;
    let transaction = services.db.begin().await?;
    check_executor_stays(&transaction, executor.id).await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("job"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    check_name_free(&transaction, before.namespace_id, &checked.draft.name, Some(id)).await?;
    let own = Some((id, checked.draft.name.as_str()));
    children::check(&transaction, before.namespace_id, own, &checked.draft.children).await?;
    job_children::replace(&transaction, id, &checked.draft.children).await?;
    let source_changed_at = match checked.draft.source == before.source {
        true => before.source_changed_at,
        // Executors tell versions of the source apart by this time alone.
        false => now.max(before.source_changed_at + 1),
    };
    let changes = ActiveModel { source_changed_at: Set(source_changed_at), ..checked.columns() };
    let job = save(&transaction, caller, &before, changes, now).await?;
    transaction.commit().await?;
    services.signals.publish(Change::Job(id));
    Ok(job)
}

/// Writes the changes of a locked job and moves its cursor along.
async fn save(
    transaction: &DatabaseTransaction,
    caller: &Caller,
    before: &Model,
    changes: ActiveModel,
    now: Millis,
) -> Result<Model> {
    let changes = ActiveModel { updated_at: Set(now), updated_by: Set(caller.account()), ..changes };
    if !store::update(transaction, before.id, before.version, changes).await.map_err(name_taken)? {
        return Err(Error::Conflict(before.version + 1));
    }
    let after = store::by_id(transaction, before.id).await?.ok_or(Error::NotFound("job"))?;
    let cursor = store::cursor_locked(transaction, before.id).await?;
    let cursor = cursor.ok_or_else(|| Error::Internal(format!("job {} has no cursor", before.id)))?;
    let fires_alike = before.state == after.state && Definition::from(before) == Definition::from(&after);
    // A fire that is due already is not lost because somebody corrected a description; a new spread
    // only moves it.
    let next_at = match fires_alike {
        true => cursor.next_at.map(|at| at - delay(before) + delay(&after)),
        false => next_fire(&after, now.max(cursor.last_at))?,
    };
    store::set_cursor(transaction, after.id, after.version, next_at).await?;
    Ok(after)
}

/// When the first fire after `after` is due; none for a job that is stopped or has no schedule.
fn next_fire(job: &Model, after: Millis) -> Result<Option<Millis>> {
    if job.state == JobState::Stopped {
        return Ok(None);
    }
    let schedule = Schedule::parse(Definition::from(job)).map_err(Error::Invalid)?;
    Ok(schedule.next_after(after).map(|nominal| nominal + delay(job)))
}

fn delay(job: &Model) -> Millis {
    rules::spread::delay_ms(job.id, job.spread_s)
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

/// Locks the executor, so that it is not deleted while it gets a job.
async fn check_executor_stays(transaction: &DatabaseTransaction, id: i32) -> Result<()> {
    let executor = executor_store::by_id_locked(transaction, id).await?;
    executor.map(drop).ok_or_else(|| Error::field("executor_id", Fault::Unknown))
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
