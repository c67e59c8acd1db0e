//! `/healthz`: the process answers. `/readyz`: it can do its work.

use crate::state::ServerState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use std::time::Duration;

/// Longer than this, a database does not answer for our purposes.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says only that this process runs.
pub async fn health() -> &'static str {
    "ok\n"
}

/// Whether requests can be served and jobs fire: the database answers, holds this program's schema,
/// and the engine may send.
pub async fn ready(State(state): State<ServerState>) -> Response {
    match obstacle(&state).await {
        None => "ready\n".into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")).into_response(),
    }
}

async fn obstacle(state: &ServerState) -> Option<&'static str> {
    if state.is_stopping() {
        return Some("stopping");
    }
    let steps = scheduler::store::schema::status(&state.services.db);
    match tokio::time::timeout(PATIENCE, steps).await {
        Ok(Ok(steps)) if steps.iter().all(|step| step.applied) => {}
        Ok(Ok(_)) => return Some("migrations are missing"),
        Ok(Err(_)) | Err(_) => return Some("the database does not answer"),
    }
    (!state.engine.status().gate_open).then_some("the engine may not send")
}
