//! What the home page shows: what went wrong, what runs, what comes next.

use super::list::{PAGE, RunRow, named};
use super::usual::usual_of;
use crate::authority::{Caller, Visible, visible};
use crate::instances::SILENCE;
use crate::jobs::{JobName, all_unreadable};
use crate::store::jobs::{self, NextFire};
use crate::store::{executors, instances, runs};
use crate::{Result, Services};
use entity::run::RunState;
use entity::{Millis, instance};
use std::collections::HashMap;

/// How far ahead fires are shown.
const AHEAD: Millis = 15 * 60_000;
const FIRES: u64 = 50;
/// Rows looked at for the runs under way and for each count.
const READ: u64 = 1000;
const EXECUTORS: u64 = 1000;
/// From so much on a run that waits is late.
const LATE: Millis = 1_000;
/// Jobs of which is looked up what they usually take.
const USUAL: usize = 12;
const OFFLINE: u64 = 100;
/// For how long a fallen instance is news.
const OFFLINE_SHOWN: Millis = 24 * 3_600_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Runs under way, those that have been out longest first; at most 50.
    pub running: Vec<RunRow>,
    /// What the first dozen of their jobs usually take, by job; jobs that nothing is known of are missing.
    pub usual_ms: HashMap<i32, Millis>,
    pub more_running: bool,
    /// Fires within 15 minutes, the soonest first, one for each job; at most 50.
    pub next: Vec<NextFire>,
    pub wrong: Wrong,
    /// Runs that should have gone out by now, at most 1,000.
    pub late: u32,
    /// By how much the latest of them is; 0 where there is none.
    pub latest_ms: Millis,
    /// Instances that fell silent within a day and are not back, the latest first.
    pub offline: Vec<OfflineInstance>,
    /// Jobs that are due and cannot be planned, the one that waits for longest first.
    pub unreadable: Vec<JobName>,
}

/// How many runs a person should look at, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    pub failed: u32,
    pub timed_out: u32,
    pub lost: u32,
    pub unknown: u32,
    pub skipped: u32,
    /// There are more than the 1,000 that were counted.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineInstance {
    pub instance: instance::Model,
    pub app_name: String,
}

/// The state of everything that the caller may see.
pub async fn summary(services: &Services, caller: &Caller, now: Millis) -> Result<Summary> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let ids = executors::visible_ids(reader, &visible, EXECUTORS).await?;
    let only = match visible {
        Visible::All => None,
        Visible::Only(_) => Some(ids.clone()),
    };
    let mut running = runs::under_way(reader, only.clone(), READ).await?;
    running.sort_unstable_by_key(|run| (run.sent_at.unwrap_or(run.due_at), run.id));
    let more_running = running.len() > PAGE;
    running.truncate(PAGE);
    let jobs: Vec<i32> = running.iter().take(USUAL).map(|run| run.job_id).collect();
    let late = runs::late(reader, only.clone(), now - LATE, READ).await?;
    let unreadable = all_unreadable(reader, &visible, now).await?;
    let mut next = jobs::next_fires(reader, &visible, now + AHEAD, FIRES).await?;
    next.retain(|fire| unreadable.iter().all(|job| job.id != fire.job_id));
    Ok(Summary {
        running: named(services, running).await?,
        usual_ms: usual_of(services, jobs).await?,
        late: u32::try_from(late.len()).unwrap_or(u32::MAX),
        latest_ms: late.into_iter().min().map_or(0, |due_at| now - due_at),
        more_running,
        next,
        wrong: counts(&runs::attention_states(reader, only, READ + 1).await?),
        offline: offline(services, ids, now).await?,
        unreadable,
    })
}

fn counts(states: &[RunState]) -> Wrong {
    let read = READ as usize;
    let mut wrong = Wrong { more: states.len() > read, ..Wrong::default() };
    for state in &states[..states.len().min(read)] {
        match state {
            RunState::Failed => wrong.failed += 1,
            RunState::TimedOut => wrong.timed_out += 1,
            RunState::Lost => wrong.lost += 1,
            RunState::Skipped => wrong.skipped += 1,
            RunState::Unknown => wrong.unknown += 1,
            // Nobody marks these, and a kill is what a person wanted.
            RunState::Waiting | RunState::Sending | RunState::Running => {}
            RunState::Succeeded | RunState::Killed => {}
        }
    }
    wrong
}

async fn offline(services: &Services, executor_ids: Vec<i32>, now: Millis) -> Result<Vec<OfflineInstance>> {
    let reader = services.db.reader();
    let since = now - OFFLINE_SHOWN;
    let fallen = instances::fallen_silent(reader, executor_ids, since, SILENCE, OFFLINE).await?;
    let ids = fallen.iter().map(|instance| instance.executor_id).collect();
    let executors = executors::by_ids(reader, ids).await?;
    let names: HashMap<_, _> = executors.into_iter().map(|found| (found.id, found.app_name)).collect();
    let named = |instance: instance::Model| {
        let app_name = names.get(&instance.executor_id)?.clone();
        Some(OfflineInstance { instance, app_name })
    };
    Ok(fallen.into_iter().filter_map(named).collect())
}
