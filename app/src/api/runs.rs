//! Runs: the log of what was fired, and one run.

mod cleaning;
mod inbox;
mod views;

pub use cleaning::{
    CleanUp, CleaningLine, CleaningQuery, CleaningView, EVERYWHERE, ExtentView, JobExtent, list_cleanings,
    read_cleaning,
};
pub use inbox::{
    DISMISS, DealWithRuns, HIDE_MOOT, InboxGroup, InboxLine, InboxQuery, InboxView, REPLAY, deal_with_runs,
    inbox,
};
pub use views::{DealtView, FollowUp, RunFacts, RunLine, RunLines, RunQuery, RunView, ShardLine, ShardsView};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, ssr};
use leptos::prelude::*;

/// A page of the run log, newest first.
#[server]
pub async fn list_runs(query: RunQuery) -> Result<RunLines, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let filter = query.filter(&ssr::visit_zone()).map_err(ssr::refuse)?;
    let page = scheduler::runs::list(&services, &caller, &filter, query.after()).await;
    page.map(RunLines::from).map_err(ssr::refuse)
}

/// One run with all that is known of it.
#[server]
pub async fn run(id: i64) -> Result<RunView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::runs::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let alert = scheduler::deliveries::of_run(&services, &caller, id).await.map_err(ssr::refuse)?;
    Ok(RunView { alert, ..RunView::new(detail, &caller) })
}

/// Ends a run.
#[server]
pub async fn kill_run(id: i64) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::runs::order_kill(&services, &caller, id).await.map_err(ssr::refuse)?;
    let engine = ssr::engine().map_err(ssr::refuse)?;
    let said = engine.kill(id, caller.account()).await.map_err(ssr::refuse)?;
    ssr::flash(match said {
        None => Message::new("run_killed"),
        Some(text) => Message::new("run_killed_said").arg("text", text),
    });
    Ok(())
}
