//! Talking to executors.

mod connections;
mod gated;
mod http;
mod scripted;
mod wire;

pub use http::HttpDispatcher;
pub(crate) use http::with_sources;
pub use scripted::{Asked, ScriptedDispatcher};

use super::directory::Target;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use protocol::native::{AskedRun, FencedRun, RefusedRun, Whereabouts};
use protocol::{LogRequest, RemoteReply, TriggerRequest};

/// One request to an executor.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Run(Box<TriggerRequest>),
    Beat,
    IdleBeat { job_id: i32 },
    Kill { job_id: i32 },
    Log(LogRequest),
}

/// Why a request brought no answer of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// Nothing was written: no connection, no such name, an address that may not be called.
    #[error("not reached: {0}")]
    NeverArrived(String),
    /// It was written, or may have been, and no answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Answered with something else; the text is its beginning.
    #[error("not understood: {0}")]
    Garbage(String),
    /// Not taken, for it was meant for the process before: the executor has been restarted.
    #[error("restarted")]
    Restarted,
    /// Not sent, for the lease does not surely hold.
    #[error("this server may not send at the moment")]
    GateShut,
}

/// Sends requests to executors. [`Call::Run`] passes the gate right before its first byte. How long the answer to runs
/// is awaited is the caller's to say; to everything else it is a few seconds.
#[async_trait]
pub trait Dispatcher: Send + Sync + 'static {
    async fn call(&self, target: &Target, call: Call) -> Result<RemoteReply, CallFailure>;

    /// Hands runs to an instance that [is native](Target::is_native), past the gate as [`Call::Run`];
    /// returns those that it refused.
    async fn hand_over(&self, target: &Target, runs: Vec<FencedRun>) -> Result<Vec<RefusedRun>, CallFailure>;

    /// Asks an instance that [is native](Target::is_native) which of these runs it has.
    async fn ask(&self, target: &Target, runs: &[AskedRun]) -> Result<Vec<Whereabouts>, CallFailure>;

    /// Asks for lines of a run's log. The answer comes as it arrives, for it may be of any length: whoever
    /// reads it stops where it is enough.
    async fn open_log(&self, target: &Target, request: LogRequest) -> Result<LogBody, CallFailure>;
}

/// The body of an answer to a [`LogRequest`].
pub type LogBody = BoxStream<'static, Result<Bytes, CallFailure>>;
