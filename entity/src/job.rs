//! A job: what is to run, when, and where.

mod hold;
mod overlap;
mod retry;

pub use hold::{BlackoutPolicy, CalendarUse};
pub use overlap::Overlap;
pub use retry::{RetryBackoff, RetryOn, UnknownEnd};

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// 1 … 2³¹−1: the `jobId` of the wire.
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    pub executor_id: i32,
    /// Unique in its namespace.
    pub name: String,
    pub description: String,
    /// Who answers for it; free text.
    pub owner: String,
    pub state: JobState,
    pub schedule_kind: ScheduleKind,
    /// As [`ScheduleKind`] says for each kind.
    pub schedule: String,
    /// IANA name of the zone the schedule is read in.
    pub zone: String,
    pub gap_policy: GapPolicy,
    pub repeat_policy: RepeatPolicy,
    /// The schedule has no time before; one at this very instant counts.
    pub valid_from: Option<Millis>,
    /// The schedule has no time after; one at this very instant counts, and its run may be due later
    /// by the spread.
    pub valid_until: Option<Millis>,
    /// Each run is due up to this many seconds after its time, as late for ever for the same job;
    /// 0 … 86,400.
    pub spread_s: i32,
    /// A calendar of its namespace, and what its days mean to the job.
    pub calendar_id: Option<i32>,
    pub calendar_use: CalendarUse,
    /// Windows without fires, one a line, on the clock of the job's zone: `22:00-06:00`,
    /// `mon-fri 08:00-18:00`, `2026-12-24 18:00..2026-12-27 06:00`.
    pub blackouts: String,
    pub blackout_policy: BlackoutPolicy,
    pub misfire_policy: MisfirePolicy,
    /// A fire later than this many milliseconds is never made up for.
    pub catch_up_ms: Millis,
    pub run_mode: RunMode,
    /// The handler's name for [`RunMode::Handler`], else empty.
    pub handler: String,
    pub parameter: String,
    /// The script for the modes that carry source, else empty.
    pub source: String,
    /// Version of `source` towards executors (`glueUpdatetime`).
    pub source_changed_at: Millis,
    pub routing: Routing,
    /// Which instances may run it, one a line: `host`, `host:port` or a label `key=value`; empty = all.
    pub only_on: String,
    pub blocking: Blocking,
    /// What becomes of a run while as many others are out as may be.
    pub overlap: Overlap,
    /// How many runs of the job may be out at the same time, 1 … 1,000; unused with
    /// [`Overlap::Allow`].
    pub slots: i32,
    /// How many more may wait for a slot, 1 … 10,000; for [`Overlap::Queue`] only.
    pub queue_length: i32,
    /// Of the runs that wait, those with the higher priority go first; -9 … 9.
    pub priority: i16,
    /// Seconds a run may take; 0 = no limit.
    pub timeout_s: i32,
    /// How many further attempts a run gets that ended otherwise than it should, 0 … 100.
    pub retries: i32,
    /// Seconds from the end of an attempt to the first retry, 0 … 86,400.
    pub retry_delay_s: i32,
    /// How the delay grows from one retry to the next.
    pub retry_backoff: RetryBackoff,
    /// Up to so many seconds are added to each delay, 0 … 3,600, so that runs that failed together do
    /// not come back together.
    pub retry_jitter_s: i32,
    /// Which ends are retried.
    pub retry_on: RetryOn,
    /// Stopped after so many runs in a row that ended badly, 1 … 1,000; 0 = never.
    pub stop_after_failures: i32,
    /// Only what ended after this counts: the job was started.
    pub failures_since: Millis,
    /// When the server stopped it after failures; none once somebody starts or disables it.
    pub failure_stop_at: Option<Millis>,
    /// How many there were in a row then, and the last of them.
    pub failure_stop_count: i32,
    pub failure_stop_run: Option<i64>,
    /// Grows with every edit: the optimistic lock, and the version runs refer to.
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub updated_by: Option<i32>,
}

/// Whether the schedule fires, and whether anything else starts the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Its schedule fires.
    On,
    /// Only by hand, API or another job's success.
    Stopped,
    /// Nothing starts it.
    Disabled,
}

