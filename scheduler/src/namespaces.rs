//! Namespaces: the walls between teams.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::store::{
    alert_rules, alerts, calendars, channels, freezes, grants, incidents, namespaces as store,
};
use crate::{Error, Refusal, Result, Services};
use entity::fault::Fault;
use entity::grant::Role;
use entity::namespace::{ActiveModel, Model};
use sea_orm::Set;

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

/// Changes the remark of a namespace of which `version` was shown. Its name never changes.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] naming `remark`.
pub async fn edit(services: &Services, caller: &Caller, id: i32, version: i32, remark: &str) -> Result<()> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let mut faults = Faults::default();
    let remark = faults.line("remark", remark, REMARK_LENGTH);
    faults.into_result()?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("namespace"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    let changes = ActiveModel {
        remark: Set(remark.clone()),
        updated_at: Set(services.clock.now()),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    store::update(&transaction, &before, changes).await?;
    let after = Model { remark, ..before.clone() };
    audit::commit(services, caller, transaction, [Entry::edited(&before, &after)]).await
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
