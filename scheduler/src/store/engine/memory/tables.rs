//! The tables of the model, and what the commands do to them.

use super::step::{self, Applied, RouteMark, Step, Texts, What};
use super::{Advance, Authority, Lease, Newcomer, OpenBlock, Restart, RunWithParameter};
use crate::rules::bucket::{bucket_of_limited, fence_elsewhere};
use crate::rules::doubt::may_be_in_doubt;
use crate::{Error, Result};
use entity::id_block::BLOCK;
use entity::run::RunState;
use entity::server::ServerState;
use entity::{
    BUCKETS, Millis, bucket, calendar, executor, freeze, instance, job, job_cursor, route_use, run,
    run_by_job, server,
};
use protocol::native::epoch;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: Millis = 3_600_000;

/// What a database would hold.
#[derive(Debug)]
pub struct Tables {
    pub executors: BTreeMap<i32, executor::Model>,
    pub freezes: BTreeMap<i32, freeze::Model>,
    pub instances: BTreeMap<i32, instance::Model>,
    pub jobs: BTreeMap<i32, job::Model>,
    pub calendars: BTreeMap<i32, calendar::Model>,
    /// Parent and child.
    pub children: BTreeSet<(i32, i32)>,
    pub cursors: BTreeMap<i32, job_cursor::Model>,
    /// By (job, instance).
    pub route_uses: BTreeMap<(i32, i32), route_use::Model>,
    pub runs: BTreeMap<i64, run::Model>,
    pub parameters: BTreeMap<i64, String>,
    pub texts: BTreeMap<i64, Texts>,
    /// Runs by (hour, executor, outcome, server).
    pub outcomes: BTreeMap<(Millis, i32, i16, i32), i64>,
    pub servers: BTreeMap<i32, server::Model>,
    pub buckets: BTreeMap<i16, bucket::Model>,
    /// Start of a block → settled up to.
    pub blocks: BTreeMap<i64, i64>,
    pub by_job: BTreeSet<(i32, Millis, i64)>,
    /// What a database's clock would show.
    pub now: Millis,
    /// The server that joined last: whose statistics are written.
    pub server_id: i32,
}

impl Default for Tables {
    fn default() -> Self {
        let bucket = |id| (id, bucket::Model { id, owner: None, epoch: 0 });
        Self {
            executors: BTreeMap::new(),
            freezes: BTreeMap::new(),
            instances: BTreeMap::new(),
            jobs: BTreeMap::new(),
            calendars: BTreeMap::new(),
            children: BTreeSet::new(),
            cursors: BTreeMap::new(),
            route_uses: BTreeMap::new(),
            runs: BTreeMap::new(),
            parameters: BTreeMap::new(),
            texts: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            servers: BTreeMap::new(),
            buckets: (0..=BUCKETS).map(bucket).collect(),
            blocks: BTreeMap::new(),
            by_job: BTreeSet::new(),
            now: 0,
            server_id: 0,
        }
    }
}

impl Tables {
    pub(super) fn join(&mut self, newcomer: &Newcomer) -> Lease {
        let before = self.servers.values().find(|server| server.identity == newcomer.identity).cloned();
        let next_id = self.servers.keys().last().copied().unwrap_or(0) + 1;
        if let Some(old) = &before {
            self.own_buckets(old.id, Some(old.id));
        }
        let row = server::Model {
            id: before.as_ref().map_or(next_id, |old| old.id),
            identity: newcomer.identity.clone(),
            incarnation: newcomer.incarnation,
            counter: before.map_or(0, |old| old.counter) + 1,
            state: ServerState::Live,
            address: newcomer.address.clone(),
            cluster_url: newcomer.cluster_url.clone(),
            lease_ms: newcomer.lease_ms,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            freeze_seen: 0,
            started_at: newcomer.now,
            beat_at: 0,
            lateness_ms: 0,
            waiting: 0,
        };
        self.server_id = row.id;
        let lease = Lease { server_id: row.id, incarnation: row.incarnation };
        self.servers.insert(row.id, row);
        lease
    }

    pub(super) fn live_server(&mut self, lease: Lease) -> Option<&mut server::Model> {
        let server = self.servers.get_mut(&lease.server_id)?;
        (server.incarnation == lease.incarnation && server.state.is_alive()).then_some(server)
    }

    pub(super) fn end(&mut self, lease: Lease) {
        if let Some(server) = self.live_server(lease) {
            server.state = ServerState::Dead;
            self.own_buckets(lease.server_id, None);
        }
    }

    /// What this server owns has this owner, in new epochs.
    fn own_buckets(&mut self, server_id: i32, owner: Option<i32>) {
        for bucket in self.buckets.values_mut().filter(|bucket| bucket.owner == Some(server_id)) {
            bucket.owner = owner;
            bucket.epoch += 1;
        }
    }

