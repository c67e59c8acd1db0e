//! News of what was done outside the engine: it wakes early, in this server and in those that wait for it.
//!
//! A signal is a hint, never the only way: every loop also polls.

use crate::hints::{Hint, Outbox};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What changed. Ids only: whoever is interested reads the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A job was created, edited, started, stopped or deleted.
    Job(i32),
    /// A run was inserted, or moved in the queue: it may go.
    Run(i64),
    /// An executor was created, edited or deleted, or its instances changed.
    Executor(i32),
    /// Something was frozen or thawed.
    Freeze(i32),
    /// A server left, drains, or handed buckets over: who has what is to be read anew.
    Servers,
    /// More than could be named.
    Everything,
}

/// How many unread changes a slow listener may have before it is told that it missed some.
const BACKLOG: usize = 4096;

/// Publishes changes to whoever listens, once they are committed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Signals {
    here: broadcast::Sender<Change>,
    elsewhere: Arc<Outbox>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { here: broadcast::channel(BACKLOG).0, elsewhere: Arc::default() }
    }
}

impl Signals {
    /// Tells everybody who listens, in every server; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        self.publish_here(change);
        self.publish_elsewhere(change);
    }

    /// Tells this server, and the one that decides for the bucket that this is about.
    pub fn publish_in(&self, bucket: i16, change: Change) {
        self.publish_here(change);
        self.elsewhere.tell_owner(bucket, Hint::Changed(change));
    }

    /// Tells the other servers: what this one has taken note of itself.
    pub fn publish_elsewhere(&self, change: Change) {
        self.elsewhere.tell_all(Hint::Changed(change));
    }

    /// Tells this server alone: what others said, and what only its own loops do something about.
    pub fn publish_here(&self, change: Change) {
        drop(self.here.send(change));
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.here.subscribe()
    }

    /// What is to be told to the other servers.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.elsewhere
    }
}
