//! Namespaces: the walls between teams.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::store::namespaces as store;
use crate::{Error, Result, Services};
use entity::fault::Fault;
use entity::namespace::{ActiveModel, Model};
use sea_orm::Set;

const PART_LENGTH: u32 = 64;
const REMARK_LENGTH: u32 = 512;

/// A new namespace, written `business:service`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceDraft {
    pub business: String,
    pub service: String,
    pub remark: String,
}

/// Those that the caller may see, by name; at most 1,000.
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<Model>> {
    Ok(store::list(services.db.reader(), &visible(caller)?).await?)
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
        ..Default::default()
    };
    let namespace = match store::insert(&transaction, row).await {
        Err(error) if is_taken(&error) => return Err(Error::field("service", Fault::Taken { id: None })),
        inserted => inserted?,
    };
    audit::commit(services, caller, transaction, [Entry::created(&namespace)]).await?;
    Ok(namespace)
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
