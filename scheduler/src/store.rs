//! The database. The only place that builds queries; functions take the connection they work on.

mod connect;
pub mod schema;

pub use connect::{Databases, Db};
