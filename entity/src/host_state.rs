//! How the host of an instance is doing: the last report, and the one place that says of which instances there
//! are samples.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

pub use protocol::metrics::{Cpu, Disk, HostSample, Memory, Network, Process};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "host_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_id: i32,
    /// When it came.
    pub at: Millis,
    /// A [`HostSample`] as JSON.
    pub sample: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
