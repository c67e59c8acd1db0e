//! Some consecutive lines of a log that is kept.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_part")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: i64,
    /// [`crate::log::Model::claim`] of whoever wrote it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub claim: i64,
    /// The number of its first line. Parts follow one another; where numbers are missing, lines were left
    /// out.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_line: i32,
    /// How many.
    pub lines: i32,
    /// The lines with `\n` after each, compressed (zstd).
    pub data: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
