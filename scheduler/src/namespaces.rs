//! Namespaces: the walls between teams.

use crate::approvals::{self, Asked, Request};
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::store::{
    alert_rules, alerts, approvals as approval_store, calendars, channels, freezes, grants, incidents,
    namespaces as store,
};
use crate::{Error, Refusal, Result, Services};
use entity::fault::Fault;
use entity::grant::Role;
use entity::namespace::{ActiveModel, Model};
use sea_orm::{DatabaseTransaction, Set};
use serde::{Deserialize, Serialize};

pub use crate::store::namespaces::NamespaceFilter;

const PART_LENGTH: u32 = 64;
const REMARK_LENGTH: u32 = 512;

/// A new namespace, written `business:service`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceDraft {
    pub business: String,
    pub service: String,
    pub remark: String,
}

/// What can be changed about a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceEdit {
    pub remark: String,
    /// As [`crate::rules::approval::Cover::Definitions`], and so on.
    pub approve_definitions: bool,
    pub approve_switching: bool,
    pub approve_runs: bool,
    /// A channel of the namespace, which is told of each approval and its code; none = approving takes no code.
    pub approval_channel_id: Option<i32>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceRow {
    pub namespace: Model,
    pub executors: u64,
    pub jobs: u64,
    /// What the caller may do there; none for a super-administrator, who may do everything everywhere.
    pub role: Option<Role>,
}

/// Those that the caller may see, by name; at most 1,000.
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<Model>> {
    Ok(store::list(services.db.reader(), &visible(caller)?).await?)
}

/// Those of them in which the caller may do this.
pub async fn list_for(services: &Services, caller: &Caller, action: Action) -> Result<Vec<Model>> {
    let mut namespaces = list(services, caller).await?;
    let allowed = |id| authorise(caller, action, Scope::Namespace { id, noun: "namespace" }).is_ok();
    namespaces.retain(|namespace| allowed(namespace.id));
    Ok(namespaces)
}

/// Those that the caller may see and that match, with what is in them; by name, at most 1,000.
pub async fn rows(
    services: &Services,
    caller: &Caller,
    filter: &NamespaceFilter,
) -> Result<Vec<NamespaceRow>> {
    let reader = services.db.reader();
    let namespaces = store::matching(reader, &visible(caller)?, filter).await?;
    let ids: Vec<i32> = namespaces.iter().map(|namespace| namespace.id).collect();
    let executors = store::executor_counts(reader, ids.clone()).await?;
    let jobs = store::job_counts(reader, ids).await?;
    let row = |namespace: Model| NamespaceRow {
        executors: executors.get(&namespace.id).copied().unwrap_or(0),
        jobs: jobs.get(&namespace.id).copied().unwrap_or(0),
        role: caller.grants.get(&namespace.id).copied(),
        namespace,
    };
    Ok(namespaces.into_iter().map(row).collect())
}

/// One of them with what is in it.
pub async fn row(services: &Services, caller: &Caller, id: i32) -> Result<NamespaceRow> {
    let (namespace, reader) = (get(services, caller, id).await?, services.db.reader());
    Ok(NamespaceRow {
        executors: store::executor_count(reader, id).await?,
        jobs: store::job_count(reader, id).await?,
        role: caller.grants.get(&id).copied(),
        namespace,
    })
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<Model> {
    authorise(caller, Action::View, Scope::Namespace { id, noun: "namespace" })?;
    store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("namespace"))
}

/// The namespace with this name, created when it is missing: what the server's configuration asks
/// for at its start, on nobody's behalf.
pub async fn ensure(services: &Services, business: &str, service: &str) -> Result<Model> {
    if let Some(namespace) = store::by_name(services.db.reader(), business, service).await? {
        return Ok(namespace);
    }
    let draft = NamespaceDraft { business: business.into(), service: service.into(), ..Default::default() };
    match create(services, &Caller::operator(), draft).await {
        // Another server was first.
        Err(Error::Invalid(faults)) if faults.iter().any(|f| matches!(f.fault, Fault::Taken { .. })) => {
            let namespace = store::by_name(services.db.reader(), business, service).await?;
            namespace.ok_or(Error::NotFound("namespace"))
        }
        created => created,
    }
}

