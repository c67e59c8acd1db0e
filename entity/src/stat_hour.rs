//! Outcomes per hour, added in the same commit as the fact, so that they equal the rows. One row
//! per server: no two servers write the same one. The shards of a split run count, and it does not.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "stat_hour")]
pub struct Model {
    /// Start of the hour.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: Millis,
    #[sea_orm(primary_key, auto_increment = false)]
    pub executor_id: i32,
    /// A final [`crate::run::RunState`] as its number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub outcome: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: i32,
    pub runs: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
