//! `/hints`: another server of the cluster says what is to be looked at. It wakes loops, and nothing else: whoever
//! could forge a hint would have this server read its database once more, and learn nothing.

use crate::state::ServerState;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use scheduler::hints::{AT, Figures, Hints, Key, MOST_BYTES, SIGNATURE};
use std::time::Duration;
use tokio::time::timeout;

/// For the body to arrive.
const RECEIVE: Duration = Duration::from_secs(5);

/// 204 for what a server of this cluster says; 401 for everything that is not signed with its key, or half a minute old.
pub async fn take(State(state): State<ServerState>, request: Request) -> StatusCode {
    let figures = &state.services.signals.outbox().figures;
    match read(&state, request).await {
        Ok(hints) => {
            Figures::count(&figures.received);
            state.engine.hear(&hints);
            StatusCode::NO_CONTENT
        }
        Err(refused) => {
            Figures::count(&figures.refused);
            // Whoever reaches the port can have it said: the server that was refused says so louder, once.
            tracing::debug!(
                status = refused.as_u16(),
                "refused hints: no server of this cluster sent them now"
            );
            refused
        }
    }
}

async fn read(state: &ServerState, request: Request) -> Result<Hints, StatusCode> {
    let (parts, body) = request.into_parts();
    let arrived = timeout(RECEIVE, to_bytes(body, MOST_BYTES)).await;
    let body =
        arrived.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    match is_of_this_cluster(state, &parts.headers, &body) {
        true => Ok(Hints::read(&String::from_utf8_lossy(&body))),
        false => Err(StatusCode::UNAUTHORIZED),
    }
}

fn is_of_this_cluster(state: &ServerState, headers: &HeaderMap, body: &Bytes) -> bool {
    let at = headers.get(AT).and_then(|at| at.to_str().ok()).and_then(|at| at.parse().ok());
    let signature = headers.get(SIGNATURE);
    let now = state.services.clock.now();
    let key = Key::of(&state.services.audit);
    at.zip(signature).is_some_and(|(at, signature)| key.admits(at, body, signature.as_bytes(), now))
}
