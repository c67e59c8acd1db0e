//! An alert: what one message says, to however many channels it goes.

use crate::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    /// None for the test of a channel.
    pub rule_id: Option<i32>,
    /// The rule while it still gathers, else none.
    pub gathers_for: Option<i32>,
    /// When it goes out.
    pub due_at: Millis,
    /// What it says, as JSON of the scheduler's.
    #[sea_orm(column_type = "Text")]
    pub content: String,
    pub created_at: Millis,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
