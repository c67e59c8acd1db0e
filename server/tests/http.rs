//! The server as its clients see it: started whole, with a database of its own, on a free port.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "http/access.rs"]
mod access;
#[path = "http/callbacks.rs"]
mod callbacks;
#[path = "http/executor_api.rs"]
mod executor_api;
#[path = "http/lifecycle.rs"]
mod lifecycle;
#[path = "http/support.rs"]
mod support;
