//! Approvals: what waits, what it would do, and deciding.

use super::audit::DifferenceLine;
use super::jobs::DiffLine;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use entity::approval::{ApprovalState, Void};
use entity::audit_entry::{Noun, Verb};
use entity::delivery::DeliveryState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form that approves.
pub const APPROVE_FORM: &str = "approve";
/// The form that rejects.
pub const REJECT_FORM: &str = "reject";

/// Filters as they stand in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalQuery {
    /// `ended`, `all`, or else those that wait.
    pub show: String,
    /// Where the page begins.
    pub after: String,
}

/// A change and how far it has come. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalLine {
    pub id: i32,
    /// `business:service`.
    pub namespace: String,
    pub state: ApprovalState,
    pub noun: Noun,
    pub verb: Verb,
    /// 0 for what is not there yet.
    pub object_id: i64,
    pub object: String,
    pub submitter: String,
    pub submitted_at: i64,
    /// Empty where the server ended it, and while it waits.
    pub decider: String,
    pub decided_at: Option<i64>,
    pub expires_at: i64,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalLines {
    pub lines: Vec<ApprovalLine>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalView {
    pub line: ApprovalLine,
    /// The version that is changed; 0 for what has none.
    pub object_version: i32,
    /// SHA-256 of all that is approved, in hexadecimal.
    pub digest: String,
    /// Why it was rejected; empty where nobody said so.
    pub remark: String,
    pub void: Option<Void>,
    pub differences: Vec<DifferenceLine>,
    pub telling: Option<TellingLine>,
    pub is_unchanged: bool,
    pub plan: Option<PlanView>,
    pub source: Option<SourceView>,
    pub decision: Decision,
    pub needs_code: bool,
    pub tries_left: i32,
    pub may_cancel: bool,
}

/// Whether the viewer may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Open,
    /// Nobody approves what he submitted himself.
    Own,
    /// For others to decide.
    Others,
    Over,
}

/// The message with the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TellingLine {
    /// None when the channel has been deleted.
    pub channel: Option<String>,
    pub state: DeliveryState,
    pub answer: String,
}

/// What the source would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceView {
    pub hunks: Vec<Vec<DiffLine>>,
    pub added: usize,
    pub removed: usize,
    /// There are more lines than are told.
    pub is_cut: bool,
}

/// The fires that move, appear or vanish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    pub zone: String,
    /// Days on the clock of the zone, in order: only those on which something changes.
    pub days: Vec<PlanDay>,
    pub until: i64,
    /// There are more fires than are compared: only those until then are.
    pub is_cut: bool,
    pub moved: usize,
    pub appearing: usize,
    pub vanishing: usize,
    pub staying: usize,
}

/// What changes on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanDay {
    /// `2026-11-22`.
    pub date: String,
    pub marks: Vec<PlanMark>,
    /// How many more there are.
    pub more: usize,
}

/// A fire that moves; one that appears has no `from`, one that vanishes no `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanMark {
    pub from: Option<Clock>,
    pub to: Option<Clock>,
}

/// A time of day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Minutes since midnight, 0 to 1,439.
    pub minute: u16,
    /// `17:30`, with seconds where there are some.
    pub text: String,
}

/// Changes that wait for approval or waited, the newest first.
#[server]
pub async fn list_approvals(query: ApprovalQuery) -> Result<ApprovalLines, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let page = scheduler::approvals::list(&services, &caller, query.filter(), after).await;
    let page = page.map_err(ssr::refuse)?;
    Ok(ApprovalLines { lines: page.rows.into_iter().map(ApprovalLine::from).collect(), next: page.next })
}

/// One change that waits or waited, with its difference and its plan.
#[server]
pub async fn approval(id: i32) -> Result<ApprovalView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::approvals::get(&services, &caller, id).await.map(ApprovalView::from).map_err(ssr::refuse)
}

