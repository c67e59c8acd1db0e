//! The engine: from a schedule to a finished run.

pub mod directory;
pub mod dispatch;
pub mod dispatcher;
pub mod gate;
pub mod holdings;
mod identity;
pub mod lease;
pub mod plan;
pub mod record;
pub mod settings;
pub mod shared;
pub mod step;
