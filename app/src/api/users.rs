//! Users: their list, their forms, their passwords. For super-administrators.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use entity::grant::Role;
use entity::user::UserRole;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of a new user, as its server function names it.
pub const NEW_FORM: &str = "user-new";
/// The form of a user who exists.
pub const EDIT_FORM: &str = "user-edit";

/// The filters of the list, as they stand in its address; empty = any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserQuery {
    /// Part of the name.
    pub name: String,
    /// Part of the e-mail address.
    pub email: String,
    /// `super_admin` or `ordinary`.
    pub role: String,
}

/// One user with what the pages show. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserLine {
    pub id: i32,
    pub version: i32,
    pub name: String,
    pub email: Option<String>,
    pub role: UserRole,
    pub must_change_password: bool,
    pub created_at: i64,
    pub last_sign_in_at: Option<i64>,
    pub updated_at: Option<i64>,
    /// None for the operator at the command line.
    pub updated_by: Option<String>,
    pub grants: Vec<UserGrant>,
}

/// What somebody may do in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserGrant {
    pub namespace_id: i32,
    pub namespace: String,
    pub role: Role,
}

/// A new user, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserForm {
    pub name: String,
    #[serde(default)]
    pub email: String,
    pub role: UserRole,
}

/// What can be changed about a user, as typed; what is not sent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserSettings {
    pub name: Option<String>,
    pub email: Option<String>,
    pub role: Option<UserRole>,
}

impl UserLine {
    /// What the form's fields start with.
    pub fn values(&self) -> BTreeMap<String, String> {
        let email = self.email.clone().unwrap_or_default();
        let values =
            [("name", self.name.clone()), ("email", email), ("role", role_code(self.role).to_owned())];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Its name in forms and addresses.
pub fn role_code(role: UserRole) -> &'static str {
    match role {
        UserRole::SuperAdmin => "super_admin",
        UserRole::Ordinary => "ordinary",
    }
}

/// The users that match, by name; at most 1,000.
#[server]
pub async fn list_users(query: UserQuery) -> Result<Vec<UserLine>, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::users::list(&services, &caller, &query.into()).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(UserLine::from).collect())
}

/// One user.
#[server]
pub async fn user(id: i32) -> Result<UserLine, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let row = scheduler::users::detail(&services, &caller, id).await.map_err(ssr::refuse)?;
    Ok(row.into())
}

/// The one-time password that was made for this user just before, once.
#[server]
pub async fn new_password(user_id: i32) -> Result<Option<String>, AppError> {
    ssr::domain().map_err(ssr::refuse)?;
    ssr::take_secret(ssr::SecretOf::User(user_id)).await.map_err(ssr::refuse)
}

/// Creates a user and goes to the page, which shows the one-time password once.
#[server]
pub async fn create_user(form: UserForm) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::users::create(&services, &caller, form.clone().into()).await {
        Ok((user, password)) => {
            ssr::keep_secret(ssr::SecretOf::User(user.id), password).await.map_err(ssr::refuse)?;
            ssr::flash(Message::new("user_created"));
            ssr::redirect(&routes::user(user.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form, error).await),
    }
}

/// Changes a user of whom `version` was shown.
#[server]
pub async fn edit_user(id: i32, version: i32, #[server(default)] form: UserSettings) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::users::edit(&services, &caller, id, version, form.clone().into()).await {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::users());
            Ok(())
        }
        Err(error) => {
            let UserSettings { name, email, role } = form;
            let typed = serde_json::json!({ "version": version, "name": name, "email": email, "role": role });
            Err(ssr::refuse_form(EDIT_FORM, &typed, error).await)
        }
    }
}

/// Gives a user a one-time password, which the page shows once, and ends all sessions of theirs.
#[server]
pub async fn reset_password(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let password = scheduler::users::reset_password_of(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::keep_secret(ssr::SecretOf::User(id), password).await.map_err(ssr::refuse)?;
    ssr::redirect(&routes::user(id));
    Ok(())
}

/// Deletes a user; sessions, tokens and grants end at once.
#[server]
pub async fn delete_user(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::users::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("user_deleted"));
    ssr::redirect(&routes::users());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use scheduler::users::{self, UserDraft, UserEdit, UserFilter, UserRow};

    impl From<UserQuery> for UserFilter {
        fn from(query: UserQuery) -> Self {
            let mut roles = [UserRole::SuperAdmin, UserRole::Ordinary].into_iter();
            let role = roles.find(|role| role_code(*role) == query.role);
            Self { name: query.name, email: query.email, role }
        }
    }

    impl From<UserRow> for UserLine {
        fn from(UserRow { user, updated_at, updated_by, grants }: UserRow) -> Self {
            Self {
                id: user.id,
                version: user.version,
                name: user.name,
                email: user.email,
                role: user.role,
                must_change_password: user.must_change_password,
                created_at: user.created_at,
                last_sign_in_at: user.last_sign_in_at,
                updated_at,
                updated_by,
                grants: grants.into_iter().map(UserGrant::from).collect(),
            }
        }
    }

    impl From<users::UserGrant> for UserGrant {
        fn from(users::UserGrant { namespace_id, namespace, role }: users::UserGrant) -> Self {
            Self { namespace_id, namespace, role }
        }
    }

    impl From<UserForm> for UserDraft {
        fn from(UserForm { name, email, role }: UserForm) -> Self {
            Self { name, email, role }
        }
    }

    impl From<UserSettings> for UserEdit {
        fn from(UserSettings { name, email, role }: UserSettings) -> Self {
            Self { name, email, role }
        }
    }
}
