//! What is decided, and nothing else: no database, no network, no clock. `now` is an argument, and
//! the same arguments give the same answer on every server.

pub mod about;
pub mod admission;
pub mod alerts;
pub mod audit;
pub mod backfill;
pub mod blackout;
pub mod bucket;
pub mod calendar;
pub mod cron;
pub mod digest;
pub mod doubt;
pub mod follow;
pub mod freezes;
pub mod handlers;
pub mod host_metrics;
pub mod job_state;
pub mod lineage;
pub mod misfire;
pub mod networks;
pub mod passing;
pub mod pinning;
pub mod preview;
pub mod retry;
pub mod routing;
pub mod run_modes;
pub mod run_state;
pub mod schedule;
pub mod shards;
pub mod source_diff;
pub mod spread;
pub mod statistics;
pub mod timetable;
pub mod topology;
pub mod usual;
pub mod weekdays;
