//! Hints between the servers of one database: what one of them did, and another one waits for, is told to that one at
//! once. It would find it within a second by itself, so that a hint that is lost, late, doubled or sent to the wrong
//! server changes nothing but that second.
//!
//! Whoever did something puts a hint here after the commit, which takes no time; [`Teller`] carries them out. What comes
//! from another server never comes back here. A server that is alone puts nothing here and wakes nobody.

mod hint;
mod pace;
mod seal;
mod teller;

pub use hint::{Hint, Hints, MOST_BYTES};
pub use seal::{Key, LASTS_MS};
pub use teller::{AT, PATH, SIGNATURE, Teller};

use crate::store::engine::{Over, Renewal};
use entity::Millis;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// That runs wait for others is told again after so long, while they do.
const TELL_AGAIN_MS: Millis = 5_000;
/// So long it holds where it was heard.
const AWAITED_MS: Millis = 3 * TELL_AGAIN_MS;
/// Executors of which that is remembered at most.
const MOST_AWAITED: usize = 10_000;

/// Other servers that can be told something, and what each decides for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Where they are reached.
    urls: BTreeMap<i32, String>,
    /// By bucket.
    owners: HashMap<i16, i32>,
}

/// What is to be told, by whom.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Whether there is anybody to be told: whoever is alone takes no lock.
    has_others: AtomicBool,
    state: Mutex<State>,
    news: Notify,
    pub figures: Figures,
}

/// Requests with hints, since the start.
#[derive(Debug, Default)]
pub struct Figures {
    pub sent: AtomicU64,
    /// Those that another server did not take.
    pub failed: AtomicU64,
    pub received: AtomicU64,
    /// Those that no server of this cluster sent, or sent too long ago.
    pub refused: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    others: Others,
    /// By the server that is to be told.
    pending: BTreeMap<i32, Hints>,
    /// Executors of which other servers wait for ends, and until when that holds.
    awaited: HashMap<i32, Millis>,
    /// Executors of which this one does, and when that was told last.
    told: HashMap<i32, Millis>,
}

/// What one server is to be told, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub server_id: i32,
    pub url: String,
    pub hints: Hints,
}

impl Others {
    /// Those beside `own_id` that a renewal of its lease found.
    pub fn beside(own_id: i32, renewal: &Renewal) -> Self {
        let others = renewal.servers.iter().filter(|server| server.id != own_id && server.state.is_alive());
        let reachable = others.filter(|server| !server.cluster_url.is_empty());
        let urls: BTreeMap<i32, String> =
            reachable.map(|server| (server.id, server.cluster_url.clone())).collect();
        let owned = renewal.buckets.iter().filter_map(|bucket| Some((bucket.id, bucket.owner?)));
        let owners = owned.filter(|(_, owner)| urls.contains_key(owner)).collect();
        Self { urls, owners }
    }
}

impl Outbox {
    /// Who is there from now on. What was to be told to others is dropped.
    pub fn know(&self, others: Others) {
        let mut state = self.state();
        state.pending.retain(|id, _| others.urls.contains_key(id));
        self.has_others.store(!others.urls.is_empty(), Ordering::Relaxed);
        state.others = others;
    }

    fn has_others(&self) -> bool {
        self.has_others.load(Ordering::Relaxed)
    }

    /// For every other server.
    pub fn tell_all(&self, hint: Hint) {
        if self.has_others() {
            self.state().add_for_all(hint);
            self.news.notify_one();
        }
    }

    /// For the server that decides for this bucket, unless it is this one, or nobody knows which it is.
    pub fn tell_owner(&self, bucket: i16, hint: Hint) {
        if self.has_others() && self.state().add_for_owner(bucket, hint) {
            self.news.notify_one();
        }
    }

    /// Tells of those of the runs that are over here, in whatever bucket, that their owners wait for.
    pub fn note_over(&self, over: &[Over], now: Millis) {
        if !self.has_others() {
            return;
        }
        let mut state = self.state();
        let mut is_news = false;
        for run in over {
            let is_awaited = || state.awaited.get(&run.executor_id).is_some_and(|until| now < *until);
            if run.is_open || is_awaited() {
                is_news |= state.add_for_owner(run.bucket, Hint::Over(run.run_id));
            }
        }
        drop(state);
        if is_news {
            self.news.notify_one();
        }
    }

    /// Runs of these executors wait here for others to end, and of no other executor: the other servers are to tell
    /// of ends that they learn of.
    pub fn await_ends(&self, executors: impl Iterator<Item = i32>, now: Millis) {
        if !self.has_others() {
            return;
        }
        let mut state = self.state();
        let mut before = std::mem::take(&mut state.told);
        let mut is_news = false;
        for executor_id in executors {
            let last = before.remove(&executor_id);
            let told_at = last.filter(|at| (0..TELL_AGAIN_MS).contains(&(now - at)));
            if told_at.is_none() {
                state.add_for_all(Hint::Awaited(executor_id));
                is_news = true;
            }
            state.told.insert(executor_id, told_at.unwrap_or(now));
        }
        drop(state);
        if is_news {
            self.news.notify_one();
        }
    }

    /// Another server waits for ends of runs of this executor.
    pub fn note_awaited(&self, executor_id: i32, now: Millis) {
        let awaited = &mut self.state().awaited;
        if awaited.len() >= MOST_AWAITED {
            awaited.retain(|_, until| now < *until);
        }
        if awaited.len() < MOST_AWAITED {
            awaited.insert(executor_id, now + AWAITED_MS);
        }
    }

    /// Takes what is to be told to the servers of which `is_free` says so.
    pub fn take(&self, is_free: impl Fn(i32) -> bool) -> Vec<Letter> {
        let mut state = self.state();
        let pending = std::mem::take(&mut state.pending);
        let (ready, rest) = pending.into_iter().partition(|(server_id, _)| is_free(*server_id));
        state.pending = rest;
        let ready: BTreeMap<i32, Hints> = ready;
        let letter = |(server_id, hints)| {
            let url = state.others.urls.get(&server_id)?.clone();
            Some(Letter { server_id, url, hints })
        };
        ready.into_iter().filter_map(letter).collect()
    }

    /// Resolves when there is something to be told since the last time.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add_for_all(&mut self, hint: Hint) {
        for server_id in self.others.urls.keys() {
            self.pending.entry(*server_id).or_default().add(hint);
        }
    }

    /// Whether there is one.
    fn add_for_owner(&mut self, bucket: i16, hint: Hint) -> bool {
        let owner = self.others.owners.get(&bucket).copied();
        owner.into_iter().for_each(|owner| self.pending.entry(owner).or_default().add(hint));
        owner.is_some()
    }
}

impl Figures {
    pub fn count(figure: &AtomicU64) {
        figure.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
