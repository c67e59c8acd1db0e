//! A person who signs in.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Holds the password hash, therefore not serialisable.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub email: Option<String>,
    /// Argon2id in PHC string form.
    pub password_hash: String,
    pub role: UserRole,
    /// Set for a generated or reset password: nothing but changing it is allowed.
    pub must_change_password: bool,
    pub created_at: Millis,
    pub password_changed_at: Millis,
    pub last_sign_in_at: Option<Millis>,
    /// Grows with each edit; the form says which one it showed.
    pub version: i32,
    /// Of the last edit; 0 while there was none.
    pub updated_at: Millis,
    /// None for the operator at the command line.
    pub updated_by: Option<i32>,
}

/// What a person may do outside any namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Users, namespaces and settings, and everything in every namespace.
    SuperAdmin,
    /// Only what was granted.
    Ordinary,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
