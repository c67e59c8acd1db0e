//! What the pages about jobs show.

use crate::api::may::May;
use crate::components::sparkline::SparkRun;
use crate::error::FieldError;
use entity::job::{JobState, Model, RunMode, ScheduleKind};
use entity::run::RunState;
use serde::{Deserialize, Serialize};

/// The filters of the list as they stand in its address; empty = any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobQuery {
    /// Part of the name, description, handler or schedule, or the id.
    pub q: String,
    /// A namespace's id.
    pub namespace: String,
    pub executor: String,
    pub state: String,
    pub owner: String,
    /// `name`, or by the next fire.
    pub order: String,
    /// Where the page begins.
    pub after: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobLines {
    pub rows: Vec<JobLine>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobLine {
    pub id: i32,
    pub name: String,
    pub run_mode: RunMode,
    pub handler: String,
    pub executor_id: i32,
    pub app_name: String,
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub owner: String,
    pub state: JobState,
    /// After how many failures in a row the server stopped it; 0 = it did not.
    pub failures: i32,
    pub next_at: Option<i64>,
    /// Oldest first.
    pub recent: Vec<SparkRun>,
    pub may: May,
}

/// An executor to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorChoice {
    pub id: i32,
    pub app_name: String,
    pub namespace_id: i32,
    pub namespace: String,
    /// How many instances are there.
    pub online: u64,
    pub may: May,
}

/// One job with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub job: Model,
    pub may: May,
    /// By how much the spread delays each of its fires.
    pub delay_ms: i64,
    pub app_name: String,
    pub namespace: String,
    /// Name of the last editor.
    pub updated_by: Option<String>,
    /// Name of its calendar.
    pub calendar: Option<String>,
    /// Why it cannot be read any more when it fires; empty where it can.
    pub unreadable: Vec<FieldError>,
    pub pulse: Pulse,
    /// The jobs whose success starts it.
    pub parents: Vec<JobName>,
    /// The jobs that its success starts.
    pub children: Vec<JobName>,
}

/// A job by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobName {
    pub id: i32,
    pub name: String,
}

/// What changes while one looks at a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pulse {
    pub state: JobState,
    /// Why the server stopped it.
    pub stop: Option<FailureStop>,
    pub next_at: Option<i64>,
    /// Empty when the schedule does not fire.
    pub fires: Vec<Fire>,
    /// Newest first.
    pub recent: Vec<RecentLine>,
    /// The address of the server that fires it; none while nobody does.
    pub server: Option<String>,
}

/// The server stopped a job after failures in a row, and nobody has started it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureStop {
    pub at: i64,
    pub count: i32,
    /// The last of them.
    pub run_id: Option<i64>,
}

/// One of the last runs of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentLine {
    pub id: i64,
    pub state: RunState,
    pub due_at: i64,
    pub duration_ms: Option<i64>,
}

/// The next fires of what is being typed, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    pub fires: Vec<Fire>,
    pub wrong: Vec<FieldError>,
}

/// One coming fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fire {
    pub at: i64,
    /// What the clock of the job's zone shows: `2026-03-08 03:00:00 EDT`.
    pub local: String,
    pub note: Option<FireNote>,
    /// Whether the clocks change on that day.
    pub clocks_change: bool,
}

/// What the change of the clocks, a calendar or a blackout did to a fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FireNote {
    /// It stands for this wall time, which the clocks skip: `2026-03-08 02:30:00`.
    Moved {
        skipped: String,
    },
    FirstOfTwo,
    SecondOfTwo,
    /// Neither it nor those that follow it until `last` run, `count` in all.
    Held {
        by: Hold,
        last: String,
        count: u32,
    },
    /// It runs for all that a blackout holds back since then, `count` in all.
    Delayed {
        since: String,
        count: u32,
    },
}

/// What holds a fire back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    Calendar,
    Blackout,
}

#[cfg(feature = "ssr")]
mod from_services {
    use super::*;
    use crate::error::{AppError, ErrorKind};
    use entity::server::Model as Server;
    use scheduler::authority::Caller;
    use scheduler::executors::ExecutorRow;
    use scheduler::jobs::{self, JobDetail, JobFilter, JobOrder, JobPage, JobRow};
    use scheduler::rules::preview::{PreviewFire, PreviewNote};
    use scheduler::rules::timetable;
    use scheduler::runs::RecentRun;

    impl JobQuery {
        /// The filter and the order. An id that is no number matches none.
        pub(in crate::api) fn filter(&self) -> (JobFilter, JobOrder) {
            let id = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap_or(0));
            let filter = JobFilter {
                text: self.q.clone(),
                namespace_id: id(&self.namespace),
                executor_id: id(&self.executor),
                state: serde_json::from_value(self.state.as_str().into()).ok(),
                owner: self.owner.clone(),
                server_id: None,
            };
            (filter, if self.order == "name" { JobOrder::Name } else { JobOrder::NextFire })
        }