/// Creates a namespace. The wrong fields are `business`, `service` and `remark`.
pub async fn create(services: &Services, caller: &Caller, draft: NamespaceDraft) -> Result<Model> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let draft = validate(&draft)?;
    let transaction = services.db.begin().await?;
    if let Some(holder) = store::by_name(&transaction, &draft.business, &draft.service).await? {
        return Err(Error::field("service", Fault::Taken { id: Some(holder.id.into()) }));
    }
    let row = ActiveModel {
        business: Set(draft.business),
        service: Set(draft.service),
        remark: Set(draft.remark),
        approve_definitions: Set(false),
        approve_switching: Set(false),
        approve_runs: Set(false),
        approval_channel_id: Set(None),
        created_at: Set(services.clock.now()),
        version: Set(1),
        updated_at: Set(services.clock.now()),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    let namespace = match store::insert(&transaction, row).await {
        Err(error) if is_taken(&error) => return Err(Error::field("service", Fault::Taken { id: None })),
        inserted => inserted?,
    };
    audit::commit(services, caller, transaction, [Entry::created(&namespace)]).await?;
    Ok(namespace)
}

/// Changes a namespace of which `version` was shown. Its name never changes. Where anything is approved, this is,
/// too.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] naming `remark` or `approval_channel_id`.
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    typed: &NamespaceEdit,
) -> Result<()> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let mut faults = Faults::default();
    let remark = faults.line("remark", &typed.remark, REMARK_LENGTH);
    faults.into_result()?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("namespace"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    if let Some(channel) = typed.approval_channel_id {
        check_channel(&transaction, id, channel).await?;
    }
    let changes = ActiveModel {
        remark: Set(remark.clone()),
        approve_definitions: Set(typed.approve_definitions),
        approve_switching: Set(typed.approve_switching),
        approve_runs: Set(typed.approve_runs),
        approval_channel_id: Set(typed.approval_channel_id),
        updated_at: Set(services.clock.now()),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    store::update(&transaction, &before, changes).await?;
    let after = Model {
        remark,
        approve_definitions: typed.approve_definitions,
        approve_switching: typed.approve_switching,
        approve_runs: typed.approve_runs,
        approval_channel_id: typed.approval_channel_id,
        ..before.clone()
    };
    let asked = Asked { request: Request::EditNamespace { id, version, edit: typed.clone() }, version };
    approvals::commit(services, caller, transaction, asked, Entry::edited(&before, &after)).await
}

/// Deletes an empty namespace, and with it its grants, calendars, freezes, alert rules and channels.
///
/// # Errors
/// [`Refusal::NamespaceInUse`] while it has executors or jobs.
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let transaction = services.db.begin().await?;
    let namespace = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("namespace"))?;
    let executors = store::executor_count(&transaction, id).await?;
    let jobs = store::job_count(&transaction, id).await?;
    if executors + jobs > 0 {
        return Err(Error::Refused(Refusal::NamespaceInUse { executors, jobs }));
    }
    approval_store::delete_of_namespace(&transaction, id).await?;
    grants::delete_of_namespace(&transaction, id).await?;
    calendars::delete_of_namespace(&transaction, id).await?;
    freezes::delete_of_namespace(&transaction, id).await?;
    for rule in alert_rules::of_namespace(&transaction, id).await? {
        alerts::forget_rule(&transaction, rule.id).await?;
        incidents::delete_of_rule(&transaction, rule.id).await?;
        alert_rules::delete(&transaction, rule.id).await?;
    }
    channels::delete_of_namespace(&transaction, id).await?;
    store::delete(&transaction, id).await?;
    audit::commit(services, caller, transaction, [Entry::deleted(&namespace)]).await
}

/// Locks the channel: it is not deleted while approvals begin to be told to it.
async fn check_channel(transaction: &DatabaseTransaction, namespace_id: i32, id: i32) -> Result<()> {
    let channel = channels::by_id_locked(transaction, id).await?;
    match channel.filter(|channel| channel.namespace_id == namespace_id) {
        Some(_) => Ok(()),
        None => Err(Error::field("approval_channel_id", Fault::Unknown)),
    }
}

fn validate(draft: &NamespaceDraft) -> Result<NamespaceDraft> {
    let mut faults = Faults::default();
    let mut part = |field, text: &str| {
        let text = faults.required_line(field, text, PART_LENGTH);
        // The colon parts the two names.
        if text.contains(|character: char| character.is_whitespace() || character == ':') {
            faults.add(field, Fault::Character);
        }
        text
    };
    let (business, service) = (part("business", &draft.business), part("service", &draft.service));
    let remark = faults.line("remark", &draft.remark, REMARK_LENGTH);
    faults.into_result()?;
    Ok(NamespaceDraft { business, service, remark })
}
