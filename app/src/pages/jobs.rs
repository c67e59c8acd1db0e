//! `/jobs` and below.

mod actions;
pub mod backfill;
pub mod code;
pub mod detail;
pub mod edit;
mod fires;
mod follow_ups;
mod form;
mod handler;
pub mod history;
pub mod list;
pub mod new;
mod opened;
mod stopped;
pub mod words;
pub(crate) mod zones;
