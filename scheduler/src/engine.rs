//! The engine: from a schedule to a finished run.
//!
//! Loops, one duty each, over a [`Store`](crate::store::engine::Store): *lease* keeps this server's
//! right to decide, *plan* claims what falls due, *dispatch* sends it, *record* writes what is
//! learnt, *rescue* looks after what nobody knows about, *check* asks after what runs long, *silence* notices instances that left
//! without a word, *effects* starts what follows a run, *settle* fills the way from jobs to runs,
//! *scan* looks for broken promises.
//! Each loop's body is a public `tick` that returns a report, so that a test can run it step by
//! step; what it decides is a pure function. They run on threads of their own: rendering pages
//! cannot delay a fire.

pub mod check;
pub mod directory;
pub mod dispatch;
pub mod dispatcher;
pub mod doubts;
pub mod effects;
pub mod ended;
pub mod failpoint;
pub mod gate;
mod handle;
pub mod handover;
pub mod holdings;
mod identity;
pub mod lease;
pub mod plan;
pub mod record;
pub mod regroup;
pub mod rescue;
pub mod scan;
pub mod settings;
pub mod settle;
pub mod shared;
pub mod silence;
pub mod step;
mod stop;
pub mod timekeeper;
pub mod watch;

pub use handle::{BrokenPromises, EngineHandle, EngineStatus, Recorded, ResultFact};
pub use identity::host_name;
pub use settings::EngineSettings;

use crate::clock::SharedClock;
use crate::signals::{Change, Signals};
use crate::store::Databases;
use crate::store::engine::SqlStore;
use crate::store::ids::RunIds;
use crate::{Error, Result};
use check::Checker;
use dispatcher::HttpDispatcher;
use effects::Effects;
use futures::FutureExt;
use gate::Gate;
use holdings::Holdings;
use identity::Identity;
use lease::Keeper;
use plan::Planner;
use record::Recorder;
use rescue::Rescuer;
use settings::HANDING_OVER;
use settle::Settler;
use shared::{Parts, Shared};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use timekeeper::Timekeeper;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads of the engine's own runtime.
const THREADS: usize = 2;
/// How soon a loop that panicked begins anew.
const AGAIN: Duration = Duration::from_secs(1);
/// So long its loops may take to end.
const ENDING: Duration = Duration::from_millis(1_500);
/// Within so long it stops: it hands over, ends its loops, hears the answers to its last requests, and has half
/// a second to write them down and to leave.
pub const STOPS_WITHIN: Duration =
    HANDING_OVER.saturating_add(ENDING).saturating_add(settings::ANSWER_WITHIN).saturating_add(LEAVING);
const LEAVING: Duration = Duration::from_millis(500);

/// A running engine.
pub struct Engine {
    handle: EngineHandle,
    stop: CancellationToken,
    stopped: oneshot::Receiver<()>,
}

impl Engine {
    /// Joins the servers of this database and begins to fire. `clock` tells the time until the database
    /// does.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when another process holds the data folder or the database does not
    /// answer; [`Error::Internal`] when no thread can be started.
    pub async fn start(
        databases: Databases,
        clock: SharedClock,
        signals: Signals,
        settings: EngineSettings,
    ) -> Result<Self> {
        failpoint::check()?;
        let identity = match &settings.data_folder {
            Some(folder) => Identity::kept_in(folder)?,
            None => Identity::passing(),
        };
        let gate = Arc::new(Gate::default());
        let (facts, inbox) = record::queue();
        let timekeeper = Arc::new(Timekeeper::new(clock.now(), Instant::now()));
        let parts = Parts {
            store: Arc::new(SqlStore::new(databases.engine.clone())),
            dispatcher: Arc::new(HttpDispatcher::new(
                gate.clone(),
                settings.connect_within(),
                settings.networks.clone(),
            )?),
            clock: timekeeper.clone(),
            timekeeper: Some(timekeeper),
            signals,
            settings,
            gate,
            run_ids: Arc::new(RunIds::new(databases.engine)),
        };
        let shared = Shared::new(parts, facts);
        let mut keeper = Keeper::new(shared.clone(), identity.text.clone());
        keeper.tick(Instant::now()).await?;
        shared.directory.refresh(shared.store.as_ref(), shared.now()).await?;
        let stop = CancellationToken::new();
        let (ended, stopped) = oneshot::channel();
        let recorder = Recorder::new(shared.clone(), inbox);
        let dispatching = Dispatching::start().map_err(cannot_start)?;
        let loops = Loops { shared: shared.clone(), keeper, recorder, dispatching };
        spawn(loops, identity, stop.clone(), ended)?;
        Ok(Self { handle: EngineHandle::new(shared), stop, stopped })
    }

