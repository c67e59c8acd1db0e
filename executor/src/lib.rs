//! Runs jobs for an Orrery server, or for any other server that speaks XXL-JOB's executor protocol.
//!
//! An executor is a process that registers itself under an application name, accepts runs over HTTP, carries
//! them out by handlers written here (or by scripts, where its operator allows them), keeps their logs as
//! files and delivers their results until the server has acknowledged them.
//!
//! ```no_run
//! use orrery_executor::{Context, Error, Executor, HandlerResult, handler};
//!
//! #[handler]
//! async fn greet(ctx: Context) -> HandlerResult {
//!     ctx.log(format!("run {} of job {}", ctx.run_id(), ctx.job_id()));
//!     Ok(format!("Hello, {}!", ctx.parameter()))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     Executor::builder()
//!         .server("http://127.0.0.1:8901")
//!         .app_name("hello")
//!         .token("the executor's token")
//!         .declared_handlers()
//!         .build()?
//!         .run()
//!         .await
//! }
//! ```
//!
//! Handlers that need something of the program's, such as a connection pool, are closures:
//! [`ExecutorBuilder::handler`] takes them by name. What a handler may take and return is said at [`Handler`];
//! what is to happen around every run at [`RunListener`]. The program `orrery-executor` needs no code: it has the
//! handlers of [`builtin`].
//!
//! # What an executor promises
//!
//! - Runs of one job are carried out one after the other; different jobs do not wait for each other, unless
//!   there are fewer [workers](ExecutorBuilder::workers) than jobs.
//! - A run id is carried out at most once in the life of the process: a repeated trigger is refused.
//! - A run that exceeds its time, or is killed, first sees its [`Context`] cancelled and is aborted when it
//!   goes on regardless. Code inside `spawn_blocking` cannot be aborted, as nothing in Rust can stop a thread.
//! - A handler that panics, a listener that panics and a parameter that cannot be read end at most the run.
//! - A result is on disk before it is sent, and stays there until a server has taken it.
//! - An orderly stop takes nothing new, finishes what runs within a grace, delivers the results and signs off.

pub mod builtin;
mod client;
mod clock;
mod executor;
mod fence;
mod folder;
mod handler;
mod host;
mod labels;
mod line_marks;
mod listener;
mod metrics;
mod named;
mod outbox;
mod parameter;
mod process;
mod queue;
mod run_listener;
mod run_log;
mod script;
mod settings;
mod worker;

pub use executor::{Executor, RunningExecutor};
pub use handler::{Context, Handler, HandlerResult, IntoText};
pub use parameter::ParameterError;
pub use run_listener::{Outcome, RunEnd, RunListener};
pub use settings::{Error, ExecutorBuilder};

/// Declares an async function as a handler, wherever in the program it stands:
/// [`ExecutorBuilder::declared_handlers`] registers them all.
///
/// Jobs name it by the function's name, or by another one that the attribute gives. The function itself stays
/// as it is, and can be called. What it takes and returns is said at [`Handler`].
///
/// ```
/// use orrery_executor::{Context, Executor, HandlerResult, handler};
///
/// #[handler]
/// async fn tidy() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Invoice {
///     tenant: String,
/// }
///
/// #[handler("billing.invoice")]
/// async fn invoice(ctx: Context, invoice: Invoice) -> HandlerResult {
///     Ok(format!("sent to {}", invoice.tenant))
/// }
///
/// let builder = Executor::builder().declared_handlers();
/// ```
///
/// What is no handler does not compile:
///
/// ```compile_fail
/// #[orrery_executor::handler]
/// fn not_async() -> Result<(), std::io::Error> {
///     Ok(())
/// }
/// ```
///
/// ```compile_fail
/// #[orrery_executor::handler("a name with blanks")]
/// async fn named() -> Result<(), std::io::Error> {
///     Ok(())
/// }
/// ```
///
/// ```compile_fail
/// struct Unreadable;
///
/// #[orrery_executor::handler]
/// async fn unreadable(ctx: orrery_executor::Context, parameter: Unreadable) -> Result<(), std::io::Error> {
///     Ok(())
/// }
/// ```
pub use orrery_executor_macros::handler;

/// What the attribute [`handler`] writes names. No part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::handler::erase;
    pub use crate::named::Declared;
    pub use inventory;
}