/// What makes a job fire, and what its schedule text holds then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// A cron expression with seconds, in Quartz's grammar.
    Cron,
    /// Every so many seconds, in digits, counted from `valid_from` or else from the job's creation.
    FixedRate,
    /// So many seconds, in digits, after its last run has ended, the last attempt of it; the first time at
    /// `valid_from`, or else at once.
    FixedDelay,
    /// Once, when the clock of the job's zone shows this: `2026-12-01 03:00:00`.
    Once,
    /// Nothing but a person or the API: the text is empty.
    Manual,
}

/// What to do with a time that the clocks skip in spring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum GapPolicy {
    /// Fire once at the first instant after the gap.
    EndOfGap,
    /// Do not fire.
    Skip,
}

/// What to do with a time that comes twice in autumn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RepeatPolicy {
    First,
    Second,
    Both,
}

/// What to do with fires whose time passed while nobody could fire them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MisfirePolicy {
    /// None is made up for.
    Skip,
    /// The last one is made up for, within the catch-up window.
    FireOnce,
    /// Each one is made up for, within the catch-up window.
    FireAll,
}

/// Where the code of a run comes from (XXL-JOB: glue type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// A named handler inside the executor (`BEAN`).
    Handler,
    Shell,
    Python,
    Python2,
    Php,
    Node,
    PowerShell,
    /// Java or Groovy source, for Java executors.
    Groovy,
}

impl RunMode {
    /// Whether the job carries its own source text.
    pub fn has_source(self) -> bool {
        self != RunMode::Handler
    }
}

impl From<RunMode> for protocol::RunMode {
    fn from(mode: RunMode) -> Self {
        match mode {
            RunMode::Handler => Self::Bean,
            RunMode::Shell => Self::Shell,
            RunMode::Python => Self::Python,
            RunMode::Python2 => Self::Python2,
            RunMode::Php => Self::Php,
            RunMode::Node => Self::Nodejs,
            RunMode::PowerShell => Self::Powershell,
            RunMode::Groovy => Self::Groovy,
        }
    }
}

/// Which instance gets a run. In capitals these are XXL-JOB's names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// Always the first by address.
    First,
    /// Always the last by address.
    Last,
    /// One after the other.
    Round,
    /// Any.
    Random,
    /// The same for the same job, as long as it is there.
    ConsistentHash,
    /// The one with the fewest runs of the job.
    LeastFrequentlyUsed,
    /// The one that the job has not used for longest.
    LeastRecentlyUsed,
    /// The first by address that answers the heartbeat.
    Failover,
    /// The first by address that neither executes nor queues a run of the job.
    Busyover,
    /// All that are there: each gets a shard of the run (`SHARDING_BROADCAST`).
    Broadcast,
}

impl Routing {
    /// Whether the instances are asked before one is chosen.
    pub fn asks(self) -> bool {
        matches!(self, Routing::Failover | Routing::Busyover)
    }

    /// Whether the choice is one certain instance for as long as the same ones are there: a run waits for
    /// that one rather than going to another.
    pub fn is_fixed(self) -> bool {
        matches!(self, Routing::First | Routing::Last | Routing::ConsistentHash)
    }

    /// Whether a run waits as a row before it goes out: its instances are asked, or it is split.
    pub fn waits(self) -> bool {
        self.asks() || self == Routing::Broadcast
    }

    /// Whether the choice goes by how the job used the instances before.
    pub fn goes_by_use(self) -> bool {
        matches!(self, Routing::LeastFrequentlyUsed | Routing::LeastRecentlyUsed)
    }
}

/// What the executor does when a run of the same job is still going on there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Blocking {
    /// Queue behind it.
    Serial,
    /// Refuse the new one.
    DiscardLater,
    /// Kill the old one.
    CoverEarly,
}

impl From<Blocking> for protocol::BlockStrategy {
    fn from(blocking: Blocking) -> Self {
        match blocking {
            Blocking::Serial => Self::SerialExecution,
            Blocking::DiscardLater => Self::DiscardLater,
            Blocking::CoverEarly => Self::CoverEarly,
        }
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
