//! The executor's HTTP interface: what a server may ask of it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::native::{AskReply, AskRequest, RunsReply, RunsRequest};
use protocol::words::{self, path};
use protocol::{LogChunk, Reply};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::worker::Core;

/// How large a request may be; XXL-JOB's executors have the same limit.
const BODY_LIMIT: usize = 5 * 1024 * 1024;
/// Answer to a kill that found nothing to stop; XXL-JOB's text.
const TEXT_NOTHING_TO_KILL: &str = "job thread already killed.";
/// Answer to an idle beat for a busy job; XXL-JOB's text.
const TEXT_BUSY: &str = "job thread is running or has trigger queue.";

/// Everything is one fallback, because the protocol answers wrong methods and paths in its own way.
pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new().fallback(handle).with_state(core)
}

async fn handle(State(core): State<Arc<Core>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return failure(words::TEXT_WRONG_METHOD);
    }
    let Some(call) = Call::from_path(parts.uri.path()) else {
        return failure(words::unknown_mapping_text(parts.uri.path()));
    };
    if let Err(text) = authorise(&core, &parts.headers) {
        return failure(text);
    }
    match read(body).await {
        Ok(body) => answer(&core, call, &body).await,
        Err(status) => status.into_response(),
    }
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Beat,
    IdleBeat,
    Run,
    Runs,
    Ask,
    Kill,
    Log,
}

impl Call {
    fn from_path(path: &str) -> Option<Self> {
        Some(match path.strip_prefix('/')? {
            path::BEAT => Self::Beat,
            path::IDLE_BEAT => Self::IdleBeat,
            path::RUN | path::TRIGGER => Self::Run,
            path::RUNS => Self::Runs,
            path::ASK => Self::Ask,
            path::KILL => Self::Kill,
            path::LOG => Self::Log,
            _ => return None,
        })
    }
}

async fn read(body: Body) -> Result<axum::body::Bytes, StatusCode> {
    to_bytes(body, BODY_LIMIT).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit"));
        if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })
}

/// The token must be ours, if we have one; an application name, if one is sent, too: the address may have
/// belonged to another executor before.
fn authorise(core: &Core, headers: &HeaderMap) -> Result<(), &'static str> {
    let sent = |name| headers.get(name).map_or(&b""[..], |value| value.as_bytes());
    if let Some(token) = &core.settings.token
        && !bool::from(token.as_bytes().ct_eq(sent(words::TOKEN_HEADER)))
    {
        return Err(words::TEXT_WRONG_TOKEN);
    }
    match sent(words::APP_NAME_HEADER) {
        name if name.is_empty() || name == core.settings.app_name.as_bytes() => Ok(()),
        _ => Err(words::TEXT_WRONG_CREDENTIALS),
    }
}

async fn answer(core: &Arc<Core>, call: Call, body: &[u8]) -> Response {
    match call {
        Call::Beat if core.queues().is_closed() => failure(crate::queue::REASON_STOPPING),
        Call::Beat => done(),
        Call::IdleBeat => match protocol::parse_idle_beat(body) {
            Ok(request) if core.queues().is_idle(request.job_id) => done(),
            Ok(_) => failure(TEXT_BUSY),
            Err(error) => failure(error.to_string()),
        },
        Call::Run => match protocol::parse_trigger(body) {
            Ok(request) => core.accept(request).await.map_or_else(failure, |()| done()),
            Err(error) => failure(error.to_string()),
        },
        Call::Runs => match serde_json::from_slice::<RunsRequest>(body) {
            Ok(request) => json(&core.accept_many(request).await),
            Err(error) => json(&RunsReply::failure(format!("the runs cannot be read: {error}"))),
        },
        Call::Ask => match serde_json::from_slice::<AskRequest>(body) {
            Ok(request) => json(&core.whereabouts(&request)),
            Err(error) => json(&AskReply::failure(format!("the question cannot be read: {error}"))),
        },
        Call::Kill => match protocol::parse_kill(body) {
            Ok(request) if core.kill(request.job_id).await => done(),
            Ok(_) => json(&Reply { text: TEXT_NOTHING_TO_KILL.to_owned(), ..Reply::<String>::ok() }),
            Err(error) => failure(error.to_string()),
        },
        Call::Log => {
            read_log(core, body).await.map_or_else(failure, |chunk| json(&Reply::with_payload(chunk)))
        }
    }
}

async fn read_log(core: &Arc<Core>, body: &[u8]) -> Result<LogChunk, String> {
    let request = protocol::parse_log_request(body).map_err(|error| error.to_string())?;
    let live = core.queues().is_live(request.run_id);
    let logs = core.logs.clone();
    tokio::task::spawn_blocking(move || logs.read(&request, live))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| format!("cannot read the log: {error}"))
}

fn done() -> Response {
    json(&Reply::<String>::ok())
}

fn failure(text: impl Into<String>) -> Response {
    json(&Reply::<String>::failure(text))
}

fn json(reply: &impl Serialize) -> Response {
    match serde_json::to_vec(reply) {
        Ok(body) => ([(header::CONTENT_TYPE, words::CONTENT_TYPE)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
