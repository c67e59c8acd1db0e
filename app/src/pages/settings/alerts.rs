//! `/settings/alerts` and below.

pub mod edit;
mod form;
pub mod list;
pub mod new;
