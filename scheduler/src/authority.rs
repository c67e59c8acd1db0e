//! Who may do what: the one function that decides, asked by every service.
//!
//! Deny by default, and decide by the *stored* object: a namespace that a request names is never
//! believed. An ordinary user may do what the grants say; a program with an API token what its user may,
//! within the token's limits.

use crate::{Error, Result};
use entity::approval;
use entity::grant::Role;
use entity::user::UserRole;
use std::collections::{BTreeMap, BTreeSet};

/// A person's roles by namespace.
pub type Grants = BTreeMap<i32, Role>;

/// The person on whose behalf a service works, as stored at the moment of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// 0 for the operator at the server's own command line, who has no account.
    pub user_id: i32,
    pub name: String,
    pub role: UserRole,
    /// Nothing but changing the password is allowed while this is set.
    pub must_change_password: bool,
    /// The browser's IP address; empty for who has none.
    pub address: String,
    /// Of no meaning for a super-administrator.
    pub grants: Grants,
    /// What is left of all that for a program that calls with an API token.
    pub limit: Option<Limit>,
    /// Whether changes wait for approval where the namespace asks for it.
    pub consent: Consent,
}

/// What there is of an approval of the caller's changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    #[default]
    ToBeAsked,
    /// None is needed: the operator's at the command line, and the steps of a change that has one.
    NotAsked,
    /// There is one, which ends with the change.
    Given(Box<Given>),
}

/// An approval, while its change is made on behalf of the submitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub approver: Caller,
    pub approval: approval::Model,
}

/// What an API token leaves of its user's rights. Nothing outside of namespaces but a look at the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub role: Role,
    /// None = all that the user may see.
    pub namespaces: Option<BTreeSet<i32>>,
}

impl Caller {
    /// Whoever can run this program on the server's machine can read its database, too.
    pub fn operator() -> Self {
        Self {
            user_id: 0,
            name: "operator".to_owned(),
            role: UserRole::SuperAdmin,
            must_change_password: false,
            address: String::new(),
            grants: Grants::new(),
            limit: None,
            consent: Consent::NotAsked,
        }
    }

    /// The server itself, on nobody's behalf.
    pub fn server() -> Self {
        Self { name: "server".to_owned(), ..Self::operator() }
    }

    /// The same in a step of a change that is approved as a whole.
    pub(crate) fn within_a_change(&self) -> Self {
        Self { consent: Consent::NotAsked, ..self.clone() }
    }

    /// The account for columns such as `updated_by`; none for the operator.
    pub fn account(&self) -> Option<i32> {
        (self.user_id != 0).then_some(self.user_id)
    }
}

/// What is to be done with the object of a [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    View,
    ViewAudit,
    ManageUsers,
    ManageNamespaces,
    /// How long the past is kept.
    ManageRetention,
    /// See the servers of the cluster, and let them drain.
    ManageServers,
    ManageExecutors,
    ManageJobs,
    /// Channels, alert rules, deliveries.
    ManageAlerts,
    /// Start, stop, run now, kill.
    OperateJobs,
    /// Let happen what somebody else wants to change.
    Approve,
    ChangePassword,
    /// The own API tokens.
    ManageTokens,
}

impl Action {
    /// The role that it needs in a namespace; none for what no role there allows.
    pub fn needed_role(self) -> Option<Role> {
        match self {
            Self::View => Some(Role::Viewer),
            Self::OperateJobs => Some(Role::Operator),
            Self::ManageJobs | Self::ManageExecutors => Some(Role::Editor),
            Self::Approve => Some(Role::Approver),
            Self::ManageAlerts => Some(Role::Owner),
            Self::ViewAudit
            | Self::ManageUsers
            | Self::ManageNamespaces
            | Self::ManageRetention
            | Self::ManageServers
            | Self::ChangePassword
            | Self::ManageTokens => None,
        }
    }
}

/// The stored object that an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing in particular: users, namespaces, settings.
    Platform,
    /// Something inside a namespace; `noun` is what the caller asked for, for the error.
    Namespace { id: i32, noun: &'static str },
    /// A user's account.
    Account { user_id: i32 },
}

