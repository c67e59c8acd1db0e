//! What the rest of the server asks of the engine.

mod kill;

use super::directory::Target;
use super::dispatcher::{Call, CallFailure, LogBody};
use super::ended::Ended;
use super::shared::Shared;
use super::step::{Applied, Step, What};
use crate::authority::{Caller, Visible, visible};
use crate::clock::SharedClock;
use crate::hints::{Hint, Hints};
use crate::signals::Change;
use crate::store::engine::{Breaches, RunWithParameter};
use crate::store::ids::RunIds;
use crate::{Error, Result, instances};
use entity::log::Trouble;
use entity::run::Model as Run;
use protocol::LogRequest;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A way to the engine. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle(Arc<Shared>);

/// A result as an executor reported it, after its token was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFact {
    pub run_id: i64,
    /// The executor whose token came with it.
    pub executor_id: i32,
    pub code: i32,
    pub text: String,
}

/// What became of a reported result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is the run's result, and on disk.
    Recorded,
    /// It was known already.
    Duplicate,
    /// The run had ended otherwise; it is kept beside the final state.
    Late,
    /// There is no such run, or it never went out.
    UnknownRun,
    /// The run belongs to another executor; nothing was written.
    Foreign,
}

/// How the engine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineStatus {
    /// None while there is no lease.
    pub server_id: Option<i32>,
    /// Whether requests may go out.
    pub gate_open: bool,
    pub buckets: usize,
    /// Jobs whose schedule this server watches.
    pub jobs: u64,
    /// Jobs that are due and of which it cannot be read when they fire.
    pub unreadable: u64,
    pub sent: u64,
    pub in_flight: usize,
    /// How late the last request began (ms).
    pub lateness_ms: i64,
    /// Things that must not happen, since the start.
    pub violations: u64,
    /// Requests that may have gone out after the lease was over, since the start.
    pub late_requests: u64,
    /// Signs of broken promises that the last scan found.
    pub breaches: Breaches,
}

/// What the engine's look at itself found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokenPromises {
    /// By the last scan.
    pub breaches: Breaches,
    /// Contradictions met since the start.
    pub violations: u64,
    /// Requests that may have gone out after the lease was over, since the start.
    pub late_requests: u64,
}

impl EngineHandle {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The engine's time, which follows the database's.
    pub fn clock(&self) -> SharedClock {
        self.0.clock.clone()
    }

    /// Ids for runs that services insert.
    pub fn run_ids(&self) -> Arc<RunIds> {
        self.0.run_ids.clone()
    }

    /// Records results; answers when they are on disk.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the engine ends before they are: the executor should repeat.
    pub async fn report(&self, facts: Vec<ResultFact>) -> Result<Vec<Recorded>> {
        let at = self.0.now();
        let step = |fact: ResultFact| Step {
            run_id: fact.run_id,
            at,
            what: What::Result { executor_id: fact.executor_id, code: fact.code, text: fact.text },
        };
        let applied = self.0.facts.record(facts.into_iter().map(step).collect()).await?;
        Ok(applied.into_iter().map(Recorded::from).collect())
    }

    /// What another server says is as good as if it had happened here.
    pub fn hear(&self, hints: &Hints) {
        let shared = &self.0;
        for hint in hints.iter() {
            match hint {
                Hint::Changed(change) => {
                    shared.signals.publish_here(change);
                    if change == Change::Everything {
                        shared.overlooked.notify_one();
                    }
                }
                Hint::Over(run_id) => shared.note_changed(run_id),
                Hint::Awaited(executor_id) => {
                    shared.signals.outbox().note_awaited(executor_id, shared.now());
                }
            }
        }
    }

    /// Asks a run's instance for its log from this line on; the answer is read as it arrives.
    pub async fn open_log(&self, run: &Run, from_line: i32) -> Result<LogBody, Trouble> {
        let target = self.target(run).ok_or(Trouble::Gone)?;
        let request = LogRequest { run_id: run.id, triggered_at: run.due_at, from_line };
        let opened = self.0.dispatcher.open_log(&target, request).await;
        opened.map_err(|failure| Trouble::Silent { text: failure.to_string() })
    }

