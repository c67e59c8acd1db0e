//! Signing in and out, and the viewer's own account.

use crate::error::AppError;
use entity::user::UserRole;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form of `/login`, as its server function names it.
pub const SIGN_IN_FORM: &str = "sign-in";
/// The form that changes the password.
pub const PASSWORD_FORM: &str = "password";

/// What the viewer may know of the own account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    pub name: String,
    pub email: Option<String>,
    pub role: UserRole,
    pub created_at: i64,
    pub password_changed_at: i64,
    pub last_sign_in_at: Option<i64>,
}

#[cfg(feature = "ssr")]
impl From<scheduler::users::UserView> for AccountView {
    fn from(user: scheduler::users::UserView) -> Self {
        Self {
            name: user.name,
            email: user.email,
            role: user.role,
            created_at: user.created_at,
            password_changed_at: user.password_changed_at,
            last_sign_in_at: user.last_sign_in_at,
        }
    }
}

/// Begins a session and goes to `next` within this site; with a one-time password, to the account
/// first.
#[server]
pub async fn sign_in(
    name: String,
    password: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{routes, ssr};
    match ssr::sign_in(&name, &password).await {
        Ok(user) if user.must_change_password => ssr::redirect(&routes::account_then(&next)),
        Ok(_) => ssr::redirect(&next),
        Err(error) => {
            let typed = serde_json::json!({ "name": name });
            return Err(ssr::refuse_form(SIGN_IN_FORM, &typed, error).await);
        }
    }
    Ok(())
}

/// Ends the session and goes to the sign-in page.
#[server]
pub async fn sign_out() -> Result<(), AppError> {
    use crate::error::{ErrorKind, Message};
    use entity::audit_access::Event;
    if let Ok(session) = leptos_axum::extract::<tower_sessions::Session>().await {
        let ended = session.flush().await;
        ended.map_err(|_| crate::ssr::refuse(AppError::new(ErrorKind::Unavailable)))?;
    }
    if let Ok((services, caller)) = crate::ssr::domain() {
        let (event, name, address) = (Event::SignedOut, &caller.name, &caller.address);
        scheduler::audit::access(&services, event, name, address, "").await.map_err(crate::ssr::refuse)?;
    }
    crate::ssr::flash(Message::new("signed_out"));
    crate::ssr::redirect(&crate::routes::login(None));
    Ok(())
}

/// The viewer's account. Closed while its password has to be changed.
#[server]
pub async fn account() -> Result<AccountView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let user = scheduler::users::get(&services, &caller, caller.user_id).await.map_err(ssr::refuse)?;
    Ok(user.into())
}

/// Changes the own password, ends all other sessions of the account, and goes to `next`.
#[server]
pub async fn change_password(
    current: String,
    new: String,
    again: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{error::Message, ssr};
    use scheduler::users::{self, PasswordChange};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let change = PasswordChange { current, new, again };
    let session = ssr::session_id();
    if let Err(error) = users::change_password(&services, &caller, change, session.as_deref()).await {
        let error = AppError::from(error).while_signed_in();
        return Err(ssr::refuse_form(PASSWORD_FORM, &serde_json::json!({}), error).await);
    }
    ssr::flash(Message::new("password_changed"));
    ssr::redirect(&next);
    Ok(())
}
