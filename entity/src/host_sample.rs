//! How the host of an instance was doing at a moment: what charts draw. Kept for hours; [`crate::host_minute`]
//! has it for days.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "host_sample")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_id: i32,
    /// When it came.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: Millis,
    /// Hundredths of a per cent of all processors.
    pub cpu: i64,
    /// The same for programs; none where the system does not tell it apart.
    pub cpu_user: Option<i64>,
    /// The same for the kernel.
    pub cpu_system: Option<i64>,
    /// Bytes held by the process.
    pub process_memory: i64,
    /// Bytes of the host that are used.
    pub memory: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
