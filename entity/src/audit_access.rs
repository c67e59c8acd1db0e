//! Who came, was turned away, or read the audit. Not chained, so that whoever guesses passwords makes nobody
//! wait; once a minute an entry of the audit holds the digest of those that came since.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_access")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub at: Millis,
    /// As it was typed, cut at [`TEXT_LENGTH`]; the account's name where somebody was signed in.
    pub actor: String,
    pub address: String,
    pub event: Event,
    /// Of what was asked for, cut at [`TEXT_LENGTH`].
    pub about: String,
    /// The entry that holds its digest; none yet.
    pub sealed_by: Option<i64>,
}

/// Characters that are kept of a text.
pub const TEXT_LENGTH: usize = 255;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Event {
    SignedIn,
    /// Wrong name or password.
    SignInFailed,
    /// Too many wrong passwords before.
    SignInLocked,
    SignedOut,
    /// Somebody who is signed in asked for what he may not.
    Refused,
    ReadAudit,
    ExportedAudit,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
