//! Buckets on their way to another server, without a late fire.
//!
//! The lease's keeper asks for it. The planner claims what falls due in these buckets until their next owner
//! surely has them, and then no more; the keeper gives them away. What was claimed goes out from here. What
//! may have to wait for other runs or for an answer cannot be claimed ahead: its rows are there, and the next
//! owner decides about them as soon as it knows that they are its own, which is a renewal later at most.

use crate::store::engine::Assignment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Between the lease's keeper and the planner of one server.
#[derive(Debug, Default)]
pub struct Handover {
    moving: Mutex<Moving>,
    asked: Notify,
    stopped: Notify,
}

/// Buckets that are to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moving {
    to: BTreeMap<i16, Assignment>,
    /// Those in which nothing is claimed any more.
    stopped: BTreeSet<i16>,
}

impl Moving {
    /// Whether what falls due in this bucket is to be claimed ahead of its time.
    pub fn is_leaving(&self, bucket: i16) -> bool {
        self.to.contains_key(&bucket) && !self.has_stopped(bucket)
    }

    /// Whether nothing is to be claimed in this bucket.
    pub fn has_stopped(&self, bucket: i16) -> bool {
        self.stopped.contains(&bucket)
    }

    /// Those that are still to be claimed ahead.
    pub fn leaving(&self) -> Vec<i16> {
        self.to.keys().copied().filter(|bucket| !self.has_stopped(*bucket)).collect()
    }
}

impl Handover {
    /// These are to go and no others; returns those in which claiming has stopped.
    pub fn ask(&self, to: Vec<Assignment>) -> Vec<Assignment> {
        let mut moving = self.lock();
        moving.to = to.into_iter().map(|to| (to.bucket, to)).collect();
        let Moving { to, stopped } = &mut *moving;
        stopped.retain(|bucket| to.contains_key(bucket));
        let ready = stopped.iter().filter_map(|bucket| to.get(bucket).copied()).collect();
        let is_news = to.len() > stopped.len();
        drop(moving);
        if is_news {
            self.asked.notify_one();
        }
        ready
    }

    /// How it stands.
    pub fn moving(&self) -> Moving {
        self.lock().clone()
    }

    /// Nothing is claimed in these any more, as long as they are to go.
    pub fn stop(&self, buckets: Vec<i16>) {
        let mut moving = self.lock();
        let Moving { to, stopped } = &mut *moving;
        stopped.extend(buckets.into_iter().filter(|bucket| to.contains_key(bucket)));
        drop(moving);
        self.stopped.notify_one();
    }

    /// Resolves when buckets came or are to go, for the planner.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Resolves when claiming has stopped somewhere, for the keeper.
    pub async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// Lets the planner look at once: it has other buckets.
    pub fn note_holdings(&self) {
        self.asked.notify_one();
    }

    /// Lets the keeper look at once.
    pub fn hurry(&self) {
        self.stopped.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(bucket: i16, owner: i32) -> Assignment {
        Assignment { bucket, seen: 3, owner }
    }

    #[test]
    fn buckets_go_when_claiming_has_stopped_in_them() {
        let handover = Handover::default();
        assert_eq!(handover.ask(vec![to(1, 7), to(2, 7)]), []);
        assert_eq!(handover.moving().leaving(), [1, 2]);
        handover.stop(vec![2, 9]);
        let moving = handover.moving();
        assert!(moving.is_leaving(1) && moving.has_stopped(2) && !moving.has_stopped(9));
        assert_eq!(handover.ask(vec![to(1, 7), to(2, 8)]), [to(2, 8)]);
    }

    #[test]
    fn what_is_not_to_go_after_all_is_claimed_again() {
        let handover = Handover::default();
        handover.ask(vec![to(1, 7)]);
        handover.stop(vec![1]);
        assert_eq!(handover.ask(Vec::new()), []);
        assert_eq!(handover.moving(), Moving::default());
    }
}