    pub fn handle(&self) -> EngineHandle {
        self.handle.clone()
    }

    /// Stops firing, lets requests under way come to their answer, writes what was learnt, and
    /// gives up the lease so that another server, or the next start, goes on at once. What is not
    /// done by the deadline is left to whoever comes next.
    pub async fn shutdown(self, deadline: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(deadline, self.stopped).await.is_err() {
            tracing::warn!("the engine did not stop in time; its lease runs out by itself");
        }
    }
}

/// The loops and what they own.
struct Loops {
    shared: Arc<Shared>,
    keeper: Keeper,
    recorder: Recorder,
    dispatching: Dispatching,
}

/// The thread that everything about requests happens on: one that answers wakes nobody elsewhere, and
/// takes no lock that another core holds. Requests under way go on until this is dropped.
struct Dispatching {
    runtime: Handle,
    over: DropGuard,
}

impl Dispatching {
    fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let over = CancellationToken::new();
        let ended = over.clone().cancelled_owned();
        std::thread::Builder::new().name("dispatch".to_owned()).spawn(move || runtime.block_on(ended))?;
        Ok(Self { runtime: handle, over: over.drop_guard() })
    }
}

/// Runs the loops on a thread of their own; the identity's lock is held as long as they run.
fn spawn(
    loops: Loops,
    identity: Identity,
    stop: CancellationToken,
    ended: oneshot::Sender<()>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("engine")
        .enable_all()
        .build()
        .map_err(cannot_start)?;
    let work = move || {
        runtime.block_on(loops.run(stop));
        runtime.shutdown_background();
        drop(identity);
        // Whoever waited for the end may have given up.
        let _ = ended.send(());
    };
    std::thread::Builder::new().name("engine".to_owned()).spawn(work).map_err(cannot_start)?;
    Ok(())
}

fn cannot_start(error: std::io::Error) -> Error {
    Error::Internal(format!("the engine cannot start: {error}"))
}

impl Loops {
    async fn run(self, stop: CancellationToken) {
        let Self { shared, mut keeper, mut recorder, dispatching } = self;
        let of = || shared.clone();
        let loops = [
            supervise("plan", of(), |shared| async move { Planner::new(shared).run().await }),
            supervise("rescue", of(), |shared| async move { Rescuer::new(shared).run().await }),
            supervise("check", of(), |shared| async move { Checker::new(shared).run().await }),
            supervise("effects", of(), |shared| async move { Effects::new(shared).run().await }),
            supervise("settle", of(), |shared| async move { Settler::new(shared).run().await }),
            supervise("silence", of(), silence::run),
            supervise("scan", of(), scan::run),
            supervise("regroup", of(), regroup::run),
            supervise_on(&dispatching.runtime, "dispatch", of(), dispatch::run),
        ];
        // What decides ends first; what keeps the lease and records goes on meanwhile, and is
        // never broken off amid a write.
        let decided = CancellationToken::new();
        let deciding = async {
            stop.cancelled().await;
            hand_over(&shared).await;
            shared.stopping.cancel();
            let ended = futures::future::join_all(loops);
            drop(tokio::time::timeout(ENDING, ended).await);
            decided.cancel();
        };
        let keeping = keep(&shared, &mut keeper, &decided);
        tokio::join!(deciding, keeping, record(&mut recorder, &decided));
        finish(&shared, &mut keeper, &mut recorder).await;
        drop(dispatching.over);
    }
}