        pub(in crate::api) fn after(&self) -> Option<&str> {
            (!self.after.is_empty()).then_some(self.after.as_str())
        }
    }

    impl JobLines {
        pub(in crate::api) fn new(page: JobPage, caller: &Caller) -> Self {
            Self {
                rows: page.rows.into_iter().map(|row| JobLine::new(row, caller)).collect(),
                next: page.next,
            }
        }
    }

    impl JobLine {
        fn new(row: JobRow, caller: &Caller) -> Self {
            Self {
                may: May::inside(caller, row.namespace_id),
                id: row.id,
                name: row.name,
                run_mode: row.run_mode,
                handler: row.handler,
                executor_id: row.executor_id,
                app_name: row.app_name,
                schedule_kind: row.schedule_kind,
                schedule: row.schedule,
                zone: row.zone,
                owner: row.owner,
                state: row.state,
                failures: row.failure_stop_count,
                next_at: row.next_at,
                recent: row.recent.iter().rev().map(SparkRun::from).collect(),
            }
        }
    }

    impl From<&RecentRun> for SparkRun {
        fn from(run: &RecentRun) -> Self {
            Self { state: run.state, took_ms: run.duration_ms().unwrap_or(0) }
        }
    }

    impl ExecutorChoice {
        pub(in crate::api) fn new(row: ExecutorRow, caller: &Caller) -> Self {
            Self {
                may: May::inside(caller, row.namespace.id),
                id: row.executor.id,
                app_name: row.executor.app_name,
                namespace_id: row.namespace.id,
                namespace: row.namespace.title(),
                online: row.online,
            }
        }
    }

    impl Preview {
        /// # Errors
        /// What is not about a field.
        pub(in crate::api) fn new(fires: Result<Vec<PreviewFire>, AppError>) -> Result<Self, AppError> {
            match fires {
                Ok(fires) => {
                    Ok(Self { fires: fires.into_iter().map(Fire::from).collect(), wrong: Vec::new() })
                }
                Err(error) if error.kind == ErrorKind::Invalid => {
                    Ok(Self { fires: Vec::new(), wrong: error.fields })
                }
                Err(error) => Err(error),
            }
        }
    }

    impl JobView {
        pub(in crate::api) fn new(detail: JobDetail, may: May, pulse: Pulse) -> Self {
            Self {
                may,
                pulse,
                delay_ms: detail.delay_ms,
                job: detail.job,
                app_name: detail.executor.app_name,
                namespace: detail.namespace.title(),
                updated_by: detail.updated_by,
                calendar: detail.calendar.map(|calendar| calendar.name),
                unreadable: detail.unreadable.into_iter().map(FieldError::from).collect(),
                parents: detail.parents.into_iter().map(JobName::from).collect(),
                children: detail.children.into_iter().map(JobName::from).collect(),
            }
        }
    }

    impl From<jobs::JobName> for JobName {
        fn from(jobs::JobName { id, name }: jobs::JobName) -> Self {
            Self { id, name }
        }
    }

    impl Pulse {
        pub(in crate::api) fn new(
            detail: &JobDetail,
            server: Option<Server>,
            now: i64,
            fires: usize,
        ) -> Self {
            let fires = detail.coming(now, fires);
            Self {
                state: detail.job.state,
                stop: FailureStop::of(&detail.job),
                next_at: detail.next_at,
                fires: fires.into_iter().map(Fire::from).collect(),
                recent: detail.recent.iter().map(RecentLine::from).collect(),
                server: server.map(|server| server.address),
            }
        }
    }

    impl FailureStop {
        fn of(job: &Model) -> Option<Self> {
            let (count, run_id) = (job.failure_stop_count, job.failure_stop_run);
            job.failure_stop_at.map(|at| Self { at, count, run_id })
        }
    }

    impl From<&RecentRun> for RecentLine {
        fn from(run: &RecentRun) -> Self {
            Self { id: run.id, state: run.state, due_at: run.due_at, duration_ms: run.duration_ms() }
        }
    }

    impl From<timetable::Hold> for Hold {
        fn from(hold: timetable::Hold) -> Self {
            match hold {
                timetable::Hold::Calendar => Self::Calendar,
                timetable::Hold::Blackout => Self::Blackout,
            }
        }
    }

    impl From<PreviewFire> for Fire {
        fn from(fire: PreviewFire) -> Self {
            let note = fire.note.map(|note| match note {
                PreviewNote::Moved { skipped } => FireNote::Moved { skipped },
                PreviewNote::FirstOfTwo => FireNote::FirstOfTwo,
                PreviewNote::SecondOfTwo => FireNote::SecondOfTwo,
                PreviewNote::Held { by, last, count } => FireNote::Held { by: by.into(), last, count },
                PreviewNote::Delayed { since, count } => FireNote::Delayed { since, count },
            });
            Self { at: fire.at, local: fire.local, note, clocks_change: fire.clocks_change }
        }
    }
}
