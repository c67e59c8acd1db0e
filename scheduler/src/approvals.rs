//! Approvals: in a namespace that asks for it, a change waits until somebody else than its submitter approves
//! it, and happens in the instant in which he does.
//!
//! Every service that changes what can be covered ends with `commit`, which is the only way to its end: there
//! the change is valid, its rights are checked, and what it would do is known; if it has to be approved, it is
//! taken back, and written down instead with its difference. Approving asks the same service again, on the
//! submitter's behalf and with what he may do by then; the approval ends in the transaction of the change. See
//! `docs/approvals.md`.

mod code;
mod decide;
mod plan;
mod request;
mod view;

pub use code::send_code;
pub use decide::{Done, approve, cancel, expire, reject};
pub use plan::Plan;
pub use request::Request;
pub use view::{ApprovalDetail, ApprovalFilter, ApprovalPage, ApprovalRow, Telling, get, list, waiting_for};

use crate::alerts::asking;
use crate::audit::{self, Entry};
use crate::authority::{Caller, Consent, Given};
use crate::rules::approval::{Hindrance, WAITS, is_needed};
use crate::rules::digest::hex;
use crate::store::approvals::{self as store, End};
use crate::store::{channels, namespaces};
use crate::{Error, Refusal, Result, Services};
use entity::approval::{ActiveModel, ApprovalState, Model, Void};
use entity::audit_entry::{Noun, Verb};
use entity::namespace;
use sea_orm::{DatabaseTransaction, Set};
use sha2::{Digest, Sha256};

/// A change, as its service is asked for it.
pub(crate) struct Asked {
    pub request: Request,
    /// The version of the stored object that it changes; 0 for what has none.
    pub version: i32,
}

/// Commits a change with its entry in the audit, unless it waits for approval.
///
/// # Errors
/// [`Error::Held`] when it waits: nothing else has happened. While an approved change is made,
/// [`Refusal::ApprovalEnded`] and [`Refusal::ApprovalVoid`].
pub(crate) async fn commit(
    services: &Services,
    caller: &Caller,
    transaction: DatabaseTransaction,
    asked: Asked,
    entry: Entry,
) -> Result<()> {
    match &caller.consent {
        Consent::Given(given) => close(services, &transaction, given, &asked).await?,
        Consent::NotAsked => {}
        Consent::ToBeAsked => {
            if let Some(namespace) = asking_namespace(services, &entry).await? {
                transaction.rollback().await?;
                return Err(Error::Held(submit(services, caller, namespace.id, asked, entry).await?));
            }
        }
    }
    audit::commit(services, caller, transaction, [entry]).await
}

/// The same question before a change of several steps, which begins only after it; `entry` is what it will
/// come to.
pub(crate) async fn ask(services: &Services, caller: &Caller, asked: Asked, entry: Entry) -> Result<()> {
    if caller.consent != Consent::ToBeAsked {
        return Ok(());
    }
    match asking_namespace(services, &entry).await? {
        Some(namespace) => Err(Error::Held(submit(services, caller, namespace.id, asked, entry).await?)),
        None => Ok(()),
    }
}

/// Whether a change of this caller would wait in the namespace.
pub(crate) fn waits(caller: &Caller, namespace: &namespace::Model, noun: Noun, verb: Verb) -> bool {
    caller.consent == Consent::ToBeAsked && is_needed(namespace, noun, verb)
}

/// The namespace of a change that waits for approval there. As it was before the change, which may be one of
/// itself: whoever switches approval off does not get around it.
async fn asking_namespace(services: &Services, entry: &Entry) -> Result<Option<namespace::Model>> {
    let Some(id) = entry.namespace_id() else { return Ok(None) };
    let namespace = namespaces::by_id(services.db.reader(), id).await?;
    Ok(namespace.filter(|namespace| is_needed(namespace, entry.noun(), entry.verb())))
}

