//! Checking on runs that are running: an executor of others that was killed and is back at its address
//! tells nobody that it has forgotten them. Two checks in a row that find it idle for the job put a run in
//! doubt; from there it is asked after like any other.

use super::directory::Target;
use super::dispatcher::Call;
use super::rescue::{self, Idle};
use super::shared::Shared;
use super::step::{Applied, Step, What};
use crate::rules::doubt::Site;
use crate::{Error, Result};
use entity::run::{Model as Run, Reason, RunState};
use futures::StreamExt;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Runs read at once.
const BATCH: u64 = 2_000;
/// Questions at the same time.
const WIDTH: usize = 8;

/// The checking loop's state: the runs that the last check found nobody working on.
pub struct Checker {
    shared: Arc<Shared>,
    idle: HashSet<i64>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Questions asked.
    pub asked: usize,
    /// Runs that are in doubt now.
    pub doubted: usize,
}

impl Checker {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, idle: HashSet::new() }
    }

    /// Asks once about everything that has been running for as long as lies between two checks.
    pub async fn tick(&mut self) -> Result<CheckReport> {
        let shared = self.shared.clone();
        let sent_by = shared.now() - shared.settings.check_running_ms;
        let mut report = CheckReport::default();
        let mut idle = HashSet::new();
        let mut after = 0;
        loop {
            let buckets = shared.holdings().buckets();
            let runs = shared.store.running(&buckets, sent_by, after, BATCH).await?;
            let Some(last) = runs.last() else { break };
            after = last.id;
            let found = ask(&shared, runs, &mut report).await;
            let (twice, once): (Vec<Run>, Vec<Run>) =
                found.into_iter().partition(|run| self.idle.contains(&run.id));
            idle.extend(once.into_iter().map(|run| run.id));
            report.doubted += doubt(&shared, twice).await?;
        }
        self.idle = idle;
        Ok(report)
    }

    /// Ticks as often as the settings say.
    pub async fn run(&mut self) -> Result<()> {
        let every = Duration::from_millis(self.shared.settings.check_running_ms.unsigned_abs());
        while self.shared.rest(every).await {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "running runs cannot be checked on; trying again");
            }
        }
        Ok(())
    }
}

/// Those of `runs` that nobody works on. One question answers for all runs of a job at an instance.
async fn ask(shared: &Arc<Shared>, runs: Vec<Run>, report: &mut CheckReport) -> Vec<Run> {
    let mut sites: HashMap<Site, (Arc<Target>, Vec<Run>)> = HashMap::new();
    for run in runs {
        if let Some(target) = asked_at(shared, &run) {
            sites.entry(target.site(run.job_id)).or_insert_with(|| (target, Vec::new())).1.push(run);
        }
    }
    report.asked += sites.len();
    let questions = sites.into_values().map(|(target, runs)| idle_of(shared.clone(), target, runs));
    let found: Vec<Vec<Run>> = futures::stream::iter(questions).buffer_unordered(WIDTH).collect().await;
    found.into_iter().flatten().collect()
}

/// The instance of a run, if what it says of itself means something. Our own are asked nothing: one that
/// was restarted says so when it registers.
fn asked_at(shared: &Shared, run: &Run) -> Option<Arc<Target>> {
    let target = shared.directory.target(run.executor_id, run.instance_id?)?;
    let is_telling = !target.is_native() && rescue::idle_means(target.client) != Idle::Nothing;
    (is_telling && target.has_lived_since(run)).then_some(target)
}

/// Those of the runs of a job that its instance does not carry out.
async fn idle_of(shared: Arc<Shared>, target: Arc<Target>, runs: Vec<Run>) -> Vec<Run> {
    let Some(job_id) = runs.first().map(|run| run.job_id) else {
        return runs;
    };
    let answer = rescue::fast(&shared, &target, Call::IdleBeat { job_id }).await;
    if !answer.is_some_and(|reply| reply.is_ok()) {
        return Vec::new();
    }
    if rescue::idle_means(target.client) == Idle::AllIsOver {
        return runs;
    }
    let mut begun = Vec::new();
    for run in runs {
        let log = rescue::log_of(&shared, &run, &target).await;
        if log.is_some_and(|log| rescue::has_started(target.client, &log)) {
            begun.push(run);
        }
    }
    begun
}

/// Puts runs in doubt; returns how many were still running.
async fn doubt(shared: &Shared, runs: Vec<Run>) -> Result<usize> {
    let holdings = shared.holdings();
    let Some(authority) = holdings.authority(runs.iter().map(|run| run.bucket)) else {
        return Ok(0);
    };
    let step = |run: &Run| {
        let what = What::Doubt { claim: run.claim, from: RunState::Running, reason: Reason::NotRunning };
        Step { run_id: run.id, at: shared.now(), what }
    };
    let steps: Vec<Step> = runs.iter().map(step).collect();
    if steps.is_empty() {
        return Ok(0);
    }
    // Before the rows say so: from then on nothing else of their jobs is to go there. Where a row does not
    // come to say so, the planner notices.
    for run in &runs {
        Site::of(run).into_iter().for_each(|site| shared.doubts.add(run.id, site));
    }
    let applied = match shared.store.apply(Some(&authority), &steps).await {
        Err(Error::Conflict(_)) => return Ok(0),
        applied => applied?,
    };
    let doubted = runs.iter().zip(applied).filter(|(_, applied)| *applied == Applied::Done);
    Ok(doubted.inspect(|(run, _)| shared.note_changed(run.id)).count())
}
