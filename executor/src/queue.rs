//! Which run is carried out when: one line per job, and the rules for a run that meets a busy one.
//!
//! Everything here is decided in memory under one short lock; nothing waits and nothing is written.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use protocol::native::{AskedRun, FencedRun, Standing};
use protocol::{BlockStrategy, TriggerRequest};
use tokio_util::sync::CancellationToken;

use crate::fence::{Fences, TEXT_FENCED};

/// How many finished run ids are remembered in order to refuse them a second time.
const REMEMBERED: usize = 100_000;

/// Answer to a trigger that its block strategy discards; XXL-JOB's text, with its full-width colon.
pub(crate) const TEXT_DISCARDED: &str = "block strategy effect：Discard Later";
/// Why a run was stopped in favour of a newer one.
pub(crate) const REASON_COVERED: &str = "Covered by a newer run of the same job.";
/// Why a run was stopped by a kill request.
pub(crate) const REASON_KILLED: &str = "Killed by the server.";
/// Why a run was stopped, or refused, by the end of the process.
pub(crate) const REASON_STOPPING: &str = "The executor is stopping.";

/// The wish that a running run should end, and why.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    token: CancellationToken,
    reason: OnceLock<&'static str>,
}

impl Stop {
    /// Wishes it. The first reason stays.
    fn request(&self, reason: &'static str) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// Completes with the reason once somebody wishes it.
    pub async fn requested(&self) -> &'static str {
        self.token.cancelled().await;
        self.reason.get().copied().unwrap_or(REASON_STOPPING)
    }
}

/// What becomes of a trigger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Nothing; the text is the answer's.
    Refused(String),
    /// Nothing, for its fence alone.
    Fenced,
    /// It is in line.
    Accepted {
        /// Whether its job had no worker and needs one now.
        start_worker: bool,
        /// Runs that were waiting and are dropped in favour of this one.
        dropped: Vec<TriggerRequest>,
    },
}

#[derive(Default)]
struct JobQueue {
    running: Option<(i64, Arc<Stop>)>,
    waiting: VecDeque<TriggerRequest>,
}

/// All jobs that are busy. A job has an entry exactly as long as it has a worker.
#[derive(Default)]
pub(crate) struct Queues {
    /// Runs of one job that may wait; none = any number.
    longest: Option<usize>,
    jobs: HashMap<i32, JobQueue>,
    /// The runs that run or wait.
    live: HashSet<i64>,
    finished: Recent,
    fences: Fences,
    closed: bool,
}

impl Queues {
    /// Queues in which up to `longest` runs of a job may wait; 0 = any number.
    pub fn of_length(longest: u32) -> Self {
        let longest = usize::try_from(longest).ok().filter(|longest| *longest > 0);
        Self { longest, ..Self::default() }
    }

    /// Puts a run in line, or refuses it.
    pub fn admit(&mut self, request: TriggerRequest) -> Admission {
        let run_id = request.log_id;
        if self.closed {
            return Admission::Refused(REASON_STOPPING.to_owned());
        }
        if self.is_live(run_id) || self.finished.contains(run_id) {
            return Admission::Refused(format!("repeat trigger job, logId:{run_id}"));
        }
        let Some(queue) = self.jobs.get_mut(&request.job_id) else {
            self.jobs.entry(request.job_id).or_default().waiting.push_back(request);
            self.live.insert(run_id);
            return Admission::Accepted { start_worker: true, dropped: Vec::new() };
        };
        let dropped = match request.executor_block_strategy {
            BlockStrategy::SerialExecution
                if self.longest.is_some_and(|longest| queue.waiting.len() >= longest) =>
            {
                return Admission::Refused(full(queue.waiting.len()));
            }
            BlockStrategy::SerialExecution => Vec::new(),
            BlockStrategy::DiscardLater if queue.is_idle() => Vec::new(),
            BlockStrategy::DiscardLater => return Admission::Refused(TEXT_DISCARDED.to_owned()),
            BlockStrategy::CoverEarly => queue.stop(REASON_COVERED),
        };
        queue.waiting.push_back(request);
        self.live.insert(run_id);
        self.retire(&dropped);
        Admission::Accepted { start_worker: false, dropped }
    }

