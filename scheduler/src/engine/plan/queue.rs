//! The runs that wait for others to end, in memory: by executor and job, in the order in which they
//! go. A copy of the rows that say so; whoever takes one out claims it by its row.

use crate::rules::admission::Place;
use entity::run::{Model as Run, Reason, RunKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Default)]
pub struct Queue {
    executors: HashMap<i32, HashMap<Line, BTreeMap<Place, Reason>>>,
    entries: HashMap<i64, Entry>,
}

/// What waits for the same: some of the runs of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    pub job_id: i32,
    pub of: Of,
}

/// Runs that the same limits hold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Of {
    Runs,
    /// Runs for past times, which have a limit of their own beside the job's.
    Backfills,
    /// These take no slot of the job.
    Shards,
}

impl From<&Run> for Line {
    fn from(run: &Run) -> Self {
        let of = match run.kind {
            _ if run.is_shard() => Of::Shards,
            RunKind::Backfill => Of::Backfills,
            _ => Of::Runs,
        };
        Self { job_id: run.job_id, of }
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
struct Entry {
    executor_id: i32,
    line: Line,
    place: Place,
}

impl Queue {
    /// Puts a run into its place, or moves it there.
    pub fn put(&mut self, run: &Run, reason: Reason) {
        self.remove(run.id);
        let (executor_id, line, place) = (run.executor_id, Line::from(run), Place::from(run));
        self.executors.entry(executor_id).or_default().entry(line).or_default().insert(place, reason);
        self.entries.insert(run.id, Entry { executor_id, line, place });
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn remove(&mut self, run_id: i64) {
        let Some(Entry { executor_id, line, place }) = self.entries.remove(&run_id) else { return };
        let Some(lines) = self.executors.get_mut(&executor_id) else { return };
        if let Some(places) = lines.get_mut(&line) {
            places.remove(&place);
            if places.is_empty() {
                lines.remove(&line);
            }
        }
        if lines.is_empty() {
            self.executors.remove(&executor_id);
        }
    }

    /// Takes over what was read: everything that is in the queue.
    pub fn replace(&mut self, read: &[Run]) {
        *self = Self::default();
        read.iter().for_each(|run| self.put(run, run.reason));
    }

    /// Executors for which something waits.
    pub fn executors(&self) -> impl Iterator<Item = i32> + '_ {
        self.executors.keys().copied()
    }

    /// Whether something waits for this executor.
    pub fn waits_for(&self, executor_id: i32) -> bool {
        self.executors.contains_key(&executor_id)
    }

    /// The lines in which something waits for this executor.
    pub fn lines_of(&self, executor_id: i32) -> impl Iterator<Item = Line> + '_ {
        self.executors.get(&executor_id).into_iter().flat_map(|lines| lines.keys().copied())
    }

    /// How many wait in a line.
    pub fn length(&self, executor_id: i32, line: Line) -> usize {
        self.places(executor_id, line).map_or(0, BTreeMap::len)
    }

    /// What a run that goes before this place waits for, if both want the same.
    pub fn is_behind(&self, executor_id: i32, line: Line, place: Place) -> Option<Reason> {
        let own = self.places(executor_id, line).and_then(first_in_order);
        if let Some((_, reason)) = own.filter(|(first, _)| **first < place) {
            return Some(*reason);
        }
        let firsts = self.executors.get(&executor_id)?.values().filter_map(first_in_order);
        let mut before = firsts.filter(|(first, reason)| **first < place && **reason == Reason::AtCapacity);
        before.next().map(|(_, reason)| *reason)
    }

    /// The next in order for this executor of whose line `has_room` says so: it is asked for each run
    /// once, in the order in which they would go, and a line for which it says no is left alone.
    pub fn next(&self, executor_id: i32, most: usize, mut has_room: impl FnMut(Line) -> bool) -> Vec<i64> {
        let mut chosen = Vec::new();
        let Some(lines) = self.executors.get(&executor_id) else { return chosen };
        let mut rest: HashMap<Line, _> =
            lines.iter().map(|(line, places)| (*line, in_order(places).map(|(place, _)| place))).collect();
        let mut heads: BTreeSet<(Place, Line)> = BTreeSet::new();
        for (line, places) in &mut rest {
            heads.extend(places.next().map(|place| (*place, *line)));
        }
        while chosen.len() < most
            && let Some((place, line)) = heads.pop_first()
        {
            if has_room(line) {
                chosen.push(place.run_id);
                heads.extend(rest.get_mut(&line).and_then(Iterator::next).map(|next| (*next, line)));
            }
        }
        chosen
    }

    /// The runs of a job that wait because others of it are in doubt.
    pub fn in_doubt(&self, executor_id: i32, job_id: i32) -> Vec<i64> {
        let lines = self.executors.get(&executor_id).into_iter().flatten();
        let places = lines.filter(|(line, _)| line.job_id == job_id).flat_map(|(_, places)| places);
        places.filter(|(_, reason)| **reason == Reason::InDoubt).map(|(place, _)| place.run_id).collect()
    }

    /// The first such run of each line.
    pub fn first_in_doubt(&self) -> impl Iterator<Item = i64> + '_ {
        self.executors.values().flat_map(HashMap::values).filter_map(|places| {
            places.iter().find(|(_, reason)| **reason == Reason::InDoubt).map(|(place, _)| place.run_id)
        })
    }

