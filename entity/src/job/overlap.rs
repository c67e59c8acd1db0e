//! What becomes of a run while others of its job are out.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What becomes of a run that finds all slots of its job taken, on whichever instances. The server
/// decides it, whatever the executors do with the blocking strategy that is sent to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The job has no slots: any number of its runs may be out.
    Allow,
    /// It waits for its turn, as long as the queue has room.
    Queue,
    /// It does not run.
    Skip,
    /// The oldest of those that are out is killed and makes room.
    Replace,
}
