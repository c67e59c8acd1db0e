//! What a job's code sees: its context, and what it may return.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::TriggerRequest;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::run_log::RunLog;

/// What a handler returns: a text for the run's result, or an error whose text becomes the run's.
pub type HandlerResult = Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// One run, as its handler sees it. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    request: Arc<TriggerRequest>,
    log: RunLog,
    cancellation: CancellationToken,
    deadline: Option<Instant>,
}

impl Context {
    pub(crate) fn new(
        request: Arc<TriggerRequest>,
        log: RunLog,
        cancellation: CancellationToken,
        deadline: Option<Instant>,
    ) -> Self {
        Self { request, log, cancellation, deadline }
    }

    /// The run's number, unique on its server.
    pub fn run_id(&self) -> i64 {
        self.request.log_id
    }

    /// The job's number.
    pub fn job_id(&self) -> i32 {
        self.request.job_id
    }

    /// The job's parameter, as its author wrote it; may be empty.
    pub fn parameter(&self) -> &str {
        &self.request.executor_params
    }

    /// When the server triggered the run, in milliseconds UTC.
    pub fn triggered_at(&self) -> i64 {
        self.request.log_date_time
    }

    /// Which shard of the run this is, from 0.
    pub fn shard_index(&self) -> i32 {
        self.request.broadcast_index
    }

    /// Of how many shards the run consists, at least 1.
    pub fn shard_total(&self) -> i32 {
        self.request.broadcast_total
    }

    /// Writes to the run's log, with the time in front. A text of several lines becomes several lines. The
    /// log of a run is limited to 10 MiB; what exceeds it is dropped and the log says so.
    pub fn log(&self, text: impl AsRef<str>) {
        self.log.line(text.as_ref());
    }

    /// Cancelled when the run is killed or its time is up. The handler should then return soon; it is aborted
    /// after a short grace, and its result no longer counts.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Completes when the run is killed or its time is up.
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// Whether the run is killed or its time is up.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// When the run's time is up; `None` without a limit.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How much of the run's time is left; `None` without a limit.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn run_log(&self) -> &RunLog {
        &self.log
    }
}

/// What a handler may return on success.
pub trait IntoText {
    /// The text of the run's result.
    fn into_text(self) -> String;
}

impl IntoText for () {
    fn into_text(self) -> String {
        String::new()
    }
}

impl IntoText for String {
    fn into_text(self) -> String {
        self
    }
}

impl IntoText for &'static str {
    fn into_text(self) -> String {
        self.to_owned()
    }
}

/// The text of a run's result, good or bad.
pub(crate) type TextResult = Result<String, String>;

/// A handler with its types forgotten.
pub(crate) type BoxedHandler = Arc<dyn Fn(Context) -> BoxFuture<'static, TextResult> + Send + Sync>;

/// The handlers of an executor by name.
pub(crate) type Handlers = HashMap<String, BoxedHandler>;

/// Forgets the types of a handler. An error is written with its causes where its type knows them.
pub(crate) fn boxed<F, Fut, T, E>(handler: F) -> BoxedHandler
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoText,
    E: Display,
{
    Arc::new(move |ctx| {
        handler(ctx)
            .map(|result| result.map(IntoText::into_text).map_err(|error| format!("{error:#}")))
            .boxed()
    })
}
