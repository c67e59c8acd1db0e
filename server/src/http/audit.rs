//! The audit as a file of JSON lines, whose last line is the head.

use crate::state::ServerState;
use app::error::AppError;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use entity::audit_entry;
use futures::{Stream, StreamExt};
use http::{HeaderValue, StatusCode, header};
use scheduler::authority::Caller;
use scheduler::{Error, Services, audit};
use serde_json::json;

pub fn router() -> Router<ServerState> {
    Router::new().route("/audit/export", get(export))
}

async fn export(State(state): State<ServerState>, Extension(caller): Extension<Caller>) -> Response {
    match audit::head(&state.services, &caller).await {
        Ok(head) => {
            let mut response = Body::from_stream(lines(state.services, caller, head)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
            let disposition = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
            headers.insert(header::CONTENT_DISPOSITION, disposition);
            response
        }
        Err(error) => {
            let error = AppError::from(error);
            let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::FORBIDDEN);
            (status, axum::Json(error)).into_response()
        }
    }
}

/// All entries, a few hundred at a time, then the head. An error ends the file before its last line.
fn lines(
    services: Services,
    caller: Caller,
    head: (i64, String),
) -> impl Stream<Item = Result<String, Error>> + Send {
    let state = Some((services, caller, head, 0));
    let parts = futures::stream::unfold(state, |state| async move {
        let (services, caller, head, after) = state?;
        let entries = match audit::export(&services, &caller, after, None, None).await {
            Ok(entries) => entries,
            Err(error) => return Some((Err(error), None)),
        };
        match entries.last().map(|last| last.seq) {
            Some(last) => Some((Ok(text(&entries)), Some((services, caller, head, last)))),
            None => Some((Ok(json!({"head": {"seq": head.0, "mac": head.1}}).to_string() + "\n"), None)),
        }
    });
    // Compression asks once more after the end.
    parts.fuse()
}

fn text(entries: &[audit_entry::Model]) -> String {
    // Numbers and texts always become JSON.
    entries.iter().map(|entry| serde_json::to_string(entry).unwrap_or_default() + "\n").collect()
}
