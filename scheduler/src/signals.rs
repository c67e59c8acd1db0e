//! News inside one server, of what was done outside the engine: it wakes early.
//!
//! A signal is a hint, never the only way: every loop also polls.

use tokio::sync::broadcast;

/// What changed. Ids only: whoever is interested reads the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A job was created, edited, started, stopped or deleted.
    Job(i32),
    /// A run was inserted, or moved in the queue: it may go.
    Run(i64),
    /// An executor was created, edited or deleted, or its instances changed.
    Executor(i32),
    /// Something was frozen or thawed.
    Freeze(i32),
}

/// How many unread changes a slow listener may have before it is told that it missed some.
const BACKLOG: usize = 4096;

/// Publishes changes to whoever listens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Signals(broadcast::Sender<Change>);

impl Default for Signals {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Signals {
    /// Tells everybody who listens; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        drop(self.0.send(change));
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}
