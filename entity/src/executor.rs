//! An executor: a named application that runs jobs.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Holds tokens, therefore not serialisable.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "executor")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    /// The code name that instances register with (XXL-JOB: `appname`); unique in its namespace.
    pub app_name: String,
    pub title: String,
    pub registration: Registration,
    /// Typed addresses, one a line; empty when instances register by themselves.
    pub addresses: String,
    /// What both sides send as `XXL-JOB-ACCESS-TOKEN`. Stored readable because it has to be sent.
    pub token: String,
    /// The token before the last rotation, accepted from instances until `old_token_until`.
    pub old_token: Option<String>,
    pub old_token_until: Option<Millis>,
    /// How many runs may be out at the same time over all its jobs and instances, 1 … 100,000; 0 = any
    /// number.
    pub max_parallel: i32,
    /// Grows with every edit: the optimistic lock.
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// How instances become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// They call in every few seconds.
    Automatic,
    /// Somebody typed their addresses.
    Manual,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