    /// As [`Queues::admit`], for a run that is sent with a fence.
    pub fn admit_fenced(&mut self, fenced: FencedRun) -> Admission {
        let run_id = fenced.run.log_id;
        let is_admitted = self.fences.admits(&fenced);
        // A second copy of what is here was not overtaken: whoever sent it must not take it for one that never came.
        let is_known = self.is_live(run_id) || self.finished.contains(run_id);
        match (is_admitted, is_known) {
            (true, _) => self.admit(fenced.run),
            (false, true) => Admission::Refused(TEXT_FENCED.to_owned()),
            (false, false) => Admission::Fenced,
        }
    }

    /// What there is of a run; one that never came does not get in any more as it was sent so far. None when
    /// the question is out of date.
    pub fn standing(&mut self, asked: AskedRun) -> Option<Standing> {
        // A question shows who has the bucket, whatever the answer is.
        self.fences.hear(asked.bucket, asked.fence);
        if self.is_live(asked.run_id) {
            Some(Standing::Live)
        } else if self.finished.contains(asked.run_id) {
            Some(Standing::Ended)
        } else {
            self.fences.shut_out(asked).then_some(Standing::Never)
        }
    }

    /// The next run of a job, now running. Without one the job is no longer busy and its worker must end.
    pub fn next(&mut self, job_id: i32) -> Option<(TriggerRequest, Arc<Stop>)> {
        let queue = self.jobs.get_mut(&job_id)?;
        let Some(request) = queue.waiting.pop_front() else {
            self.jobs.remove(&job_id);
            return None;
        };
        let stop = Arc::new(Stop::default());
        queue.running = Some((request.log_id, stop.clone()));
        Some((request, stop))
    }

    /// Marks the running run of a job as finished.
    pub fn finish(&mut self, job_id: i32) {
        if let Some((run_id, _)) = self.jobs.get_mut(&job_id).and_then(|queue| queue.running.take()) {
            self.live.remove(&run_id);
            self.finished.remember(run_id);
        }
    }

    /// Wishes the end of a job's running run and takes its waiting ones out. `None` if the job is idle.
    pub fn kill(&mut self, job_id: i32, reason: &'static str) -> Option<Vec<TriggerRequest>> {
        let queue = self.jobs.get_mut(&job_id).filter(|queue| !queue.is_idle())?;
        let dropped = queue.stop(reason);
        self.retire(&dropped);
        Some(dropped)
    }

    /// Refuses everything from now on and takes out all that waits. What runs goes on.
    pub fn close(&mut self) -> Vec<TriggerRequest> {
        self.closed = true;
        let dropped: Vec<_> = self.jobs.values_mut().flat_map(|queue| queue.waiting.drain(..)).collect();
        self.retire(&dropped);
        dropped
    }

    /// Wishes the end of everything that runs.
    pub fn stop_running(&self, reason: &'static str) {
        for (_, stop) in self.jobs.values().filter_map(|queue| queue.running.as_ref()) {
            stop.request(reason);
        }
    }

    /// Whether new runs are refused.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nothing of a job runs or waits.
    pub fn is_idle(&self, job_id: i32) -> bool {
        self.jobs.get(&job_id).is_none_or(JobQueue::is_idle)
    }

    /// Whether nothing runs or waits at all.
    pub fn all_idle(&self) -> bool {
        self.jobs.values().all(JobQueue::is_idle)
    }

    /// Whether a run runs or waits.
    pub fn is_live(&self, run_id: i64) -> bool {
        self.live.contains(&run_id)
    }

    /// Notes that these left the line without having run.
    fn retire(&mut self, dropped: &[TriggerRequest]) {
        for request in dropped {
            self.live.remove(&request.log_id);
            self.finished.remember(request.log_id);
        }
    }
}

impl JobQueue {
    fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty()
    }

    fn stop(&mut self, reason: &'static str) -> Vec<TriggerRequest> {
        if let Some((_, stop)) = &self.running {
            stop.request(reason);
        }
        self.waiting.drain(..).collect()
    }
}

/// Answer to a run for which there is no room.
fn full(waiting: usize) -> String {
    format!("The queue of this job is full on this executor: {waiting} runs wait there already.")
}

/// The ids of the runs that finished last.
#[derive(Default)]
struct Recent {
    order: VecDeque<i64>,
    ids: HashSet<i64>,
}

impl Recent {
    fn contains(&self, run_id: i64) -> bool {
        self.ids.contains(&run_id)
    }

    fn remember(&mut self, run_id: i64) {
        if self.ids.insert(run_id) {
            self.order.push_back(run_id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
pub(crate) mod tests;
