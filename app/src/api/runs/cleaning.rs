//! Cleaning up the history of runs.

use crate::api::jobs::ExecutorChoice;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{api::may::May, error::Message, routes, ssr};
use entity::cleaning::What;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The executor in an address that means all of them.
pub const EVERYWHERE: &str = "all";

/// What is to go, as it stands in the address of the page; empty = not chosen yet, of the job = all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CleaningQuery {
    /// An executor's id, or [`EVERYWHERE`].
    pub executor: String,
    /// A job's id.
    pub job: String,
    /// A [`What`] by its word.
    pub what: String,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CleaningView {
    /// Those whose runs the viewer may delete.
    pub executors: Vec<ExecutorChoice>,
    /// Whether he may delete those of all.
    pub may_everywhere: bool,
    /// What would go; none while something is not chosen yet.
    pub extent: Option<ExtentView>,
    /// What was asked for lately.
    pub done: Vec<CleaningLine>,
}

/// What would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtentView {
    pub runs: i64,
    pub job_count: usize,
    /// The jobs with the most runs, the most first.
    pub jobs: Vec<JobExtent>,
}

/// What would go of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobExtent {
    pub job_id: i32,
    /// None when it has been deleted.
    pub name: Option<String>,
    pub runs: i64,
}

/// What somebody asked for, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleaningLine {
    pub id: i32,
    /// None = of all executors.
    pub executor_id: Option<i32>,
    /// None when it has been deleted.
    pub app_name: Option<String>,
    /// None = of all jobs.
    pub job_id: Option<i32>,
    /// None when it has been deleted.
    pub job_name: Option<String>,
    pub what: What,
    pub expected: i64,
    pub gone: i64,
    pub actor: String,
    pub asked_at: i64,
    pub ended_at: Option<i64>,
}

/// What of the run log can be deleted, and what would go of what is chosen.
#[server]
pub async fn read_cleaning(query: CleaningQuery) -> Result<CleaningView, AppError> {
    use scheduler::authority::{Action, is_allowed_somewhere};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let extent = match query.draft() {
        Some(draft) => {
            let found = scheduler::cleanings::preview(&services, &caller, draft).await;
            Some(found.map_err(ssr::refuse)?.into())
        }
        None => None,
    };
    if !is_allowed_somewhere(&caller, Action::ManageJobs) {
        let needed = Action::ManageJobs.needed_role().unwrap_or(entity::grant::Role::Owner);
        return Err(ssr::refuse(scheduler::Error::RoleNeeded(needed)));
    }
    let mut executors = crate::api::jobs::executor_choices().await?;
    executors.retain(|choice| choice.may.edit);
    let may_everywhere = May::somewhere(&caller).administer;
    let done = list_cleanings().await?;
    Ok(CleaningView { executors, may_everywhere, extent, done })
}

/// Which runs were to be deleted lately, and how far it is.
#[server]
pub async fn list_cleanings() -> Result<Vec<CleaningLine>, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::cleanings::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(CleaningLine::from).collect())
}

/// Deletes a part of the run log, in the background.
#[server]
pub async fn clean_up(
    executor: String,
    #[server(default)] job: String,
    what: String,
) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let query = CleaningQuery { executor, job, what };
    let missing = || AppError::invalid_field("what", Message::new("required"));
    let draft = query.draft().ok_or_else(missing).map_err(ssr::refuse)?;
    let cleaning = scheduler::cleanings::order(&services, &caller, draft).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("cleaning_ordered").arg("n", cleaning.expected));
    ssr::redirect(&routes::runs_clean(&[("executor", &query.executor), ("job", &query.job)]));
    Ok(())
}

#[cfg(feature = "ssr")]
mod with_services {
    use super::*;
    use scheduler::cleanings::{CleaningDraft, CleaningRow, Extent};

    /// Jobs that the page names; the others are counted.
    const NAMED: usize = 20;

    impl CleaningQuery {
        /// What is chosen; none while that is not enough. An id that is no number is nobody's.
        pub(super) fn draft(&self) -> Option<CleaningDraft> {
            let id = |text: &str| (!text.trim().is_empty()).then(|| text.trim().parse().unwrap_or(0));
            let job_id = id(&self.job);
            let executor_id = match self.executor.as_str() {
                EVERYWHERE => None,
                chosen => id(chosen),
            };
            let is_chosen = executor_id.is_some() || job_id.is_some() || self.executor == EVERYWHERE;
            let what = What::parse(&self.what).filter(|_| is_chosen)?;
            Some(CleaningDraft { executor_id, job_id, what })
        }
    }

    impl From<Extent> for ExtentView {
        fn from(extent: Extent) -> Self {
            let named = extent.jobs.iter().take(NAMED).cloned();
            let jobs = named.map(|job| JobExtent { job_id: job.job_id, name: job.name, runs: job.runs });
            Self { runs: extent.runs, job_count: extent.jobs.len(), jobs: jobs.collect() }
        }
    }

    impl From<CleaningRow> for CleaningLine {
        fn from(CleaningRow { cleaning, app_name, job_name }: CleaningRow) -> Self {
            Self {
                id: cleaning.id,
                executor_id: cleaning.executor_id,
                app_name,
                job_id: cleaning.job_id,
                job_name,
                what: cleaning.what,
                expected: cleaning.expected,
                gone: cleaning.gone,
                actor: cleaning.actor,
                asked_at: cleaning.asked_at,
                ended_at: cleaning.ended_at,
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn draft(executor: &str, job: &str, what: &str) -> Option<CleaningDraft> {
            let query = CleaningQuery { executor: executor.into(), job: job.into(), what: what.into() };
            query.draft()
        }

        #[test]
        fn nothing_is_meant_until_it_is_said_where_and_what() {
            assert_eq!(draft("", "", "all"), None);
            assert_eq!(draft("3", "", ""), None);
            assert_eq!(draft("3", "", "everything"), None);
            let of = |executor_id, job_id| Some(CleaningDraft { executor_id, job_id, what: What::All });
            assert_eq!(draft("3", "", "all"), of(Some(3), None));
            assert_eq!(draft("", "7", "all"), of(None, Some(7)));
            assert_eq!(draft(EVERYWHERE, "", "all"), of(None, None));
            assert_eq!(draft("x", "", "all"), of(Some(0), None), "not those of all executors");
        }
    }
}
