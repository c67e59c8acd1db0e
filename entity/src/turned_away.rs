//! Registrations that were refused, so that a page can say why an instance does not come in.

use crate::Millis;
use crate::instance::Client;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "turned_away")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    /// [`NOBODY`], or the executor that it wanted to belong to.
    pub executor_id: i32,
    /// As it was sent, cut at [`TEXT_LENGTH`].
    pub app_name: String,
    /// As it was sent, cut at [`TEXT_LENGTH`].
    pub address: String,
    pub cause: Cause,
    pub client: Client,
    /// How often it tried.
    pub tries: i32,
    pub first_at: Millis,
    pub last_at: Millis,
}

/// Stands for no executor: none has the app name.
pub const NOBODY: i32 = 0;
/// Characters that are kept of what was sent.
pub const TEXT_LENGTH: usize = 255;

/// Why it was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The address is no URL that may be called.
    BadAddress = 1,
    /// The labels cannot be read, or are too many.
    BadLabels = 2,
    /// No executor has the app name.
    UnknownAppName = 3,
    WrongToken = 4,
    /// The executor has too many addresses.
    TooMany = 5,
    /// What it says of itself cannot be read, or is too much.
    BadAnnouncement = 6,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
