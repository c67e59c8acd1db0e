//! `/settings` and below.

pub mod alerts;
pub mod channels;
pub mod deliveries;
pub mod retention;
