//! Keeping the logs of runs that have ended: fetched once more, and written to the database in parts.
//!
//! A loop of its own outside the engine, fed by what ended here. It fetches so many logs a second and not
//! more; what it leaves out stays with its executor until somebody looks at it or a sweep finds it.

use super::parts::{Packer, Part};
use super::reader::Budget;
use super::{Logs, Reader, Stop, delete_parts, trouble_text};
use crate::Result;
use crate::engine::ended::{EndedRun, Wanted};
use crate::store::{logs as store, runs};
use entity::Millis;
use entity::log::{LogState, Model, Trouble};
use entity::log_part;
use entity::run::{Model as Run, RunState};
use futures::StreamExt;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks at what ended.
const EVERY: Duration = Duration::from_secs(1);
/// Executors asked at the same time.
const WIDTH: usize = 4;
/// What one log may cost.
const BUDGET: Budget = Budget { bytes: 256 << 20, time: Duration::from_secs(300) };
/// Whoever began to keep a log so long ago is no longer at it (ms).
const STALE_MS: Millis = 900_000;
/// How often an executor is asked that does not answer, and how long after each time (ms).
const TRIES: u8 = 3;
const AGAIN_MS: Millis = 60_000;
/// Between two looks for what was left out (ms).
const SWEEP_MS: Millis = 3_600_000;

/// The loop's state.
pub struct Keeper {
    logs: Logs,
    /// When what was left out is looked for next.
    sweep_at: Millis,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepReport {
    pub kept: usize,
    /// Runs whose executor has no log of them.
    pub none: usize,
    /// To be asked for again.
    pub postponed: usize,
    /// Not to be had, or another server is at it.
    pub left: usize,
}

/// What came of one run's log.
enum Gathered {
    /// It fits into one part, which is written together with others.
    Small(Model, Option<Part>),
    /// It has been written.
    Written,
    /// Somebody else keeps it.
    Taken,
    Failed(EndedRun, Trouble),
}

impl Keeper {
    pub fn new(logs: Logs) -> Self {
        Self { logs, sweep_at: 0 }
    }

    /// Keeps the logs of what has ended, as many as are allowed in one tick.
    pub async fn tick(&mut self) -> Result<KeepReport> {
        let now = self.logs.services.clock.now();
        if self.logs.ended.take_left_out() > 0 {
            self.sweep_at = self.sweep_at.min(now + AGAIN_MS);
        }
        if now >= self.sweep_at && self.logs.ended.waiting() == 0 {
            self.sweep_at = now + SWEEP_MS;
            self.logs.sweep(now).await?;
        }
        let due = self.logs.ended.take(now, self.logs.settings.per_second);
        let runs = self.logs.to_keep(&due, now).await?;
        let gathering = runs.into_iter().map(|(run, ended)| self.logs.gather(run, ended, now));
        let gathered: Vec<Result<Gathered>> =
            futures::stream::iter(gathering).buffer_unordered(WIDTH).collect().await;
        let mut report = KeepReport::default();
        let (mut small, mut failure) = (Vec::new(), None);
        for gathered in gathered {
            match gathered {
                Ok(Gathered::Small(row, part)) => small.push((row, part)),
                Ok(Gathered::Written) => report.kept += 1,
                Ok(Gathered::Taken) => report.left += 1,
                Ok(Gathered::Failed(ended, trouble)) => self.logs.postpone(ended, &trouble, now, &mut report),
                // The database's; the others have been fetched all the same.
                Err(error) => failure = Some(error),
            }
        }
        report.none += small.iter().filter(|(row, _)| row.state == LogState::None).count();
        report.kept += small.iter().filter(|(row, _)| row.state == LogState::Kept).count();
        self.logs.write_small(small).await?;
        failure.map_or(Ok(report), Err)
    }

    /// Ticks until it is told to end.
    pub async fn run(mut self, stop: CancellationToken) {
        if self.logs.settings.keep == Wanted::Nothing {
            return;
        }
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tick()).await {
                // What was taken and is not kept is found by a sweep.
                self.sweep_at = self.logs.services.clock.now() + AGAIN_MS;
                tracing::warn!(%error, "logs could not be kept; they stay with their executors for now");
            }
        }
    }
}

