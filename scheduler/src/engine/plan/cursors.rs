//! The cursors of this server's buckets, in memory, by job and by time.

use crate::store::engine::{Advance, CursorSums};
use entity::{Millis, job_cursor};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A copy of the rows, as far as they fire. There may be a million: a tree has no table that doubles, a row is
/// kept in half of the bytes that it has, and what is only listed is no tree.
#[derive(Debug, Default)]
pub struct Cursors {
    by_job: BTreeMap<i32, Packed>,
    /// [`job_cursor::Model::held_from`], which few rows have.
    held: HashMap<i32, Millis>,
    by_time: BTreeSet<(Millis, i32)>,
    /// Sorted.
    jobs_in: HashMap<i16, Vec<i32>>,
    /// Jobs off the time line because it cannot be read when they fire.
    unreadable: HashSet<i32>,
    /// Buckets that were read, and in which epoch.
    read: BTreeMap<i16, i64>,
    /// Where the next poll goes on.
    slice_from: i16,
}

/// A row without its id.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// [`NEVER`] when the schedule does not fire.
    next_at: Millis,
    last_at: Millis,
    route_seq: i64,
    version: i32,
    bucket: i16,
    backfill_slots: i16,
}

/// Of a bucket that is to be read again: epochs grow from 0.
const NO_EPOCH: i64 = -1;
/// No time: no schedule comes so far.
const NEVER: Millis = Millis::MAX;

impl Packed {
    fn next_at(&self) -> Option<Millis> {
        Some(self.next_at).filter(|at| *at != NEVER)
    }
}

impl From<&job_cursor::Model> for Packed {
    fn from(row: &job_cursor::Model) -> Self {
        Self {
            next_at: row.next_at.unwrap_or(NEVER),
            last_at: row.last_at,
            route_seq: row.route_seq,
            version: row.version,
            bucket: row.bucket,
            backfill_slots: row.backfill_slots,
        }
    }
}

impl Cursors {
    pub fn len(&self) -> usize {
        self.by_job.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_job.is_empty()
    }

    /// When the next cursor of these buckets is due.
    pub fn next_at(&self, is_meant: impl Fn(i16) -> bool) -> Option<Millis> {
        let is_meant = |id: &i32| self.by_job.get(id).is_some_and(|cursor| is_meant(cursor.bucket));
        self.by_time.iter().find(|(_, id)| is_meant(id)).map(|(next_at, _)| *next_at)
    }

    /// Cursors of these buckets that stand at or before `until`, the earliest first.
    pub fn due(&self, until: Millis, limit: usize, is_meant: impl Fn(i16) -> bool) -> Vec<job_cursor::Model> {
        let due = self.by_time.iter().take_while(|(next_at, _)| *next_at <= until);
        let due = due.filter_map(|(_, id)| self.get(*id));
        due.filter(|cursor| is_meant(cursor.bucket)).take(limit).collect()
    }

    fn get(&self, id: i32) -> Option<job_cursor::Model> {
        let packed = self.by_job.get(&id)?;
        Some(job_cursor::Model {
            job_id: id,
            bucket: packed.bucket,
            version: packed.version,
            next_at: packed.next_at(),
            held_from: self.held.get(&id).copied(),
            last_at: packed.last_at,
            route_seq: packed.route_seq,
            backfill_slots: packed.backfill_slots,
        })
    }

    /// Drops buckets that are no longer held, and returns those to be read.
    pub fn match_buckets(&mut self, held: &BTreeMap<i16, i64>) -> Vec<i16> {
        if self.read == *held {
            return Vec::new();
        }
        let gone: Vec<i16> = self.read.keys().filter(|id| !held.contains_key(id)).copied().collect();
        for bucket in gone {
            self.drop_bucket(bucket);
        }
        let fresh = held.iter().filter(|(id, epoch)| self.read.get(id) != Some(epoch));
        let fresh: Vec<(i16, i64)> = fresh.map(|(id, epoch)| (*id, *epoch)).collect();
        self.read.extend(fresh.iter().copied());
        fresh.into_iter().map(|(id, _)| id).collect()
    }

    /// Whether this bucket's cursors are here.
    pub fn has_read(&self, bucket: i16) -> bool {
        self.read.contains_key(&bucket)
    }

    /// Every bucket is to be read again. Which there were stays known: what is gone by then is still to be dropped.
    pub fn forget_buckets(&mut self) {
        self.read.values_mut().for_each(|epoch| *epoch = NO_EPOCH);
    }

