//! What people did with a job, and the way back to what it was.

use crate::api::audit::AuditLine;
#[cfg(feature = "ssr")]
use crate::api::may::May;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What people did with a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    pub id: i32,
    pub name: String,
    /// Of the job, as it is shown.
    pub version: i32,
    /// The newest first.
    pub lines: Vec<HistoryLine>,
}

/// A change of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    pub change: AuditLine,
    /// It left a definition, later changes left another, and the viewer may go back.
    pub can_revert: bool,
}

/// What people did with a job.
#[server]
pub async fn job_history(id: i32) -> Result<HistoryView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::jobs::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let may = May::inside(&caller, detail.job.namespace_id);
    let entries = scheduler::jobs::history(&services, &caller, id).await.map_err(ssr::refuse)?;
    let newest =
        entries.iter().find(|entry| scheduler::jobs::definition(entry).is_some()).map(|entry| entry.seq);
    let line = |entry: entity::audit_entry::Model| HistoryLine {
        can_revert: may.edit && scheduler::jobs::definition(&entry).is_some() && Some(entry.seq) != newest,
        change: entry.into(),
    };
    Ok(HistoryView {
        id,
        name: detail.job.name,
        version: detail.job.version,
        lines: entries.into_iter().map(line).collect(),
    })
}

/// Makes a job what it was after a change.
#[server]
pub async fn revert_job(id: i32, version: i32, seq: i64) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let reverted = scheduler::jobs::revert(&services, &caller, id, version, seq).await;
    reverted.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_reverted").arg("n", seq));
    ssr::redirect(&routes::job_history(id));
    Ok(())
}
