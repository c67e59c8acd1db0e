//! Who may do what: the one function that decides, asked by every service.
//!
//! Deny by default, and decide by the *stored* object: a namespace that a request names is never
//! believed. Until grants exist, an ordinary user owns nothing but the own account.

use crate::{Error, Result};
use entity::user::UserRole;

/// The person on whose behalf a service works, as stored at the moment of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// 0 for the operator at the server's own command line, who has no account.
    pub user_id: i32,
    pub name: String,
    pub role: UserRole,
    /// Nothing but changing the password is allowed while this is set.
    pub must_change_password: bool,
}

impl Caller {
    /// Whoever can run this program on the server's machine can read its database, too.
    pub fn operator() -> Self {
        Self {
            user_id: 0,
            name: "operator".to_owned(),
            role: UserRole::SuperAdmin,
            must_change_password: false,
        }
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
    ManageUsers,
    ManageNamespaces,
    ManageExecutors,
    ManageJobs,
    /// Channels, alert rules, deliveries.
    ManageAlerts,
    /// Start, stop, run now, kill.
    OperateJobs,
    ChangePassword,
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
/// caller may not see, so that ids tell nothing; [`Error::Forbidden`] else.
pub fn authorise(caller: &Caller, action: Action, scope: Scope) -> Result<()> {
    if caller.must_change_password && action != Action::ChangePassword {
        return Err(Error::PasswordChangeRequired);
    }
    let own = |user_id| user_id == caller.user_id;
    match (caller.role, action, scope) {
        // A password is changed by its owner only; everybody else resets it.
        (_, Action::ChangePassword, Scope::Account { user_id }) if own(user_id) => Ok(()),
        (_, Action::ChangePassword, _) => Err(Error::Forbidden),
        (UserRole::SuperAdmin, ..) => Ok(()),
        (UserRole::Ordinary, Action::View, Scope::Account { user_id }) if own(user_id) => Ok(()),
        (UserRole::Ordinary, _, Scope::Namespace { noun, .. }) => Err(Error::NotFound(noun)),
        (UserRole::Ordinary, ..) => Err(Error::Forbidden),
    }
}

/// The namespaces whose contents `caller` may see.
pub fn visible(caller: &Caller) -> Result<Visible> {
    if caller.must_change_password {
        return Err(Error::PasswordChangeRequired);
    }
    Ok(match caller.role {
        UserRole::SuperAdmin => Visible::All,
        UserRole::Ordinary => Visible::Only(Vec::new()),
    })
}
