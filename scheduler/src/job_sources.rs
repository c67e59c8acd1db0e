//! The source text of a job and its versions: each save is one, and is what the next run executes.
//!
//! The job's row holds the newest text, which goes out with runs; the versions are its history. Whoever
//! changes the text, here or in the job's form, makes a version in the same transaction.

use crate::approvals::{self, Asked, Request};
use crate::audit::Entry;
use crate::authority::{Action, Caller};
use crate::fields::Faults;
use crate::jobs::{self, SOURCE_LENGTH, Timed};
use crate::rules::run_modes::can_run;
use crate::rules::source_diff::{SourceDiff, diff};
use crate::signals::Change;
use crate::store::{calendars, executors, instances, job_sources as store, jobs as job_store, users};
use crate::{Error, Refusal, Result, Services};
use entity::audit_entry::Verb;
use entity::fault::Fault;
use entity::job::{ActiveModel, Model, RunMode};
use entity::{Millis, job_source};
use sea_orm::{DatabaseTransaction, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Versions that are kept of a job.
pub const KEPT: i32 = 30;
/// Characters of a remark, as XXL-JOB has it: enough to say something, short enough for a line.
const REMARK: (usize, u32) = (4, 100);

/// A job's code as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCode {
    pub job: Model,
    pub app_name: String,
    /// Newest first, at most [`KEPT`]; the first is what the job's row holds.
    pub versions: Vec<SourceLine>,
    /// Instances that are there, and how many of them are known to be unable to run the job's mode.
    pub online: usize,
    pub unable: usize,
}

/// A version without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    pub number: i32,
    pub run_mode: RunMode,
    /// Empty where it was not saved on the code page.
    pub remark: String,
    /// The version that it brought back.
    pub restores: Option<i32>,
    pub created_at: Millis,
    /// None where it was no account or is gone.
    pub created_by: Option<String>,
}

/// What somebody typed: the text, at most 1 MiB, and why, 4 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDraft {
    pub source: String,
    pub remark: String,
}

/// The job with the list of its versions. A job with a handler may have some of an earlier mode.
pub async fn code(services: &Services, caller: &Caller, job_id: i32) -> Result<JobCode> {
    let job = jobs::authorised(services, caller, Action::View, job_id).await?;
    let reader = services.db.reader();
    let executor = executors::by_id(reader, job.executor_id).await?.ok_or(Error::NotFound("executor"))?;
    let clients = instances::online_clients(reader, executor.id).await?;
    let rows = store::of_job(reader, job_id, KEPT.unsigned_abs().into()).await?;
    let authors = users::names(reader, rows.iter().filter_map(|row| row.created_by).collect()).await?;
    let line = |row: store::SourceRow| SourceLine {
        number: row.number,
        run_mode: row.run_mode,
        remark: row.remark,
        restores: row.restores,
        created_at: row.created_at,
        created_by: row.created_by.and_then(|id| authors.get(&id).cloned()),
    };
    Ok(JobCode {
        versions: rows.into_iter().map(line).collect(),
        online: clients.len(),
        unable: clients.iter().filter(|client| can_run(**client, job.run_mode) == Some(false)).count(),
        app_name: executor.app_name,
        job,
    })
}

/// The text of one version.
pub async fn text(services: &Services, caller: &Caller, job_id: i32, number: i32) -> Result<String> {
    jobs::authorised(services, caller, Action::View, job_id).await?;
    let found = store::by_number(services.db.reader(), job_id, number).await?;
    Ok(found.ok_or(Error::NotFound("version"))?.source)
}

/// What leads from one version to another.
pub async fn compare(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    from: i32,
    to: i32,
) -> Result<SourceDiff> {
    let old = text(services, caller, job_id, from).await?;
    let new = text(services, caller, job_id, to).await?;
    // Megabytes take a while.
    let work = tokio::task::spawn_blocking(move || diff(&old, &new));
    work.await.map_err(|error| Error::Internal(error.to_string()))
}

/// Saves a text of which version `base` was opened: it is the newest version, and what the next run
/// executes. What has gone out goes on with the text that it was sent with.
///
/// # Errors
/// [`Error::Invalid`] naming `source` or `remark`; [`Error::Conflict`] with the newest version when somebody
/// saved since; [`Refusal::JobHasNoSource`] for a job with a handler.
pub async fn save(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    base: i32,
    draft: SourceDraft,
) -> Result<Model> {
    // Before the fields: what is wrong with them is nobody else's business.
    jobs::authorised(services, caller, Action::ManageJobs, job_id).await?;
    let draft = checked(draft)?;
    let request = Request::SaveSource { id: job_id, base, draft: draft.clone() };
    let SourceDraft { source, remark } = draft;
    replace(services, caller, job_id, base, request, async move |_, job| {
        Ok(NewSource { run_mode: job.run_mode, source, remark, restores: None })
    })
    .await
}

