//! Runs jobs for an Orrery server, or for any other server that speaks XXL-JOB's executor protocol.
//!
//! An executor is a process that registers itself under an application name, accepts runs over HTTP, carries
//! them out by handlers written here (or by scripts, where its operator allows them), keeps their logs as
//! files and delivers their results until the server has acknowledged them.
//!
//! ```no_run
//! use orrery_executor::{Context, Executor, HandlerResult};
//!
//! async fn greet(ctx: Context) -> HandlerResult {
//!     ctx.log(format!("run {} of job {}", ctx.run_id(), ctx.job_id()));
//!     Ok(format!("Hello, {}!", ctx.parameter()))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), orrery_executor::Error> {
//!     Executor::builder()
//!         .server("http://127.0.0.1:8901")
//!         .app_name("hello")
//!         .token("the executor's token")
//!         .handler("greet", greet)
//!         .build()?
//!         .run()
//!         .await
//! }
//! ```
//!
//! # What an executor promises
//!
//! - Runs of one job are carried out one after the other; different jobs do not wait for each other.
//! - A run id is carried out at most once in the life of the process: a repeated trigger is refused.
//! - A run that exceeds its time, or is killed, first sees its [`Context`] cancelled and is aborted when it
//!   goes on regardless. Code inside `spawn_blocking` cannot be aborted, as nothing in Rust can stop a thread.
//! - A result is on disk before it is sent, and stays there until a server has taken it.

pub mod builtin;
mod client;
mod clock;
mod executor;
mod fence;
mod handler;
mod host;
mod listener;
mod metrics;
mod outbox;
mod process;
mod queue;
mod run_log;
mod script;
mod settings;
mod worker;

pub use executor::{Executor, RunningExecutor};
pub use handler::{Context, HandlerResult, IntoText};
pub use settings::{Error, ExecutorBuilder};
