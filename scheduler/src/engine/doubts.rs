//! The runs in doubt, in memory: which jobs nothing is to be sent for, and where. A copy of the rows in
//! state `unknown`, ahead of them by the runs whose row is just about to say so.

use crate::rules::doubt::Site;
use entity::run::Model as Run;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug, Default)]
pub struct Doubts {
    known: Mutex<Known>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Known {
    runs: BTreeMap<i64, Doubt>,
    /// How many runs are in doubt, by site.
    sites: Arc<HashMap<Site, usize>>,
    /// Runs whose rows are to be read: they changed.
    changed: BTreeSet<i64>,
    /// Where runs are in doubt no more since the last time that somebody asked.
    settled: Vec<Site>,
    /// How often a run has come into doubt.
    now: u64,
    /// The last run of the slice before.
    slice_to: i64,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    site: Site,
    /// As of [`Doubts::now`].
    since: u64,
}

/// Where runs were in doubt at one moment.
#[derive(Clone, Debug, Default)]
pub struct InDoubt(Arc<HashMap<Site, usize>>);

impl InDoubt {
    pub fn at(&self, site: &Site) -> bool {
        self.0.contains_key(site)
    }
}

impl Doubts {
    /// Nobody knows whether this run is there: nothing else of its job is to go there from now on.
    pub fn add(&self, run_id: i64, site: Site) {
        let mut known = self.known();
        known.now += 1;
        let since = known.now;
        if known.runs.insert(run_id, Doubt { site, since }).is_none() {
            *Arc::make_mut(&mut known.sites).entry(site).or_default() += 1;
        }
    }

    /// A moment, to be taken before rows are read that runs are settled by.
    pub fn now(&self) -> u64 {
        self.known().now
    }

    /// It is decided about a run, as its row said that was read after this moment. One that has come into doubt
    /// since stays there: its row is about to say so.
    pub fn settle_as_of(&self, run_id: i64, moment: u64) {
        let is_older = |doubt: &Doubt| doubt.since <= moment;
        if self.known().runs.get(&run_id).is_some_and(is_older) {
            self.settle(run_id);
        }
    }

    /// Adds runs, as their rows say where they are.
    pub fn add_all<'a>(&self, runs: impl IntoIterator<Item = &'a Run>) {
        for run in runs {
            Site::of(run).into_iter().for_each(|site| self.add(run.id, site));
        }
    }

    /// It is decided about a run.
    pub fn settle(&self, run_id: i64) {
        let mut known = self.known();
        let Some(Doubt { site, .. }) = known.runs.remove(&run_id) else { return };
        let sites = Arc::make_mut(&mut known.sites);
        if let Some(count) = sites.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                sites.remove(&site);
            }
        }
        known.settled.push(site);
    }

    /// A run changed: if it is one in doubt, its row is to be read.
    pub fn changed(&self, run_id: i64) {
        let mut known = self.known();
        if known.runs.contains_key(&run_id) && known.changed.insert(run_id) {
            self.news.notify_one();
        }
    }

    /// Resolves when one of them changed since it was made.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// The runs that changed since the last time.
    pub fn take_changed(&self) -> BTreeSet<i64> {
        std::mem::take(&mut self.known().changed)
    }

    /// Where runs have come out of doubt since the last time.
    pub fn take_settled(&self) -> Vec<Site> {
        std::mem::take(&mut self.known().settled)
    }

    /// Some of the runs, all of them in turn.
    pub fn next_slice(&self, most: usize) -> Vec<i64> {
        let mut known = self.known();
        let after = (Bound::Excluded(known.slice_to), Bound::Unbounded);
        let slice: Vec<i64> = known.runs.range(after).map(|(id, _)| *id).take(most).collect();
        known.slice_to = if slice.len() < most { i64::MIN } else { slice[most - 1] };
        slice
    }

    /// Where runs are in doubt now.
    pub fn seen(&self) -> InDoubt {
        InDoubt(self.known().sites.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(job_id: i32) -> Site {
        Site { executor_id: 1, job_id, instance_id: 1 }
    }

    #[test]
    fn a_site_is_in_doubt_until_the_last_of_its_runs_is_settled() {
        let doubts = Doubts::default();
        for (run_id, job_id) in [(7, 1), (8, 1), (7, 1), (9, 2)] {
            doubts.add(run_id, site(job_id));
        }
        let before = doubts.seen();
        doubts.settle(7);
        assert!(doubts.seen().at(&site(1)));
        doubts.settle(8);
        doubts.settle(8);
        assert!(!doubts.seen().at(&site(1)) && doubts.seen().at(&site(2)));
        assert!(before.at(&site(1)), "a look at one moment stays as it was");
        assert_eq!(doubts.take_settled(), [site(1), site(1)]);
        assert_eq!(doubts.take_settled(), []);
    }

    #[test]
    fn a_row_that_was_read_before_a_doubt_does_not_settle_it() {
        let doubts = Doubts::default();
        doubts.add(7, site(1));
        let moment = doubts.now();
        doubts.add(7, site(1));
        doubts.settle_as_of(7, moment);
        assert!(doubts.seen().at(&site(1)));
        doubts.settle_as_of(7, doubts.now());
        assert!(!doubts.seen().at(&site(1)));
    }

    #[test]
    fn only_changes_of_runs_in_doubt_are_noted_and_each_once() {
        let doubts = Doubts::default();
        doubts.add(7, site(1));
        [7, 7, 8].into_iter().for_each(|run_id| doubts.changed(run_id));
        assert_eq!(doubts.take_changed(), BTreeSet::from([7]));
        assert_eq!(doubts.take_changed(), BTreeSet::new());
    }

    #[test]
    fn the_slices_go_through_all_runs_in_turn() {
        let doubts = Doubts::default();
        (1..=5).for_each(|run_id| doubts.add(run_id, site(1)));
        let slices: Vec<Vec<i64>> = (0..4).map(|_| doubts.next_slice(2)).collect();
        assert_eq!(slices, [vec![1, 2], vec![3, 4], vec![5], vec![1, 2]]);
    }
}
