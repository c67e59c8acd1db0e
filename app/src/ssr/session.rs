//! What a session holds besides refused forms: who is signed in, and a token until it is shown.

use crate::error::{AppError, ErrorKind};
use axum::extract::ConnectInfo;
use http::request::Parts;
use leptos::prelude::use_context;
use scheduler::Services;
use scheduler::users::UserView;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use tower_sessions::Session;
use tower_sessions::session::Error;

/// Where a session says who is signed in: an account's id.
pub const USER_KEY: &str = "user_id";
const TOKEN_KEY: &str = "new_token";

/// A token that its executor's page has not shown yet.
#[derive(Serialize, Deserialize)]
struct NewToken {
    executor_id: i32,
    token: String,
}

/// Checks name (or e-mail address) and password and makes the session theirs.
///
/// # Errors
/// As [`scheduler::sessions::sign_in`].
pub(crate) async fn sign_in(name: &str, password: &str) -> Result<UserView, AppError> {
    let services = use_context::<Services>().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let parts = use_context::<Parts>().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default();
    let signed_in = scheduler::sessions::sign_in(&services, name, password, &address).await?;
    let session = session()?;
    // Nothing of whoever used the browser before, and a new id: one that was planted is worthless.
    session.clear().await;
    session.cycle_id().await.map_err(unavailable)?;
    session.insert(USER_KEY, signed_in.user.id).await.map_err(unavailable)?;
    Ok(signed_in.user)
}

/// The raw id of the present session.
pub(crate) fn session_id() -> Option<String> {
    Some(session().ok()?.id()?.to_string())
}

/// Keeps a new token for the next showing of its executor's page.
pub(crate) async fn keep_token(executor_id: i32, token: String) -> Result<(), AppError> {
    session()?.insert(TOKEN_KEY, NewToken { executor_id, token }).await.map_err(unavailable)
}

/// Takes the new token of this executor out of the session, so that it is shown once.
pub(crate) async fn take_token(executor_id: i32) -> Result<Option<String>, AppError> {
    let session = session()?;
    let kept: Option<NewToken> = session.get(TOKEN_KEY).await.map_err(unavailable)?;
    let Some(kept) = kept.filter(|kept| kept.executor_id == executor_id) else { return Ok(None) };
    session.remove_value(TOKEN_KEY).await.map_err(unavailable)?;
    // At once: a page that is rendered may still fail to arrive, but is never shown twice.
    session.save().await.map_err(unavailable)?;
    Ok(Some(kept.token))
}

fn session() -> Result<Session, AppError> {
    let session = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Session>().cloned());
    session.ok_or_else(|| AppError::new(ErrorKind::Internal))
}

fn unavailable(error: Error) -> AppError {
    tracing::error!(%error, "the session could not be read or written");
    AppError::new(ErrorKind::Unavailable)
}
