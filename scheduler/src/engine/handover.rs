//! Buckets on their way to another server, without a late fire.
//!
//! The lease's keeper asks for it. The planner claims what falls due in these buckets until their next owner
//! surely has them, and then no more; the keeper gives them away. What was claimed goes out from here. What
//! may have to wait for other runs or for an answer cannot be claimed ahead: its rows are there, and the next
//! owner decides about them as soon as it knows that they are its own, which is a renewal later at most.
//!
//! A planner that does not get through, because the database refuses what it writes or lets it wait, does not
//! keep the buckets: after [`PATIENCE`] they go as they are, and the next owner claims what falls due.

use crate::store::engine::Assignment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long the keeper waits for a planner that claims nothing ahead. A server that stops has as long again to
/// give its buckets away and to send what it claimed.
pub const PATIENCE: Duration = Duration::from_secs(2);

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
    /// Since when the keeper sees nothing come forward; none while it waits for nothing.
    still_since: Option<Instant>,
    /// Whether something came forward since the keeper looked.
    has_moved: bool,
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

    /// Takes note of what is to go at this moment.
    fn note(&mut self, to: Vec<Assignment>, now: Instant) {
        self.to = to.into_iter().map(|to| (to.bucket, to)).collect();
        let Self { to, stopped, .. } = self;
        stopped.retain(|bucket| to.contains_key(bucket));
        let has_moved = std::mem::take(&mut self.has_moved);
        let since = self.still_since.filter(|_| !has_moved).unwrap_or(now);
        self.still_since = (!self.leaving().is_empty()).then_some(since);
    }

    /// Those that may go: claiming has stopped in them, or was waited for long enough.
    fn ready(&self, now: Instant) -> Vec<Assignment> {
        let is_over = self.still_since.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE);
        self.to.values().copied().filter(|to| is_over || self.has_stopped(to.bucket)).collect()
    }
}

impl Handover {
    /// These are to go and no others; returns those that may go now. `now` is monotonic.
    pub fn ask(&self, to: Vec<Assignment>, now: Instant) -> Vec<Assignment> {
        let mut moving = self.lock();
        moving.note(to, now);
        let (ready, is_news) = (moving.ready(now), !moving.leaving().is_empty());
        drop(moving);
        if is_news {
            self.asked.notify_one();
        }
        ready
    }

    /// For how long the planner is still to be waited for; none where that is over, or nothing is waited for.
    pub fn patience_left(&self, now: Instant) -> Option<Duration> {
        let left = (self.lock().still_since? + PATIENCE).saturating_duration_since(now);
        Some(left).filter(|left| !left.is_zero())
    }

    /// Something was claimed ahead, and there is more.
    pub fn note_progress(&self) {
        self.lock().has_moved = true;
    }

    /// Nothing is to go.
    pub fn forget(&self) {
        *self.lock() = Moving::default();
    }

    /// How it stands.
    pub fn moving(&self) -> Moving {
        self.lock().clone()
    }

    /// Nothing is claimed in these any more, as long as they are to go.
    pub fn stop(&self, buckets: Vec<i16>) {
        let mut moving = self.lock();
        let Moving { to, stopped, .. } = &mut *moving;
        stopped.extend(buckets.into_iter().filter(|bucket| to.contains_key(bucket)));
        moving.has_moved = true;
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
        let (handover, now) = (Handover::default(), Instant::now());
        assert_eq!(handover.ask(vec![to(1, 7), to(2, 7)], now), []);
        assert_eq!(handover.moving().leaving(), [1, 2]);
        handover.stop(vec![2, 9]);
        let moving = handover.moving();
        assert!(moving.is_leaving(1) && moving.has_stopped(2) && !moving.has_stopped(9));
        assert_eq!(handover.ask(vec![to(1, 7), to(2, 8)], now), [to(2, 8)]);
    }

    #[test]
    fn what_is_not_to_go_after_all_is_claimed_again() {
        let (handover, now) = (Handover::default(), Instant::now());
        handover.ask(vec![to(1, 7)], now);
        handover.stop(vec![1]);
        assert_eq!(handover.ask(Vec::new(), now), []);
        let moving = handover.moving();
        assert!(!moving.is_leaving(1) && !moving.has_stopped(1));
    }

    #[test]
    fn buckets_go_as_they_are_when_nothing_came_forward_for_as_long_as_patience_lasts() {
        let (handover, begin) = (Handover::default(), Instant::now());
        let ask = |ms| handover.ask(vec![to(1, 7), to(2, 7)], begin + Duration::from_millis(ms));
        assert_eq!(handover.patience_left(begin), None);
        assert_eq!(ask(0), []);
        assert_eq!(handover.patience_left(begin), Some(PATIENCE));
        assert_eq!(ask(1_999), []);
        assert_eq!(ask(2_000), [to(1, 7), to(2, 7)]);
        // They could not be given away.
        assert_eq!(handover.patience_left(begin + PATIENCE), None, "at the next renewal, not at once");
        assert_eq!(ask(2_500), [to(1, 7), to(2, 7)]);
        assert_eq!(handover.ask(Vec::new(), begin), []);
        assert_eq!(ask(9_000), [], "asked anew");
    }

    #[test]
    fn a_planner_that_gets_on_is_waited_for() {
        let (handover, begin) = (Handover::default(), Instant::now());
        let ask = |ms| handover.ask(vec![to(1, 7), to(2, 7)], begin + Duration::from_millis(ms));
        ask(0);
        for second in [2_000, 4_000, 6_000] {
            handover.note_progress();
            assert_eq!(ask(second), []);
        }
        handover.stop(vec![2]);
        assert_eq!(ask(8_000), [to(2, 7)]);
        assert_eq!(ask(9_999), [to(2, 7)]);
        assert_eq!(ask(10_000), [to(1, 7), to(2, 7)]);
    }
}
