//! What belongs to a session besides refused forms: who is signed in, and a token until it is shown.

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

/// Keeps a new token for the next showing of its executor's page.
pub(crate) async fn keep_token(executor_id: i32, token: String) -> Result<(), AppError> {
    let (services, caller) = domain()?;
    let id = session_id().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let what = token_of(executor_id);
    Ok(scheduler::sessions::keep(&services, &id, caller.user_id, &what, token).await?)
}

/// Takes the new token of this executor, so that it is shown once.
pub(crate) async fn take_token(executor_id: i32) -> Result<Option<String>, AppError> {
    let (services, _) = domain()?;
    let Some(id) = session_id() else { return Ok(None) };
    Ok(scheduler::sessions::take(&services, &id, &token_of(executor_id)).await?)
}

fn token_of(executor_id: i32) -> String {
    format!("token of executor {executor_id}")
}

fn session() -> Result<Session, AppError> {
    let session = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Session>().cloned());
    session.ok_or_else(|| AppError::new(ErrorKind::Internal))
}

fn unavailable(error: Error) -> AppError {
    tracing::error!(%error, "the session could not be read or written");
    AppError::new(ErrorKind::Unavailable)
}
