//! Freezing and thawing: everything in a namespace, or everywhere, stands still for as long as somebody
//! needs it to.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::Faults;
use crate::looks;
use crate::signals::Change;
use crate::store::{freezes as store, namespaces, users};
use crate::{Error, Refusal, Result, Services};
use entity::audit_entry::Verb;
use entity::freeze::{ActiveModel, EVERYWHERE, Model};
use sea_orm::Set;
use std::collections::HashMap;

const REASON_LENGTH: u32 = 500;
/// Freezes that a list shows.
const LIST_LENGTH: u64 = 50;

/// What is to stand still, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeDraft {
    /// None = everything.
    pub namespace_id: Option<i32>,
    /// At most 500 characters.
    pub reason: String,
}

/// A freeze with the names around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeRow {
    pub freeze: Model,
    /// `business:service`; none for everything, or when it is gone.
    pub namespace: Option<String>,
    /// None for the operator at the command line.
    pub frozen_by: Option<String>,
    pub thawed_by: Option<String>,
}

/// The freezes that concern what the caller may see, the newest first; at most 50.
pub async fn list(services: &Services, caller: &Caller, only_lasting: bool) -> Result<Vec<FreezeRow>> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let freezes = store::list(reader, &visible, only_lasting, LIST_LENGTH).await?;
    if freezes.is_empty() {
        return Ok(Vec::new());
    }
    let people = freezes.iter().flat_map(|freeze| [freeze.frozen_by, freeze.thawed_by]).flatten().collect();
    let people = users::names(reader, people).await?;
    let namespaces = namespaces::list(reader, &visible).await?;
    let namespaces: HashMap<i32, String> = namespaces.iter().map(|found| (found.id, found.title())).collect();
    let name = |id: Option<i32>| id.and_then(|id| people.get(&id).cloned());
    let row = |freeze: Model| FreezeRow {
        namespace: namespaces.get(&freeze.namespace_id).cloned(),
        frozen_by: name(freeze.frozen_by),
        thawed_by: name(freeze.thawed_by),
        freeze,
    };
    Ok(freezes.into_iter().map(row).collect())
}

/// Freezes. When this returns, nothing of the namespace goes out any more; runs that are out already go
/// on, and their results are recorded.
///
/// # Errors
/// [`Error::Invalid`] naming `reason`; [`Refusal::Frozen`] when exactly this is frozen already;
/// [`Refusal::FreezeUnheeded`] when a server did not say within 4 s that it heeds it: it is frozen, but
/// something may still go out there.
pub async fn freeze(services: &Services, caller: &Caller, draft: FreezeDraft) -> Result<Model> {
    let namespace_id = draft.namespace_id.unwrap_or(EVERYWHERE);
    authorise_for(caller, namespace_id)?;
    let mut faults = Faults::default();
    let reason = faults.required_line("reason", &draft.reason, REASON_LENGTH);
    faults.into_result()?;
    let transaction = services.db.begin().await?;
    if namespace_id != EVERYWHERE {
        let namespace = namespaces::by_id_locked(&transaction, namespace_id).await?;
        namespace.ok_or(Error::NotFound("namespace"))?;
    }
    if store::lasts(&transaction, namespace_id).await? {
        return Err(Error::Refused(Refusal::Frozen));
    }
    let row = ActiveModel {
        namespace_id: Set(namespace_id),
        reason: Set(reason),
        frozen_by: Set(caller.account()),
        frozen_at: Set(services.clock.now()),
        ..Default::default()
    };
    let freeze = store::insert(&transaction, row).await?;
    audit::commit(services, caller, transaction, [Entry::of(Verb::Start, &freeze)]).await?;
    services.signals.publish(Change::Freeze(freeze.id));
    wait_until_heeded(services, freeze.id).await?;
    Ok(freeze)
}

/// Lets go on what a freeze holds, unless another one holds it too. One that has been thawed stays so.
pub async fn thaw(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let transaction = services.db.begin().await?;
    let freeze = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("freeze"))?;
    authorise_for(caller, freeze.namespace_id)?;
    if freeze.thawed_at.is_none() {
        store::thaw(&transaction, id, caller.account(), services.clock.now()).await?;
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::Stop, &freeze)]).await?;
    services.signals.publish(Change::Freeze(id));
    Ok(())
}

/// Whether the caller may let go on what it holds.
pub fn may_thaw(caller: &Caller, freeze: &Model) -> bool {
    authorise_for(caller, freeze.namespace_id).is_ok()
}

fn authorise_for(caller: &Caller, namespace_id: i32) -> Result<()> {
    match namespace_id {
        EVERYWHERE => authorise(caller, Action::ManageNamespaces, Scope::Platform),
        id => authorise(caller, Action::OperateJobs, Scope::Namespace { id, noun: "namespace" }),
    }
}

async fn wait_until_heeded(services: &Services, id: i32) -> Result<()> {
    let unheeded = || async {
        let servers = store::unheeded(services.db.reader(), id).await?;
        Ok((servers > 0).then_some(servers))
    };
    match looks::until_nothing(unheeded).await? {
        Some(servers) => Err(Error::Refused(Refusal::FreezeUnheeded(servers))),
        None => Ok(()),
    }
}