    fn places(&self, executor_id: i32, line: Line) -> Option<&BTreeMap<Place, Reason>> {
        self.executors.get(&executor_id)?.get(&line)
    }
}

/// Those that wait for their turn. One that waits because others are in doubt is called when these are
/// settled, and holds up nobody.
fn in_order(places: &BTreeMap<Place, Reason>) -> impl Iterator<Item = (&Place, &Reason)> {
    places.iter().filter(|(_, reason)| **reason != Reason::InDoubt)
}

fn first_in_order(places: &BTreeMap<Place, Reason>) -> Option<(&Place, &Reason)> {
    in_order(places).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::follow::tests::run;

    /// Run `id` of this job on executor 1, due at its id.
    fn of_job(job_id: i32, id: i64, priority: i16) -> Run {
        Run { job_id, due_at: id, priority, ..run(id) }
    }

    fn queue(runs: &[Run]) -> Queue {
        let mut queue = Queue::default();
        runs.iter().for_each(|run| queue.put(run, Reason::BehindRun));
        queue
    }

    #[test]
    fn the_first_of_each_job_with_room_go_in_order() {
        let queue =
            queue(&[of_job(1, 10, 0), of_job(1, 11, 0), of_job(2, 5, 0), of_job(2, 6, 0), of_job(3, 20, 9)]);
        let next = |most, rooms: [usize; 3]| {
            let mut rooms = rooms;
            queue.next(1, most, |line| {
                let room = &mut rooms[line.job_id as usize - 1];
                std::mem::replace(room, room.saturating_sub(1)) > 0
            })
        };
        assert_eq!(next(9, [9, 9, 9]), [20, 5, 6, 10, 11]);
        assert_eq!(next(2, [9, 9, 9]), [20, 5]);
        assert_eq!(next(9, [1, 0, 0]), [10], "a job without room does not hold up the others");
        assert_eq!(queue.next(2, 9, |_| true), [] as [i64; 0]);
    }

    #[test]
    fn a_run_moves_when_it_is_put_again_and_is_gone_when_it_is_taken_out() {
        let mut queue = queue(&[of_job(1, 10, 0), of_job(1, 11, 0)]);
        queue.put(&of_job(1, 11, 5), Reason::AtCapacity);
        assert_eq!(queue.next(1, 9, |_| true), [11, 10]);
        assert_eq!(queue.length(1, Line { job_id: 1, of: Of::Runs }), 2);
        queue.remove(11);
        queue.remove(10);
        assert!(queue.executors().next().is_none());
    }

    #[test]
    fn one_is_behind_its_own_job_and_behind_whoever_waits_for_the_executor() {
        let mut queue = queue(&[of_job(1, 10, 0)]);
        let behind = |queue: &Queue, job_id, id| {
            let run = of_job(job_id, id, 0);
            queue.is_behind(1, Line::from(&run), Place::from(&run))
        };
        assert_eq!(behind(&queue, 1, 12), Some(Reason::BehindRun));
        assert_eq!(behind(&queue, 1, 9), None, "it goes before");
        assert_eq!(behind(&queue, 2, 12), None, "it waits for a slot of its own job");
        queue.put(&of_job(1, 10, 0), Reason::AtCapacity);
        assert_eq!(behind(&queue, 2, 12), Some(Reason::AtCapacity));
    }

    #[test]
    fn runs_for_past_times_stand_in_a_line_of_their_own() {
        let past = |id| Run { kind: RunKind::Backfill, ..of_job(1, id, 0) };
        let queue = queue(&[past(10), past(11), of_job(1, 12, 0)]);
        assert_eq!(queue.length(1, Line { job_id: 1, of: Of::Backfills }), 2);
        let behind = |run: &Run| queue.is_behind(1, Line::from(run), Place::from(run));
        assert_eq!(behind(&past(20)), Some(Reason::BehindRun));
        assert_eq!(behind(&of_job(1, 11, 0)), None);
        assert_eq!(queue.next(1, 9, |line| line.of == Of::Runs), [12]);
    }

    #[test]
    fn what_waits_for_a_doubt_holds_up_nobody_and_is_called_by_its_job() {
        let mut queue = queue(&[of_job(1, 10, 0), of_job(1, 11, 0), of_job(2, 12, 0)]);
        for doubted in [of_job(1, 8, 0), of_job(1, 9, 0), of_job(2, 7, 0)] {
            queue.put(&doubted, Reason::InDoubt);
        }
        assert_eq!(queue.next(1, 9, |_| true), [10, 11, 12]);
        let run = of_job(1, 10, 0);
        assert_eq!(queue.is_behind(1, Line::from(&run), Place::from(&run)), None);
        assert_eq!(queue.length(1, Line { job_id: 1, of: Of::Runs }), 4, "it has its place all the same");
        assert_eq!((queue.in_doubt(1, 1), queue.in_doubt(2, 1)), (vec![8, 9], vec![]));
        let mut firsts: Vec<i64> = queue.first_in_doubt().collect();
        firsts.sort_unstable();
        assert_eq!(firsts, [7, 8]);
    }

    #[test]
    fn what_is_read_takes_the_place_of_what_was_known() {
        let mut queue = queue(&[run(10), run(11)]);
        queue.replace(&[Run { reason: Reason::AtCapacity, ..run(12) }]);
        assert_eq!(queue.next(1, 9, |_| true), [12]);
        assert_eq!(queue.length(1, Line { job_id: 1, of: Of::Runs }), 1);
    }
}