impl Logs {
    /// Whether the log of this run is one that is kept, and may be fetched by now.
    pub(super) fn is_to_keep(&self, run: &Run, now: Millis) -> bool {
        let wanted = match self.settings.keep {
            Wanted::Nothing => false,
            Wanted::Failed => run.state != RunState::Succeeded,
            Wanted::All => true,
        };
        let ended = run.ended_at.filter(|_| run.state.is_final() && run.instance_id.is_some());
        wanted && ended.is_some_and(|at| at + super::SETTLES_MS <= now)
    }

    /// Those of which nothing is kept yet and nobody is at it, with their rows.
    async fn to_keep(&self, due: &[EndedRun], now: Millis) -> Result<Vec<(Run, EndedRun)>> {
        let by_id: HashMap<i64, EndedRun> = due.iter().map(|run| (run.run_id, *run)).collect();
        let ids: Vec<i64> = by_id.keys().copied().collect();
        let mut rows = runs::by_ids(self.services.db.reader(), ids.clone()).await?;
        rows.retain(|run| self.is_to_keep(run, now));
        for known in store::known(self.services.db.reader(), &ids).await? {
            let is_stale = known.state == LogState::Coming && known.kept_at < now - STALE_MS;
            if !is_stale || !self.take_over(&known, now).await? {
                rows.retain(|run| run.id != known.run_id);
            }
        }
        let with_end = |run: Run| by_id.get(&run.id).copied().map(|ended| (run, ended));
        Ok(rows.into_iter().filter_map(with_end).collect())
    }

    /// Notes a run again whose executor did not answer, unless that would be in vain.
    fn postpone(&self, ended: EndedRun, trouble: &Trouble, now: Millis, report: &mut KeepReport) {
        let tries = ended.tries + 1;
        if tries < TRIES && *trouble != Trouble::Gone {
            self.ended.offer(EndedRun { not_before: now + AGAIN_MS, tries, ..ended }, true);
            report.postponed += 1;
        } else {
            tracing::debug!(run = ended.run_id, ?trouble, "its log cannot be had");
            report.left += 1;
        }
    }

    /// Clears away what somebody left behind amid it.
    async fn take_over(&self, known: &Model, now: Millis) -> Result<bool> {
        delete_parts(&self.services, known.run_id, known.claim).await?;
        let transaction = self.services.db.begin().await?;
        let free = store::delete_stale(&transaction, known.run_id, known.claim, now - STALE_MS).await?;
        transaction.commit().await?;
        Ok(free)
    }

    async fn gather(&self, run: Run, ended: EndedRun, now: Millis) -> Result<Gathered> {
        let mut reader = Reader::new(self.origin.clone(), run.clone(), 1, BUDGET);
        let mut writer = Writer::new(self, run.id, now);
        while let Some(lines) = reader.next().await {
            for (number, line) in (lines.first..).zip(&lines.lines) {
                if !writer.packer.has_room_for(number) && !writer.write().await? {
                    return Ok(Gathered::Taken);
                }
                writer.push(number, line);
            }
        }
        let trouble = match reader.stop() {
            Some(Stop::Trouble(trouble)) => Some(trouble.clone()),
            _ => None,
        };
        let is_last_try = ended.tries + 1 >= TRIES;
        match trouble {
            Some(Trouble::Gone | Trouble::Silent { .. }) if !is_last_try || writer.bytes == 0 => {}
            Some(Trouble::Refused { .. }) if !is_last_try => {}
            trouble => return writer.finish(trouble).await,
        }
        writer.abandon().await?;
        Ok(Gathered::Failed(ended, trouble.unwrap_or(Trouble::Gone)))
    }

