//! Reads a run's log from its executor: one answer after the other, each as it arrives, within bounds
//! that hold whatever the executor does.

use super::Origin;
use crate::engine::dispatcher::LogBody;
use entity::log::Trouble;
use entity::run::Model as Run;
use futures::StreamExt;
use protocol::{LogScan, LogVerdict};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an executor may be silent amid an answer.
const STALL: Duration = Duration::from_secs(5);
/// Bytes held until it is known whether an answer has the lines that were asked for: some clients answer
/// with one fixed text, and a few say so only behind it.
const HELD: usize = 256 << 10;

/// Consecutive lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The number of the first one.
    pub first: i32,
    pub lines: Vec<String>,
}

impl Lines {
    /// The number after the last one's.
    pub fn end(&self) -> i32 {
        self.first.saturating_add(i32::try_from(self.lines.len()).unwrap_or(i32::MAX))
    }
}

/// Why there are no more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// There are none for now. An executor may say that none will come, which counts only once the run has
    /// ended.
    Quiet {
        said_end: bool,
    },
    /// The executor serves no log of this run.
    NoLog,
    Trouble(Trouble),
}

/// What reading may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes on the wire.
    pub bytes: u64,
    pub time: Duration,
}

/// The lines of a run's log from one on.
pub struct Reader {
    origin: Arc<dyn Origin>,
    run: Run,
    budget: Budget,
    begun: Instant,
    spent: u64,
    /// The line to ask for next.
    cursor: i32,
    /// The number of the next line. Executors count differently, but no number is given twice.
    number: i32,
    answer: Option<Answer>,
    stop: Option<Stop>,
}

struct Answer {
    body: LogBody,
    scan: LogScan,
    held: Vec<String>,
    /// Lines told.
    told: i32,
}

impl Reader {
    pub fn new(origin: Arc<dyn Origin>, run: Run, from: i32, budget: Budget) -> Self {
        let from = from.max(1);
        Self {
            origin,
            run,
            budget,
            begun: Instant::now(),
            spent: 0,
            cursor: from,
            number: from,
            answer: None,
            stop: None,
        }
    }

    /// The line to ask for when reading goes on later.
    pub fn cursor(&self) -> i32 {
        self.cursor.saturating_add(self.answer.as_ref().map_or(0, |answer| answer.told))
    }

    /// Why the last call of [`Self::next`] brought none.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Some more lines.
    pub async fn next(&mut self) -> Option<Lines> {
        loop {
            if self.stop.is_some() {
                return None;
            }
            let Some(rest) = self.budget.time.checked_sub(self.begun.elapsed()) else {
                self.stop = Some(Stop::Trouble(Trouble::TooSlow { seconds: self.budget.time.as_secs() }));
                continue;
            };
            let lines = match &mut self.answer {
                None => {
                    self.open(rest).await;
                    None
                }
                Some(answer) => match timeout(rest.min(STALL), answer.body.next()).await {
                    Ok(Some(Ok(bytes))) => self.read(&bytes),
                    Ok(None) => self.end_answer(),
                    Ok(Some(Err(failure))) => self.silent(failure.to_string()),
                    Err(_) => self.silent("time-out".to_owned()),
                },
            };
            if lines.is_some() {
                return lines;
            }
        }
    }

    async fn open(&mut self, rest: Duration) {
        match timeout(rest, self.origin.open(&self.run, self.cursor)).await {
            Ok(Ok(body)) => {
                let scan = LogScan::default();
                self.answer = Some(Answer { body, scan, held: Vec::new(), told: 0 });
            }
            Ok(Err(trouble)) => self.stop = Some(Stop::Trouble(trouble)),
            Err(_) => drop(self.silent("time-out".to_owned())),
        }
    }

    fn silent(&mut self, text: String) -> Option<Lines> {
        self.stop = Some(Stop::Trouble(Trouble::Silent { text }));
        None
    }

    fn read(&mut self, bytes: &[u8]) -> Option<Lines> {
        self.spent += bytes.len() as u64;
        let is_enough = self.spent > self.budget.bytes;
        let answer = self.answer.as_mut()?;
        answer.scan.feed(bytes);
        if is_enough {
            answer.scan.cut_line();
            self.stop = Some(Stop::Trouble(Trouble::TooMuch { bytes: self.budget.bytes }));
        }
        self.release(is_enough)
    }

    /// The lines that came and are those that were asked for.
    fn release(&mut self, is_last: bool) -> Option<Lines> {
        let answer = self.answer.as_mut()?;
        answer.held.append(&mut answer.scan.take_lines());
        match answer.scan.to_line() {
            // The fixed text again.
            Some(to) if to < self.cursor => answer.held.clear(),
            None if !is_last && answer.held.iter().map(String::len).sum::<usize>() < HELD => return None,
            _ => {}
        }
        let lines = std::mem::take(&mut answer.held);
        if lines.is_empty() {
            return None;
        }
        let lines = Lines { first: self.number.max(self.cursor.saturating_add(answer.told)), lines };
        answer.told = answer.told.saturating_add(i32::try_from(lines.lines.len()).unwrap_or(i32::MAX));
        self.number = lines.end();
        Some(lines)
    }

    fn end_answer(&mut self) -> Option<Lines> {
        let lines = self.release(true);
        let answer = self.answer.take()?;
        match answer.scan.verdict() {
            LogVerdict::Chunk if answer.told == 0 => {
                self.stop = Some(Stop::Quiet { said_end: answer.scan.is_end() });
            }
            LogVerdict::Chunk => {
                let counted = self.cursor.saturating_add(answer.told);
                let said = answer.scan.to_line().map(|to| to.saturating_add(1));
                let next = said.filter(|next| *next > self.cursor).unwrap_or(counted);
                if next <= self.cursor || next == i32::MAX {
                    self.stop = Some(Stop::Trouble(Trouble::Stuck { line: self.cursor }));
                } else if answer.scan.is_end() {
                    self.stop = Some(Stop::Quiet { said_end: true });
                }
                self.cursor = next;
            }
            LogVerdict::Nothing => self.stop = Some(Stop::NoLog),
            LogVerdict::Refused(text) => self.stop = Some(Stop::Trouble(Trouble::Refused { text })),
        }
        lines
    }
}
