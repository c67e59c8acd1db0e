//! Changes as data: what a service was asked for, kept until somebody approves it, and asked for again then.

use crate::authority::Caller;
use crate::calendars::{self, CalendarEdit};
use crate::executors::{self, ExecutorDraft, ExecutorEdit};
use crate::job_sources::{self, SourceDraft};
use crate::jobs::{self, JobDraft};
use crate::namespaces::{self, NamespaceEdit};
use crate::rules::job_state::Word;
use crate::runs::{self, BackfillDraft, Deal};
use crate::{Error, Result, Services};
use entity::job::JobState;
use serde::{Deserialize, Serialize};

/// One call of a service that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Request {
    CreateExecutor { draft: ExecutorDraft },
    EditExecutor { id: i32, version: i32, edit: ExecutorEdit },
    DeleteExecutor { id: i32 },
    CreateCalendar { namespace_id: i32, edit: CalendarEdit },
    EditCalendar { id: i32, version: i32, edit: CalendarEdit },
    DeleteCalendar { id: i32 },
    CreateJob { draft: Box<JobDraft>, state: JobState },
    EditJob { id: i32, version: i32, draft: Box<JobDraft> },
    DeleteJob { id: i32 },
    SaveSource { id: i32, base: i32, draft: SourceDraft },
    RevertSource { id: i32, base: i32, number: i32 },
    SwitchJob { id: i32, word: Word },
    RunJob { id: i32, parameter: Option<String> },
    Backfill { id: i32, draft: BackfillDraft },
    KillRun { id: i64 },
    ReplayRun { id: i64 },
    EditNamespace { id: i32, version: i32, edit: NamespaceEdit },
}

impl Request {
    pub(super) fn written(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Internal(format!("a request as JSON: {error}")))
    }

    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::Internal(format!("a request from JSON: {error}")))
    }

    /// Asks for it; the id of what it created, if it creates something, or of the run that it started.
    pub(super) async fn perform(self, services: &Services, caller: &Caller) -> Result<Option<i64>> {
        match self {
            Self::CreateExecutor { draft } => {
                let (executor, _) = executors::create(services, caller, draft).await?;
                Ok(Some(executor.id.into()))
            }
            Self::EditExecutor { id, version, edit } => {
                executors::edit(services, caller, id, version, &edit).await.map(|_| None)
            }
            Self::DeleteExecutor { id } => executors::delete(services, caller, id).await.map(|()| None),
            Self::CreateCalendar { namespace_id, edit } => {
                let calendar = calendars::create(services, caller, namespace_id, &edit).await?;
                Ok(Some(calendar.id.into()))
            }
            Self::EditCalendar { id, version, edit } => {
                calendars::edit(services, caller, id, version, &edit).await.map(|_| None)
            }
            Self::DeleteCalendar { id } => calendars::delete(services, caller, id).await.map(|()| None),
            Self::CreateJob { draft, state } => {
                Ok(Some(jobs::create(services, caller, *draft, state).await?.id.into()))
            }
            Self::EditJob { id, version, draft } => {
                jobs::edit(services, caller, id, version, *draft).await.map(|_| None)
            }
            Self::DeleteJob { id } => jobs::delete(services, caller, id).await.map(|()| None),
            Self::SaveSource { id, base, draft } => {
                job_sources::save(services, caller, id, base, draft).await.map(|_| None)
            }
            Self::RevertSource { id, base, number } => {
                job_sources::revert(services, caller, id, base, number).await.map(|_| None)
            }
            Self::SwitchJob { id, word } => jobs::say(services, caller, id, word).await.map(|_| None),
            Self::RunJob { id, parameter } => runs::run_now(services, caller, id, parameter).await.map(Some),
            Self::Backfill { id, draft } => runs::backfill(services, caller, id, &draft).await.map(|_| None),
            Self::ReplayRun { id } => runs::deal(services, caller, id, Deal::Replay).await,
            Self::KillRun { id } => runs::order_kill(services, caller, id).await.map(|()| Some(id)),
            Self::EditNamespace { id, version, edit } => {
                namespaces::edit(services, caller, id, version, &edit).await.map(|()| None)
            }
        }
    }

    /// The stored job whose definition it changes.
    pub(super) fn job_id(&self) -> Option<i32> {
        match self {
            Self::EditJob { id, .. }
            | Self::DeleteJob { id }
            | Self::SaveSource { id, .. }
            | Self::RevertSource { id, .. }
            | Self::SwitchJob { id, .. } => Some(*id),
            _ => None,
        }
    }
}
