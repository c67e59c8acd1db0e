//! The domain: pure rules, services (use cases), the store (queries) and the engine (loops).
//!
//! Knows neither HTTP servers nor pages. See `docs/architecture.md`.

pub mod addresses;
pub mod alert_rules;
pub mod alerts;
pub mod api_tokens;
pub mod approvals;
pub mod audit;
pub mod authority;
mod by_id;
pub mod calendars;
pub mod channels;
pub mod cleanings;
pub mod clock;
pub mod deliveries;
pub mod engine;
mod error;
pub mod executors;
mod fields;
pub mod freezes;
pub mod grants;
pub mod hints;
pub mod host_metrics;
pub mod instances;
pub mod job_sources;
pub mod jobs;
pub mod logs;
mod looks;
pub mod mail;
pub mod namespaces;
pub mod outgoing;
mod paging;
pub mod passwords;
pub mod restored;
pub mod retention;
pub mod rules;
pub mod runs;
pub mod search;
pub mod servers;
pub mod sessions;
pub mod signals;
pub mod statistics;
pub mod store;
pub mod topology;
pub mod users;

pub use error::{Error, Refusal, Result};

use clock::SharedClock;
use signals::Signals;
use std::sync::Arc;
use store::Db;
use store::ids::RunIds;

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub db: Db,
    pub clock: SharedClock,
    /// Tells the engine, and those of the other servers, what changed.
    pub signals: Signals,
    /// What seals the entries of the audit.
    pub audit: Arc<rules::audit::Key>,
    /// Numbers for runs that people start.
    pub run_ids: Arc<RunIds>,
}
