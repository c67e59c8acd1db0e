//! One error for the whole crate. Its variants are what a caller can do about it, not where it
//! came from; the source stays inside and is logged once, at the edge.

use entity::approval::Void;
use entity::fault::{Fault, FieldFault};
use entity::grant::Role;
use entity::job::JobState;
use sea_orm::{DbErr, RuntimeErr};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Correct these fields and send again.
    #[error("invalid: {}", field_names(.0))]
    Invalid(Vec<FieldFault>),
    /// There is no such thing, or the caller may not know of it.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Sign in first.
    #[error("not signed in")]
    Unauthenticated,
    /// Signed in, but not allowed.
    #[error("not allowed")]
    Forbidden,
    /// Signed in, and in the namespace it takes this role or one that includes it.
    #[error("not allowed without the role {}", .0.code())]
    RoleNeeded(Role),
    /// User name or password is wrong; never says which.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// Too many failures; try again at this instant (ms UTC).
    #[error("locked until {0}")]
    Locked(i64),
    /// The password has to be changed before anything else.
    #[error("the password must be changed first")]
    PasswordChangeRequired,
    /// Somebody else saved first: read again, then decide. Holds the version that is stored now.
    #[error("changed meanwhile, now at version {0}")]
    Conflict(i32),
    /// Nothing is wrong with it: it waits for the approval with this number.
    #[error("waits for approval {0}")]
    Held(i32),
    /// Refused because of what depends on it or of the state it is in.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Nothing wrong with the request: try again later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// A defect of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// Whether the database gave a transaction up for another one's sake, so that it may be tried again:
    /// serialisation failures, deadlocks and (on Galera) certification failures.
    pub fn is_aborted(&self) -> bool {
        let Self::Database(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) = self
        else {
            return false;
        };
        let code = error.as_database_error().and_then(|error| error.code());
        // PostgreSQL 40001 and 40P01; MySQL says 40001 for its 1213 too, and HY000 for a lock timeout.
        matches!(code.as_deref(), Some("40001" | "40P01"))
    }
}

/// Why something well-formed was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The executor still has this many jobs.
    ExecutorHasJobs(u64),
    /// This many jobs use the calendar.
    CalendarHasJobs(u64),
    /// This many alert rules name the channel.
    ChannelHasRules(u64),
    /// The delivery is on its way, or has arrived.
    DeliveryNotFailed,
    /// The job is in this state, in which it cannot be done.
    JobIs(JobState),
    /// The job runs a handler: there is no source to change.
    JobHasNoSource,
    /// The times of the job's runs do not come from a clock: it has none in the past.
    NoPastTimes,
    /// The run went well, is not over, or somebody has dealt with it.
    NothingToDeal,
    /// There are no runs that would go.
    NothingToClean,
    /// The run has ended already.
    RunEnded,
    /// The run has gone out, or has ended.
    RunNotWaiting,
    /// The executor could not be told to stop the run; the text says why.
    KillNotDelivered(String),
    /// A fire of this run is under way and could not be waited for; the job is stopped, but that
    /// run still goes out.
    RunUnderWay(i64),
    /// It is frozen already.
    Frozen,
    /// The namespace still has these.
    NamespaceInUse { executors: u64, jobs: u64 },
    /// Nobody could manage users any more.
    LastSuperAdmin,
    /// Nobody approves what he submitted himself.
    OwnApproval,
    /// Only who submitted it takes it back.
    NotOwnApproval,
    /// It was decided already.
    ApprovalEnded,
    /// Nobody decided in time.
    ApprovalExpired,
    /// The channel has not been told a code yet.
    ApprovalCodeNotTold,
    /// The channel was told a code just now: another one in so many seconds.
    CodeSentLately(u64),
    /// The change could not be made any more.
    ApprovalVoid(Void),
    /// The namespace's approvals are told to the channel: it is neither changed nor deleted.
    ChannelTellsApprovals,
    /// Nobody deletes the own account.
    OwnAccount,
    /// It is frozen, but so many servers have not said that they heed it.
    FreezeUnheeded(u64),
}

impl Error {
    /// One wrong field.
    pub fn field(field: &str, fault: Fault) -> Self {
        Self::Invalid(vec![FieldFault::new(field, fault)])
    }
}

fn field_names(faults: &[FieldFault]) -> String {
    faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>().join(", ")
}
