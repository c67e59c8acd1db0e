//! Approvals, as people see them.

use super::decide::authorised;
use super::plan::{Plan, plan};
use super::{Request, store};
use crate::authority::{Action, Caller, Scope, Visible, authorise, visible};
use crate::paging::{decode, encode};
use crate::rules::approval::{Hindrance, check_decider, check_submitter, check_waiting};
use crate::rules::source_diff::{SourceDiff, diff};
use crate::store::{calendars, channels, deliveries, executors, job_sources, jobs, namespaces};
use crate::{Error, Result, Services};
use entity::approval::{ApprovalState, Model};
use entity::audit_entry::Noun;
use entity::delivery::DeliveryState;
use entity::{Millis, namespace};
use std::collections::HashMap;

/// Rows of a page.
const PAGE: usize = 50;

/// Which ones are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalFilter {
    /// Those that wait.
    #[default]
    Waiting,
    /// Those that have ended, however.
    Ended,
    All,
}

/// One of the list, and its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    pub approval: Model,
    pub namespace: namespace::Model,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalPage {
    pub rows: Vec<ApprovalRow>,
    /// To be given as `after` for the next page; none on the last one.
    pub next: Option<String>,
}

/// How far the message with the code has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// None when the channel has been deleted.
    pub channel: Option<String>,
    pub state: DeliveryState,
    pub answer: String,
    pub tried_at: Option<Millis>,
}

/// One of them, with all that its approver has to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalDetail {
    pub approval: Model,
    pub namespace: namespace::Model,
    /// None where nobody is told.
    pub telling: Option<Telling>,
    /// Whether the object is still as it was; of no meaning for one that has ended.
    pub is_unchanged: bool,
    pub plan: Option<Plan>,
    /// What the source would be, while it waits.
    pub source: Option<SourceDiff>,
    /// Whether the caller may approve and reject it; none where it is not his to.
    pub decide: Option<Result<(), Hindrance>>,
    /// Whether the caller may take it back.
    pub may_cancel: bool,
}

/// Those that the caller may see, the newest first. `after` is the `next` of the page before.
///
/// # Errors
/// [`Error::Invalid`] naming `after` when it is no such text.
pub async fn list(
    services: &Services,
    caller: &Caller,
    filter: ApprovalFilter,
    after: Option<&str>,
) -> Result<ApprovalPage> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let before: Option<i32> = after.map(decode).transpose()?;
    let mut rows = store::list(reader, &visible, filter.states(), before, PAGE as u64 + 1).await?;
    let is_last = rows.len() <= PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| !is_last).map(|last| encode(&last.id));
    let namespaces = namespaces::list(reader, &visible).await?;
    let namespaces: HashMap<_, _> = namespaces.into_iter().map(|found| (found.id, found)).collect();
    let row = |approval: Model| {
        let namespace = namespaces.get(&approval.namespace_id)?.clone();
        Some(ApprovalRow { approval, namespace })
    };
    Ok(ApprovalPage { rows: rows.into_iter().filter_map(row).collect(), next })
}

/// How many wait for this caller: of others, where he may approve.
pub async fn waiting_for(services: &Services, caller: &Caller) -> Result<u64> {
    let may_approve = |id| authorise(caller, Action::Approve, Scope::Namespace { id, noun: "namespace" });
    let namespaces = match visible(caller)? {
        Visible::All => Visible::All,
        Visible::Only(ids) => Visible::Only(ids.into_iter().filter(|id| may_approve(*id).is_ok()).collect()),
    };
    if matches!(&namespaces, Visible::Only(ids) if ids.is_empty()) {
        return Ok(0);
    }
    Ok(store::count_waiting_for(services.db.reader(), &namespaces, caller.user_id).await?)
}

/// One of them, for whoever may see its namespace.
pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<ApprovalDetail> {
    let approval = authorised(services, caller, Action::View, id).await?;
    let (reader, now) = (services.db.reader(), services.clock.now());
    let namespace = namespaces::by_id(reader, approval.namespace_id).await?;
    let scope = Scope::Namespace { id: approval.namespace_id, noun: "approval" };
    let may_decide = authorise(caller, Action::Approve, scope).is_ok();
    let request = Request::read(&approval.request)?;
    let waits = check_waiting(&approval, now).is_ok();
    Ok(ApprovalDetail {
        telling: telling(services, &approval).await?,
        is_unchanged: !waits || version(services, &approval).await? == Some(approval.object_version),
        plan: if waits { plan(services, &request, now).await? } else { None },
        source: if waits { source(services, request).await? } else { None },
        decide: may_decide.then(|| check_decider(&approval, caller.user_id, now)),
        may_cancel: check_submitter(&approval, caller.user_id, now).is_ok(),
        namespace: namespace.ok_or(Error::NotFound("namespace"))?,
        approval,
    })
}

async fn telling(services: &Services, approval: &Model) -> Result<Option<Telling>> {
    let Some(alert_id) = approval.alert_id else { return Ok(None) };
    let reader = services.db.reader();
    let Some(delivery) = deliveries::of_alerts(reader, vec![alert_id]).await?.pop() else { return Ok(None) };
    let channel = channels::by_id(reader, delivery.channel_id).await?;
    Ok(Some(Telling {
        channel: channel.map(|channel| channel.name),
        state: delivery.state,
        answer: delivery.answer,
        tried_at: delivery.tried_at,
    }))
}

/// The object's version as it is stored now; none when it is gone.
async fn version(services: &Services, approval: &Model) -> Result<Option<i32>> {
    let (reader, id) = (services.db.reader(), i32::try_from(approval.object_id).unwrap_or_default());
    if approval.object_version == 0 {
        return Ok(Some(0));
    }
    Ok(match approval.noun {
        Noun::Job => jobs::by_id(reader, id).await?.map(|job| job.version),
        Noun::Executor => executors::by_id(reader, id).await?.map(|executor| executor.version),
        Noun::Calendar => calendars::by_id(reader, id).await?.map(|calendar| calendar.version),
        Noun::Namespace => namespaces::by_id(reader, id).await?.map(|namespace| namespace.version),
        _ => Some(approval.object_version),
    })
}

/// The difference to the source as it is stored, of what changes one.
async fn source(services: &Services, request: Request) -> Result<Option<SourceDiff>> {
    let reader = services.db.reader();
    let stored = match request.job_id() {
        Some(id) => jobs::by_id(reader, id).await?.map(|job| job.source),
        None => None,
    };
    let new = match request {
        Request::CreateJob { draft, .. } | Request::EditJob { draft, .. } => draft.source,
        Request::SaveSource { draft, .. } => draft.source,
        Request::RevertSource { id, number, .. } => {
            let version = job_sources::by_number(reader, id, number).await?;
            version.map(|version| version.source).unwrap_or_default()
        }
        _ => String::new(),
    };
    let old = stored.unwrap_or_default();
    if new.is_empty() || new == old {
        return Ok(None);
    }
    // Megabytes take a while.
    let work = tokio::task::spawn_blocking(move || diff(&old, &new));
    work.await.map(Some).map_err(|error| Error::Internal(error.to_string()))
}

impl ApprovalFilter {
    fn states(self) -> &'static [ApprovalState] {
        const ALL: [ApprovalState; 7] = [
            ApprovalState::Waiting,
            ApprovalState::Applied,
            ApprovalState::Rejected,
            ApprovalState::Cancelled,
            ApprovalState::Expired,
            ApprovalState::Void,
            ApprovalState::Locked,
        ];
        match self {
            Self::Waiting => &ALL[..1],
            Self::Ended => &ALL[1..],
            Self::All => &ALL,
        }
    }
}
