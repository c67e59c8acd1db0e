//! How long the past is kept. One row at most; none where nobody has ever changed it.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The id of the one row.
pub const ONLY: i32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "retention")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// 0 while there is no row.
    pub version: i32,
    /// Ended runs, in days after they were due; 0 = for ever.
    pub run_days: i32,
    /// Those that succeeded; 0 = as long as the others.
    pub success_days: i32,
    /// Of each job so many ended runs at most, the newest; 0 = any number.
    pub runs_per_job: i32,
    /// Kept logs.
    pub log_days: i32,
    /// What all of them may take together.
    pub log_mib: i32,
    /// Single reports about hosts.
    pub host_sample_hours: i32,
    /// Averages of minutes about hosts.
    pub host_minute_days: i32,
    /// Who signed in, was turned away or read the audit.
    pub access_days: i32,
    pub updated_at: Millis,
    /// None for the operator at the command line.
    pub updated_by: Option<i32>,
}

impl Default for Model {
    /// What holds until somebody changes it.
    fn default() -> Self {
        Self {
            id: ONLY,
            version: 0,
            run_days: 90,
            success_days: 0,
            runs_per_job: 100_000,
            log_days: 30,
            log_mib: 4_096,
            host_sample_hours: 6,
            host_minute_days: 7,
            access_days: 400,
            updated_at: 0,
            updated_by: None,
        }
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
