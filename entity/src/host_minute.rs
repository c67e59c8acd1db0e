//! The samples of a minute added up, in the commit that stores them, so that a minute equals its samples. What a
//! chart draws is the sum divided by the number.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "host_minute")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_id: i32,
    /// Start of the minute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: Millis,
    /// How many were added up.
    pub samples: i64,
    /// As in [`crate::host_sample`], each.
    pub cpu: i64,
    pub cpu_user: Option<i64>,
    pub cpu_system: Option<i64>,
    pub process_memory: i64,
    pub memory: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
