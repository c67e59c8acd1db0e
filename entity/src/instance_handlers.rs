//! The handlers that an instance announces. No row where it announces nothing, as XXL-JOB's clients do; apart
//! from the instance, which the engine reads often.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instance_handlers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_id: i32,
    /// One a line, sorted; empty = it announces that it has none.
    pub names: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
