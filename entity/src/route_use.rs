//! How often and how lately a job used an instance, for the strategies that go by it
//! ([`crate::job::Routing::goes_by_use`]); other jobs have no rows. Written with the claim. The rows
//! go with the job, and with the life of the instance: one that comes back begins anew.

use crate::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "route_use")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance_id: i32,
    /// Runs that were sent there. Of an instance that came later than others, its first run counts as
    /// many as the least used of them had, so that it need not catch up.
    pub uses: i64,
    /// When the last of them was claimed.
    pub last_used: Millis,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