/// Approves a change, which happens now. `code` is what the namespace's channel was told, where it was told one.
#[server]
pub async fn approve(id: i32, #[server(default)] code: String) -> Result<(), AppError> {
    use scheduler::approvals::{Done, Request};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::approvals::approve(&services, &caller, id, &code).await {
        Ok(Done { request, .. }) => {
            if let Request::KillRun { id } = request {
                let engine = ssr::engine().map_err(ssr::refuse)?;
                engine.kill(id, caller.account()).await.map_err(ssr::refuse)?;
            }
            ssr::flash(Message::new("approved"));
            ssr::redirect(&routes::approval(id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(APPROVE_FORM, &serde_json::json!({}), error).await),
    }
}

/// Sends a new code to the namespace's channel.
#[server]
pub async fn send_code(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::approvals::send_code(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("code_sent"));
    Ok(())
}

/// Rejects a change, and says why.
#[server]
pub async fn reject_approval(id: i32, #[server(default)] remark: String) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::approvals::reject(&services, &caller, id, &remark).await {
        Ok(()) => {
            ssr::flash(Message::new("approval_rejected"));
            ssr::redirect(&routes::approval(id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(REJECT_FORM, &serde_json::json!({"remark": remark}), error).await),
    }
}

/// Takes back what one submitted oneself.
#[server]
pub async fn cancel_approval(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::approvals::cancel(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("approval_cancelled"));
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use chrono::{DateTime, Timelike};
    use chrono_tz::Tz;
    use entity::approval::Model;
    use entity::{Millis, namespace};
    use scheduler::approvals::{ApprovalDetail, ApprovalFilter, ApprovalRow, Plan, Telling};
    use scheduler::rules::approval::{Hindrance, tries_left};
    use scheduler::rules::audit::differences;
    use scheduler::rules::moves::Day;
    use scheduler::rules::source_diff::SourceDiff;

    /// Marks of a day that are shown.
    const MARKS: usize = 48;

    impl ApprovalQuery {
        pub(super) fn filter(&self) -> ApprovalFilter {
            match self.show.as_str() {
                "ended" => ApprovalFilter::Ended,
                "all" => ApprovalFilter::All,
                _ => ApprovalFilter::Waiting,
            }
        }
    }

    impl ApprovalLine {
        fn new(approval: &Model, namespace: &namespace::Model) -> Self {
            Self {
                id: approval.id,
                namespace: namespace.title(),
                state: approval.state,
                noun: approval.noun,
                verb: approval.verb,
                object_id: approval.object_id,
                object: approval.object.clone(),
                submitter: approval.submitter.clone(),
                submitted_at: approval.submitted_at,
                decider: approval.decider.clone(),
                decided_at: approval.decided_at,
                expires_at: approval.expires_at,
            }
        }
    }

    impl From<ApprovalRow> for ApprovalLine {
        fn from(ApprovalRow { approval, namespace }: ApprovalRow) -> Self {
            Self::new(&approval, &namespace)
        }
    }

    impl From<ApprovalDetail> for ApprovalView {
        fn from(detail: ApprovalDetail) -> Self {
            let ApprovalDetail { approval, namespace, .. } = detail;
            let void = match approval.state {
                ApprovalState::Void => Void::parse(&approval.remark),
                _ => None,
            };
            let decision = match detail.decide {
                _ if approval.state != ApprovalState::Waiting => Decision::Over,
                Some(Ok(())) => Decision::Open,
                Some(Err(Hindrance::Own)) => Decision::Own,
                Some(Err(_)) => Decision::Over,
                None => Decision::Others,
            };
            let changed = differences(approval.before.as_deref(), approval.after.as_deref());
            Self {
                line: ApprovalLine::new(&approval, &namespace),
                object_version: approval.object_version,
                tries_left: tries_left(&approval),
                needs_code: approval.needs_code,
                remark: if void.is_some() { String::new() } else { approval.remark },
                digest: approval.digest,
                void,
                differences: changed.into_iter().map(DifferenceLine::from).collect(),
                telling: detail.telling.map(TellingLine::from),
                is_unchanged: detail.is_unchanged,
                plan: detail.plan.map(PlanView::from),
                source: detail.source.map(SourceView::from),
                decision,
                may_cancel: detail.may_cancel,
            }
        }
    }

    impl From<Telling> for TellingLine {
        fn from(Telling { channel, state, answer, .. }: Telling) -> Self {
            Self { channel, state, answer }
        }
    }

    impl From<SourceDiff> for SourceView {
        fn from(SourceDiff { hunks, added, removed, is_cut }: SourceDiff) -> Self {
            let lines = |hunk: Vec<_>| hunk.into_iter().map(DiffLine::from).collect();
            Self { hunks: hunks.into_iter().map(lines).collect(), added, removed, is_cut }
        }
    }

    impl From<Plan> for PlanView {
        fn from(Plan { zone, until, is_cut, moves }: Plan) -> Self {
            let clock_of: Tz = zone.parse().unwrap_or(Tz::UTC);
            Self {
                zone,
                until,
                is_cut,
                moved: moves.moved,
                appearing: moves.appearing,
                vanishing: moves.vanishing,
                staying: moves.staying,
                days: moves.days.into_iter().filter_map(|day| PlanDay::new(day, clock_of)).collect(),
            }
        }
    }

    impl PlanDay {
        /// In the order of their times; none for a day without any.
        fn new(day: Day, zone: Tz) -> Option<Self> {
            let moved = day.moved.into_iter().map(|(from, to)| (Some(from), Some(to)));
            let appearing = day.appearing.into_iter().map(|to| (None, Some(to)));
            let vanishing = day.vanishing.into_iter().map(|from| (Some(from), None));
            let mut marks: Vec<(Option<Millis>, Option<Millis>)> =
                moved.chain(appearing).chain(vanishing).collect();
            marks.sort_by_key(|(from, to)| to.or(*from));
            let (from, to) = *marks.first()?;
            let date = local(to.or(from)?, zone).date_naive().to_string();
            let more = marks.len().saturating_sub(MARKS);
            let clock = |at: Option<Millis>| at.map(|at| Clock::new(at, zone));
            let mark = |(from, to)| PlanMark { from: clock(from), to: clock(to) };
            Some(Self { date, marks: marks.into_iter().take(MARKS).map(mark).collect(), more })
        }
    }

    impl Clock {
        fn new(at: Millis, zone: Tz) -> Self {
            let local = local(at, zone);
            let format = if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
            let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
            Self { minute, text: local.format(format).to_string() }
        }
    }

    fn local(at: Millis, zone: Tz) -> DateTime<Tz> {
        DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone)
    }
}
