//! Executing: one queue for each job, worked off one run after the other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::disk::{Disk, Finished};
use crate::journal::{Event, Journal, Line};

const SUCCESS: i32 = 200;
const FAILURE: i32 = 500;

/// A run that was taken up.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub run: i64,
    pub job: i32,
    pub due: i64,
    /// How long it works, and what its result is.
    pub work: Duration,
    pub code: i32,
}

impl Trigger {
    /// Reads the job's parameter: words such as `work=300` (ms) and `code=500`.
    pub fn new(run: i64, job: i32, due: i64, parameter: &str) -> Self {
        let word = |name: &str| parameter.split_whitespace().find_map(|word| word.strip_prefix(name));
        let work = word("work=").and_then(|text| text.parse().ok()).unwrap_or(0);
        let code = word("code=").and_then(|text| text.parse().ok()).unwrap_or(SUCCESS);
        Self { run, job, due, work: Duration::from_millis(work), code }
    }

    fn ended(&self, code: i32) -> Finished {
        Finished { run: self.run, job: self.job, due: self.due, code }
    }
}

/// What one job has to do here.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Trigger>,
    is_running: bool,
    kill: Arc<Notify>,
}

/// All queues.
pub struct Runner {
    disk: Arc<Disk>,
    journal: Arc<Journal>,
    finished: UnboundedSender<Finished>,
    queues: Mutex<HashMap<i32, Queue>>,
}

impl Runner {
    /// One without work, which sends what has ended to `finished`.
    pub fn new(disk: Arc<Disk>, journal: Arc<Journal>, finished: UnboundedSender<Finished>) -> Self {
        Self { disk, journal, finished, queues: Mutex::default() }
    }

    /// Takes a run up.
    pub fn take_up(self: &Arc<Self>, trigger: Trigger) {
        let job = trigger.job;
        let mut queues = self.queues();
        let queue = queues.entry(job).or_default();
        queue.waiting.push_back(trigger);
        if !std::mem::replace(&mut queue.is_running, true) {
            tokio::spawn(self.clone().work_off(job));
        }
    }

    /// Whether a job has anything to do here.
    pub fn is_busy(&self, job: i32) -> bool {
        self.queues().get(&job).is_some_and(|queue| queue.is_running || !queue.waiting.is_empty())
    }

    /// Ends what a job runs, and what waits for it, with failures.
    pub fn kill(&self, job: i32) -> Result<()> {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&job) else { return Ok(()) };
        for trigger in queue.waiting.drain(..) {
            self.report(trigger.ended(FAILURE))?;
        }
        queue.kill.notify_waiters();
        Ok(())
    }

    async fn work_off(self: Arc<Self>, job: i32) {
        while let Some((trigger, kill)) = self.next(job) {
            if let Err(error) = self.execute(&trigger, &kill).await {
                eprintln!("run {}: {error:#}", trigger.run);
            }
        }
    }

    fn next(&self, job: i32) -> Option<(Trigger, Arc<Notify>)> {
        let mut queues = self.queues();
        let queue = queues.get_mut(&job)?;
        let next = queue.waiting.pop_front();
        queue.is_running = next.is_some();
        Some((next?, queue.kill.clone()))
    }

    /// The log first, as Java does: a death in between leaves a start in the log that was none.
    async fn execute(&self, trigger: &Trigger, kill: &Notify) -> Result<()> {
        let &Trigger { run, job, due, work, code } = trigger;
        self.disk.log_start(run)?;
        self.journal.write(Line { event: Event::Start, run, job, due, code: 0, server: "" }).await?;
        let code = tokio::select! {
            () = tokio::time::sleep(work) => code,
            () = kill.notified() => FAILURE,
        };
        self.disk.log_end(run, code)?;
        self.journal.write(Line { event: Event::End, run, job, due, code, server: "" }).await?;
        self.report(trigger.ended(code))
    }

    fn report(&self, end: Finished) -> Result<()> {
        self.disk.keep(end)?;
        // The other end lives as long as the process.
        let _ = self.finished.send(end);
        Ok(())
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<i32, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_says_how_long_a_run_works_and_how_it_ends() {
        let read = |parameter: &str| {
            let trigger = Trigger::new(1, 2, 3, parameter);
            (trigger.work.as_millis(), trigger.code)
        };
        assert_eq!(read(""), (0, 200));
        assert_eq!(read("work=300 code=500"), (300, 500));
    }
}
