//! What the loops of one engine share.

use super::directory::Directory;
use super::dispatch::Lanes;
use super::dispatcher::Dispatcher;
use super::doubts::Doubts;
use super::ended::Ended;
use super::gate::Gate;
use super::handover::Handover;
use super::holdings::Holdings;
use super::record::Facts;
use super::settings::EngineSettings;
use super::timekeeper::Timekeeper;
use super::watch::Watch;
use crate::clock::SharedClock;
use crate::signals::Signals;
use crate::store::engine::{Breaches, Store, Vitals};
use crate::store::ids::RunIds;
use entity::Millis;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One engine's parts. Loops hold it by reference count.
pub struct Shared {
    pub store: Arc<dyn Store>,
    pub dispatcher: Arc<dyn Dispatcher>,
    pub clock: SharedClock,
    /// The same where it is to follow the database's; none in a test, which tells the time itself.
    pub timekeeper: Option<Arc<Timekeeper>>,
    pub signals: Signals,
    pub settings: EngineSettings,
    pub gate: Arc<Gate>,
    pub run_ids: Arc<RunIds>,
    pub directory: Directory,
    pub lanes: Lanes,
    pub facts: Facts,
    pub figures: Figures,
    /// Runs under way that something follows.
    pub followed: Watch<()>,
    /// Runs that take a slot others may wait for, with their executor.
    pub occupants: Watch<i32>,
    /// Runs that others of their job must not follow to their instance for now.
    pub doubts: Doubts,
    /// Runs that ended here and may have a log.
    pub ended: Arc<Ended>,
    /// Told when more happened in other servers than could be named.
    pub overlooked: Notify,
    /// Buckets on their way to another server.
    pub handover: Handover,
    /// Told when nothing new is to begin: loops end between two ticks, never within one.
    pub stopping: CancellationToken,
    holdings: RwLock<Arc<Holdings>>,
}

/// Figures for people and metrics.
#[derive(Debug, Default)]
pub struct Figures {
    /// Jobs whose cursor is in memory.
    pub jobs: AtomicU64,
    /// Jobs that are due and of which it cannot be read when they fire.
    pub unreadable: AtomicU64,
    /// Requests begun.
    pub sent: AtomicU64,
    /// How late the last request began (ms).
    pub lateness: AtomicI64,
    /// Runs that wait for others to end.
    pub waiting: AtomicU64,
    /// Rows that met their own key, and other things that must not happen.
    pub violations: AtomicU64,
    breaches: Mutex<Breaches>,
}

impl Figures {
    /// What the other servers are told.
    pub fn vitals(&self) -> Vitals {
        Vitals {
            lateness_ms: self.lateness.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed).cast_signed(),
        }
    }

    /// Signs of broken promises that the last scan found.
    pub fn breaches(&self) -> Breaches {
        *self.breaches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_breaches(&self, found: Breaches) {
        *self.breaches.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

/// The parts that differ between a server and a test.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub dispatcher: Arc<dyn Dispatcher>,
    pub clock: SharedClock,
    pub timekeeper: Option<Arc<Timekeeper>>,
    pub signals: Signals,
    pub settings: EngineSettings,
    pub gate: Arc<Gate>,
    pub run_ids: Arc<RunIds>,
}

impl Shared {
    pub fn new(parts: Parts, facts: Facts) -> Arc<Self> {
        let Parts { store, dispatcher, clock, timekeeper, signals, settings, gate, run_ids } = parts;
        Arc::new(Self {
            store,
            dispatcher,
            clock,
            timekeeper,
            signals,
            settings,
            gate,
            run_ids,
            directory: Directory::default(),
            lanes: Lanes::default(),
            facts,
            figures: Figures::default(),
            followed: Watch::default(),
            occupants: Watch::default(),
            doubts: Doubts::default(),
            ended: Arc::default(),
            overlooked: Notify::new(),
            handover: Handover::default(),
            stopping: CancellationToken::new(),
            holdings: RwLock::default(),
        })
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    pub fn holdings(&self) -> Arc<Holdings> {
        self.holdings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn hold(&self, holdings: Holdings) {
        *self.holdings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(holdings);
    }

    /// Rests between two ticks; false when there is to be no other.
    pub async fn rest(&self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.stopping.cancelled() => false,
        }
    }

    /// A decision was refused: buckets have another owner, or got something from others. The lease's keeper is to look
    /// at once which it is; until then nothing is decided there.
    pub fn note_refused(&self) {
        self.handover.hurry();
    }

    /// Tells whoever decides what follows, and who goes next, that a run changed.
    pub fn note_changed(&self, run_id: i64) {
        self.followed.changed(run_id);
        self.occupants.changed(run_id);
        self.doubts.changed(run_id);
    }

    /// Counts something that must not happen, and says so.
    pub fn violation(&self, what: &str, run_id: i64) {
        self.figures.violations.fetch_add(1, Ordering::Relaxed);
        tracing::error!(run = run_id, "invariant violated: {what}");
    }
}
