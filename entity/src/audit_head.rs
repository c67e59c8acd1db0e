//! The last entry of the audit: one row, which whoever adds an entry locks until the commit.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    /// [`THE_ONE`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// 0 before the first entry.
    pub seq: i64,
    /// Empty before the first entry.
    pub mac: String,
}

pub const THE_ONE: i32 = 1;

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