/// Writes down a change that waits, and that the namespace's channel is to be told; its number.
async fn submit(
    services: &Services,
    caller: &Caller,
    namespace_id: i32,
    asked: Asked,
    entry: Entry,
) -> Result<i32> {
    let request = asked.request.written()?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    // Locked: what is approved there, and who is told, does not change meanwhile.
    let namespace = namespaces::by_id_locked(&transaction, namespace_id).await?;
    let namespace = namespace.ok_or(Error::NotFound("namespace"))?;
    let channel = match namespace.approval_channel_id {
        Some(id) => channels::by_id(&transaction, id).await?,
        None => None,
    };
    let (noun, verb) = (entry.noun(), entry.verb());
    // The number that it had here is given to another.
    let object_id = if verb == Verb::Create { 0 } else { entry.object_id() };
    let object = entry.object().to_owned();
    let (before, after) = entry.wished();
    let row = ActiveModel {
        namespace_id: Set(namespace_id),
        state: Set(ApprovalState::Waiting),
        noun: Set(noun),
        verb: Set(verb),
        object_id: Set(object_id),
        object: Set(object),
        object_version: Set(asked.version),
        digest: Set(digest(asked.version, &request, before.as_deref(), after.as_deref())),
        request: Set(request),
        before: Set(before),
        after: Set(after),
        submitted_by: Set(caller.user_id),
        submitter: Set(caller.name.clone()),
        submitted_at: Set(now),
        expires_at: Set(now + WAITS),
        needs_code: Set(namespace.approval_channel_id.is_some()),
        alert_id: Set(None),
        code_hash: Set(None),
        tries: Set(0),
        decided_by: Set(None),
        decider: Set(String::new()),
        decided_at: Set(None),
        remark: Set(String::new()),
        ..Default::default()
    };
    let approval = store::insert(&transaction, row).await?;
    if let Some(channel) = channel {
        let alert_id = asking::announce(&transaction, &approval, &namespace, channel).await?;
        store::set_alert(&transaction, approval.id, alert_id).await?;
    }
    audit::commit(services, caller, transaction, [Entry::of_approval(Verb::Submit, &approval)]).await?;
    Ok(approval.id)
}

/// Ends the approval in the transaction of the change that it approves.
async fn close(
    services: &Services,
    transaction: &DatabaseTransaction,
    given: &Given,
    asked: &Asked,
) -> Result<()> {
    let approval = &given.approval;
    if asked.version != approval.object_version {
        return Err(Error::Refused(Refusal::ApprovalVoid(Void::Changed)));
    }
    let end = End {
        state: ApprovalState::Applied,
        by: Some(given.approver.user_id),
        name: given.approver.name.clone(),
        at: services.clock.now(),
        remark: String::new(),
    };
    if !store::end(transaction, approval.id, end).await? {
        return Err(Error::Refused(Refusal::ApprovalEnded));
    }
    audit::add(services, &given.approver, transaction, vec![Entry::of_approval(Verb::Approve, approval)])
        .await
}

/// Over all that an approver is shown, and what is done then.
fn digest(version: i32, request: &str, before: Option<&str>, after: Option<&str>) -> String {
    let text = serde_json::json!([version, request, before, after]).to_string();
    hex(&Sha256::digest(text))
}

/// Whether it is still what was submitted.
fn is_intact(approval: &Model) -> bool {
    let (before, after) = (approval.before.as_deref(), approval.after.as_deref());
    digest(approval.object_version, &approval.request, before, after) == approval.digest
}

impl From<Hindrance> for Error {
    fn from(hindrance: Hindrance) -> Self {
        Self::Refused(match hindrance {
            Hindrance::Decided(_) => Refusal::ApprovalEnded,
            Hindrance::Expired => Refusal::ApprovalExpired,
            Hindrance::Own => Refusal::OwnApproval,
            Hindrance::NotOwn => Refusal::NotOwnApproval,
            Hindrance::NoCode => Refusal::ApprovalCodeNotTold,
        })
    }
}
