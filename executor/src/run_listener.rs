//! What else a program may do around each run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use protocol::words;

use crate::handler::Context;

/// Is told of each run that is carried out here: once [before](Self::before) it begins and once
/// [after](Self::after) it has ended, and right before the latter exactly one of [success](Self::success) and
/// [failure](Self::failure). Each shard of a broadcast is a run; one that is killed while it waits never begins.
///
/// The calls are made on the run's task, in the order in which listeners were registered, and the run waits for
/// them: whatever takes long belongs in a task of its own. A listener that panics is noted in the run's log
/// and changes nothing else.
///
/// ```
/// use orrery_executor::{Context, RunEnd, RunListener};
///
/// struct Telling;
///
/// impl RunListener for Telling {
///     fn failure(&self, ctx: &Context, end: &RunEnd) {
///         eprintln!("run {} of {} failed after {:?}: {}", ctx.run_id(), ctx.handler(), end.took, end.text);
///     }
/// }
///
/// let builder = orrery_executor::Executor::builder().listener(Telling);
/// ```
#[expect(unused_variables, reason = "the names are the documentation")]
pub trait RunListener: Send + Sync + 'static {
    /// The run begins; its time already counts.
    fn before(&self, ctx: &Context) {}

    /// It has succeeded.
    fn success(&self, ctx: &Context, end: &RunEnd) {}

    /// It has not: it failed, was stopped, or took too long.
    fn failure(&self, ctx: &Context, end: &RunEnd) {}

    /// It has ended, whichever way. Its result is not on its way yet.
    fn after(&self, ctx: &Context, end: &RunEnd) {}
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunEnd {
    /// In one word.
    pub outcome: Outcome,
    /// The text of its result, as the server gets it.
    pub text: String,
    /// From its beginning to its end.
    pub took: Duration,
}

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The handler returned a text.
    Success,
    /// The handler returned an error or panicked, or its parameter could not be read.
    Failed,
    /// It was killed, replaced by a newer run, or the executor stops.
    Stopped,
    /// Its time was up.
    TimedOut,
}

impl Outcome {
    /// Whether it is [`Outcome::Success`].
    pub fn is_success(self) -> bool {
        self == Self::Success
    }

    /// The code that the server gets.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Success => words::SUCCESS,
            Self::Failed | Self::Stopped => words::FAILURE,
            Self::TimedOut => words::TIMEOUT,
        }
    }
}

/// All listeners of an executor.
#[derive(Default)]
pub(crate) struct RunListeners(Vec<Box<dyn RunListener>>);

impl RunListeners {
    pub fn add(&mut self, listener: impl RunListener) {
        self.0.push(Box::new(listener));
    }

    /// Tells that a run begins.
    pub fn before(&self, ctx: &Context) {
        self.each(ctx, |listener| listener.before(ctx));
    }

    /// Tells that a run has ended.
    pub fn ended(&self, ctx: &Context, end: &RunEnd) {
        self.each(ctx, |listener| match end.outcome.is_success() {
            true => listener.success(ctx, end),
            false => listener.failure(ctx, end),
        });
        self.each(ctx, |listener| listener.after(ctx, end));
    }

    fn each(&self, ctx: &Context, tell: impl Fn(&dyn RunListener)) {
        for listener in &self.0 {
            // Whatever it leaves half done is its own.
            if catch_unwind(AssertUnwindSafe(|| tell(listener.as_ref()))).is_err() {
                tracing::error!(run = ctx.run_id(), "a listener panicked");
                ctx.run_log().remark("a listener panicked; the run goes on");
            }
        }
    }
}