    /// Everything is to be read again, also what was taken off the time line.
    pub fn forget_all(&mut self) {
        *self = Self { slice_from: self.slice_from, ..Self::default() };
    }

    /// The next buckets for the poll, with about `limit` cursors together.
    pub fn next_slice(&mut self, limit: usize) -> Vec<i16> {
        let own: Vec<i16> = self.read.keys().copied().collect();
        let from = own.iter().position(|id| *id >= self.slice_from).unwrap_or(0);
        let mut slice = Vec::new();
        let mut jobs = 0;
        for id in own.iter().cycle().skip(from).take(own.len()) {
            slice.push(*id);
            jobs += self.jobs_in.get(id).map_or(0, Vec::len);
            if jobs >= limit {
                break;
            }
        }
        self.slice_from = slice.last().map_or(0, |id| id + 1);
        slice
    }

    /// Those of the buckets that are not as this says.
    pub fn unlike(&self, buckets: Vec<i16>, sums: &HashMap<i16, CursorSums>) -> Vec<i16> {
        let is_alike = |bucket: &i16| self.sums(*bucket) == sums.get(bucket).copied().unwrap_or_default();
        buckets.into_iter().filter(|bucket| !is_alike(bucket)).collect()
    }

    fn sums(&self, bucket: i16) -> CursorSums {
        let mut sums = CursorSums::default();
        for id in self.jobs_in.get(&bucket).into_iter().flatten() {
            if let Some(cursor) = self.by_job.get(id) {
                sums.add(*id, cursor.version, cursor.next_at());
            }
        }
        sums
    }

    /// Takes over what buckets hold; returns the jobs whose definition changed.
    pub fn replace(&mut self, buckets: &[i16], read: Vec<job_cursor::Model>) -> Vec<i32> {
        let mut gone: HashSet<i32> =
            buckets.iter().filter_map(|bucket| self.jobs_in.get(bucket)).flatten().copied().collect();
        let mut changed = Vec::new();
        for cursor in read {
            gone.remove(&cursor.job_id);
            let known = self.by_job.get(&cursor.job_id).copied();
            if known.is_some_and(|known| known.version != cursor.version) {
                changed.push(cursor.job_id);
            }
            // Our own claims are ahead of what was read before them.
            if known.is_none_or(|known| known.version != cursor.version || known.next_at() < cursor.next_at) {
                self.set(cursor);
            }
        }
        gone.into_iter().for_each(|id| self.remove(id));
        changed
    }

    /// Takes over the rows of these jobs; those without a row are gone.
    pub fn update(&mut self, ids: &[i32], read: Vec<job_cursor::Model>) {
        ids.iter().for_each(|id| self.remove(*id));
        let mine = |cursor: &job_cursor::Model| self.read.contains_key(&cursor.bucket);
        let mine: Vec<_> = read.into_iter().filter(mine).collect();
        mine.into_iter().for_each(|cursor| self.set(cursor));
    }

    /// Follows a claim that was won.
    pub fn advance(&mut self, advance: &Advance) {
        if let Some(mut cursor) = self.get(advance.job_id) {
            cursor.next_at = advance.next_at;
            cursor.held_from = advance.held_from;
            cursor.last_at = advance.last_at;
            cursor.route_seq = advance.route_seq;
            self.set(cursor);
        }
    }

    /// How many of the job's runs were routed.
    pub fn route_seq(&self, job_id: i32) -> i64 {
        self.by_job.get(&job_id).map_or(0, |cursor| cursor.route_seq)
    }

    /// Follows a run that waited and was routed.
    pub fn set_route_seq(&mut self, job_id: i32, route_seq: i64) {
        if let Some(cursor) = self.by_job.get_mut(&job_id) {
            cursor.route_seq = route_seq;
        }
    }

    /// Takes a job off the time line until its row is read again.
    pub fn suspend(&mut self, id: i32) {
        if let Some(next_at) = self.by_job.get(&id).and_then(Packed::next_at) {
            self.by_time.remove(&(next_at, id));
        }
    }

    /// The same for a job of which it cannot be read when it fires: its row stays as it is.
    pub fn suspend_unreadable(&mut self, id: i32) {
        self.suspend(id);
        self.unreadable.insert(id);
    }

    /// How many jobs are due and cannot be planned.
    pub fn unreadable(&self) -> usize {
        self.unreadable.len()
    }

