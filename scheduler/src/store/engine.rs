//! What the engine asks of a database: about a dozen commands behind one trait, with two
//! implementations, SQL and a model in memory. The conformance suite holds both equal.

mod memory;
pub(super) mod rowset;
mod sql;

pub use memory::{MemoryStore, Tables};
pub use sql::SqlStore;

use crate::Result;
use crate::engine::step::{Applied, Step};
use async_trait::async_trait;
use entity::{
    Millis, bucket, calendar, executor, freeze, instance, job, job_child, job_cursor, route_use, run,
    run_by_job, server,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

/// A server's claim to be alive: who it is and which of its lives this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub server_id: i32,
    /// The token of the claims of this life, 1 … 2⁵³−1.
    pub incarnation: i64,
}

/// A bucket gets another owner, if it still is in the epoch in which it was `seen`: epochs grow with every
/// change of owner, and when runs are put into it that may be in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub bucket: i16,
    pub seen: i64,
    pub owner: i32,
}

/// A server that wants to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Outlives a restart; whoever presents it has proved (by the file lock) that its holder before
    /// is gone.
    pub identity: String,
    pub incarnation: i64,
    /// Names it for people.
    pub address: String,
    /// Where other servers reach it; empty where none does.
    pub cluster_url: String,
    /// Length of its lease, ms.
    pub lease_ms: i32,
    pub now: Millis,
}

/// How a server is doing, as it says with each renewal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// How late the last request began (ms).
    pub lateness_ms: i64,
    /// Runs of its jobs that wait for others to end.
    pub waiting: i64,
}

/// What a renewal of the lease reads in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    pub servers: Vec<server::Model>,
    pub buckets: Vec<bucket::Model>,
    pub told: Told,
}

/// What the database's clock showed at a moment between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub time: Millis,
    /// Right before it was asked for the time, and right after: what else the renewal took would only
    /// blur the moment.
    pub asked: Instant,
    pub answered: Instant,
}

/// By what right a decision is made: the bucket and the epoch in which this server owns it. Who has not read what was
/// put there since has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub lease: Lease,
    pub epochs: Vec<(i16, i64)>,
}

/// One job's cursor moved over the nominal times that `rows` account for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    pub job_id: i32,
    /// Moved only if the cursor still stands here, in this bucket, with this version of the job.
    pub bucket: i16,
    pub version: i32,
    pub seen: Millis,
    pub next_at: Option<Millis>,
    /// As [`job_cursor::Model::held_from`].
    pub held_from: Option<Millis>,
    pub last_at: Millis,
    pub route_seq: i64,
    /// How the instances that the rows go to are used now; only where routing goes by that.
    pub uses: Vec<route_use::Model>,
    pub rows: Vec<run::Model>,
}

/// What a plan came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Jobs whose cursor moved.
    pub won: HashSet<i32>,
    /// Runs that met a row with their own key: a defect somewhere. They must not be sent.
    pub violations: HashSet<i64>,
}

/// What facts came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// In the order of the facts.
    pub applied: Vec<Applied>,
    /// The runs that they say are over, in whatever order.
    pub over: Vec<Over>,
}

/// A run that is over, and who may wait for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    pub run_id: i64,
    pub executor_id: i32,
    /// Whose owner decides for it.
    pub bucket: i16,
    /// Whether that one has still to decide what follows.
    pub is_open: bool,
}

impl Over {
    /// None while it is not.
    pub fn of(run: &run::Model) -> Option<Self> {
        let run::Model { id: run_id, executor_id, bucket, live_bucket, state, .. } = *run;
        state.is_final().then_some(Self { run_id, executor_id, bucket, is_open: live_bucket.is_some() })
    }
}

/// A run with what was typed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunWithParameter {
    pub run: run::Model,
    pub parameter: Option<String>,
}

/// A run that waits, and the shards that go out in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub run_id: i64,
    pub at: Millis,
    /// At least one, all of the run's bucket, job and version of the job.
    pub shards: Vec<RunWithParameter>,
}

impl Split {
    /// The jobs of its shards and the versions that these were made by.
    fn jobs(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        self.shards.iter().map(|row| (row.run.job_id, row.run.job_version))
    }

    fn total(&self) -> i32 {
        i32::try_from(self.shards.len()).unwrap_or(i32::MAX)
    }
}

/// A final run and the rows that follow it, of whatever buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub run_id: i64,
    /// The run that it is a shard of.
    pub parent_id: Option<i64>,
    pub rows: Vec<RunWithParameter>,
    pub restart: Option<Restart>,
}

/// A job of a fixed delay goes on after the end of its run: its cursor stands nowhere until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    pub job_id: i32,
    /// Set only if the cursor still has this version of the job, and this is its last nominal time.
    pub version: i32,
    pub last_at: Millis,
    pub next_at: Millis,
}

impl Ending {
    /// The jobs that it concerns and the versions that it was made by.
    fn jobs(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        let rows = self.rows.iter().map(|row| (row.run.job_id, row.run.job_version));
        rows.chain(self.restart.map(|restart| (restart.job_id, restart.version)))
    }

