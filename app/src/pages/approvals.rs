//! `/approvals` and below.

mod decision;
pub mod detail;
mod fields;
pub mod list;
mod plan;
mod words;
