//! Namespaces, and who may do what in them.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use entity::grant::Role;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form of a new namespace, as its server function names it.
pub const NEW_FORM: &str = "namespace-new";
/// The form of a namespace that exists.
pub const EDIT_FORM: &str = "namespace-edit";
/// The form that grants.
pub const GRANT_FORM: &str = "grant";

/// The filters of the list, as they stand in its address; empty = any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamespaceQuery {
    /// Part of it.
    pub business: String,
    /// Part of it.
    pub service: String,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespaceLine {
    pub id: i32,
    /// `business:service`.
    pub title: String,
    pub remark: String,
    pub executors: u64,
    pub jobs: u64,
    /// What the viewer may do there; none for a super-administrator.
    pub role: Option<Role>,
}

/// One namespace with its people. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespacePage {
    pub id: i32,
    pub version: i32,
    /// `business:service`.
    pub title: String,
    pub remark: String,
    pub approve_definitions: bool,
    pub approve_switching: bool,
    pub approve_runs: bool,
    pub approval_channel_id: Option<i32>,
    /// That may be told of approvals: id and name.
    pub channels: Vec<(i32, String)>,
    pub executors: u64,
    pub jobs: u64,
    pub created_at: i64,
    /// By name.
    pub members: Vec<MemberLine>,
}

/// Somebody who may do something in the namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberLine {
    /// Of the grant.
    pub id: i32,
    pub user_id: i32,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub granted_at: i64,
    /// None for the operator at the command line.
    pub granted_by: Option<String>,
}

/// A new namespace, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespaceForm {
    pub business: String,
    pub service: String,
    #[serde(default)]
    pub remark: String,
}

/// What can be changed about a namespace, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespaceSettings {
    #[serde(default)]
    pub remark: String,
    /// Boxes that are ticked send `true`, the others nothing.
    #[serde(default)]
    pub approve_definitions: bool,
    #[serde(default)]
    pub approve_switching: bool,
    #[serde(default)]
    pub approve_runs: bool,
    /// The id of a channel; empty = nobody is told.
    #[serde(default)]
    pub approval_channel_id: String,
}

/// A grant for several people at once, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantForm {
    /// E-mail addresses or names, with commas, blanks or line ends between.
    #[serde(default)]
    pub people: String,
    pub role: Role,
}

/// The namespaces that the viewer may see and that match, by name; at most 1,000.
#[server]
pub async fn list_namespaces(query: NamespaceQuery) -> Result<Vec<NamespaceLine>, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::namespaces::rows(&services, &caller, &query.into()).await;
    Ok(rows.map_err(ssr::refuse)?.into_iter().map(NamespaceLine::from).collect())
}

/// One namespace with its people, for super-administrators.
#[server]
pub async fn namespace(id: i32) -> Result<NamespacePage, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let members = scheduler::grants::of_namespace(&services, &caller, id).await.map_err(ssr::refuse)?;
    let row = scheduler::namespaces::row(&services, &caller, id).await.map_err(ssr::refuse)?;
    let channels = scheduler::channels::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(NamespacePage::new(row, members, channels))
}

/// Creates a namespace.
#[server]
pub async fn create_namespace(form: NamespaceForm) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::namespaces::create(&services, &caller, form.clone().into()).await {
        Ok(namespace) => {
            ssr::flash(Message::new("namespace_created"));
            ssr::redirect(&routes::namespace(namespace.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form, error).await),
    }
}

/// Changes a namespace of which `version` was shown.
#[server]
pub async fn edit_namespace(id: i32, version: i32, form: NamespaceSettings) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let edited = match form.edit() {
        Ok(edit) => {
            scheduler::namespaces::edit(&services, &caller, id, version, &edit).await.map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    match edited {
        Ok(()) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::namespace(id));
            Ok(())
        }
        Err(error) => {
            let mut typed = serde_json::to_value(&form).unwrap_or_default();
            typed["version"] = version.into();
            Err(ssr::refuse_form(EDIT_FORM, &typed, error).await)
        }
    }
}