/// Lets the other servers, if there are any, have the jobs, and what was claimed until they have them go out.
async fn hand_over(shared: &Shared) {
    let holdings = shared.holdings();
    let Some(lease) = holdings.lease.filter(|_| holdings.has_heirs()) else { return };
    if let Err(error) = shared.store.drain(lease).await {
        tracing::error!(%error, "the jobs cannot be handed over: the others take them when the lease is given up");
        return;
    }
    shared.handover.hurry();
    let deadline = Instant::now() + HANDING_OVER;
    let is_over = |holdings: &Holdings| match holdings.epochs.is_empty() {
        true => !shared.lanes.has_unsent(),
        // Servers that stop at the same time do not wait for one another.
        false => !holdings.has_heirs(),
    };
    while !is_over(&shared.holdings()) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Keeps the lease until the end.
async fn keep(shared: &Shared, keeper: &mut Keeper, end: &CancellationToken) {
    let next = || async {
        let renewal = shared.settings.lease_renewal;
        let pause = shared.handover.patience_left(Instant::now()).map_or(renewal, |left| left.min(renewal));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.handover.stopped() => {}
        }
    };
    while end.run_until_cancelled(next()).await.is_some() {
        match AssertUnwindSafe(keeper.tick(Instant::now())).catch_unwind().await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the lease cannot be renewed"),
            Err(panic) => tracing::error!(panic = text_of(&panic), "renewing the lease panicked"),
        }
    }
}

/// Records until the end.
async fn record(recorder: &mut Recorder, end: &CancellationToken) {
    while let Err(panic) = AssertUnwindSafe(recorder.run(end)).catch_unwind().await {
        tracing::error!(panic = text_of(&panic), "recording panicked; it goes on");
    }
}

/// Lets requests come to their answer, writes everything, hands back what was not sent, leaves. What of that concerns
/// other servers is left to be told to them.
pub async fn finish(shared: &Shared, keeper: &mut Keeper, recorder: &mut Recorder) {
    let unsent = shared.lanes.take_unsent();
    for order in &unsent {
        let what = step::What::HandBack { claim: order.claim };
        shared.facts.note(step::Step { run_id: order.run_id, at: shared.now(), what });
    }
    let deadline = Instant::now() + shared.settings.answer_within;
    while shared.lanes.in_flight() > 0 && Instant::now() < deadline {
        if let Err(error) = recorder.tick().await {
            tracing::error!(%error, "results cannot be recorded; trying again");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    if let Err(error) = recorder.tick_all().await {
        tracing::error!(%error, "results were not recorded: they are asked for at the next start");
    }
    unsent.iter().for_each(|order| shared.signals.publish_elsewhere(Change::Run(order.run_id)));
    if let Err(error) = keeper.leave().await {
        tracing::error!(%error, "the lease was not given up: it runs out by itself");
    }
}

fn supervise<F>(
    name: &'static str,
    shared: Arc<Shared>,
    work: impl Fn(Arc<Shared>) -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = Result<()>> + Send,
{
    supervise_on(&Handle::current(), name, shared, work)
}

/// Runs a loop until it ends by itself; one that fails or panics is logged and begins anew.
fn supervise_on<F>(
    runtime: &Handle,
    name: &'static str,
    shared: Arc<Shared>,
    work: impl Fn(Arc<Shared>) -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = Result<()>> + Send,
{
    runtime.spawn(async move {
        loop {
            match AssertUnwindSafe(work(shared.clone())).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "the loop {name} failed; it begins anew"),
                Err(panic) => {
                    tracing::error!(panic = text_of(&panic), "the loop {name} panicked; it begins anew")
                }
            }
            if !shared.rest(AGAIN).await {
                return;
            }
        }
    })
}

/// What a panic said.
fn text_of(panic: &Box<dyn Any + Send>) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
