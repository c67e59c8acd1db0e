//! Reports on their way into the database. Many executors report each second, and a database on SQLite has one
//! writer: reports wait here for a moment and are written together.

use crate::rules::host_metrics::EVERY;
use entity::Millis;
use entity::host_state::HostSample;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Between two reports of an instance: what comes sooner is not taken.
pub const APART: Millis = EVERY / 3;
/// Reports that wait at most while the database does not answer; the oldest make room.
const MOST_WAITING: usize = 20_000;

/// A report that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    pub instance_id: i32,
    pub at: Millis,
    pub sample: HostSample,
}

/// The reports of the last moment. A server has one.
#[derive(Debug, Default)]
pub struct Collector(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last: HashMap<i32, Millis>,
    waiting: VecDeque<Arrived>,
}

impl Collector {
    /// Takes a report, unless the one before came just now; whether it did.
    pub fn offer(&self, arrived: Arrived) -> bool {
        let mut inner = self.lock();
        let (id, at) = (arrived.instance_id, arrived.at);
        if inner.last.get(&id).is_some_and(|last| (0..APART).contains(&(at - last))) {
            return false;
        }
        inner.last.insert(id, at);
        inner.waiting.push_back(arrived);
        if inner.waiting.len() > MOST_WAITING {
            inner.waiting.pop_front();
        }
        true
    }

    /// The oldest reports, at most so many; they do not wait any more.
    pub fn take(&self, most: usize, now: Millis) -> Vec<Arrived> {
        let mut inner = self.lock();
        inner.last.retain(|_, last| (0..APART).contains(&(now - *last)));
        let count = most.min(inner.waiting.len());
        inner.waiting.drain(..count).collect()
    }

    /// Puts reports back that could not be written.
    pub fn give_back(&self, reports: Vec<Arrived>) {
        let mut inner = self.lock();
        let room = MOST_WAITING.saturating_sub(inner.waiting.len());
        // The youngest of them; each goes before the next.
        for report in reports.into_iter().rev().take(room) {
            inner.waiting.push_front(report);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
