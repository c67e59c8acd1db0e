//! How far a job's schedule has been fired: where an edit and a claim meet, and one of them wins.

use crate::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i32,
    /// Which server decides: see [`crate::bucket`].
    pub bucket: i16,
    /// Equals the job's version.
    pub version: i32,
    /// When the next run that has no row yet is due; none when the schedule does not fire. This is
    /// the schedule's nominal time and the delay that the job's spread gives it: what fires next is
    /// found and shown in the order in which it goes out, without a look at the job.
    pub next_at: Option<Millis>,
    /// The first nominal time that has no row, where the next run is another one: a calendar or a
    /// blackout holds it back, and what became of it is written when the next run is planned.
    pub held_from: Option<Millis>,
    /// The last nominal time that has one.
    pub last_at: Millis,
    /// How many runs were routed, for [`crate::job::Routing::Round`].
    pub route_seq: i64,
    /// How many of the job's runs for past times may be out at the same time.
    pub backfill_slots: i16,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
