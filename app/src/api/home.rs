//! What the home page shows.

use crate::error::AppError;
use entity::run::{Reason, RunState};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Everything at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Set while there is nothing to look at.
    pub first_step: Option<FirstStep>,
    pub running: Vec<RunningLine>,
    pub more_running: bool,
    /// Runs that should have gone out by now, and by how much the latest of them is.
    pub late: u32,
    pub latest_ms: i64,
    pub next: Vec<FireLine>,
    pub wrong: Vec<WrongCount>,
    /// There are more than were counted.
    pub more_wrong: bool,
    /// The newest that went wrong.
    pub newest: Vec<WrongLine>,
    /// The instances that fell silent last.
    pub offline: Vec<OfflineLine>,
    pub offline_count: usize,
    /// For whoever sees everything.
    pub broken: Option<BrokenPromises>,
    /// The first of the jobs that cannot be planned.
    pub unreadable: Vec<UnreadableJob>,
    pub unreadable_count: usize,
}

/// What somebody who has just installed the system does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FirstStep {
    EnrolExecutor,
    CreateJob,
    /// Nothing was granted to the viewer yet.
    AskForAccess,
}

/// A run under way. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningLine {
    pub run_id: i64,
    pub state: RunState,
    pub job: String,
    pub app_name: String,
    pub address: String,
    /// When it was sent, or was due.
    pub since: i64,
    /// What the job usually takes.
    pub usual_ms: Option<i64>,
}

/// A fire to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FireLine {
    pub job_id: i32,
    pub job: String,
    pub app_name: String,
    pub at: i64,
}

/// How many runs of a state wait for somebody to look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongCount {
    pub state: RunState,
    pub count: u32,
    /// When the newest was due, as far as it is among the newest of all.
    pub last_at: Option<i64>,
}

/// A run that went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongLine {
    pub run_id: i64,
    pub state: RunState,
    pub reason: Reason,
    pub code: i32,
    /// The beginning of what it reported, or of why it was refused.
    pub remark: Option<String>,
    pub job: String,
    pub app_name: String,
    pub at: i64,
}

/// An instance that fell silent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfflineLine {
    pub executor_id: i32,
    pub address: String,
    pub app_name: String,
    /// Its last heartbeat.
    pub seen_at: i64,
}

/// A job that is due and does not fire, because what is stored of it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableJob {
    pub job_id: i32,
    pub job: String,
}

/// Signs of broken promises that the engine found when it looked at itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenPromises {
    /// Fires that are in no row.
    pub unplanned: u64,
    /// Runs without an end, long after their limit.
    pub unended: u64,
    /// Final runs of which is not decided what follows.
    pub unfollowed: u64,
    /// Contradictions, since the server's start.
    pub violations: u64,
    /// Requests that may have gone out after the lease was over, since the server's start.
    pub late_requests: u64,
}

/// The state of everything the viewer may see.
#[server]
pub async fn read_overview() -> Result<Overview, AppError> {
    use crate::ssr;
    use scheduler::runs::{self, RunFilter};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let now = services.clock.now();
    let summary = runs::summary(&services, &caller, now).await.map_err(ssr::refuse)?;
    let filter = RunFilter { attention: true, ..RunFilter::default() };
    let newest = runs::list(&services, &caller, &filter, None).await.map_err(ssr::refuse)?;
    let mut overview = Overview::new(summary, newest.rows);
    let engine = ssr::engine().map_err(ssr::refuse)?;
    overview.broken = engine.broken_promises(&caller).map_err(ssr::refuse)?.map(BrokenPromises::from);
    if overview.is_empty() {
        overview.first_step = from_domain::first_step(&services, &caller).await.map_err(ssr::refuse)?;
    }
    Ok(overview)
}

impl Overview {
    /// Whether nothing runs, comes or went wrong.
    pub fn is_empty(&self) -> bool {
        let nothing_runs = self.running.is_empty() && self.next.is_empty() && self.late == 0;
        let nothing_wrong = self.newest.is_empty() && self.offline.is_empty() && self.unreadable.is_empty();
        nothing_runs && nothing_wrong && self.broken.is_none()
    }
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::api::may::May;
    use scheduler::authority::Caller;
    use scheduler::executors::{self, ExecutorFilter};
    use scheduler::jobs::JobName;
    use scheduler::runs::{NextFire, OfflineInstance, RunRow, Summary};
    use scheduler::store::engine::Breaches;
    use scheduler::{Result, Services, engine, namespaces};
    use std::collections::HashMap;