    /// The rows that follow, given the run that it is a shard of: when that one has ended, or is gone, no
    /// shard of it is tried again.
    fn rows_beside(&self, parent: Option<&run::Model>) -> &[RunWithParameter] {
        let is_over = self.parent_id.is_some() && parent.is_none_or(|parent| parent.state.is_final());
        if is_over { &[] } else { &self.rows }
    }

    /// Whether nobody needs to look at the run for itself: it is tried again, or it is a shard, for which
    /// the whole run asks in the end.
    fn is_excused(&self) -> bool {
        let is_retried = self.rows.iter().any(|row| row.run.kind == run::RunKind::Retry);
        is_retried || self.parent_id.is_some()
    }
}

/// What came of endings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Rows that appeared.
    pub inserted: HashSet<i64>,
    /// How many runs were closed.
    pub closed: usize,
    /// Split runs that ended, because their last shard was closed.
    pub gathered: BTreeSet<i64>,
    /// Jobs that are gone, or not in the version that a row was made by: endings with such a row are
    /// left open, to be decided anew.
    pub stale: Vec<i32>,
}

/// What tells two states of a bucket's cursors apart: ids and versions only grow, and so does the next time
/// of a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CursorSums {
    pub count: i64,
    pub job_ids: i64,
    pub versions: i64,
    /// Of those that stand somewhere.
    pub next_ats: i64,
}

impl CursorSums {
    pub fn add(&mut self, job_id: i32, version: i32, next_at: Option<Millis>) {
        self.count += 1;
        self.job_ids += i64::from(job_id);
        self.versions += i64::from(version);
        self.next_ats += next_at.unwrap_or(0);
    }
}

/// Signs that a promise is broken, as counted at one moment; all zero in a healthy system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaches {
    /// Jobs with a fire that was due long ago and is in no row.
    pub unplanned: u64,
    /// Runs that have no final state long after their limit; split runs that were left open although
    /// none of their shards is.
    pub unended: u64,
    /// Final runs of which long after their end is not decided what follows.
    pub unfollowed: u64,
}