    fn set(&mut self, cursor: job_cursor::Model) {
        let known = self.by_job.get(&cursor.job_id);
        if known.is_some_and(|known| known.bucket != cursor.bucket) {
            // Where it was nothing of it stays behind, or it would be taken for gone when that is read.
            self.remove(cursor.job_id);
        }
        self.suspend(cursor.job_id);
        self.unreadable.remove(&cursor.job_id);
        if let Some(next_at) = cursor.next_at {
            self.by_time.insert((next_at, cursor.job_id));
        }
        match cursor.held_from {
            Some(held_from) => self.held.insert(cursor.job_id, held_from),
            None => self.held.remove(&cursor.job_id),
        };
        let jobs = self.jobs_in.entry(cursor.bucket).or_default();
        if let Err(place) = jobs.binary_search(&cursor.job_id) {
            jobs.insert(place, cursor.job_id);
        }
        self.by_job.insert(cursor.job_id, Packed::from(&cursor));
    }

    fn remove(&mut self, id: i32) {
        self.suspend(id);
        self.unreadable.remove(&id);
        self.held.remove(&id);
        if let Some(cursor) = self.by_job.remove(&id)
            && let Some(jobs) = self.jobs_in.get_mut(&cursor.bucket)
            && let Ok(place) = jobs.binary_search(&id)
        {
            jobs.remove(place);
        }
    }

    fn drop_bucket(&mut self, bucket: i16) {
        self.read.remove(&bucket);
        for id in self.jobs_in.remove(&bucket).unwrap_or_default() {
            self.suspend(id);
            self.unreadable.remove(&id);
            self.held.remove(&id);
            self.by_job.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(job_id: i32, bucket: i16, version: i32, next_at: Millis) -> job_cursor::Model {
        job_cursor::Model {
            job_id,
            bucket,
            version,
            next_at: Some(next_at),
            held_from: None,
            last_at: 0,
            route_seq: 0,
            backfill_slots: 0,
        }
    }

    /// The sums of buckets with these rows in the database.
    fn sums(rows: &[job_cursor::Model]) -> HashMap<i16, CursorSums> {
        let mut sums: HashMap<i16, CursorSums> = HashMap::new();
        for row in rows {
            sums.entry(row.bucket).or_default().add(row.job_id, row.version, row.next_at);
        }
        sums
    }

    #[test]
    fn a_bucket_that_goes_while_all_are_to_be_read_again_leaves_nothing_behind() {
        let mut cursors = Cursors::default();
        cursors.match_buckets(&BTreeMap::from([(1, 1), (2, 1)]));
        cursors.replace(&[1, 2], vec![cursor(7, 1, 1, 1_000), cursor(8, 2, 1, 2_000)]);
        cursors.forget_buckets();
        assert_eq!(cursors.match_buckets(&BTreeMap::from([(2, 1)])), [2]);
        let left: Vec<i32> = cursors.due(9_000, 10, |_| true).iter().map(|cursor| cursor.job_id).collect();
        assert_eq!(left, [8], "what is not held is never decided for, and would hold up what is");
        cursors.forget_buckets();
        assert_eq!(cursors.match_buckets(&BTreeMap::new()), [0i16; 0]);
        assert_eq!(cursors.len(), 0);
    }

    #[test]
    fn a_job_that_moved_to_another_bucket_is_there_alone_whichever_is_read_first() {
        let (before, after) = (cursor(7, 1, 1, 1_000), cursor(7, 2, 2, 1_000));
        for order in [[1, 2], [2, 1]] {
            let mut cursors = Cursors::default();
            cursors.match_buckets(&BTreeMap::from([(1, 1), (2, 1)]));
            cursors.replace(&[1, 2], vec![before.clone(), cursor(8, 1, 1, 2_000)]);
            let held = [after.clone(), cursor(8, 1, 1, 2_000)];
            for bucket in order {
                let rows = held.iter().filter(|row| row.bucket == bucket).cloned().collect();
                cursors.replace(&[bucket], rows);
            }
            assert_eq!(cursors.unlike(vec![1, 2], &sums(&held)), [0i16; 0], "{order:?}");
            assert_eq!(cursors.len(), 2);
            assert_eq!(cursors.due(1_000, 10, |bucket| bucket == 2), std::slice::from_ref(&after));
            assert_eq!(cursors.next_at(|bucket| bucket == 1), Some(2_000));
        }
    }
}
