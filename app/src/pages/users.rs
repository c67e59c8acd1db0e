//! `/users` and below, for super-administrators.

pub mod detail;
mod form;
pub mod list;
pub mod new;
