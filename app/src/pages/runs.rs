//! `/runs` and below.

pub mod clean;
pub mod detail;
pub mod list;
mod log;
mod shards;
mod why;
pub(crate) mod words;
