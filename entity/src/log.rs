//! What is kept of a run's log, without its lines: these lie in [`crate::log_part`].

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: i64,
    pub state: LogState,
    /// Whose parts are the log's, while it is being kept and afterwards; random.
    pub claim: i64,
    /// When it was kept, or began to be.
    pub kept_at: Millis,
    /// The number of its last line; 0 = none.
    pub last_line: i32,
    /// Bytes of its lines, with those that were left out.
    pub bytes: i64,
    /// Bytes that its parts take.
    pub stored: i64,
    /// Why it is not all there: a [`Trouble`] as JSON.
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub trouble: Option<String>,
}

/// How far keeping a log has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum LogState {
    /// A server is at it.
    Coming = 1,
    /// It is there, but for what its parts leave out.
    Kept = 2,
    /// The executor had none.
    None = 3,
}

/// What keeps a log from being read, or from being read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Trouble {
    /// The instance that had the run is gone.
    Gone,
    /// It could not be reached, or fell silent; in the connection's words.
    Silent { text: String },
    /// It answered with an error, or with something that is not of the protocol.
    Refused { text: String },
    /// It has sent so many bytes, and was not heard out.
    TooMuch { bytes: u64 },
    /// It has not come to an end in so many seconds.
    TooSlow { seconds: u64 },
    /// It was asked for the line after this one, and came no further.
    Stuck { line: i32 },
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
