//! The viewer's own account.

use crate::error::AppError;
use leptos::prelude::*;

/// Ends the session and goes to the sign-in page.
#[server]
pub async fn sign_out() -> Result<(), AppError> {
    use crate::error::{ErrorKind, Message};
    if let Ok(session) = leptos_axum::extract::<tower_sessions::Session>().await {
        let ended = session.flush().await;
        ended.map_err(|_| crate::ssr::refuse(AppError::new(ErrorKind::Unavailable)))?;
    }
    crate::ssr::flash(Message::new("signed_out"));
    crate::ssr::redirect(&crate::routes::login(None));
    Ok(())
}
