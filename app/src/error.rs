//! What goes wrong, in the form a page can show: told apart by what the caller can do about it.

use entity::grant::Role;
use serde::{Deserialize, Serialize};
use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};
use server_fn::redirect::call_redirect_hook;
use server_fn::{Bytes, Decodes};
use std::collections::BTreeMap;

/// The error of every server function.
///
/// On the server, hand it through [`crate::ssr::refuse`] or [`crate::ssr::refuse_form`]: these set
/// the HTTP status and the request id, and serve browsers without JavaScript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppError {
    pub kind: ErrorKind,
    /// More exact than the kind's own sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// What is wrong with which field of a form, in the form's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// Finds the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The approval that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<i32>,
}

/// What the caller can do: sign in, give up, correct, reload, wait, or report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Sign in first.
    Unauthenticated,
    /// Signed in, and not allowed.
    Forbidden,
    NotFound,
    /// Correct the fields named.
    Invalid,
    /// Somebody else was quicker: load again.
    Conflict,
    /// Nothing is wrong: it waits for somebody else's approval.
    Held,
    /// Try again later.
    Unavailable,
    /// The request cannot be understood.
    Malformed,
    /// A defect of the server.
    Internal,
    /// The browser got no answer.
    Offline,
}

impl ErrorKind {
    /// The HTTP status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Invalid => 422,
            Self::Conflict | Self::Held => 409,
            Self::Malformed => 400,
            Self::Unavailable | Self::Offline => 503,
            Self::Internal => 500,
        }
    }

    /// The key of its sentence in `locales/*/errors.json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Held => "held",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Internal => "internal",
            Self::Offline => "offline",
        }
    }
}

/// A sentence by its code, a key of `locales/*/errors.json` or `notices.json`, with what fills its
/// `{{ placeholders }}`. It gets its language where it is shown, by [`crate::words::sentence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub code: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Message {
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), args: BTreeMap::new() }
    }

    /// Fills the placeholder `name`.
    #[must_use]
    pub fn arg(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.args.insert(name.into(), value.to_string());
        self
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the form, without the form's prefix.
    pub field: String,
    pub message: Message,
}

impl AppError {
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, message: None, fields: Vec::new(), request_id: None, approval: None }
    }

    /// An error with its own sentence.
    pub fn with_message(kind: ErrorKind, message: Message) -> Self {
        Self { message: Some(message), ..Self::new(kind) }
    }

    /// What the page of a form is to whoever may not send it.
    pub fn for_role(role: Role) -> Self {
        Self::with_message(ErrorKind::Forbidden, Message::new(format!("role_needed_{}", role.code())))
    }

    /// A form with wrong fields.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(ErrorKind::Invalid) }
    }

    /// One wrong field.
    pub fn invalid_field(field: impl Into<String>, message: Message) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), message }])
    }

    /// What waits for the approval with this number.
    pub fn held(approval: i32) -> Self {
        let message = Message::new("held").arg("n", approval);
        Self { approval: Some(approval), ..Self::with_message(ErrorKind::Held, message) }
    }

    /// The same for somebody who stays signed in: a lock-out while changing the password closes the
    /// form, not the session.
    #[must_use]
    pub fn while_signed_in(self) -> Self {
        let kind = if self.kind == ErrorKind::Unauthenticated { ErrorKind::Invalid } else { self.kind };
        Self { kind, ..self }
    }

    /// The sentence to show for the error as a whole.
    pub fn sentence(&self) -> Message {
        let message = self.message.clone().unwrap_or_else(|| Message::new(self.kind.code()));
        match &self.request_id {
            Some(id) => message.arg("request", id),
            None => message,
        }
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence().code)
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// What waits for approval leads there, whatever asked for it.
    fn de(data: Bytes) -> Self {
        let unreadable = |detail: serde_json::Error| {
            Self::from_server_fn_error(ServerFnErrorErr::Deserialization(detail.to_string()))
        };
        let error: Self = JsonEncoding::decode(data).unwrap_or_else(unreadable);
        if let Some(approval) = error.approval {
            call_redirect_hook(&crate::routes::approval(approval));
        }
        error
    }

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(ErrorKind::Offline),
            ServerFnErrorErr::Args(detail)
            | ServerFnErrorErr::MissingArg(detail)
            | ServerFnErrorErr::Deserialization(detail) => {
                let message = Message::new("malformed").arg("detail", detail);
                let error = Self::with_message(ErrorKind::Malformed, message);
                // Where it was read, which is no failure of the server's.
                #[cfg(feature = "ssr")]
                let error = crate::ssr::refuse(error);
                error
            }
            _ => Self::new(ErrorKind::Internal),
        }
    }
}
