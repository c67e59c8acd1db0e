//! What a job's code sees: its context, and what it may return.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::TriggerRequest;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::parameter::{self, ParameterError};
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

    /// Which attempt of the run it is, from 1. `None` where the server does not tell: only Orrery does.
    pub fn attempt(&self) -> Option<i32> {
        self.request.attempt
    }

    /// The name under which the job asked for its handler; empty for a script.
    pub fn handler(&self) -> &str {
        &self.request.executor_handler
    }

    /// The job's parameter, as its author wrote it; may be empty.
    pub fn parameter(&self) -> &str {
        &self.request.executor_params
    }

    /// The job's parameter, read from JSON. A handler that takes it as its second argument gets the same.
    ///
    /// # Errors
    /// It is not JSON of this type; the error's text names the field and the place.
    pub fn parameter_as<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        parameter::read(self.parameter())
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

/// What carries out runs: an async function, or a closure that returns a future. It takes
///
/// - nothing,
/// - the run's [`Context`], or
/// - the [`Context`] and the job's parameter, as a type that serde can read from JSON. A parameter that cannot
///   be read fails the run with a text that names the field and the place, and the handler is not called. An
///   empty one is read as `null`: `None` where the type is an `Option`.
///
/// It returns a [`Result`] of a text or of nothing ([`IntoText`]), and any error that can be displayed.
/// `Taken` tells the three apart and is found by the compiler.
///
/// ```
/// use orrery_executor::{Context, Executor, HandlerResult};
///
/// #[derive(serde::Deserialize)]
/// struct Invoice {
///     tenant: String,
///     #[serde(default)]
///     dry_run: bool,
/// }
///
/// async fn invoice(ctx: Context, invoice: Invoice) -> HandlerResult {
///     ctx.log(format!("tenant {}", invoice.tenant));
///     Ok(if invoice.dry_run { "nothing sent".to_owned() } else { "sent".to_owned() })
/// }
///
/// let builder = Executor::builder()
///     .handler("invoice", invoice)
///     .handler("ping", || async { Ok::<_, std::io::Error>(()) })
///     .handler("echo", |ctx: Context| async move { Ok::<_, std::io::Error>(ctx.parameter().to_owned()) });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "cannot carry out runs",
    note = "a handler is async and takes nothing, a `Context`, or a `Context` and a parameter that serde can \
            read from JSON",
    note = "it returns a `Result` of `String`, `&'static str` or `()`, with an error that can be displayed"
)]
pub trait Handler<Taken>: Send + Sync + 'static {
    /// Carries out a run.
    #[doc(hidden)]
    fn carry_out(&self, ctx: Context) -> BoxFuture<'static, Result<String, String>>;
}

impl<F, Fut, T, E> Handler<()> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoText + 'static,
    E: Display + 'static,
{
    fn carry_out(&self, _: Context) -> BoxFuture<'static, TextResult> {
        self().map(texts).boxed()
    }
}

impl<F, Fut, T, E> Handler<(Context,)> for F
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoText + 'static,
    E: Display + 'static,
{
    fn carry_out(&self, ctx: Context) -> BoxFuture<'static, TextResult> {
        self(ctx).map(texts).boxed()
    }
}

impl<F, Fut, P, T, E> Handler<(Context, P)> for F
where
    F: Fn(Context, P) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    P: DeserializeOwned,
    T: IntoText + 'static,
    E: Display + 'static,
{
    fn carry_out(&self, ctx: Context) -> BoxFuture<'static, TextResult> {
        match ctx.parameter_as() {
            Ok(parameter) => self(ctx, parameter).map(texts).boxed(),
            Err(error) => std::future::ready(Err(error.to_string())).boxed(),
        }
    }
}

/// An error is written with its causes where its type knows them.
fn texts<T: IntoText, E: Display>(result: Result<T, E>) -> TextResult {
    result.map(IntoText::into_text).map_err(|error| format!("{error:#}"))
}

/// Forgets the types of a handler.
pub fn erase<Taken>(handler: impl Handler<Taken>) -> BoxedHandler {
    Arc::new(move |ctx| handler.carry_out(ctx))
}
