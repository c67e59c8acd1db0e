//! The logs of runs: read from the executor that has them, kept after the run's end, followed, searched.
//! See `docs/logs.md`.
//!
//! Nobody holds a whole log: lines come from the executor or from parts in the database some at a time,
//! and go on as they come.

pub mod follow;
mod frame;
pub mod keep;
pub mod parts;
mod reader;
pub mod retention;
mod source;
mod sweep;
mod view;

pub use frame::{Ask, Frame};
pub use reader::{Lines, Reader, Stop};
pub use source::Source;
pub use view::{Found, LogOf, LogView, Match, Search};

use crate::Services;
use crate::engine::EngineHandle;
use crate::engine::dispatcher::LogBody;
use crate::engine::ended::{Ended, Wanted};
use async_trait::async_trait;
use entity::log::Trouble;
use entity::run::Model as Run;
use entity::{Millis, log};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long after a run's end its log is asked for: executors write the last lines after they told the
/// result (ms).
pub const SETTLES_MS: Millis = 3_000;

/// Where the logs of runs are before they are kept.
#[async_trait]
pub trait Origin: Send + Sync + 'static {
    /// The run's log from this line on, as the wire has it.
    async fn open(&self, run: &Run, from_line: i32) -> Result<LogBody, Trouble>;

    /// Whether what the cluster has to do once is this server's to do.
    fn has_duties(&self) -> bool;
}

#[async_trait]
impl Origin for EngineHandle {
    async fn open(&self, run: &Run, from_line: i32) -> Result<LogBody, Trouble> {
        self.open_log(run, from_line).await
    }

    fn has_duties(&self) -> bool {
        EngineHandle::has_duties(self)
    }
}

/// What is kept, and how fast. `server/orrery.toml` says more of each.
#[derive(Clone, Debug)]
pub struct LogSettings {
    pub keep: Wanted,
    /// Logs fetched in a second at most.
    pub per_second: usize,
    /// Runs that may wait for it, those that failed and the others each.
    pub queue: usize,
    /// Bytes of one log that are kept, half of them from its beginning and half from its end.
    pub run_bytes: usize,
    /// Between two questions for new lines of a run that somebody follows.
    pub poll: Duration,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            keep: Wanted::All,
            per_second: 20,
            queue: 10_000,
            run_bytes: 16 << 20,
            poll: Duration::from_millis(500),
        }
    }
}

/// All that has to do with logs. Cheap to clone.
#[derive(Clone)]
pub struct Logs {
    services: Services,
    origin: Arc<dyn Origin>,
    ended: Arc<Ended>,
    settings: Arc<LogSettings>,
    hub: follow::Hub,
    kept: Arc<Mutex<Option<retention::KeptLogs>>>,
}

impl Logs {
    /// Those of the runs that end here are noted in `ended` from now on.
    pub fn new(
        services: Services,
        origin: Arc<dyn Origin>,
        ended: Arc<Ended>,
        settings: LogSettings,
    ) -> Self {
        ended.want(settings.keep, settings.queue, SETTLES_MS);
        let (settings, hub, kept) = (Arc::new(settings), follow::Hub::default(), Arc::default());
        Self { services, origin, ended, settings, hub, kept }
    }
}

/// Deletes the parts of a log, some at a time: nobody waits long for the connection that writes.
pub(crate) async fn delete_parts(services: &Services, run_id: i64, claim: i64) -> crate::Result<()> {
    const SLICE: usize = 16;
    use crate::store::logs as store;
    let parts = store::parts(services.db.reader(), run_id, claim).await?;
    for slice in parts.chunks(SLICE) {
        let first_lines = slice.iter().map(|part| part.first_line).collect();
        let transaction = services.db.begin().await?;
        store::delete_parts(&transaction, run_id, claim, first_lines).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// The text of its column.
fn trouble_text(trouble: &Trouble) -> Option<String> {
    const LENGTH: usize = 1_000;
    let mut trouble = trouble.clone();
    // With what JSON adds; a text of escapes only is cut once more, to nothing.
    for length in [400, 100, 0] {
        if let Trouble::Silent { text } | Trouble::Refused { text } = &mut trouble {
            *text = text.chars().take(length).collect();
        }
        let written = serde_json::to_string(&trouble).ok()?;
        if written.chars().count() <= LENGTH {
            return Some(written);
        }
    }
    None
}

/// Why a log that is kept is not all there.
fn trouble_of(row: &log::Model) -> Option<Trouble> {
    serde_json::from_str(row.trouble.as_deref()?).ok()
}
