//! The HTTP side: which layer and which handler answers what.
//!
//! From the outside in: request id and log span, panics, security headers, client address, files of
//! the site; then health, the executor API with its own tokens, what other servers tell, and the
//! console.

pub mod access;
mod again;
pub mod assets;
mod audit;
mod credentials;
pub mod executor_api;
mod health;
mod hints;
pub mod logs;
mod metrics;
pub mod pages;
mod request;
pub mod security;
pub mod sessions;

use crate::state::ServerState;
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// Everything that one server answers.
pub fn router(state: ServerState) -> Router {
    let trusted = Arc::new(state.settings.http.trusted_proxies.clone());
    Router::new()
        .merge(pages::router(&state))
        .merge(executor_api::router(&state.settings))
        .route("/healthz", get(health::health))
        .route("/readyz", get(health::ready))
        .route(scheduler::hints::PATH, post(hints::take))
        .route("/metrics", get(metrics::scrape))
        // Read from below: the last layer is the outermost.
        .layer(middleware::from_fn_with_state(assets::CompressedFiles::default(), assets::serve))
        .layer(middleware::from_fn_with_state(trusted, request::find_client))
        .layer(middleware::from_fn(security::protect))
        .layer(CatchPanicLayer::custom(request::after_panic))
        .layer(middleware::from_fn(request::identify))
        .with_state(state)
}
