//! What is decided, and nothing else: no database, no network, no clock. `now` is an argument, and
//! the same arguments give the same answer on every server.

pub mod cron;
pub mod schedule;
