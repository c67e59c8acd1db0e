//! `/runs` and below.

pub mod clean;
mod dealt;
pub mod detail;
pub mod inbox;
pub mod list;
mod log;
mod shards;
mod why;
pub(crate) mod words;