/// The engine's commands. Every one is a transaction of its own and may be repeated after an error.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Enters a server, taking the place of its own life before: it keeps that one's buckets, in new epochs.
    async fn join(&self, newcomer: &Newcomer) -> Result<Lease>;
    /// Prolongs the lease; none when it is over.
    async fn renew(&self, lease: Lease, vitals: Vitals) -> Result<Option<Renewal>>;
    /// Declares a server dead that did not move since it was `seen`; its buckets are free. False
    /// when it did move.
    async fn depose(&self, seen: &server::Model) -> Result<bool>;
    /// Gives buckets to owners, those of them that nobody gave to another one meanwhile.
    async fn assign(&self, assignments: &[Assignment]) -> Result<()>;
    /// This server is to hand its buckets over, and gets no others.
    async fn drain(&self, lease: Lease) -> Result<()>;
    /// Leaves in good order: the buckets are free at once.
    async fn leave(&self, lease: Lease) -> Result<()>;

    /// The cursors in these buckets.
    async fn cursors_in(&self, buckets: &[i16]) -> Result<Vec<job_cursor::Model>>;
    /// The sums of the buckets that have cursors, of these.
    async fn cursor_sums(&self, buckets: &[i16]) -> Result<HashMap<i16, CursorSums>>;
    /// The cursors of these jobs, as far as there are any.
    async fn cursors_of(&self, job_ids: &[i32]) -> Result<Vec<job_cursor::Model>>;
    async fn jobs(&self, job_ids: &[i32]) -> Result<Vec<job::Model>>;
    async fn calendars(&self, ids: &[i32]) -> Result<Vec<calendar::Model>>;
    /// How these jobs used their instances, in any order.
    async fn route_uses(&self, job_ids: &[i32]) -> Result<Vec<route_use::Model>>;
    /// Which jobs start when these succeed, by parent and child.
    async fn children_of(&self, job_ids: &[i32]) -> Result<Vec<job_child::Model>>;
    /// All executors, and the instances that are there.
    async fn executors(&self) -> Result<(Vec<executor::Model>, Vec<instance::Model>)>;
    /// Freezes that last or ended at or after `since`.
    async fn freezes(&self, since: Millis) -> Result<Vec<freeze::Model>>;
    /// Notes that this server heeds every freeze up to this one.
    async fn heed(&self, lease: Lease, freeze_id: i32) -> Result<()>;
    async fn runs(&self, run_ids: &[i64]) -> Result<Vec<RunWithParameter>>;
    /// The executors of these runs, by run; those that do not exist are left out.
    async fn executors_of(&self, run_ids: &[i64]) -> Result<HashMap<i64, i32>>;
    /// What these runs reported, by run, in any order; those that reported no text are left out.
    async fn results(&self, run_ids: &[i64]) -> Result<Vec<(i64, String)>>;
    /// All shards of these runs, in all their attempts, in any order.
    async fn shards_of(&self, run_ids: &[i64]) -> Result<Vec<run::Model>>;
    /// Runs in state `waiting` in these buckets, due by `due_by`, the earliest first; none of the
    /// executors that are `full`, and none that is in the queue.
    async fn waiting(&self, buckets: &[i16], due_by: Millis, full: &[i32], limit: u64) -> Result<Vec<i64>>;
    /// The runs of these buckets that are in the queue.
    async fn queued(&self, buckets: &[i16]) -> Result<Vec<run::Model>>;
    /// The runs that are out (being sent, running or in doubt) and belong to one of these jobs or of these
    /// executors, the oldest first. In whatever bucket: a job that was given to another executor may have
    /// left some in another one.
    async fn out(&self, jobs: &[i32], executors: &[i32]) -> Result<Vec<run::Model>>;
    /// Final runs in these buckets, due by `due_by`, of which is still to be decided what follows, the
    /// earliest first.
    async fn ended(&self, buckets: &[i16], due_by: Millis, limit: u64) -> Result<Vec<i64>>;
    /// Live runs in these buckets, due by `due_by`, that may need a decision: not answered yet, in
    /// doubt, past their limit at `now`, or with an instance that is gone. A split run is none of them:
    /// it has no instance, and its shards end it.
    async fn doubtful(
        &self,
        buckets: &[i16],
        due_by: Millis,
        now: Millis,
        limit: u64,
    ) -> Result<Vec<run::Model>>;
    /// Runs of these buckets that are running since `sent_by` or before, with ids above `after`, by their
    /// ids; without those that were split, which run nowhere themselves.
    async fn running(
        &self,
        buckets: &[i16],
        sent_by: Millis,
        after: i64,
        limit: u64,
    ) -> Result<Vec<run::Model>>;
    /// A run that this instance executed shortly before `before`, if there is one: its log is the
    /// yardstick for logs that are missing.
    async fn executed_before(
        &self,
        executor_id: i32,
        instance_id: i32,
        before: Millis,
    ) -> Result<Option<run::Model>>;

    /// Moves cursors and inserts the rows for the times passed, for the jobs whose cursor stood
    /// where it was seen.
    async fn plan(&self, authority: &Authority, advances: &[Advance]) -> Result<Planned>;
    /// Applies steps in order, all in one transaction, by [`crate::engine::step::apply`]. Decisions
    /// need an authority. A run that lies elsewhere than its job is not claimed: whoever has the job knows what else of
    /// it is out or in doubt, and gets the run within a while ([`Store::regroup`]).
    async fn apply(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<Vec<Applied>>;
    /// The same with facts, which need none, and says which runs are over by them.
    async fn learn(&self, facts: &[Step]) -> Result<Learnt>;
    /// Splits runs that wait into their shards, a run and its shards in one transaction. A run that does
    /// not wait (any more), or whose job is gone or not in the version of the shards, is left as it is, so
    /// that nothing is split twice and nothing goes out after a stop. Returns the runs that were split.
    async fn split(&self, authority: &Authority, splits: &[Split]) -> Result<HashSet<i64>>;
    /// Inserts what follows final runs and closes these, a run and its rows in one transaction, and lets
    /// jobs of a fixed delay go on. One that
    /// is retried wants no attention any more. A run that is closed already, and a row whose key is
    /// there, are left as they are, so that nothing follows twice however often this is repeated. A row
    /// counts only while its job's cursor stands at the version that it was made by: where an edit, a
    /// stop or a deletion comes between, one of both wins. The transaction that closes the last shard of
    /// a split run ends that run, and every one before writes it: two servers that close the last two at
    /// the same moment cannot both look away.
    async fn follow(&self, authority: &Authority, endings: &[Ending]) -> Result<Followed>;
    /// Marks instances as gone that were last seen at or before `cutoff`; their executors.
    async fn expire_instances(&self, cutoff: Millis, now: Millis) -> Result<Vec<i32>>;
    /// Counts what should have happened before `before` and has not. Schedules of the namespaces that are
    /// `frozen` (none = all of them) need not have fired.
    async fn breaches(&self, before: Millis, frozen: Option<&[i32]>) -> Result<Breaches>;
    /// Puts the jobs of executors that limit their runs into the bucket that they share, and every run that
    /// is not over into the bucket of its job; how many rows were in another one. Who changes a limit or a
    /// job does so himself; this finds what others, who did not know of it yet, wrote at that moment.
    async fn regroup(&self) -> Result<u64>;
    /// The end of each open id block: (start, settled up to, highest id in use).
    async fn open_blocks(&self) -> Result<Vec<OpenBlock>>;
    /// The runs of a block from `settled_to` to below `up_to`.
    async fn unsettled(&self, block: OpenBlock, up_to: i64) -> Result<Vec<run_by_job::Model>>;
    /// Enters runs into `run_by_job`; how many were not there yet.
    async fn enter(&self, runs: &[run_by_job::Model]) -> Result<u64>;
    /// Notes that every run of these blocks below the id beside them is entered.
    async fn settle(&self, parts: &[(OpenBlock, i64)]) -> Result<()>;
}

/// A block of run ids that is not entered into `run_by_job` completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBlock {
    pub start: i64,
    pub settled_to: i64,
    /// One more than the highest id that a run has; `settled_to` when there is none above it.
    pub used_to: i64,
}
