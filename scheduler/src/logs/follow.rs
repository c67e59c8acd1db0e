//! Following the log of a run that goes on: one reader asks its executor, however many people look.

mod tail;

pub use tail::{News, Tail};

use super::reader::Budget;
use super::{Logs, Reader, SETTLES_MS, Stop};
use crate::authority::Caller;
use crate::store::runs as store;
use crate::{Error, Result, runs};
use entity::log::Trouble;
use entity::run::{Model as Run, RunState};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What one question may cost. What is beyond is asked for at once by the next.
const QUESTION: Budget = Budget { bytes: 1 << 20, time: Duration::from_secs(10) };
/// How many times longer one waits after a question that brought no answer.
const PATIENCE: u32 = 4;
/// Questions that may go wrong once the run has ended.
const LAST_TRIES: u32 = 3;

/// The runs that somebody follows at this server.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<i64, Weak<Channel>>>>);

/// What comes in of one run, for all who follow it. The last one who leaves ends the reading.
struct Channel {
    tail: Mutex<Tail>,
    /// Counts what happened.
    news: watch::Sender<u64>,
    _reading: DropGuard,
}

/// One who follows a run.
pub struct Follower {
    channel: Arc<Channel>,
    seen: watch::Receiver<u64>,
    told: tail::Told,
}

impl Channel {
    fn tell(&self, change: impl FnOnce(&mut Tail)) {
        change(&mut self.tail.lock().unwrap_or_else(PoisonError::into_inner));
        self.news.send_modify(|count| *count += 1);
    }
}

impl Follower {
    /// What happens next. None when all has been told.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            // Marked as seen before looking, or what comes in between would be waited for.
            self.seen.mark_unchanged();
            let news = self.channel.tail.lock().unwrap_or_else(PoisonError::into_inner).news(&mut self.told);
            if news.is_some() || self.told.is_over() {
                return news;
            }
            self.seen.changed().await.ok()?;
        }
    }
}

impl Hub {
    /// How many runs are followed.
    pub fn followed(&self) -> usize {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, channel| channel.strong_count() > 0);
        runs.len()
    }

    /// Joins those who follow this run; whoever is the first begins the reading at `from`.
    fn join(&self, logs: &Logs, run: &Run, from: i32) -> Follower {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let present = runs.get(&run.id).and_then(Weak::upgrade);
        let channel = present.unwrap_or_else(|| {
            let stop = CancellationToken::new();
            let channel = Arc::new(Channel {
                tail: Mutex::new(Tail::new(from, run.state)),
                news: watch::Sender::new(0),
                _reading: stop.clone().drop_guard(),
            });
            runs.retain(|_, channel| channel.strong_count() > 0);
            runs.insert(run.id, Arc::downgrade(&channel));
            let question =
                Question { logs: logs.clone(), run: run.clone(), from, channel: Arc::downgrade(&channel) };
            tokio::spawn(async move { stop.run_until_cancelled(question.repeat()).await });
            channel
        });
        let seen = channel.news.subscribe();
        Follower { channel, seen, told: tail::Told::new(from) }
    }
}

impl Logs {
    /// Follows a run's log from this line on.
    pub async fn follow(&self, caller: &Caller, id: i64, from: i32) -> Result<Follower> {
        let run = runs::may_view(&self.services, caller, id).await?;
        Ok(self.hub.join(self, &run, from.max(1)))
    }

    /// How many runs are followed at this server.
    pub fn followed(&self) -> usize {
        self.hub.followed()
    }
}

/// The reading of one run's log for all who follow it.
struct Question {
    logs: Logs,
    run: Run,
    from: i32,
    channel: Weak<Channel>,
}

/// What comes after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// More is there.
    AtOnce,
    Later,
    MuchLater,
    Never,
}

impl Question {
    async fn repeat(mut self) {
        let period = self.logs.settings.poll;
        let mut failures = 0;
        loop {
            let then = match self.ask(&mut failures).await {
                Ok(then) => then,
                Err(error) => {
                    tracing::warn!(%error, run = self.run.id, "a log that is followed cannot be read");
                    Then::MuchLater
                }
            };
            match then {
                Then::AtOnce => tokio::task::yield_now().await,
                Then::Later => tokio::time::sleep(period).await,
                Then::MuchLater => tokio::time::sleep(period * PATIENCE).await,
                Then::Never => return,
            }
        }
    }

    /// Asks once. The row is read first: lines that were written before the run's end are not missed.
    async fn ask(&mut self, failures: &mut u32) -> Result<Then> {
        let services = &self.logs.services;
        let row = store::by_id(services.db.reader(), self.run.id).await?;
        self.run = row.ok_or(Error::NotFound("run"))?;
        let state = self.run.state;
        self.tell(|tail| tail.set_state(state));
        let settled = self.run.ended_at.is_none_or(|at| at + SETTLES_MS <= services.clock.now());
        let is_over = state.is_final() && settled;
        if self.run.instance_id.is_none() {
            return Ok(self.end_or(is_over, None, Then::Later));
        }
        let mut reader = Reader::new(self.logs.origin.clone(), self.run.clone(), self.from, QUESTION);
        let mut came = false;
        while let Some(lines) = reader.next().await {
            came = true;
            self.tell(|tail| tail.push(lines));
        }
        self.from = reader.cursor();
        let trouble = match reader.stop() {
            Some(Stop::Trouble(Trouble::TooMuch { .. })) if came => return Ok(Then::AtOnce),
            Some(Stop::Trouble(trouble)) => Some(trouble.clone()),
            _ => None,
        };
        *failures = if trouble.is_some() { *failures + 1 } else { 0 };
        self.tell(|tail| tail.set_trouble(trouble.clone()));
        Ok(match trouble {
            // It would be asked for the same for ever.
            Some(Trouble::Stuck { .. } | Trouble::TooMuch { .. }) => self.end_or(true, trouble, Then::Never),
            Some(_) => self.end_or(is_over && *failures >= LAST_TRIES, trouble, Then::MuchLater),
            None => self.end_or(is_over && !came, None, Then::Later),
        })
    }

    fn tell(&self, change: impl FnOnce(&mut Tail)) {
        if let Some(channel) = self.channel.upgrade() {
            channel.tell(change);
        }
    }

    fn end_or(&self, ends: bool, trouble: Option<Trouble>, otherwise: Then) -> Then {
        if !ends {
            return otherwise;
        }
        if trouble.is_none() && self.run.state != RunState::Lost {
            self.logs.ended.prefer(self.run.id);
        }
        self.tell(|tail| tail.end(trouble));
        Then::Never
    }
}
