//! The wire messages between a server and its executors: XXL-JOB's executor protocol, generations G1 to G4
//! (releases 2.2.0 to 3.5), in both directions.
//!
//! Senders write the union of what all generations read, receivers accept the union of what all generations
//! write, so one code path serves every executor and every server. Nothing here touches the network, the
//! clock or the disk; nothing panics on input; sizes are the caller's to limit.
//!
//! | Direction | Message | Written by | Read by |
//! |---|---|---|---|
//! | executor → server | [`RegistryRequest`] | `serde` | [`parse_registry`] |
//! | executor → server | [`Callback`] | `serde`, as an array | [`parse_callbacks`] |
//! | server → executor | [`TriggerRequest`] | `serde` | [`parse_trigger`] |
//! | server → executor | [`KillRequest`], [`IdleBeatRequest`] | `serde` | [`parse_kill`], [`parse_idle_beat`] |
//! | server → executor | [`LogRequest`] | `serde` | [`parse_log_request`] |
//! | both | [`Reply`] | `serde` | [`parse_reply`] giving a [`RemoteReply`] |
//! | executor → server | [`LogChunk`] inside a reply | `serde` | [`LogChunk::from_reply`] |
//! | executor of ours → server | [`metrics::MetricsReport`] | `serde` | [`metrics::parse_metrics`] |
//!
//! What our own executors speak beside it is in [`native`].

mod callback;
mod idle_beat;
mod json;
mod kill;
mod log;
mod log_scan;
pub mod metrics;
pub mod native;
mod registry;
mod reply;
mod trigger;
pub mod words;

pub use callback::{
    Callback, CallbackItem, CallbackOutcome, ParsedCallbacks, RejectedCallback, parse_callbacks,
};
pub use idle_beat::{IdleBeatRequest, parse_idle_beat};
pub use json::BodyError;
pub use kill::{KillRequest, parse_kill};
pub use log::{LogChunk, LogRequest, parse_log_request};
pub use log_scan::{LINE_BYTES, LogScan, LogVerdict};
pub use registry::{RegistryRequest, normal_address, parse_registry};
pub use reply::{RemoteReply, Reply, parse_reply};
pub use trigger::{TriggerError, TriggerRequest, parse_trigger};
pub use words::{BlockStrategy, RunMode, UnknownWord, Verdict};
