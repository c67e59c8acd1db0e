//! The server as its clients see it: started whole, with a database of its own, on a free port.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "over_http/access.rs"]
mod access;
#[path = "over_http/again.rs"]
mod again;
#[path = "over_http/api_docs.rs"]
mod api_docs;
#[path = "over_http/api_tokens.rs"]
mod api_tokens;
#[path = "over_http/audit.rs"]
mod audit;
#[path = "over_http/callbacks.rs"]
mod callbacks;
#[path = "over_http/crowd.rs"]
mod crowd;
#[path = "over_http/executor_api.rs"]
mod executor_api;
#[path = "over_http/forms.rs"]
mod forms;
#[path = "over_http/hints.rs"]
mod hints;
#[path = "over_http/host_metrics.rs"]
mod host_metrics;
#[path = "over_http/inbox.rs"]
mod inbox;
#[path = "over_http/kill.rs"]
mod kill;
#[path = "over_http/lifecycle.rs"]
mod lifecycle;
#[path = "over_http/logs.rs"]
mod logs;
#[path = "over_http/matrix.rs"]
mod matrix;
#[path = "over_http/metrics.rs"]
mod metrics;
#[path = "over_http/sight.rs"]
mod sight;
#[path = "over_http/support.rs"]
mod support;
#[path = "over_http/vectors.rs"]
mod vectors;
