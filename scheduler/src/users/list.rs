//! The accounts as their administrators see them.

use super::{UserView, stored};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::store::{grants, namespaces, users as store};
use crate::{Result, Services, authority::Visible};
use entity::grant::{self, Role};
use entity::user::Model;
use entity::{Millis, namespace};
use std::collections::HashMap;

pub use crate::store::users::UserFilter;

/// Rows of a list at most.
pub const LIST_LENGTH: u64 = 1000;

/// An account with what its administrators look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub user: UserView,
    /// Of the last edit; none where there was none.
    pub updated_at: Option<Millis>,
    /// None for the operator at the command line.
    pub updated_by: Option<String>,
    /// In the order in which they were granted.
    pub grants: Vec<UserGrant>,
}

/// What somebody may do in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserGrant {
    pub namespace_id: i32,
    /// `business:service`.
    pub namespace: String,
    pub role: Role,
}

/// The accounts that match, by name; at most [`LIST_LENGTH`].
pub async fn list(services: &Services, caller: &Caller, filter: &UserFilter) -> Result<Vec<UserRow>> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    rows(services, store::list(services.db.reader(), filter, LIST_LENGTH).await?).await
}

/// One account, for its administrators.
pub async fn detail(services: &Services, caller: &Caller, id: i32) -> Result<UserRow> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    let user = stored(services, id).await?;
    let row = rows(services, vec![user]).await?.pop();
    row.ok_or(crate::Error::NotFound("user"))
}

async fn rows(services: &Services, users: Vec<Model>) -> Result<Vec<UserRow>> {
    let reader = services.db.reader();
    let editors = store::names(reader, users.iter().filter_map(|user| user.updated_by).collect()).await?;
    let granted = grants::of_users(reader, users.iter().map(|user| user.id).collect()).await?;
    let titles: HashMap<i32, String> = match granted.is_empty() {
        true => HashMap::new(),
        false => namespaces::list(reader, &Visible::All).await?.iter().map(titled).collect(),
    };
    let mut grants: HashMap<i32, Vec<UserGrant>> = HashMap::new();
    for grant::Model { user_id, namespace_id, role, .. } in granted {
        let Some(namespace) = titles.get(&namespace_id).cloned() else { continue };
        grants.entry(user_id).or_default().push(UserGrant { namespace_id, namespace, role });
    }
    let row = |user: Model| UserRow {
        updated_at: (user.updated_at != 0).then_some(user.updated_at),
        updated_by: user.updated_by.and_then(|id| editors.get(&id).cloned()),
        grants: grants.remove(&user.id).unwrap_or_default(),
        user: user.into(),
    };
    Ok(users.into_iter().map(row).collect())
}

fn titled(namespace: &namespace::Model) -> (i32, String) {
    (namespace.id, namespace.title())
}
