//! The executor API: XXL-JOB's protocol as executors speak it towards their server.
//!
//! Whatever happens, the answer is HTTP 200 with JSON: its `code` says how it went. An executor takes
//! any other answer for a failure of the network, and sends the same again.

mod callback;
mod metrics;
mod spool;

use crate::config::Settings;
use crate::http::credentials::Credentials;
use crate::state::ServerState;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, Method};
use protocol::Reply;
use protocol::words::{self, path};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall};
use std::time::Duration;
use tokio::time::timeout;

pub use spool::{Spool, replay};

/// Executors give up after 3 s. A database that is silent for this long is reported as a failure, so
/// that they keep what they sent and send it again.
const PATIENCE: Duration = Duration::from_secs(2);
/// For the body to arrive.
const RECEIVE: Duration = Duration::from_secs(30);
const TEXT_UNAVAILABLE: &str = "The server cannot reach its database; send this again later.";

/// The API below each of the prefixes in the settings.
pub fn router(settings: &Settings) -> Router<ServerState> {
    settings
        .executor_api
        .prefixes
        .iter()
        .fold(Router::new(), |router, prefix| router.route(&format!("{prefix}/{{*method}}"), any(answer)))
}

async fn answer(State(state): State<ServerState>, Path(name): Path<String>, request: Request) -> Response {
    Json(reply(&state, &name, request).await).into_response()
}

async fn reply(state: &ServerState, name: &str, request: Request) -> Reply {
    if request.method() != Method::POST {
        return Reply::failure(words::TEXT_WRONG_METHOD);
    }
    let (parts, body) = request.into_parts();
    let body = match receive(body, state.settings.executor_api.body_limit_bytes).await {
        Ok(body) => body,
        Err(text) => return Reply::failure(text),
    };
    if body.trim_ascii().is_empty() {
        return Reply::failure(words::TEXT_EMPTY_BODY);
    }
    let credentials = Credentials::of(&parts.headers);
    let work = async {
        match name {
            path::REGISTRY => registration(state, &credentials, &body, Direction::Arriving).await,
            path::REGISTRY_REMOVE => registration(state, &credentials, &body, Direction::Leaving).await,
            path::CALLBACK => callback::callback(state, &credentials, &body).await,
            path::METRICS => metrics::metrics(state, &credentials, &body).await,
            _ => Ok(Reply::failure(words::unknown_mapping_text(name))),
        }
    };
    match timeout(PATIENCE, work).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => {
            tracing::error!(%error, "an executor's call failed");
            unanswered(state, name, &parts.headers, &body).await
        }
        Err(_) => {
            tracing::error!("the database did not answer an executor's call in time");
            unanswered(state, name, &parts.headers, &body).await
        }
    }
}

/// The database says nothing. A result from somebody whose token is known is kept, for some clients send
/// it only once; everything else they send again.
async fn unanswered(state: &ServerState, name: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let shared = state.settings.executor_api.token.as_deref();
    let credentials = Credentials::of(headers);
    let is_known =
        credentials.token.is_some_and(|token| shared == Some(token) || state.engine.knows_token(token));
    if name != path::CALLBACK || !is_known {
        return Reply::failure(TEXT_UNAVAILABLE);
    }
    match state.spool.keep(headers, body).await {
        Ok(()) => Reply::ok(),
        Err(error) => {
            tracing::error!(%error, "a callback could not be kept either");
            Reply::failure(TEXT_UNAVAILABLE)
        }
    }
}

async fn receive(body: Body, limit: usize) -> Result<Bytes, String> {
    match timeout(RECEIVE, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            tracing::warn!(%error, limit, "an executor's request could not be read");
            Err(format!("The request could not be read; its body may have {limit} bytes."))
        }
        Err(_) => Err("The request took too long to arrive.".to_owned()),
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Arriving,
    Leaving,
}

async fn registration(
    state: &ServerState,
    credentials: &Credentials<'_>,
    body: &[u8],
    direction: Direction,
) -> scheduler::Result<Reply> {
    let request = match protocol::parse_registry(body) {
        Ok(request) => request,
        Err(error) => return Ok(Reply::failure(error.to_string())),
    };
    if credentials.are_incomplete() {
        return Ok(Reply::failure(credentials.refusal()));
    }
    let call = RegistrationCall {
        group: request.registry_group,
        app_name: request.registry_key,
        address: request.registry_value,
        labels: request.labels,
        life: request.life,
        announces: request.announces,
        namespace: credentials.namespace.map(str::to_owned),
        token: credentials.token.map(str::to_owned),
        client: instances::recognise(credentials.hints()),
    };
    let shared = state.settings.executor_api.token.as_deref();
    let outcome = match direction {
        Direction::Arriving => instances::register(&state.services, shared, &call).await?,
        Direction::Leaving => instances::remove(&state.services, shared, &call).await?,
    };
    Ok(registration_reply(outcome, &call, credentials))
}

fn registration_reply(
    outcome: RegisterOutcome,
    call: &RegistrationCall,
    credentials: &Credentials<'_>,
) -> Reply {
    let text = match outcome {
        RegisterOutcome::Done { .. } => return Reply::ok(),
        RegisterOutcome::Malformed => words::TEXT_ILLEGAL_ARGUMENT,
        RegisterOutcome::BadAddress => {
            "The registered address is not an http:// or https:// address that may be called."
        }
        RegisterOutcome::BadLabels => "The labels are not up to 20 key=value pairs with commas between.",
        RegisterOutcome::BadAnnouncement => {
            "What the program announces is not a version of up to 64 characters and up to 1000 handlers, \
             whose names have up to 255 characters and no blanks."
        }
        RegisterOutcome::UnknownAppName => {
            "There is no executor with this app name; create it first, it has the token."
        }
        RegisterOutcome::WrongToken => credentials.refusal(),
        RegisterOutcome::TooMany => "This executor has too many addresses.",
    };
    tracing::warn!(app_name = call.app_name, address = call.address, text, "refused a registration");
    Reply::failure(text)
}
