//! How the console looks to this browser. Open to everybody: nothing here touches an account.
//!
//! Both are sent by plain forms, with and without JavaScript: the page is rendered anew in the
//! chosen language or theme.

use crate::error::AppError;
use leptos::prelude::*;

/// Chooses the language, `en` or `zh-CN`, and returns to the page.
#[server]
pub async fn set_locale(locale: String) -> Result<(), AppError> {
    use crate::error::{ErrorKind, Message};
    let Some(chosen) = crate::ssr::parse_locale(&locale) else {
        let message = Message::new("malformed").arg("detail", "locale");
        return Err(crate::ssr::refuse(AppError::with_message(ErrorKind::Malformed, message)));
    };
    crate::ssr::remember_locale(leptos_i18n::Locale::as_str(chosen));
    Ok(())
}

/// Chooses the theme, `light`, `dark` or `system`, and returns to the page.
#[server]
pub async fn set_theme(theme: String) -> Result<(), AppError> {
    use crate::error::{ErrorKind, Message};
    let Some(chosen) = crate::visit::Theme::parse(&theme) else {
        let message = Message::new("malformed").arg("detail", "theme");
        return Err(crate::ssr::refuse(AppError::with_message(ErrorKind::Malformed, message)));
    };
    crate::ssr::remember_theme(chosen);
    Ok(())
}
