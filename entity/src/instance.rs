//! An instance: one live process of an executor, known by the address it is called at.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub executor_id: i32,
    /// Base URL without a trailing slash; unique within the executor.
    pub address: String,
    /// `key=value`, sorted, with commas between; typed beside the address or sent with the registration.
    pub labels: String,
    /// What the first registration told about the client.
    pub client: Client,
    /// Names the process, where its client understands [`protocol::native`]; else empty.
    pub life: String,
    /// Digest of what its program says of itself: version, capacity, handlers; empty = nothing.
    pub announced: String,
    /// The program's version in its own words; empty = unknown.
    pub version: String,
    /// How many runs it carries out at once; 0 = any number, or unknown.
    pub workers: i32,
    /// How many runs of one job may wait there; 0 = any number, or unknown.
    pub queue_length: i32,
    /// Counts the lives of this address: one more each time it comes back after being gone, or as another
    /// process.
    pub generation: i32,
    /// Typed by a person: never gone for want of a heartbeat.
    pub manual: bool,
    pub registered_at: Millis,
    pub seen_at: Millis,
    /// Since when it drains: what it has goes on, and it gets no more, until somebody takes that back or its next life
    /// begins.
    pub draining_since: Option<Millis>,
    /// When it left: removed itself, fell silent for 90 s, or was taken off the list.
    pub gone_at: Option<Millis>,
}

/// The client library, as far as its registration gives it away. Decides what can be asked of it
/// after a crash, and whether `/run` or `/trigger` is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// XXL-JOB's Java library up to 3.4 (generations G1–G3).
    Java,
    /// XXL-JOB's Java library from 3.5 on (generation G4): sends its appname, knows `/trigger`.
    JavaTrigger,
    Pyxxl,
    Node,
    Go,
    Rust,
    /// Our own SDK and agent.
    Orrery,
    /// XXL-JOB ≤ 2.1.2: registers, but cannot be called (binary protocol).
    TooOld,
    Other,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
