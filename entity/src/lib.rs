//! The rows of the database and the enumerations that pages and rows share.
//!
//! One table per file, nothing else: no queries, no clock, no database backend, so that the crate
//! also builds for the browser. Times are milliseconds since the epoch, UTC. A column that holds a
//! secret (password hash, token) makes its `Model` unserialisable: pages get a view struct instead.

pub mod alert;
pub mod alert_rule;
pub mod alert_run;
pub mod api_token;
pub mod approval;
pub mod audit_access;
pub mod audit_entry;
pub mod audit_head;
pub mod bucket;
pub mod calendar;
pub mod channel;
pub mod cleaning;
pub mod dealing;
pub mod delivery;
pub mod executor;
pub mod fault;
pub mod former_user;
pub mod freeze;
pub mod grant;
pub mod host_minute;
pub mod host_sample;
pub mod host_state;
pub mod id_block;
pub mod incident;
pub mod instance;
pub mod instance_handlers;
pub mod job;
pub mod job_child;
pub mod job_cursor;
pub mod job_source;
pub mod log;
pub mod log_part;
pub mod namespace;
pub mod retention;
pub mod route_use;
pub mod run;
pub mod run_by_job;
pub mod run_text;
pub mod server;
pub mod session;
pub mod sign_in_guard;
pub mod stat_hour;
pub mod turned_away;
pub mod user;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Where a job's bucket comes from and how many buckets there are; bucket 256 carries the
/// cluster's singleton duties.
pub const BUCKETS: i16 = 256;
/// The bucket whose owner is the leader.
pub const DUTY_BUCKET: i16 = BUCKETS;