/// Deletes a namespace without executors and jobs.
#[server]
pub async fn delete_namespace(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::namespaces::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("namespace_deleted"));
    ssr::redirect(&routes::namespaces());
    Ok(())
}

/// Gives several people a role. Those whom nobody knows are told as a wrong field; the others have it then.
#[server]
pub async fn grant_people(namespace_id: i32, form: GrantForm) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let granted = scheduler::grants::grant(&services, &caller, namespace_id, &form.people, form.role).await;
    match granted {
        Ok(granted) if granted.unknown.is_empty() => {
            ssr::flash(Message::new("granted").arg("n", granted.granted));
            ssr::redirect(&routes::namespace(namespace_id));
            Ok(())
        }
        Ok(granted) => {
            let unknown = granted.unknown.join(", ");
            let message = Message::new("unknown_people").arg("people", &unknown).arg("n", granted.granted);
            let left = GrantForm { people: unknown, ..form };
            Err(ssr::refuse_form(GRANT_FORM, &left, AppError::invalid_field("people", message)).await)
        }
        Err(error) => Err(ssr::refuse_form(GRANT_FORM, &form, error).await),
    }
}

/// Gives somebody another role in the namespace of the grant.
#[server]
pub async fn change_grant(id: i32, role: Role) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::grants::change(&services, &caller, id, role).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("saved"));
    Ok(())
}

/// Takes a grant back; the next call of that person there is refused.
#[server]
pub async fn revoke_grant(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::grants::revoke(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("grant_revoked"));
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::error::Message;
    use scheduler::channels::ChannelView;
    use scheduler::grants::Member;
    use scheduler::namespaces::{NamespaceDraft, NamespaceEdit, NamespaceFilter, NamespaceRow};

    impl From<NamespaceQuery> for NamespaceFilter {
        fn from(NamespaceQuery { business, service }: NamespaceQuery) -> Self {
            Self { business, service }
        }
    }

    impl From<NamespaceRow> for NamespaceLine {
        fn from(NamespaceRow { namespace, executors, jobs, role }: NamespaceRow) -> Self {
            let title = namespace.title();
            Self { id: namespace.id, title, remark: namespace.remark, executors, jobs, role }
        }
    }

    impl NamespacePage {
        pub(super) fn new(row: NamespaceRow, members: Vec<Member>, channels: Vec<ChannelView>) -> Self {
            let NamespaceRow { namespace, executors, jobs, .. } = row;
            let own = channels.into_iter().filter(|channel| channel.namespace.id == namespace.id);
            let own = own.map(|channel| (channel.id, channel.name));
            Self {
                id: namespace.id,
                version: namespace.version,
                title: namespace.title(),
                remark: namespace.remark,
                approve_definitions: namespace.approve_definitions,
                approve_switching: namespace.approve_switching,
                approve_runs: namespace.approve_runs,
                approval_channel_id: namespace.approval_channel_id,
                channels: own.collect(),
                executors,
                jobs,
                created_at: namespace.created_at,
                members: members.into_iter().map(MemberLine::from).collect(),
            }
        }
    }

    impl NamespaceSettings {
        /// # Errors
        /// Names the field that is wrong.
        pub(super) fn edit(&self) -> Result<NamespaceEdit, AppError> {
            let wrong = |_| AppError::invalid_field("approval_channel_id", Message::new("choice"));
            let channel = self.approval_channel_id.trim();
            Ok(NamespaceEdit {
                remark: self.remark.clone(),
                approve_definitions: self.approve_definitions,
                approve_switching: self.approve_switching,
                approve_runs: self.approve_runs,
                approval_channel_id: match channel {
                    "" => None,
                    id => Some(id.parse().map_err(wrong)?),
                },
            })
        }
    }

    impl From<Member> for MemberLine {
        fn from(member: Member) -> Self {
            let Member { id, user_id, name, email, role, granted_at, granted_by } = member;
            Self { id, user_id, name, email, role, granted_at, granted_by }
        }
    }

    impl From<NamespaceForm> for NamespaceDraft {
        fn from(NamespaceForm { business, service, remark }: NamespaceForm) -> Self {
            Self { business, service, remark }
        }
    }
}