/// Makes a version that is equal to an earlier one, in the language that one was written in.
///
/// # Errors
/// [`Error::NotFound`] for a version that is not kept; else as for [`save`].
pub async fn revert(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    base: i32,
    number: i32,
) -> Result<Model> {
    jobs::authorised(services, caller, Action::ManageJobs, job_id).await?;
    let request = Request::RevertSource { id: job_id, base, number };
    replace(services, caller, job_id, base, request, async move |transaction, _| {
        let old = store::by_number(transaction, job_id, number).await?.ok_or(Error::NotFound("version"))?;
        let (run_mode, source, restores) = (old.run_mode, old.source, Some(number));
        Ok(NewSource { run_mode, source, remark: String::new(), restores })
    })
    .await
}

/// What a new version consists of.
struct NewSource {
    run_mode: RunMode,
    source: String,
    remark: String,
    restores: Option<i32>,
}

fn checked(draft: SourceDraft) -> Result<SourceDraft> {
    let mut faults = Faults::default();
    if draft.source.trim().is_empty() {
        faults.add("source", Fault::Required);
    }
    let source = faults.text("source", &draft.source, SOURCE_LENGTH);
    let remark = faults.required_line("remark", &draft.remark, REMARK.1);
    if remark.chars().count() < REMARK.0 {
        faults.add("remark", Fault::TooShort { min: REMARK.0 as u32 });
    }
    faults.into_result()?;
    Ok(SourceDraft { source, remark })
}

/// Writes job and version in one transaction.
async fn replace(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    base: i32,
    request: Request,
    new: impl AsyncFnOnce(&DatabaseTransaction, &Model) -> Result<NewSource>,
) -> Result<Model> {
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    let before = job_store::by_id_locked(&transaction, job_id).await?.ok_or(Error::NotFound("job"))?;
    if !before.run_mode.has_source() {
        return Err(Error::Refused(Refusal::JobHasNoSource));
    }
    let newest = store::newest(&transaction, job_id).await?;
    if newest != base {
        return Err(Error::Conflict(newest));
    }
    let NewSource { run_mode, source, remark, restores } = new(&transaction, &before).await?;
    if (run_mode, &source) == (before.run_mode, &before.source) {
        return Err(Error::field("source", Fault::Unchanged));
    }
    let changes = ActiveModel {
        run_mode: Set(run_mode),
        source_changed_at: Set(changed_at(&before, now)),
        source: Set(source),
        ..Default::default()
    };
    let asked = Asked { request, version: before.version };
    let before = Timed::from(calendars::beside(&transaction, before).await?);
    // No fire is held back or let go by it, so that no row is needed for one.
    let job = jobs::save(&transaction, caller, &before, changes, now, Vec::new()).await?.job;
    insert(&transaction, caller, &job, newest + 1, remark, restores).await?;
    let version = json!({"version": newest + 1, "restores": restores});
    let entry = Entry::of(Verb::SaveSource, &job).with(version);
    approvals::commit(services, caller, transaction, asked, entry).await?;
    services.signals.publish(Change::Job(job_id));
    Ok(job)
}

/// When a source that is changed `now` counts as changed: executors tell versions apart by this time alone.
pub(crate) fn changed_at(before: &Model, now: Millis) -> Millis {
    now.max(before.source_changed_at + 1)
}

/// The version that an edit of the whole job makes, if it changed source or language; `before` is missing for
/// a new job.
pub(crate) async fn record(
    transaction: &DatabaseTransaction,
    caller: &Caller,
    before: Option<&Model>,
    job: &Model,
) -> Result<()> {
    let of = |job: &Model| (job.run_mode, job.source.clone());
    if !job.run_mode.has_source() || before.is_some_and(|before| of(before) == of(job)) {
        return Ok(());
    }
    let newest = store::newest(transaction, job.id).await?;
    insert(transaction, caller, job, newest + 1, String::new(), None).await
}

async fn insert(
    transaction: &DatabaseTransaction,
    caller: &Caller,
    job: &Model,
    number: i32,
    remark: String,
    restores: Option<i32>,
) -> Result<()> {
    let version = job_source::Model {
        job_id: job.id,
        number,
        run_mode: job.run_mode,
        source: job.source.clone(),
        remark,
        restores,
        created_at: job.updated_at,
        created_by: caller.account(),
    };
    store::insert(transaction, version).await?;
    Ok(store::delete_until(transaction, job.id, number - KEPT).await?)
}
