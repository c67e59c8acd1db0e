//! Runs: the log of what was fired, one run, and what it wrote.

mod views;

pub use views::{FollowUp, LogPart, RunFacts, RunLine, RunLines, RunQuery, RunView, ShardLine, ShardsView};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, ssr};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use scheduler::Error;

/// A page of the list, newest first.
#[server]
pub async fn list_runs(query: RunQuery) -> Result<RunLines, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let filter = query.filter(&ssr::visit_zone()).map_err(ssr::refuse)?;
    let page = scheduler::runs::list(&services, &caller, &filter, query.after()).await;
    page.map(RunLines::from).map_err(ssr::refuse)
}

/// One run.
#[server]
pub async fn run(id: i64) -> Result<RunView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::runs::get(&services, &caller, id).await;
    detail.map(RunView::from).map_err(ssr::refuse)
}

/// What the run wrote, from the line numbered `from_line` on; numbers begin at 1.
#[server]
pub async fn run_log(id: i64, from_line: i32) -> Result<LogPart, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    // Whoever may see the run may see its log.
    let detail = scheduler::runs::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    if detail.run.instance_id.is_none() {
        // It never went out: nobody could have written anything.
        return Ok(LogPart::new(detail.run.state, from_line, "", from_line));
    }
    let engine = ssr::engine().map_err(ssr::refuse)?;
    Ok(match engine.fetch_log(id, from_line).await {
        Ok(Some(chunk)) if chunk.brings_lines(from_line) => {
            LogPart::new(detail.run.state, from_line, &chunk.content, chunk.next_line(from_line))
        }
        Ok(_) => LogPart::new(detail.run.state, from_line, "", from_line),
        Err(Error::Unavailable(why)) => LogPart::missing(detail.run.state, from_line, why),
        Err(error) => return Err(ssr::refuse(error)),
    })
}

/// Ends a run.
#[server]
pub async fn kill_run(id: i64) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::runs::may_kill(&services, &caller, id).await.map_err(ssr::refuse)?;
    let engine = ssr::engine().map_err(ssr::refuse)?;
    engine.kill(id, caller.account()).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("run_killed"));
    Ok(())
}
