//! A version of a job's source text.

use crate::Millis;
use crate::job::RunMode;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_source")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i32,
    /// 1, 2, … within the job; the greatest is what the job's row holds and runs execute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// The language it is written in, the job's then.
    pub run_mode: RunMode,
    pub source: String,
    /// Why it was made; empty where it was not saved on the code page.
    pub remark: String,
    /// The number of the version that it brought back.
    pub restores: Option<i32>,
    pub created_at: Millis,
    pub created_by: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
