//! A calendar: a list of days that jobs of its namespace fire on, or do not fire on.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "calendar")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    /// Unique in its namespace.
    pub name: String,
    /// One a line: `2026-12-25`, `2026-12-24..2027-01-01`, `12-25` of every year, `sat`; what follows
    /// a `#` is a remark. Days have no zone: each job reads them on the clock of its own.
    pub days: String,
    /// Grows with every edit: the optimistic lock.
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub updated_by: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
