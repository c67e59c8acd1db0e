//! Cleaning up the history of runs. What somebody asks for is a row; a loop on the server that has the
//! cluster's duties does it bit by bit ([`work`]), wherever one before it left off.

mod cleaned;
pub mod policy;
pub mod work;

use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::rules::cleaning::{Bounds, bounds};
use crate::store::runs::{self, Past};
use crate::store::{cleanings as store, executors, jobs};
use crate::{Error, Refusal, Result, Services, retention};
use entity::cleaning::{ActiveModel, Model, What};
use entity::{Millis, executor};
use sea_orm::Set;
use std::collections::{BTreeMap, HashMap};

/// Rows of the list.
const LISTED: u64 = 20;

/// Which runs are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleaningDraft {
    /// None = those of all executors; for super-administrators.
    pub executor_id: Option<i32>,
    /// Only those of this job; without an executor that of the job is meant.
    pub job_id: Option<i32>,
    pub what: What,
}

/// What would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// A run that was split counts once.
    pub runs: i64,
    /// The job with the most runs first.
    pub jobs: Vec<JobExtent>,
}

/// What would go of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobExtent {
    pub job_id: i32,
    /// None when it has been deleted.
    pub name: Option<String>,
    pub runs: i64,
}

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleaningRow {
    pub cleaning: Model,
    /// None for those of all executors, and for one that has been deleted.
    pub app_name: Option<String>,
    /// None for those of all jobs, and for one that has been deleted.
    pub job_name: Option<String>,
}

/// What was asked for, as it was looked up.
struct Asked {
    executor: Option<executor::Model>,
    job_id: Option<i32>,
    bounds: Bounds,
}

/// What [`order`] would delete now. Nothing is deleted.
///
/// # Errors
/// As for [`order`].
pub async fn preview(services: &Services, caller: &Caller, draft: CleaningDraft) -> Result<Extent> {
    let asked = asked(services, caller, draft).await?;
    extent(services, &asked).await
}

/// Has runs deleted that have ended, with their texts and kept logs. What they added to the statistics stays.
/// It begins within seconds and goes on until it is done, also when the server is started anew meanwhile;
/// then the audit says what was asked for and how many went.
///
/// # Errors
/// [`Error::NotFound`] for an executor or job that is not there; [`Error::Forbidden`] for those of all
/// executors, unless a super-administrator asks; [`Refusal::NothingToClean`].
pub async fn order(services: &Services, caller: &Caller, draft: CleaningDraft) -> Result<Model> {
    let asked = asked(services, caller, draft).await?;
    let expected = extent(services, &asked).await?.runs;
    if expected == 0 {
        return Err(Error::Refused(Refusal::NothingToClean));
    }
    let transaction = services.db.begin().await?;
    let row = asked.row(draft.what, expected, caller, services.clock.now());
    let cleaning = store::insert(&transaction, row).await?;
    transaction.commit().await?;
    Ok(cleaning)
}

impl Asked {
    fn row(&self, what: What, expected: i64, caller: &Caller, now: Millis) -> ActiveModel {
        ActiveModel {
            namespace_id: Set(self.executor.as_ref().map(|executor| executor.namespace_id)),
            executor_id: Set(self.executor.as_ref().map(|executor| executor.id)),
            job_id: Set(self.job_id),
            what: Set(what),
            due_before: Set(self.bounds.due_before),
            keep: Set(self.bounds.keep),
            expected: Set(expected),
            gone: Set(0),
            actor_id: Set(caller.account()),
            actor: Set(caller.name.clone()),
            address: Set(caller.address.clone()),
            asked_at: Set(now),
            open_since: Set(Some(now)),
            ended_at: Set(None),
            ..Default::default()
        }
    }
}

/// What was asked for lately in the namespaces that the caller sees, the newest first, at most 20.
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<CleaningRow>> {
    let reader = services.db.reader();
    let rows = store::newest(reader, &visible(caller)?, LISTED).await?;
    let apps = executors::by_ids(reader, rows.iter().filter_map(|row| row.executor_id).collect()).await?;
    let apps: HashMap<i32, String> = apps.into_iter().map(|found| (found.id, found.app_name)).collect();
    let names = jobs::names(reader, rows.iter().filter_map(|row| row.job_id).collect()).await?;
    let names: HashMap<i32, String> = names.into_iter().collect();
    let row = |cleaning: Model| CleaningRow {
        app_name: cleaning.executor_id.and_then(|id| apps.get(&id).cloned()),
        job_name: cleaning.job_id.and_then(|id| names.get(&id).cloned()),
        cleaning,
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn asked(services: &Services, caller: &Caller, draft: CleaningDraft) -> Result<Asked> {
    let reader = services.db.reader();
    let now = services.clock.now();
    let executor_id = match (draft.executor_id, draft.job_id) {
        (None, Some(job_id)) => {
            Some(crate::jobs::authorised(services, caller, Action::ManageJobs, job_id).await?.executor_id)
        }
        (chosen, _) => chosen,
    };
    let executor = match executor_id {
        Some(id) => Some(executors::by_id(reader, id).await?.ok_or(Error::NotFound("executor"))?),
        None => None,
    };
    let scope = executor
        .as_ref()
        .map_or(Scope::Platform, |executor| Scope::Namespace { id: executor.namespace_id, noun: "executor" });
    authorise(caller, Action::ManageJobs, scope)?;
    let bounds = bounds(draft.what, &retention::current(services).await?, now);
    Ok(Asked { executor, job_id: draft.job_id, bounds })
}

async fn extent(services: &Services, asked: &Asked) -> Result<Extent> {
    let reader = services.db.reader();
    let Bounds { due_before, keep, succeeded } = asked.bounds;
    let mut by_job: BTreeMap<i32, i64> = BTreeMap::new();
    for executor_id in executors_of(services, asked.executor.as_ref().map(|found| found.id)).await? {
        let past = Past { executor_id, job_id: asked.job_id, due_before, succeeded };
        for (job_id, runs) in runs::counts(reader, past).await? {
            *by_job.entry(job_id).or_default() += (runs - i64::from(keep)).max(0);
        }
    }
    by_job.retain(|_, runs| *runs > 0);
    let names: HashMap<i32, String> =
        jobs::names(reader, by_job.keys().copied().collect()).await?.into_iter().collect();
    let named = |(job_id, runs)| JobExtent { job_id, name: names.get(&job_id).cloned(), runs };
    let mut jobs: Vec<JobExtent> = by_job.into_iter().map(named).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.runs));
    Ok(Extent { runs: jobs.iter().map(|job| job.runs).sum(), jobs })
}

/// The one, or all that runs belong to, those that are gone among them.
async fn executors_of(services: &Services, only: Option<i32>) -> Result<Vec<i32>> {
    if let Some(id) = only {
        return Ok(vec![id]);
    }
    let mut ids = Vec::new();
    let mut above = 0;
    while let Some(id) = runs::next_executor(services.db.reader(), above).await? {
        ids.push(id);
        above = id;
    }
    Ok(ids)
}
