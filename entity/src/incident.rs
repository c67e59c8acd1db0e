//! An incident: a job that a rule told of and that has not succeeded since, or an executor that is
//! offline.

use crate::Millis;
use crate::alert_rule::Event;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: Subject,
    /// The job's or the executor's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: i32,
    /// When it began.
    pub since: Millis,
    /// The last time that it was told of again.
    pub last_at: Millis,
    /// What was told last.
    pub event: Event,
    /// The alert that tells of it, the last one.
    pub alert_id: i32,
    pub escalated: bool,
}

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Subject {
    Job = 1,
    Executor = 2,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
