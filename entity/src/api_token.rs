//! An API token: a program acts as the token's user, within the token's limits.

use crate::Millis;
use crate::grant::Role;
use sea_orm::entity::prelude::*;
use std::collections::BTreeSet;

/// Holds the token's hash, therefore not serialisable.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub user_id: i32,
    pub name: String,
    /// SHA-256 of the token, in hexadecimal.
    pub token_hash: String,
    /// What it may do at most, wherever its user may do it.
    pub role: Role,
    /// The ids of the namespaces that it is limited to, with commas between; empty = all that its user sees.
    pub namespaces: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// To the minute.
    pub last_used_at: Option<Millis>,
    pub revoked_at: Option<Millis>,
}

impl Model {
    /// The namespaces that it is limited to; none where it is not.
    pub fn limited_to(&self) -> Option<BTreeSet<i32>> {
        // What cannot be read gives no right.
        let ids = || self.namespaces.split(',').filter_map(|id| id.parse().ok()).collect();
        (!self.namespaces.is_empty()).then(ids)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
