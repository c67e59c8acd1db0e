//! One job that starts when another succeeds.

use sea_orm::entity::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_child")]
pub struct Model {
    /// The job whose success is waited for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub parent_id: i32,
    /// The job that then runs once.
    #[sea_orm(primary_key, auto_increment = false)]
    pub child_id: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