    pub(super) fn check(&self, authority: &Authority) -> Result<()> {
        let holds = |(id, epoch): &(i16, i64)| {
            self.buckets.get(id).is_some_and(|bucket| {
                bucket.owner == Some(authority.lease.server_id) && bucket.epoch == *epoch
            })
        };
        if authority.epochs.iter().all(holds) { Ok(()) } else { Err(Error::Conflict(0)) }
    }

    pub(super) fn live<'a>(
        &'a self,
        buckets: &'a [i16],
        due_by: Millis,
    ) -> impl Iterator<Item = &'a run::Model> {
        let mine = move |run: &&run::Model| run.live_bucket.is_some_and(|bucket| buckets.contains(&bucket));
        self.runs.values().filter(mine).filter(move |run| run.due_at <= due_by)
    }

    pub(super) fn is_doubtful(&self, run: &run::Model, now: Millis) -> bool {
        match run.state {
            RunState::Sending | RunState::Unknown => true,
            RunState::Running => {
                let overdue = run.deadline_at.is_some_and(|deadline| deadline <= now);
                let instance = run.instance_id.and_then(|id| self.instances.get(&id));
                let there = instance.is_some_and(|instance| {
                    instance.gone_at.is_none() && instance.generation == run.instance_generation
                });
                overdue || !(there || run.is_split())
            }
            _ => false,
        }
    }

    pub(super) fn move_cursor(&mut self, advance: &Advance) -> bool {
        let stands = |cursor: &&mut job_cursor::Model| {
            (cursor.bucket, cursor.version) == (advance.bucket, advance.version)
                && cursor.next_at == Some(advance.seen)
        };
        let Some(cursor) = self.cursors.get_mut(&advance.job_id).filter(stands) else {
            return false;
        };
        cursor.next_at = advance.next_at;
        cursor.held_from = advance.held_from;
        cursor.last_at = advance.last_at;
        cursor.route_seq = advance.route_seq;
        true
    }

    pub(super) fn regroup(&mut self) -> u64 {
        let mut moved = 0;
        let mut doubtful = BTreeSet::new();
        let mut least: BTreeMap<i16, i64> = BTreeMap::new();
        for cursor in self.cursors.values_mut() {
            let executor = self.jobs.get(&cursor.job_id).and_then(|job| self.executors.get(&job.executor_id));
            let Some(executor) = executor.filter(|executor| executor.max_parallel > 0) else { continue };
            let bucket = bucket_of_limited(executor.id);
            moved += u64::from(cursor.bucket != bucket);
            cursor.bucket = bucket;
        }
        for run in self.runs.values_mut().filter(|run| run.live_bucket.is_some()) {
            let Some(cursor) = self.cursors.get(&run.job_id) else { continue };
            if run.live_bucket != Some(cursor.bucket) {
                (run.bucket, run.live_bucket) = (cursor.bucket, Some(cursor.bucket));
                run.fence = fence_elsewhere(run.fence);
                let least = least.entry(cursor.bucket).or_default();
                *least = epoch(run.fence).max(*least);
                doubtful.extend(may_be_in_doubt(run.state).then_some(cursor.bucket));
                moved += 1;
            }
        }
        for bucket in self.buckets.values_mut() {
            let begun = bucket.epoch + i64::from(doubtful.contains(&bucket.id));
            bucket.epoch = begun.max(least.get(&bucket.id).copied().unwrap_or(0));
        }
        moved
    }

    /// Sets a cursor that stands nowhere since this run.
    pub(super) fn restart(&mut self, restart: Restart) {
        let stands = |cursor: &&mut job_cursor::Model| {
            cursor.version == restart.version && cursor.next_at.is_none() && cursor.last_at == restart.last_at
        };
        if let Some(cursor) = self.cursors.get_mut(&restart.job_id).filter(stands) {
            cursor.next_at = Some(restart.next_at);
        }
    }

    /// Those of the jobs that are gone or in another version.
    pub(super) fn moved_on(&self, jobs: impl Iterator<Item = (i32, i32)>) -> impl Iterator<Item = i32> {
        let stands = |id: i32, version: i32| self.cursors.get(&id).is_some_and(|own| own.version == version);
        jobs.filter(move |(id, version)| !stands(*id, *version)).map(|(id, _)| id)
    }

    /// Takes a final run off what is still to be done; false when it was not on it.
    pub(super) fn close(&mut self, run_id: i64) -> bool {
        let open = |run: &&mut run::Model| run.state.is_final() && run.live_bucket.is_some();
        self.runs.get_mut(&run_id).filter(open).and_then(|run| run.live_bucket.take()).is_some()
    }

    /// Inserts a row unless its id or its key is taken.
    pub fn insert_run(&mut self, run: run::Model, server_id: i32) -> bool {
        let same_key = |other: &run::Model| {
            (other.nominal_at, other.job_id, other.slot) == (run.nominal_at, run.job_id, run.slot)
        };
        if self.runs.contains_key(&run.id) || self.runs.values().any(same_key) {
            return false;
        }
        self.count(&run, server_id);
        self.runs.insert(run.id, run);
        true
    }

    /// Inserts rows with what was typed for them; the ids of those that were not there.
    pub(super) fn insert_all(&mut self, rows: &[RunWithParameter], server_id: i32) -> Vec<i64> {
        let mut inserted = Vec::with_capacity(rows.len());
        for RunWithParameter { run, parameter } in rows {
            if self.insert_run(run.clone(), server_id) {
                inserted.push(run.id);
                self.parameters.extend(parameter.clone().map(|text| (run.id, text)));
            }
        }
        inserted
    }

    pub(super) fn shards_of(&self, run_ids: &[i64]) -> Vec<run::Model> {
        let own = |run: &&run::Model| run.parent_id.is_some_and(|id| run_ids.contains(&id));
        self.runs.values().filter(own).cloned().collect()
    }

    /// Shards of these runs were closed: returns those that ended with it.
    pub(super) fn gather(&mut self, parents: BTreeSet<i64>) -> BTreeSet<i64> {
        let mut ended = BTreeSet::new();
        for id in parents {
            let shards = self.shards_of(&[id]);
            let Some(parent) = self.runs.get_mut(&id) else { continue };
            if step::gather(parent, &shards) == Applied::Done && parent.state.is_final() {
                ended.insert(id);
            }
        }
        ended
    }

    /// Whether a run is to be claimed that lies elsewhere than its job, or where the right does not reach.
    pub(super) fn is_stray_claim(&self, step: &Step, right: &Authority) -> bool {
        let claimed = self.runs.get(&step.run_id).filter(|_| matches!(step.what, What::Claim(_)));
        claimed.is_some_and(|run| {
            let job = self.cursors.get(&run.job_id);
            job.is_some_and(|job| job.bucket != run.bucket)
                || right.epochs.iter().all(|(bucket, _)| *bucket != run.bucket)
        })
    }

    pub(super) fn apply(&mut self, step: &Step, server_id: i32) -> Applied {
        let Some(row) = self.runs.get_mut(&step.run_id) else {
            return Applied::NoSuchRun;
        };
        let was_final = row.state.is_final();
        let mut texts = Texts::default();
        let applied = step::apply(row, &mut texts, step);
        let row = row.clone();
        if !texts.is_empty() {
            self.texts.entry(step.run_id).or_default().merge(texts);
        }
        if !was_final {
            self.count(&row, server_id);
        }
        if let Some(mark) = step.what.mark().filter(|_| applied == Applied::Done) {
            self.leave(mark);
        }
        applied
    }

    fn leave(&mut self, mark: RouteMark) {
        match mark {
            RouteMark::Use(used) => self.note_use(used),
            RouteMark::Turn { job_id, route_seq } => {
                if let Some(cursor) = self.cursors.get_mut(&job_id) {
                    cursor.route_seq = route_seq;
                }
            }
        }
    }

    pub(super) fn note_use(&mut self, used: route_use::Model) {
        self.route_uses.insert((used.job_id, used.instance_id), used);
    }

    fn count(&mut self, run: &run::Model, server_id: i32) {
        if run.state.is_final() && !run.is_split() {
            let at = run.ended_at.unwrap_or(run.due_at);
            let key = (at - at.rem_euclid(HOUR), run.executor_id, run.state as i16, server_id);
            *self.outcomes.entry(key).or_default() += 1;
        }
    }

    pub(super) fn open_blocks(&self) -> Vec<OpenBlock> {
        let open = self.blocks.iter().filter(|(start, settled_to)| **settled_to < *start + BLOCK);
        open.map(|(&start, &settled_to)| {
            let last = self.runs.range(settled_to..start + BLOCK).next_back();
            OpenBlock { start, settled_to, used_to: last.map_or(settled_to, |(id, _)| id + 1) }
        })
        .collect()
    }

    pub(super) fn unsettled(&self, block: OpenBlock, up_to: i64) -> Vec<run_by_job::Model> {
        let runs = self.runs.range(block.settled_to..up_to);
        let entry =
            |run: &run::Model| run_by_job::Model { job_id: run.job_id, due_at: run.due_at, run_id: run.id };
        runs.map(|(_, run)| entry(run)).collect()
    }

    pub(super) fn enter(&mut self, runs: &[run_by_job::Model]) -> u64 {
        let before = self.by_job.len();
        self.by_job.extend(runs.iter().map(|run| (run.job_id, run.due_at, run.run_id)));
        (self.by_job.len() - before) as u64
    }

    pub(super) fn settle(&mut self, block: OpenBlock, up_to: i64) {
        if let Some(settled_to) = self.blocks.get_mut(&block.start).filter(|at| **at == block.settled_to) {
            *settled_to = up_to;
        }
    }
}
