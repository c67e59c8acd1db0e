//! Grants: who may do what in which namespace. Super-administrators give and take them.

use crate::audit::{self, Entry, Rights};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::store::{grants as store, namespaces, users};
use crate::{Error, Result, Services};
use entity::audit_entry::Verb;
use entity::fault::Fault;
use entity::grant::{ActiveModel, Model, Role};
use entity::{Millis, namespace, user};
use sea_orm::{DatabaseTransaction, Set};

/// People who can be named at once.
const MOST: usize = 200;

/// Somebody who may do something in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Of the grant.
    pub id: i32,
    pub user_id: i32,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub granted_at: Millis,
    /// None for the operator at the command line.
    pub granted_by: Option<String>,
}

/// What became of the people named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    pub granted: usize,
    /// As typed: no account has these addresses or names.
    pub unknown: Vec<String>,
}

/// Who may do something in a namespace, by name.
pub async fn of_namespace(services: &Services, caller: &Caller, namespace_id: i32) -> Result<Vec<Member>> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let reader = services.db.reader();
    let grants = store::of_namespace(reader, namespace_id).await?;
    let people = users::by_ids(reader, grants.iter().map(|grant| grant.user_id).collect()).await?;
    let givers = users::names(reader, grants.iter().filter_map(|grant| grant.created_by).collect()).await?;
    let member = |grant: Model| {
        let user = people.iter().find(|user| user.id == grant.user_id)?;
        Some(Member {
            id: grant.id,
            user_id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            role: grant.role,
            granted_at: grant.created_at,
            granted_by: grant.created_by.and_then(|id| givers.get(&id).cloned()),
        })
    };
    let mut members: Vec<Member> = grants.into_iter().filter_map(member).collect();
    members.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

/// Gives everybody in `people` this role in a namespace; whoever had another one there has this one then.
/// `people` are e-mail addresses or names with commas or blanks between.
///
/// # Errors
/// [`Error::Invalid`] naming `people`; addresses that nobody has are no error but told.
pub async fn grant(
    services: &Services,
    caller: &Caller,
    namespace_id: i32,
    people: &str,
    role: Role,
) -> Result<Granted> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let people = named(people)?;
    let transaction = services.db.begin().await?;
    let namespace = namespaces::by_id_locked(&transaction, namespace_id).await?;
    let namespace = namespace.ok_or(Error::NotFound("namespace"))?;
    let (mut outcome, mut entries) = (Granted::default(), Vec::new());
    for typed in people {
        match users::by_name_or_email(&transaction, &typed.to_lowercase()).await? {
            Some(user) => {
                let row = ActiveModel {
                    user_id: Set(user.id),
                    namespace_id: Set(namespace_id),
                    role: Set(role),
                    created_at: Set(services.clock.now()),
                    created_by: Set(caller.account()),
                    ..Default::default()
                };
                let before = put(&transaction, namespace_id, user.id, row, role).await?;
                entries.push(entry(&namespace, &user, before, Some(role)));
                outcome.granted += 1;
            }
            None => outcome.unknown.push(typed),
        }
    }
    audit::commit(services, caller, transaction, entries).await?;
    Ok(outcome)
}

/// Gives somebody another role.
pub async fn change(services: &Services, caller: &Caller, id: i32, role: Role) -> Result<()> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let transaction = services.db.begin().await?;
    let grant = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("grant"))?;
    store::set_role(&transaction, id, role).await?;
    commit(services, caller, transaction, grant, Some(role)).await
}

/// Takes a grant back: the next call of that person in the namespace is refused.
pub async fn revoke(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorise(caller, Action::ManageNamespaces, Scope::Platform)?;
    let transaction = services.db.begin().await?;
    let grant = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("grant"))?;
    store::delete(&transaction, id).await?;
    commit(services, caller, transaction, grant, None).await
}

/// Commits what has become of a grant.
async fn commit(
    services: &Services,
    caller: &Caller,
    transaction: DatabaseTransaction,
    before: Model,
    after: Option<Role>,
) -> Result<()> {
    let namespace = namespaces::by_id(&transaction, before.namespace_id).await?;
    let user = users::by_id(&transaction, before.user_id).await?;
    let namespace = namespace.ok_or(Error::NotFound("namespace"))?;
    let user = user.ok_or(Error::NotFound("user"))?;
    let entry = entry(&namespace, &user, Some(before.role), after);
    audit::commit(services, caller, transaction, [entry]).await
}

/// What the audit says when somebody who had one role in a namespace, or none, has another one, or none.
fn entry(
    namespace: &namespace::Model,
    user: &user::Model,
    before: Option<Role>,
    after: Option<Role>,
) -> Entry {
    let verb = if after.is_some() { Verb::Grant } else { Verb::Revoke };
    let had = |role| Rights { namespace, user, role };
    Entry::changed(verb, &had(before), &had(after))
}

/// Returns the role that the person had there.
async fn put(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    user_id: i32,
    row: ActiveModel,
    role: Role,
) -> Result<Option<Role>> {
    let present = store::of_user_locked(transaction, namespace_id, user_id).await?;
    match &present {
        Some(present) => store::set_role(transaction, present.id, role).await?,
        None => store::insert(transaction, row).await.map(drop)?,
    }
    Ok(present.map(|present| present.role))
}

/// Each once, in the order in which they are typed.
fn named(people: &str) -> Result<Vec<String>> {
    let mut named: Vec<String> = Vec::new();
    let parts = people.split(|character: char| character.is_whitespace() || ",;，；、".contains(character));
    for part in parts.filter(|part| !part.is_empty()) {
        if !named.iter().any(|known| known.eq_ignore_ascii_case(part)) {
            named.push(part.to_owned());
        }
    }
    match named.len() {
        0 => Err(Error::field("people", Fault::Required)),
        1..=MOST => Ok(named),
        _ => Err(Error::field("people", Fault::TooMany { max: MOST as u32 })),
    }
}
