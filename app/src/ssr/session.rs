//! What belongs to a session besides refused forms: who is signed in, and a new secret until it is shown.

use super::domain::domain;
use crate::error::{AppError, ErrorKind};
use axum::extract::ConnectInfo;
use http::Extensions;
use http::request::Parts;
use leptos::prelude::use_context;
use scheduler::Services;
use scheduler::users::UserView;
use std::net::SocketAddr;
use tower_sessions::Session;
use tower_sessions::session::Error;

/// Where a session says who is signed in: an account's id.
pub const USER_KEY: &str = "user_id";

/// Which page shows a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretOf {
    /// The token of this executor.
    Executor(i32),
    /// The one-time password of this user.
    User(i32),
    /// The viewer's API token.
    ApiToken,
}

/// Checks name (or e-mail address) and password and makes the session theirs.
///
/// # Errors
/// As [`scheduler::sessions::sign_in`].
pub(crate) async fn sign_in(name: &str, password: &str) -> Result<UserView, AppError> {
    let services = use_context::<Services>().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let parts = use_context::<Parts>().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let address = client_address(&parts.extensions);
    let signed_in = scheduler::sessions::sign_in(&services, name, password, &address).await?;
    let session = session()?;
    // Nothing of whoever used the browser before, and a new id: one that was planted is worthless.
    session.clear().await;
    session.cycle_id().await.map_err(unavailable)?;
    session.insert(USER_KEY, signed_in.user.id).await.map_err(unavailable)?;
    Ok(signed_in.user)
}

/// The browser's IP address, as the server found it out: empty where it did not.
pub fn client_address(extensions: &Extensions) -> String {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default()
}

/// The raw id of the present session.
pub(crate) fn session_id() -> Option<String> {
    Some(session().ok()?.id()?.to_string())
}

/// Keeps a new secret for the next showing of its page. A program that calls with an API token has no
/// session, and no page to show it.
pub(crate) async fn keep_secret(of: SecretOf, text: String) -> Result<(), AppError> {
    let (services, caller) = domain()?;
    let Some(id) = session_id() else { return Ok(()) };
    Ok(scheduler::sessions::keep(&services, &id, caller.user_id, &format!("{of:?}"), text).await?)
}

/// Takes the new secret of this page, so that it is shown once.
pub(crate) async fn take_secret(of: SecretOf) -> Result<Option<String>, AppError> {
    let (services, _) = domain()?;
    let Some(id) = session_id() else { return Ok(None) };
    Ok(scheduler::sessions::take(&services, &id, &format!("{of:?}")).await?)
}

fn session() -> Result<Session, AppError> {
    let session = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Session>().cloned());
    session.ok_or_else(|| AppError::new(ErrorKind::Internal))
}

fn unavailable(error: Error) -> AppError {
    tracing::error!(%error, "the session could not be read or written");
    AppError::new(ErrorKind::Unavailable)
}