    /// Rows of “went wrong”; the run log has all.
    const NEWEST: usize = 8;
    const OFFLINE: usize = 5;
    /// Jobs that cannot be planned, by name.
    const UNREADABLE: usize = 5;

    /// What is missing before anything can happen.
    pub async fn first_step(services: &Services, caller: &Caller) -> Result<Option<FirstStep>> {
        if !May::somewhere(caller).edit {
            let granted = namespaces::list(services, caller).await?;
            return Ok(granted.is_empty().then_some(FirstStep::AskForAccess));
        }
        let executors = executors::list(services, caller, &ExecutorFilter::default()).await?;
        Ok(if executors.is_empty() {
            Some(FirstStep::EnrolExecutor)
        } else if executors.iter().all(|executor| executor.jobs == 0) {
            Some(FirstStep::CreateJob)
        } else {
            None
        })
    }

    impl Overview {
        /// `newest` are runs that somebody should look at, newest first.
        pub fn new(summary: Summary, newest: Vec<RunRow>) -> Self {
            let counts = [
                (RunState::Failed, summary.wrong.failed),
                (RunState::TimedOut, summary.wrong.timed_out),
                (RunState::Lost, summary.wrong.lost),
                (RunState::Unknown, summary.wrong.unknown),
                (RunState::Skipped, summary.wrong.skipped),
            ];
            let last_at = |state| newest.iter().find(|row| row.run.state == state).map(|row| row.run.due_at);
            Self {
                first_step: None,
                wrong: counts
                    .map(|(state, count)| WrongCount { state, count, last_at: last_at(state) })
                    .into(),
                more_wrong: summary.wrong.more,
                running: summary.running.into_iter().map(|row| running(row, &summary.usual_ms)).collect(),
                late: summary.late,
                latest_ms: summary.latest_ms,
                more_running: summary.more_running,
                next: summary.next.into_iter().map(FireLine::from).collect(),
                newest: newest.into_iter().take(NEWEST).map(WrongLine::from).collect(),
                offline_count: summary.offline.len(),
                offline: summary.offline.into_iter().take(OFFLINE).map(OfflineLine::from).collect(),
                broken: None,
                unreadable_count: summary.unreadable.len(),
                unreadable: summary
                    .unreadable
                    .into_iter()
                    .take(UNREADABLE)
                    .map(UnreadableJob::from)
                    .collect(),
            }
        }
    }

    /// The job's name, or its number when it has been deleted.
    fn job_of(row: &RunRow) -> String {
        row.job_name.clone().unwrap_or_else(|| format!("#{}", row.run.job_id))
    }

    fn running(row: RunRow, usual_ms: &HashMap<i32, i64>) -> RunningLine {
        RunningLine {
            run_id: row.run.id,
            state: row.run.state,
            job: job_of(&row),
            usual_ms: usual_ms.get(&row.run.job_id).copied(),
            app_name: row.app_name.unwrap_or_default(),
            address: row.instance_address.unwrap_or_default(),
            since: row.run.sent_at.unwrap_or(row.run.due_at),
        }
    }

    impl From<RunRow> for WrongLine {
        fn from(row: RunRow) -> Self {
            Self {
                run_id: row.run.id,
                state: row.run.state,
                reason: row.run.reason,
                code: row.run.code,
                job: job_of(&row),
                remark: row.remark,
                app_name: row.app_name.unwrap_or_default(),
                at: row.run.ended_at.unwrap_or(row.run.due_at),
            }
        }
    }

    impl From<NextFire> for FireLine {
        fn from(fire: NextFire) -> Self {
            Self { job_id: fire.job_id, job: fire.job_name, app_name: fire.app_name, at: fire.at }
        }
    }

    impl From<engine::BrokenPromises> for BrokenPromises {
        fn from(found: engine::BrokenPromises) -> Self {
            let engine::BrokenPromises { breaches, violations, late_requests } = found;
            let Breaches { unplanned, unended, unfollowed } = breaches;
            Self { unplanned, unended, unfollowed, violations, late_requests }
        }
    }

    impl From<JobName> for UnreadableJob {
        fn from(job: JobName) -> Self {
            Self { job_id: job.id, job: job.name }
        }
    }

    impl From<OfflineInstance> for OfflineLine {
        fn from(offline: OfflineInstance) -> Self {
            Self {
                executor_id: offline.instance.executor_id,
                address: offline.instance.address,
                app_name: offline.app_name,
                seen_at: offline.instance.seen_at,
            }
        }
    }
}
