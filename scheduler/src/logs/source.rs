//! The lines of a log in order, wherever they are.

use super::frame::LINES;
use super::{Ask, Lines, Logs, Reader, Stop, parts, reader, trouble_of};
use crate::Result;
use crate::store::{Db, logs as store};
use entity::log::{self, LogState, Trouble};
use entity::run::Model as Run;
use std::collections::VecDeque;

/// Where the lines come from.
pub enum Source {
    /// From nowhere: the run never went out.
    Nowhere,
    Executor(Box<Reader>),
    Kept(Kept),
}

/// A log in the database, part by part.
pub struct Kept {
    db: Db,
    row: log::Model,
    parts: VecDeque<store::PartHead>,
}

impl Kept {
    /// The parts that may hold what is asked for, and those behind them.
    async fn open(db: Db, row: log::Model, ask: Ask) -> Result<Self> {
        let mut parts = VecDeque::from(store::parts(db.reader(), row.run_id, row.claim).await?);
        let is_before = |part: &store::PartHead, line| part.first_line.saturating_add(part.lines) <= line;
        match ask {
            Ask::End => {
                let mut lines: usize = parts.iter().map(|part| part.lines as usize).sum();
                while let Some(first) = parts.front().map(|part| part.lines as usize)
                    && lines - first >= LINES
                {
                    lines -= first;
                    parts.pop_front();
                }
            }
            Ask::Around(_) | Ask::Before(_) => parts.retain(|part| !is_before(part, ask.first())),
        }
        Ok(Self { db, row, parts })
    }

    async fn next(&mut self) -> Result<Option<Lines>> {
        while let Some(head) = self.parts.pop_front() {
            let (run_id, claim) = (self.row.run_id, self.row.claim);
            // It may have been deleted meanwhile, for its age.
            if let Some(part) = store::part(self.db.reader(), run_id, claim, head.first_line).await? {
                return parts::unpack(&part).map(Some);
            }
        }
        Ok(None)
    }

    pub fn row(&self) -> &log::Model {
        &self.row
    }
}

impl Source {
    /// Some more lines.
    pub async fn next(&mut self) -> Result<Option<Lines>> {
        match self {
            Self::Nowhere => Ok(None),
            Self::Executor(reader) => Ok(reader.next().await),
            Self::Kept(kept) => kept.next().await,
        }
    }

    /// What kept it from being read to its end, as far as it has been read.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Nowhere => None,
            Self::Executor(reader) => match reader.stop() {
                Some(Stop::Trouble(trouble)) => Some(trouble.clone()),
                _ => None,
            },
            Self::Kept(kept) => trouble_of(&kept.row),
        }
    }

    /// Whether the executor is known to have no log of the run.
    pub fn has_no_log(&self) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Executor(reader) => reader.stop() == Some(&Stop::NoLog),
            Self::Kept(kept) => kept.row.state == LogState::None,
        }
    }
}

impl Logs {
    /// What is kept of the run's log, else its executor's; of one that has ended it is then kept, too.
    pub(super) async fn source(&self, run: &Run, ask: Ask, budget: reader::Budget) -> Result<Source> {
        let kept = store::by_run(self.services.db.reader(), run.id).await?;
        if let Some(row) = kept.filter(|row| row.state != LogState::Coming) {
            return Ok(Source::Kept(Kept::open(self.services.db.clone(), row, ask).await?));
        }
        if run.instance_id.is_none() {
            return Ok(Source::Nowhere);
        }
        if self.is_to_keep(run, self.services.clock.now()) {
            self.ended.prefer(run.id);
        }
        let reader = Reader::new(self.origin.clone(), run.clone(), ask.first(), budget);
        Ok(Source::Executor(Box::new(reader)))
    }
}
