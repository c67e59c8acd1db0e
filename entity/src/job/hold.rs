//! What holds fires of a schedule back.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What the days of its calendar mean to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CalendarUse {
    /// It fires on these days only.
    Only,
    /// It fires on all other days.
    Except,
}

/// What becomes of fires within a blackout window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BlackoutPolicy {
    /// None of them runs.
    Suppress,
    /// One runs for all of them at the end of the window.
    Delay,
}
