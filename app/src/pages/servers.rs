//! `/cluster` and below.

pub mod detail;
pub mod list;
