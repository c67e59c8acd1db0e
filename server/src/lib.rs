//! The server: settings, the HTTP side of console and executor API, and the life of the process.
//!
//! What it serves comes from `app`, what it does from `scheduler`; here they are put together.

pub mod commands;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod state;
pub mod telemetry;
