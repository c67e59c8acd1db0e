//! A server of the cluster and its lease.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "server")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Identity that outlives a restart: kept in the data folder.
    pub identity: String,
    /// Drawn anew at every start; the token of its claims.
    pub incarnation: i64,
    /// Grows with every renewal of the lease.
    pub counter: i64,
    pub state: ServerState,
    /// Names it for people.
    pub address: String,
    /// Where other servers reach it: `http://host:port`. Empty where none does.
    pub cluster_url: String,
    /// After how long without a renewal it is dead (ms); 0 where it does not say so.
    pub lease_ms: i32,
    /// The program's version.
    pub version: String,
    /// It has heeded every freeze up to this one.
    pub freeze_seen: i32,
    /// Information for people; nobody compares it.
    pub started_at: Millis,
    /// What the database's clock showed at its last renewal; also for people.
    pub beat_at: Millis,
    /// How late the last request began that it sent (ms).
    pub lateness_ms: i64,
    /// Runs of its jobs that wait for others to end.
    pub waiting: i64,
}

/// Whether the lease holds, and whether it is to decide for jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    Live,
    /// It hands its jobs over and gets no others, as a person said.
    Draining,
    Dead,
}

impl ServerState {
    /// Whether the lease holds.
    pub fn is_alive(self) -> bool {
        self != Self::Dead
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