/// Which namespaces a caller may see: the filter of every list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    All,
    Only(Vec<i32>),
}

impl Visible {
    pub fn contains(&self, namespace_id: i32) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&namespace_id),
        }
    }
}

/// Decides.
///
/// # Errors
/// [`Error::PasswordChangeRequired`] first; [`Error::NotFound`] for an object whose namespace the
/// caller may not see, so that ids tell nothing; [`Error::RoleNeeded`] where the role there is too small;
/// [`Error::Forbidden`] else.
pub fn authorise(caller: &Caller, action: Action, scope: Scope) -> Result<()> {
    if caller.must_change_password && action != Action::ChangePassword {
        return Err(Error::PasswordChangeRequired);
    }
    if let Some(limit) = &caller.limit {
        limit.check(caller.user_id, action, scope)?;
    }
    let own = |user_id| user_id == caller.user_id;
    match (caller.role, action, scope) {
        // Password and tokens are their owner's only; everybody else resets the password.
        (_, Action::ChangePassword | Action::ManageTokens, Scope::Account { user_id }) if own(user_id) => {
            Ok(())
        }
        (_, Action::ChangePassword | Action::ManageTokens, _) => Err(Error::Forbidden),
        (UserRole::SuperAdmin, ..) => Ok(()),
        (UserRole::Ordinary, Action::View, Scope::Account { user_id }) if own(user_id) => Ok(()),
        (UserRole::Ordinary, _, Scope::Namespace { id, noun }) => {
            check_role(caller.grants.get(&id).copied(), action, noun)
        }
        (UserRole::Ordinary, ..) => Err(Error::Forbidden),
    }
}

/// Whether [`authorise`] lets it happen in some namespace: for what leads to the form of something new.
pub fn is_allowed_somewhere(caller: &Caller, action: Action) -> bool {
    let is_allowed = |scope| authorise(caller, action, scope).is_ok();
    match caller.role {
        UserRole::SuperAdmin => match &caller.limit {
            None => is_allowed(Scope::Platform),
            Some(limit) => is_allowed(limit.some_scope()),
        },
        UserRole::Ordinary => {
            caller.grants.keys().any(|id| is_allowed(Scope::Namespace { id: *id, noun: "namespace" }))
        }
    }
}

/// The namespaces whose contents `caller` may see.
pub fn visible(caller: &Caller) -> Result<Visible> {
    if caller.must_change_password {
        return Err(Error::PasswordChangeRequired);
    }
    let granted = match caller.role {
        UserRole::SuperAdmin => Visible::All,
        UserRole::Ordinary => Visible::Only(caller.grants.keys().copied().collect()),
    };
    Ok(match caller.limit.as_ref().and_then(|limit| limit.namespaces.as_ref()) {
        None => granted,
        Some(only) => Visible::Only(only.iter().copied().filter(|id| granted.contains(*id)).collect()),
    })
}

impl Limit {
    /// A namespace that it covers, or one that does not exist where it covers all.
    fn some_scope(&self) -> Scope {
        let id = self.namespaces.as_ref().map_or(Some(0), |only| only.first().copied());
        id.map_or(Scope::Platform, |id| Scope::Namespace { id, noun: "namespace" })
    }

    fn check(&self, own_id: i32, action: Action, scope: Scope) -> Result<()> {
        match scope {
            Scope::Namespace { id, noun } => {
                let is_covered = self.namespaces.as_ref().is_none_or(|only| only.contains(&id));
                check_role(is_covered.then_some(self.role), action, noun)
            }
            Scope::Account { user_id } if action == Action::View && user_id == own_id => Ok(()),
            Scope::Account { .. } | Scope::Platform => Err(Error::Forbidden),
        }
    }
}

fn check_role(role: Option<Role>, action: Action, noun: &'static str) -> Result<()> {
    let Some(role) = role else { return Err(Error::NotFound(noun)) };
    match action.needed_role() {
        Some(needed) if role.includes(needed) => Ok(()),
        Some(needed) => Err(Error::RoleNeeded(needed)),
        None => Err(Error::Forbidden),
    }
}

#[cfg(test)]
mod tests;
