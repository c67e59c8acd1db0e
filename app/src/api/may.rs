//! What the viewer may do, decided by the server: pages offer nothing that would be refused.

use serde::{Deserialize, Serialize};

/// In a namespace, or in any where no particular one is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct May {
    /// Run, kill, start, stop, freeze.
    pub operate: bool,
    /// Jobs, code, calendars, executors.
    pub edit: bool,
    /// Channels and alert rules.
    pub alert: bool,
    /// Users, namespaces and grants.
    pub administer: bool,
}

#[cfg(feature = "ssr")]
mod with_services {
    use super::May;
    use scheduler::authority::{Action, Caller, Scope, authorise, is_allowed_somewhere};

    impl May {
        /// With what is in this namespace.
        pub fn inside(caller: &Caller, namespace_id: i32) -> Self {
            let scope = Scope::Namespace { id: namespace_id, noun: "namespace" };
            Self::by(caller, |action| authorise(caller, action, scope).is_ok())
        }

        /// In some namespace.
        pub fn somewhere(caller: &Caller) -> Self {
            Self::by(caller, |action| is_allowed_somewhere(caller, action))
        }

        fn by(caller: &Caller, is_allowed: impl Fn(Action) -> bool) -> Self {
            Self {
                operate: is_allowed(Action::OperateJobs),
                edit: is_allowed(Action::ManageJobs),
                alert: is_allowed(Action::ManageAlerts),
                administer: authorise(caller, Action::ManageUsers, Scope::Platform).is_ok(),
            }
        }
    }
}
