//! What a session holds besides refused forms: who is signed in, and a new secret until it is shown.

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
const SECRET_KEY: &str = "new_secret";

/// Which page shows a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SecretOf {
    /// The token of this executor.
    Executor(i32),
    /// The one-time password of this user.
    User(i32),
    /// The viewer's API token.
    ApiToken,
}

/// A secret that its page has not shown yet.
#[derive(Serialize, Deserialize)]
struct NewSecret {
    of: SecretOf,
    text: String,
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

/// Keeps a new secret for the next showing of its page. A program that calls with an API token has no
/// session, and no page to show it.
pub(crate) async fn keep_secret(of: SecretOf, text: String) -> Result<(), AppError> {
    match session() {
        Ok(session) => session.insert(SECRET_KEY, NewSecret { of, text }).await.map_err(unavailable),
        Err(_) => Ok(()),
    }
}

/// Takes the new secret of this page out of the session, so that it is shown once.
pub(crate) async fn take_secret(of: SecretOf) -> Result<Option<String>, AppError> {
    let session = session()?;
    let kept: Option<NewSecret> = session.get(SECRET_KEY).await.map_err(unavailable)?;
    let Some(kept) = kept.filter(|kept| kept.of == of) else { return Ok(None) };
    session.remove_value(SECRET_KEY).await.map_err(unavailable)?;
    // At once: a page that is rendered may still fail to arrive, but is never shown twice.
    session.save().await.map_err(unavailable)?;
    Ok(Some(kept.text))
}

fn session() -> Result<Session, AppError> {
    let session = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Session>().cloned());
    session.ok_or_else(|| AppError::new(ErrorKind::Internal))
}

fn unavailable(error: Error) -> AppError {
    tracing::error!(%error, "the session could not be read or written");
    AppError::new(ErrorKind::Unavailable)
}
