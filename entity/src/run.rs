//! A run: one firing of a job, one shard of it, or one attempt. Numbers only: texts lie in
//! [`crate::run_text`], present only where needed.

use crate::{Millis, job};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "run")]
pub struct Model {
    /// 1 … 2⁵³−1, the `logId` of the wire. Handed out in blocks per server: nothing sorts by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub job_id: i32,
    pub kind: RunKind,
    /// The definition it runs with: [`crate::job::Model::version`].
    pub job_version: i32,
    /// The schedule's time.
    pub nominal_at: Millis,
    /// When it may go (jitter, retry delay); the `logDateTime` of the wire.
    pub due_at: Millis,
    /// What makes (job, nominal time) unique: 0 = by the schedule; the cause's id = its retry (which
    /// keeps the nominal time) or child run (whose nominal time is the cause's end); minus the own
    /// id = by hand, API, backfill, shard (whose nominal time is that of the run that was split).
    pub slot: i64,
    pub state: RunState,
    pub reason: Reason,
    /// The executor's result code (200, 500, 502 …); 0 = none.
    pub code: i32,
    /// The executor's id while a person should look, else none.
    pub attention: Option<i32>,
    pub bucket: i16,
    /// `bucket` while its owner has anything left to do, else none.
    pub live_bucket: Option<i16>,
    /// Whether anything follows a success / a failure, written with the row so that any server can
    /// record a result without reading the job.
    pub follow_ok: bool,
    pub follow_fail: bool,
    /// Token of the claiming server's incarnation; 0 = never claimed.
    pub claim: i64,
    /// Epoch × 16 + sends: grows with every claim and before every asking. On a split run it grows with
    /// every shard that is closed: two servers that close the last two write the same row.
    pub fence: i64,
    pub executor_id: i32,
    /// Where it was sent, written before sending. Set while it waits = pinned: a shard goes there.
    pub instance_id: Option<i32>,
    /// Which life of that instance.
    pub instance_generation: i32,
    /// The run that it is a shard of.
    pub parent_id: Option<i64>,
    /// 0 … `shard_total` − 1; [`SPLIT`] on a run that was split into shards.
    pub shard_index: i32,
    /// How many shards there are; 1 for a run that is not split.
    pub shard_total: i32,
    /// 1 for the first.
    pub attempt: i32,
    /// Among the runs that wait: the job's, or higher where a person moved it to the front.
    pub priority: i16,
    /// Consecutive times in one row that were missed or held back: the last of them and how many.
    pub span_last: Option<Millis>,
    pub span_count: i32,
    /// When the server ends it whatever the client does; none = no limit.
    pub deadline_at: Option<Millis>,
    /// When the request began, or the run was split.
    pub sent_at: Option<Millis>,
    pub accepted_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    /// A result that came after the final state: kept beside it.
    pub late_code: Option<i32>,
    pub late_at: Option<Millis>,
}

impl Model {
    /// A run of this job that waits for nothing but its time, `at`; everything else is as for a run
    /// of the schedule that nothing follows.
    pub fn waiting(id: i64, job: &job::Model, bucket: i16, at: Millis) -> Self {
        Self {
            id,
            job_id: job.id,
            kind: RunKind::Schedule,
            job_version: job.version,
            nominal_at: at,
            due_at: at,
            slot: 0,
            state: RunState::Waiting,
            reason: Reason::None,
            code: 0,
            attention: None,
            bucket,
            live_bucket: Some(bucket),
            follow_ok: false,
            follow_fail: false,
            claim: 0,
            fence: 0,
            executor_id: job.executor_id,
            instance_id: None,
            instance_generation: 0,
            parent_id: None,
            shard_index: 0,
            shard_total: 1,
            attempt: 1,
            priority: job.priority,
            span_last: None,
            span_count: 1,
            deadline_at: None,
            sent_at: None,
            accepted_at: None,
            ended_at: None,
            late_code: None,
            late_at: None,
        }
    }

    /// Whether it was split into shards: it is sent nowhere itself, and ends with its last shard.
    pub fn is_split(&self) -> bool {
        self.shard_index == SPLIT
    }

    /// Whether it is a shard of another run, in whatever attempt.
    pub fn is_shard(&self) -> bool {
        self.parent_id.is_some()
    }
}

