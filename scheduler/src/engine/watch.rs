//! Runs that somebody waits for: which of them changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Runs watched at most; beyond it, changes are found by the poll alone.
const MOST_WATCHED: usize = 100_000;

/// Runs under way, each with what the watcher wants to know of it, and which of them changed. It only
/// spares waiting for a poll: a change that it misses is found there, and a run that nobody waits for
/// costs nothing.
#[derive(Debug)]
pub struct Watch<V> {
    runs: Mutex<Watched<V>>,
    news: Notify,
}

#[derive(Debug)]
struct Watched<V> {
    under_way: BTreeMap<i64, V>,
    changed: BTreeSet<i64>,
}

impl<V> Default for Watch<V> {
    fn default() -> Self {
        let runs = Watched { under_way: BTreeMap::new(), changed: BTreeSet::new() };
        Self { runs: Mutex::new(runs), news: Notify::new() }
    }
}

impl<V: Copy> Watch<V> {
    pub fn add(&self, run_id: i64, what: V) {
        let mut runs = self.runs();
        if runs.under_way.len() >= MOST_WATCHED {
            runs.under_way.clear();
        }
        runs.under_way.insert(run_id, what);
    }

    /// A run changed; whether it has ended shows when its row is read.
    pub fn changed(&self, run_id: i64) {
        let mut runs = self.runs();
        if runs.under_way.contains_key(&run_id) && runs.changed.insert(run_id) {
            self.news.notify_one();
        }
    }

    /// Those that changed since the last time; they stay watched.
    pub fn take_changed(&self) -> Vec<(i64, V)> {
        let mut runs = self.runs();
        let changed = std::mem::take(&mut runs.changed);
        changed.into_iter().filter_map(|id| Some((id, *runs.under_way.get(&id)?))).collect()
    }

    pub fn forget(&self, run_id: i64) {
        self.runs().under_way.remove(&run_id);
    }

    /// Resolves when one of them changed since it was made.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    fn runs(&self) -> MutexGuard<'_, Watched<V>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