    /// Runs that ended at this server, for whoever keeps their logs.
    pub fn ended(&self) -> Arc<Ended> {
        self.0.ended.clone()
    }

    /// Whether the cluster's singleton duties are this server's.
    pub fn has_duties(&self) -> bool {
        self.0.holdings().has_duty()
    }

    /// Which executor each of these runs belongs to, for whoever checks an executor's token; runs that do
    /// not exist are left out.
    pub async fn executors_of(&self, run_ids: &[i64]) -> Result<HashMap<i64, i32>> {
        self.0.store.executors_of(run_ids).await
    }

    /// Whether a token opens this executor, as far as is known without asking the database: a token is
    /// known everywhere a second after it was given out or taken back, and here at once.
    pub fn accepts(&self, executor_id: i32, shared_token: Option<&str>, token: Option<&str>) -> bool {
        let now = self.0.now();
        let executor = self.0.directory.executor(executor_id);
        executor.is_some_and(|executor| instances::accepts(&executor, shared_token, token, now))
    }

    /// Whether this is an executor's token, as far as is known without asking the database.
    pub fn knows_token(&self, token: &str) -> bool {
        self.0.directory.knows_token(token)
    }

    /// Whether an instance answers: the text says why it does not.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone; [`Error::Unavailable`] with its answer.
    pub async fn beat(&self, executor_id: i32, instance_id: i32) -> Result<()> {
        let target = self.0.directory.target(executor_id, instance_id).ok_or(Error::NotFound("instance"))?;
        let reply = self.0.dispatcher.call(&target, Call::Beat).await.map_err(unavailable)?;
        if reply.is_ok() { Ok(()) } else { Err(Error::Unavailable(reply.text)) }
    }

    pub fn status(&self) -> EngineStatus {
        let shared = &self.0;
        let holdings = shared.holdings();
        EngineStatus {
            server_id: holdings.lease.map(|lease| lease.server_id),
            gate_open: shared.gate.is_open(),
            buckets: holdings.epochs.len(),
            jobs: shared.figures.jobs.load(Ordering::Relaxed),
            unreadable: shared.figures.unreadable.load(Ordering::Relaxed),
            sent: shared.figures.sent.load(Ordering::Relaxed),
            in_flight: shared.lanes.in_flight(),
            lateness_ms: shared.figures.lateness.load(Ordering::Relaxed),
            violations: shared.figures.violations.load(Ordering::Relaxed),
            late_requests: shared.gate.late(),
            breaches: shared.figures.breaches(),
        }
    }

    /// Signs of broken promises, for whoever sees everything; none while there are none.
    ///
    /// # Errors
    /// [`Error::PasswordChangeRequired`].
    pub fn broken_promises(&self, caller: &Caller) -> Result<Option<BrokenPromises>> {
        let sees_all = matches!(visible(caller)?, Visible::All);
        let EngineStatus { breaches, violations, late_requests, .. } = self.status();
        let found = BrokenPromises { breaches, violations, late_requests };
        Ok(Some(found).filter(|found| sees_all && *found != BrokenPromises::default()))
    }

    async fn run(&self, run_id: i64) -> Result<Run> {
        let found = self.0.store.runs(&[run_id]).await?;
        found.into_iter().next().map(|RunWithParameter { run, .. }| run).ok_or(Error::NotFound("run"))
    }

    fn target(&self, run: &Run) -> Option<Arc<Target>> {
        self.0.directory.target(run.executor_id, run.instance_id?)
    }
}

fn unavailable(failure: CallFailure) -> Error {
    Error::Unavailable(failure.to_string())
}

impl From<Applied> for Recorded {
    fn from(applied: Applied) -> Self {
        match applied {
            Applied::Done => Self::Recorded,
            Applied::Duplicate => Self::Duplicate,
            Applied::Late => Self::Late,
            Applied::Foreign => Self::Foreign,
            Applied::NoSuchRun | Applied::Impossible => Self::UnknownRun,
        }
    }
}
