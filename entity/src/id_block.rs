//! Blocks of run ids: a server takes a block and numbers its runs from it without asking again.

use sea_orm::entity::prelude::*;

/// Ids in one block.
pub const BLOCK: i64 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "id_block")]
pub struct Model {
    /// First id of the block; the block is `start .. start + BLOCK`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start: i64,
    pub server_id: i32,
    /// Every run of the block with an id below this is in `run_by_job`.
    pub settled_to: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