/// The shard index of a run that was split.
pub const SPLIT: i32 = -1;

/// What made the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    Schedule = 1,
    Retry = 2,
    Child = 3,
    Manual = 4,
    Api = 5,
    Backfill = 6,
    Shard = 7,
}

/// Where a run stands. Up to [`RunState::Unknown`] it may still change; a final state never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Planned; must wait for its time, a slot or a person.
    Waiting = 1,
    /// Claimed; the request is on its way.
    Sending = 2,
    /// The executor has it.
    Running = 3,
    /// The request may or may not have arrived, or the instance is gone: being asked.
    Unknown = 4,
    Succeeded = 10,
    Failed = 11,
    TimedOut = 12,
    Killed = 13,
    /// Not executed; the reason says why.
    Skipped = 14,
    /// Asked, and not knowable.
    Lost = 15,
}

impl RunState {
    /// Claimed, and not known to have ended: such a run may be executed at this moment.
    pub const OUT: [Self; 3] = [Self::Sending, Self::Running, Self::Unknown];

    pub fn is_out(self) -> bool {
        Self::OUT.contains(&self)
    }

    /// Whether nothing changes it any more.
    pub fn is_final(self) -> bool {
        self as i16 >= 10
    }
}

/// Why a run is in its state, where the state alone does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    None = 0,
    /// Skipped: its time passed while nobody could fire it.
    Misfire = 1,
    /// Skipped or failed: the executor has no instance.
    NoInstance = 2,
    /// Skipped: the job was stopped before it went out.
    Stopped = 3,
    /// Failed: the executor answered the request with an error.
    Refused = 4,
    /// Failed: the connection was refused, so the request never arrived.
    Unreachable = 5,
    /// Failed: the handler or script reported a failure.
    Handler = 6,
    /// Timed out: the executor says so.
    ExecutorTimeout = 7,
    /// Timed out: the limit passed without a result, so the server ended it.
    Deadline = 8,
    /// Killed by a person.
    Person = 9,
    /// Unknown: no answer to the request in time.
    NoAnswer = 10,
    /// Unknown or lost: the instance is gone.
    InstanceGone = 11,
    /// Unknown: the server that sent it died.
    ServerGone = 12,
    /// Failed: the answer could not be understood.
    Garbage = 13,
    /// Skipped: no instance answered the heartbeat.
    NoneAlive = 14,
    /// Skipped: every instance was busy with the job, or did not answer.
    NoneIdle = 15,
    /// Waiting: as many runs of the job are out as may be.
    BehindRun = 16,
    /// Waiting: as many runs of the executor are out as may be.
    AtCapacity = 17,
    /// Skipped: another run of the job was out, and the job does not wait.
    Overlap = 18,
    /// Skipped: another run of the job was out, and the queue behind it was full.
    QueueFull = 19,
    /// Killed: a later run of the job took its place.
    Replaced = 20,
    /// Waiting: its namespace is frozen. Skipped: its time passed while it was.
    Frozen = 21,
    /// Skipped: the job's calendar does not allow the day.
    Calendar = 22,
    /// Skipped: it fell into a blackout window of the job.
    Blackout = 23,
    /// Skipped: the job was disabled, or deleted, before it went out.
    Disabled = 24,
    /// Skipped: there are instances, but none that the job may run on.
    NoneAllowed = 25,
    /// Waiting: of another run of the job nobody knows whether it runs at the instance that this one would
    /// go to.
    InDoubt = 26,
    /// Unknown or lost: its executor says, twice, that it does not work on it, and no result came.
    NotRunning = 27,
    /// Skipped: all instances that the job may run on drain.
    Draining = 28,
    /// Unknown or lost: it was at its executor when the backup was taken from which the database was put back.
    Restored = 29,
}

impl Reason {
    /// Of a run that waits for others to end or to be out of doubt, or for the thaw. Nobody needs to look
    /// at such a run before its turn has come.
    pub const HELD: [Self; 4] = [Self::BehindRun, Self::AtCapacity, Self::Frozen, Self::InDoubt];

    pub fn is_held(self) -> bool {
        Self::HELD.contains(&self)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
