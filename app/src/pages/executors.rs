//! `/executors` and below.

pub mod detail;
pub mod edit;
pub mod list;
pub mod new;
