//! One change that somebody made: who, from where, what, before and after. Each entry seals the one before
//! it: see `scheduler::rules::audit`.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// 1, 2, 3 … without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub at: Millis,
    /// None for the operator at the command line, and for the server itself.
    pub actor_id: Option<i32>,
    /// As the account was called then.
    pub actor: String,
    /// The browser's IP address; empty at the command line.
    pub address: String,
    pub noun: Noun,
    pub verb: Verb,
    /// The object's id in its own table; 0 where it has none.
    pub object_id: i64,
    /// As the object was called then.
    pub object: String,
    /// Where the object belongs; none for users, settings and the like.
    pub namespace_id: Option<i32>,
    /// The object as JSON, without secrets; none for what was created.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// The object, or the particulars of what was done, as JSON, without secrets; none for what was deleted.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
    /// Which key sealed it: the first eight bytes of its SHA-256, in hexadecimal.
    pub key_id: String,
    /// HMAC-SHA256 over the entry before it and this one, in hexadecimal.
    pub mac: String,
}

/// What was changed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    Job,
    Run,
    Executor,
    Calendar,
    Freeze,
    /// Of the cluster.
    Server,
    Namespace,
    User,
    /// What a user may do in a namespace.
    Grant,
    ApiToken,
    Channel,
    AlertRule,
    /// A message of an alert.
    Delivery,
    /// A change that waits for approval.
    Approval,
    /// A part of the runs' history that was cleaned up.
    Cleaning,
    /// How long the past is kept.
    Retention,
    /// All of it, as it was put back from a backup.
    Database,
    /// The unchained records of [`crate::audit_access`].
    Access,
}

/// What was done with it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Create,
    Edit,
    Delete,
    /// Of a job: it fires again; of a freeze: it begins.
    Start,
    /// Of a job: it fires no more; of a freeze: it ends.
    Stop,
    Disable,
    Enable,
    /// Of a job: its source.
    SaveSource,
    /// Of a job: once, now, by hand.
    Run,
    /// Of a job: for times that are past.
    Backfill,
    Kill,
    /// Of a run that waits: before the others.
    MoveToFront,
    /// Of an executor: another token.
    RotateToken,
    /// Of an executor: one of its instances gets no more runs.
    Drain,
    /// Of an executor: an instance that drained gets runs again.
    TakeBack,
    /// Of a user: by somebody else.
    ResetPassword,
    /// Of a user: by himself.
    ChangePassword,
    /// Of a user: another role in a namespace.
    Grant,
    /// Of a user: no role in a namespace any more; of an API token: it works no more.
    Revoke,
    /// Of an alert rule: until a time, or no longer.
    Silence,
    /// Of a message that failed.
    SendAgain,
    /// Of an approval: it waits from now on.
    Submit,
    Approve,
    Reject,
    /// Of an approval: by its submitter.
    Cancel,
    /// Of an approval: nobody decided in time.
    Expire,
    /// Of an approval: it could not be done any more.
    Void,
    /// Of an approval: too many wrong codes.
    Lock,
    /// Of accesses: their digest is taken.
    Seal,
    /// Of a job: in the stead of a run that went wrong.
    Replay,
    /// Of a run that went wrong: nobody has to look at it any more.
    Dismiss,
    /// Of the runs' history: they were deleted.
    CleanUp,
    /// Of accesses: those that are too old are deleted.
    Prune,
    /// Of the database: it was put back from a backup.
    Restore,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