    /// Writes logs of one part each in one transaction.
    async fn write_small(&self, small: Vec<(Model, Option<Part>)>) -> Result<()> {
        if small.is_empty() || self.write_together(&small).await.is_ok() {
            return Ok(());
        }
        // Another server may keep one of them at this moment: then that one is there.
        for one in small {
            let run_id = one.0.run_id;
            if let Err(error) = self.write_together(&[one]).await
                && store::by_run(self.services.db.reader(), run_id).await?.is_none()
            {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn write_together(&self, small: &[(Model, Option<Part>)]) -> Result<()> {
        let transaction = self.services.db.begin().await?;
        for (row, part) in small {
            if store::insert(&transaction, row.clone()).await?
                && let Some(part) = part
            {
                store::insert_part(&transaction, of_log(row, part.clone())).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn of_log(row: &Model, part: Part) -> log_part::Model {
    let Part { first_line, lines, data, .. } = part;
    log_part::Model { run_id: row.run_id, claim: row.claim, first_line, lines, data }
}

/// Writes one log: the beginning, and the end as far as it has come. Holds one part.
struct Writer<'a> {
    logs: &'a Logs,
    row: Model,
    packer: Packer,
    /// The row says that this is being kept, and parts are written.
    claimed: bool,
    /// Bytes of lines.
    bytes: i64,
    head_bytes: usize,
    /// First line, bytes of lines and bytes stored of each part that the end may push out.
    tail: VecDeque<(i32, usize, i64)>,
    tail_bytes: usize,
}

impl<'a> Writer<'a> {
    fn new(logs: &'a Logs, run_id: i64, now: Millis) -> Self {
        let row = Model {
            run_id,
            state: LogState::Coming,
            claim: rand::random_range(1..i64::MAX),
            kept_at: now,
            last_line: 0,
            bytes: 0,
            stored: 0,
            trouble: None,
        };
        Self {
            logs,
            row,
            packer: Packer::default(),
            claimed: false,
            bytes: 0,
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
        }
    }

    fn push(&mut self, number: i32, line: &str) {
        self.packer.push(number, line);
        self.row.last_line = number;
        self.bytes += line.len() as i64 + 1;
    }

    /// Writes the part that is full; false when somebody else keeps this log.
    async fn write(&mut self) -> Result<bool> {
        let Some(part) = self.packer.take()? else { return Ok(true) };
        let half = self.logs.settings.run_bytes / 2;
        let stored = part.data.len() as i64;
        self.row.stored += stored;
        let mut pushed_out = Vec::new();
        if self.tail.is_empty() && self.head_bytes + part.bytes <= half {
            self.head_bytes += part.bytes;
        } else {
            self.tail.push_back((part.first_line, part.bytes, stored));
            self.tail_bytes += part.bytes;
            while self.tail_bytes > half
                && self.tail.len() > 1
                && let Some((first_line, bytes, stored)) = self.tail.pop_front()
            {
                self.tail_bytes -= bytes;
                self.row.stored -= stored;
                pushed_out.push(first_line);
            }
        }
        let transaction = self.logs.services.db.begin().await?;
        if !self.claimed && !store::insert(&transaction, self.row.clone()).await? {
            return Ok(false);
        }
        store::insert_part(&transaction, of_log(&self.row, part)).await?;
        if !pushed_out.is_empty() {
            store::delete_parts(&transaction, self.row.run_id, self.row.claim, pushed_out).await?;
        }
        transaction.commit().await?;
        self.claimed = true;
        Ok(true)
    }

    /// Everything has been read that could be.
    async fn finish(mut self, trouble: Option<Trouble>) -> Result<Gathered> {
        self.row.state = if self.bytes == 0 { LogState::None } else { LogState::Kept };
        self.row.bytes = self.bytes;
        self.row.trouble = trouble.as_ref().and_then(trouble_text);
        if !self.claimed {
            let part = self.packer.take()?;
            self.row.stored = part.as_ref().map_or(0, |part| part.data.len() as i64);
            return Ok(Gathered::Small(self.row, part));
        }
        if !self.write().await? {
            return Ok(Gathered::Taken);
        }
        let transaction = self.logs.services.db.begin().await?;
        let is_own = store::finish(&transaction, self.row.clone()).await?;
        transaction.commit().await?;
        if is_own {
            return Ok(Gathered::Written);
        }
        delete_parts(&self.logs.services, self.row.run_id, self.row.claim).await?;
        Ok(Gathered::Taken)
    }

    /// Takes back what was written.
    async fn abandon(self) -> Result<()> {
        if self.claimed {
            delete_parts(&self.logs.services, self.row.run_id, self.row.claim).await?;
            let transaction = self.logs.services.db.begin().await?;
            store::delete_stale(&transaction, self.row.run_id, self.row.claim, Millis::MAX).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}
