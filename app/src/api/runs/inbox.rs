//! Runs that went wrong and that nobody has dealt with.

use super::RunLine;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{api::may::May, error::Message, routes, ssr};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// As [`InboxQuery::moot`]: not those whose job has succeeded since.
pub const HIDE_MOOT: &str = "hide";
/// What [`deal_with_runs`] does.
pub const REPLAY: &str = "replay";
pub const DISMISS: &str = "dismiss";

/// The filters as they stand in the page's address; empty = any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InboxQuery {
    /// A job's id.
    pub job: String,
    /// An executor's id.
    pub executor: String,
    /// [`HIDE_MOOT`], or nothing.
    pub moot: String,
    /// Where the page begins.
    pub after: String,
}

/// A page of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxView {
    /// By job, the one with the newest run first.
    pub groups: Vec<InboxGroup>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// Those of one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxGroup {
    pub job_id: i32,
    /// None when the job has been deleted: nothing of it can be replayed.
    pub job_name: Option<String>,
    pub app_name: Option<String>,
    /// Whether the viewer may deal with them.
    pub may_operate: bool,
    /// The newest first.
    pub lines: Vec<InboxLine>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxLine {
    pub run: RunLine,
    /// When its job succeeded, if that was later.
    pub succeeded_at: Option<i64>,
}

/// A page of runs that went wrong and nobody has dealt with.
#[server]
pub async fn inbox(query: InboxQuery) -> Result<InboxView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let after = (!query.after.is_empty()).then_some(query.after.as_str());
    let page = scheduler::runs::inbox(&services, &caller, &query.filter(), after).await;
    let page = page.map_err(ssr::refuse)?;
    let may = |namespace_id: Option<i32>| May::inside(&caller, namespace_id.unwrap_or(0)).operate;
    Ok(InboxView { groups: with_services::groups(page.rows, may), next: page.next })
}

/// Deals with the chosen runs, or with one that has a button of its own: `what` is `replay` or `dismiss`,
/// for that one with its id after a colon.
#[server]
pub async fn deal_with_runs(
    #[server(default)] ids: Vec<i64>,
    #[server(default)] what: String,
) -> Result<(), AppError> {
    use scheduler::runs::{Deal, deal_with};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let (word, one) = what.split_once(':').unwrap_or((what.as_str(), ""));
    let deal = if word == REPLAY { Deal::Replay } else { Deal::Dismiss };
    let ids = one.parse().map_or(ids, |id| vec![id]);
    if ids.is_empty() {
        return Err(ssr::refuse(AppError::invalid_field("ids", Message::new("none_chosen"))));
    }
    let dealt = deal_with(&services, &caller, &ids, deal).await.map_err(ssr::refuse)?;
    let done = match deal {
        Deal::Replay => "runs_replayed",
        Deal::Dismiss => "runs_dismissed",
    };
    let message = match dealt.refused.len() {
        0 => Message::new(done),
        left => Message::new(format!("{done}_in_part")).arg("left", left),
    };
    ssr::flash(message.arg("n", dealt.done.len()));
    match dealt.done.as_slice() {
        // Of one run the way leads to what was started.
        [(_, Some(replay))] if !one.is_empty() => ssr::redirect(&routes::run(*replay)),
        _ => {}
    }
    Ok(())
}

#[cfg(feature = "ssr")]
mod with_services {
    use super::*;
    use scheduler::runs::{InboxFilter, InboxRow};

    impl InboxQuery {
        /// An id that is no number matches nothing.
        pub(super) fn filter(&self) -> InboxFilter {
            let id = |text: &str| (!text.is_empty()).then(|| text.trim().parse().unwrap_or(0));
            InboxFilter {
                executor_id: id(&self.executor),
                job_id: id(&self.job),
                hide_moot: self.moot == HIDE_MOOT,
            }
        }
    }

    /// The rows, which come the newest first, by job.
    pub(super) fn groups(rows: Vec<InboxRow>, may: impl Fn(Option<i32>) -> bool) -> Vec<InboxGroup> {
        let mut groups: Vec<InboxGroup> = Vec::new();
        for InboxRow { row, namespace_id, succeeded_at } in rows {
            let (job_id, job_name, app_name) = (row.run.job_id, row.job_name.clone(), row.app_name.clone());
            let line = InboxLine { run: row.into(), succeeded_at };
            let own = |group: &&mut InboxGroup| group.job_id == job_id && group.app_name == app_name;
            match groups.iter_mut().find(own) {
                Some(group) => group.lines.push(line),
                None => {
                    let (may_operate, lines) = (may(namespace_id), vec![line]);
                    groups.push(InboxGroup { job_id, job_name, app_name, may_operate, lines });
                }
            }
        }
        groups
    }
}
