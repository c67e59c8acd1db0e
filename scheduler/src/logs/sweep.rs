//! Runs that ended lately and of which no log is kept: left out while more ended than can be fetched, or
//! ended at a server that stopped.

use super::Logs;
use crate::Result;
use crate::authority::Visible;
use crate::engine::ended::EndedRun;
use crate::store::runs::{Path, Span};
use crate::store::{executors, logs as store, runs};
use entity::Millis;
use entity::run::{Model as Run, RunState};
use std::collections::HashSet;

/// How far back those are looked for that a person should look at, and the others (ms).
const FAILED_MS: Millis = 24 * 3_600_000;
const OTHERS_MS: Millis = 3_600_000;
/// Of each executor so many of either are looked at.
const MOST: u64 = 500;
/// Executors looked at together, and at all.
const SLICE: usize = 10;
const EXECUTORS: u64 = 10_000;

impl Logs {
    /// Notes them, failures first; how many.
    pub(super) async fn sweep(&self, now: Millis) -> Result<usize> {
        let reader = self.services.db.reader();
        let ids = executors::visible_ids(reader, &Visible::All, EXECUTORS).await?;
        let mut noted = 0;
        for (path, since) in [(Path::Attention, now - FAILED_MS), (Path::Executor, now - OTHERS_MS)] {
            let span = Span { from: Some(since), ..Span::default() };
            for ids in ids.chunks(SLICE) {
                let batches = runs::of_executors(reader, path, ids, span, MOST).await?;
                let found = batches.into_iter().flat_map(|batch| batch.rows).collect();
                noted += self.note(found, now).await?;
            }
        }
        Ok(noted)
    }

    async fn note(&self, mut found: Vec<Run>, now: Millis) -> Result<usize> {
        found.retain(|run| self.is_to_keep(run, now));
        let ids: Vec<i64> = found.iter().map(|run| run.id).collect();
        let known = store::known(self.services.db.reader(), &ids).await?;
        let known: HashSet<i64> = known.into_iter().map(|log| log.run_id).collect();
        found.retain(|run| !known.contains(&run.id));
        for run in &found {
            let ended = EndedRun { run_id: run.id, not_before: 0, tries: 0 };
            self.ended.offer(ended, run.state != RunState::Succeeded);
        }
        Ok(found.len())
    }
}
