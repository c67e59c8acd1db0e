//! Asking executors about runs. Our own say it. With others: idle first, then the log, for the other order
//! can miss a run that starts and ends in between.

use super::evidence::{self, Evidence};
use super::next_fence;
use crate::Result;
use crate::engine::directory::Target;
use crate::engine::dispatcher::Call;
use crate::engine::holdings::Holdings;
use crate::engine::shared::Shared;
use entity::Millis;
use entity::run::Model as Run;
use futures::StreamExt;
use protocol::native::{AskedRun, MOST_RUNS, Whereabouts};
use protocol::{LogRequest, RemoteReply};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A slower answer does not count: a paused executor may say "idle, none" and then run it.
const FAST: Duration = Duration::from_secs(1);
/// Askings at the same time.
const WIDTH: usize = 16;

/// Asks about each of `runs` once. The answers come in any order; a run without one is missing
/// where its instance is gone.
pub async fn ask(shared: &Arc<Shared>, holdings: &Holdings, runs: &[&Run]) -> Result<Vec<(i64, Evidence)>> {
    let with_target = runs.iter().filter_map(|run| {
        let target = shared.directory.target(run.executor_id, run.instance_id?)?;
        Some(((*run).clone(), target))
    });
    let (own, others): (Vec<_>, Vec<_>) = with_target.partition(|(_, target)| target.is_native());
    let mut found = ask_own(shared, holdings, own).await;
    found.extend(ask_others(shared, runs, others).await?);
    Ok(found)
}

/// Executors of our own, each about many runs at once. An instance that was restarted since is asked
/// nothing: what it does not have, the process before it may have begun.
async fn ask_own(
    shared: &Arc<Shared>,
    holdings: &Holdings,
    runs: Vec<(Run, Arc<Target>)>,
) -> Vec<(i64, Evidence)> {
    let mut by_instance: HashMap<i32, (Arc<Target>, Vec<AskedRun>)> = HashMap::new();
    for (run, target) in runs.into_iter().filter(|(run, target)| target.has_lived_since(run)) {
        let asked = AskedRun { run_id: run.id, bucket: run.bucket, fence: next_fence(&run, holdings) };
        by_instance.entry(target.instance_id).or_insert_with(|| (target, Vec::new())).1.push(asked);
    }
    let askings = by_instance.into_values().flat_map(|(target, runs)| {
        let parts: Vec<Vec<AskedRun>> = runs.chunks(MOST_RUNS).map(<[AskedRun]>::to_vec).collect();
        parts.into_iter().map(move |part| (target.clone(), part))
    });
    let askings = askings.map(|(target, runs)| {
        let shared = shared.clone();
        async move {
            let answer = tokio::time::timeout(FAST, shared.dispatcher.ask(&target, &runs)).await;
            answer.ok().and_then(Result::ok).unwrap_or_default()
        }
    });
    let answers: Vec<Vec<Whereabouts>> =
        futures::stream::iter(askings).buffer_unordered(WIDTH).collect().await;
    answers.into_iter().flatten().map(|found| (found.run_id, evidence::of(found.state))).collect()
}

async fn ask_others(
    shared: &Arc<Shared>,
    runs: &[&Run],
    with_target: Vec<(Run, Arc<Target>)>,
) -> Result<Vec<(i64, Evidence)>> {
    let askings = with_target.into_iter().map(|(run, target)| {
        let shared = shared.clone();
        async move { (run.id, ask_one(&shared, &run, &target).await) }
    });
    let mut found: Vec<(i64, Evidence)> =
        futures::stream::iter(askings).buffer_unordered(WIDTH).collect().await;
    let doubt: Vec<&Run> =
        runs.iter().copied().filter(|run| found.contains(&(run.id, Evidence::NeverStarted))).collect();
    let trusted = logs_are_there(shared, &doubt).await?;
    for (run_id, evidence) in &mut found {
        if *evidence == Evidence::NeverStarted && !trusted.get(run_id).copied().unwrap_or(false) {
            *evidence = Evidence::Nothing;
        }
    }
    Ok(found)
}

async fn ask_one(shared: &Shared, run: &Run, target: &Target) -> Evidence {
    let Some(idle) = fast(shared, target, Call::IdleBeat { job_id: run.job_id }).await else {
        return Evidence::Nothing;
    };
    match log_of(shared, run, target).await {
        Some(log) => evidence::read(target.client, idle.is_ok(), &log),
        None => Evidence::Nothing,
    }
}

/// The log of a run from its beginning; none without a fast answer.
pub async fn log_of(shared: &Shared, run: &Run, target: &Target) -> Option<RemoteReply> {
    let from_line = evidence::first_line(target.client);
    let request = LogRequest { run_id: run.id, triggered_at: run.due_at, from_line };
    fast(shared, target, Call::Log(request)).await
}

/// The answer, if it comes fast enough to count.
pub async fn fast(shared: &Shared, target: &Target, call: Call) -> Option<RemoteReply> {
    tokio::time::timeout(FAST, shared.dispatcher.call(target, call)).await.ok()?.ok()
}

/// A missing log says something only beside the log of an older run that did start there: else
/// the folder is new, and all logs are missing. The earliest run is looked at first: a log that is
/// older than it is older than those of the others too, and where there is none yet, a later run
/// may have one.
async fn logs_are_there(shared: &Shared, runs: &[&Run]) -> Result<HashMap<i64, bool>> {
    let mut runs = runs.to_vec();
    runs.sort_unstable_by_key(|run| run.due_at);
    let mut by_instance: HashMap<i32, (Millis, bool)> = HashMap::new();
    let mut trusted = HashMap::new();
    for run in runs {
        let Some(target) = run.instance_id.and_then(|id| shared.directory.target(run.executor_id, id)) else {
            continue;
        };
        let known = by_instance.get(&target.instance_id);
        let there = match known.filter(|(due_at, there)| *there || *due_at == run.due_at) {
            Some((_, there)) => *there,
            None => has_older_log(shared, run, &target).await?,
        };
        by_instance.insert(target.instance_id, (run.due_at, there));
        trusted.insert(run.id, there);
    }
    Ok(trusted)
}

async fn has_older_log(shared: &Shared, run: &Run, target: &Target) -> Result<bool> {
    let older = shared.store.executed_before(target.executor_id, target.instance_id, run.due_at).await?;
    let Some(older) = older else { return Ok(false) };
    let log = log_of(shared, &older, target).await;
    Ok(log.is_some_and(|log| evidence::has_started(target.client, &log)))
}
