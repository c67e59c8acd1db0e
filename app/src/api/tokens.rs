//! The viewer's API tokens.

use super::executors::NamespaceChoice;
use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{error::Message, routes, ssr};
use entity::grant::Role;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form of a new token, as its server function names it.
pub const FORM: &str = "api-token";

/// One token. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLine {
    pub id: i32,
    pub name: String,
    pub role: Role,
    /// `business:service` of those that it is limited to; none = all that its user may see.
    pub namespaces: Option<Vec<String>>,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLines {
    /// The newest first, with those that ended.
    pub lines: Vec<TokenLine>,
    /// Those that a token can be limited to.
    pub namespaces: Vec<NamespaceChoice>,
}

/// As it is typed; `namespaces` are ids with commas between, or empty for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    pub name: String,
    pub role: Role,
    #[serde(default)]
    pub namespaces: String,
    #[serde(default)]
    pub days: String,
}

/// The viewer's API tokens.
#[server]
pub async fn list_tokens() -> Result<TokenLines, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let tokens = scheduler::api_tokens::list(&services, &caller).await.map_err(ssr::refuse)?;
    let namespaces = scheduler::namespaces::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(TokenLines::new(tokens, namespaces))
}

/// The API token that was made just before, once.
#[server]
pub async fn new_api_token() -> Result<Option<String>, AppError> {
    ssr::domain().map_err(ssr::refuse)?;
    ssr::take_secret(ssr::SecretOf::ApiToken).await.map_err(ssr::refuse)
}

/// Makes an API token, which the account's page shows once.
#[server]
pub async fn create_token(form: TokenForm) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let created = match form.clone().try_into() {
        Ok(draft) => scheduler::api_tokens::create(&services, &caller, draft).await.map_err(AppError::from),
        Err(wrong) => Err(wrong),
    };
    match created {
        Ok((_, token)) => {
            ssr::keep_secret(ssr::SecretOf::ApiToken, token).await.map_err(ssr::refuse)?;
            ssr::flash(Message::new("token_created"));
            ssr::redirect(&routes::account());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(FORM, &form, error).await),
    }
}

/// Ends an API token of the viewer's.
#[server]
pub async fn revoke_token(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::api_tokens::revoke(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("token_revoked"));
    ssr::redirect(&routes::account());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use entity::namespace::Model;
    use scheduler::api_tokens::{TokenDraft, TokenView};

    impl TokenLines {
        pub(super) fn new(tokens: Vec<TokenView>, namespaces: Vec<Model>) -> Self {
            let title = |id: i32| {
                let found = namespaces.iter().find(|namespace| namespace.id == id);
                found.map_or_else(|| format!("#{id}"), Model::title)
            };
            let line = |token: TokenView| TokenLine {
                id: token.id,
                name: token.name,
                role: token.role,
                namespaces: token.namespaces.map(|ids| ids.into_iter().map(title).collect()),
                expires_at: token.expires_at,
                last_used_at: token.last_used_at,
                revoked_at: token.revoked_at,
            };
            Self {
                lines: tokens.into_iter().map(line).collect(),
                namespaces: namespaces.into_iter().map(NamespaceChoice::from).collect(),
            }
        }
    }

    impl TryFrom<TokenForm> for TokenDraft {
        type Error = AppError;

        fn try_from(form: TokenForm) -> Result<Self, AppError> {
            let wrong = |field: &'static str, code: &'static str| {
                move |_| AppError::invalid_field(field, Message::new(code))
            };
            let ids = form.namespaces.split(',').map(str::trim).filter(|id| !id.is_empty());
            let namespaces = ids.map(str::parse).collect::<Result<_, _>>();
            let namespaces = namespaces.map_err(wrong("namespaces", "choice"))?;
            let days = form.days.trim().parse().map_err(wrong("days", "not_a_number"))?;
            Ok(Self { name: form.name, role: form.role, namespaces, days })
        }
    }
}
