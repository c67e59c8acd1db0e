//! The server: settings, the HTTP side of console and executor API, and the life of the process.
//!
//! What it serves comes from `app`, what it does from `scheduler`; here they are put together.

// The pages' views are types within types, deeper than the compiler's usual limit.
#![recursion_limit = "256"]

mod alone;
mod audit_key;
mod cluster_url;
pub mod commands;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod state;
pub mod telemetry;
