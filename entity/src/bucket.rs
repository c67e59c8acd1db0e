//! A bucket of jobs: the unit in which servers share the work. Its owner alone decides for them.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "bucket")]
pub struct Model {
    /// 0 … 255, and 256 for the singleton duties.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// The server that decides; none while it is up for taking.
    pub owner: Option<i32>,
    /// Grows with every change of owner.
    pub epoch: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
