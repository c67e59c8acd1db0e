//! A freeze: everything in a namespace, or everywhere, is paused until somebody thaws it.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "freeze")]
pub struct Model {
    /// Grows: a server that has heeded one has heeded those before it.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// [`EVERYWHERE`], or the namespace.
    pub namespace_id: i32,
    pub reason: String,
    /// None for the operator at the command line.
    pub frozen_by: Option<i32>,
    pub frozen_at: Millis,
    pub thawed_by: Option<i32>,
    /// None while it lasts.
    pub thawed_at: Option<Millis>,
}

/// What stands for all namespaces.
pub const EVERYWHERE: i32 = 0;

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
