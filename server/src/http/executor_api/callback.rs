//! `callback`: results of runs.

use crate::http::credentials::Credentials;
use crate::state::ServerState;
use protocol::{CallbackItem, Reply};
use scheduler::engine::{Recorded, ResultFact};
use scheduler::instances;
use std::collections::HashSet;

/// Results are answered when they are on disk. What the client can do nothing about (an unknown run,
/// an item that cannot be read) is logged and answered with success: it would send it for ever.
pub async fn callback(
    state: &ServerState,
    credentials: &Credentials<'_>,
    body: &[u8],
) -> scheduler::Result<Reply> {
    let parsed = match protocol::parse_callbacks(body) {
        Ok(parsed) => parsed,
        Err(error) => {
            tracing::warn!(%error, "a callback could not be read and is dropped");
            return Ok(Reply::ok());
        }
    };
    if credentials.are_incomplete() {
        return Ok(Reply::failure(credentials.refusal()));
    }
    for item in &parsed.rejected {
        let (position, reason, excerpt) = (item.position, &item.reason, &item.excerpt);
        tracing::warn!(position, reason, excerpt, "a callback's item could not be read and is dropped");
    }
    let sorted = sort(state, credentials, parsed.items).await?;
    for run in &sorted.unknown {
        tracing::warn!(run, "a callback for a run that does not exist is dropped");
    }
    for run in &sorted.foreign {
        tracing::warn!(run, "a callback with a token that is not its executor's is refused");
    }
    // A batch is refused as a whole only where nothing in it is the sender's.
    if sorted.own.is_empty() && !sorted.foreign.is_empty() {
        return Ok(Reply::failure(credentials.refusal()));
    }
    report(state, sorted.own).await?;
    Ok(Reply::ok())
}

/// The items of one callback, by whose they are.
#[derive(Default)]
struct Sorted {
    /// The sender's token is right for their executors.
    own: Vec<ResultFact>,
    /// Ids of runs of executors whose token was not sent.
    foreign: Vec<i64>,
    /// Ids that are no run's.
    unknown: Vec<i64>,
}

async fn sort(
    state: &ServerState,
    credentials: &Credentials<'_>,
    items: Vec<CallbackItem>,
) -> scheduler::Result<Sorted> {
    let ids: Vec<i64> = items.iter().map(|item| item.run_id).collect();
    let executors = state.engine.executors_of(&ids).await?;
    let allowed = allowed(state, credentials.token, executors.values().copied().collect()).await?;
    let mut sorted = Sorted::default();
    for CallbackItem { run_id, outcome, .. } in items {
        match executors.get(&run_id) {
            None => sorted.unknown.push(run_id),
            Some(executor) if !allowed.contains(executor) => sorted.foreign.push(run_id),
            Some(&executor_id) => {
                sorted.own.push(ResultFact { run_id, executor_id, code: outcome.code, text: outcome.text });
            }
        }
    }
    Ok(sorted)
}

/// Those of the executors that the token opens. The database is asked where the token is not known (yet).
async fn allowed(
    state: &ServerState,
    token: Option<&str>,
    executors: HashSet<i32>,
) -> scheduler::Result<HashSet<i32>> {
    let shared = state.settings.executor_api.token.as_deref();
    let is_known = |id: &i32| state.engine.accepts(*id, shared, token);
    let (mut allowed, unsure): (HashSet<i32>, HashSet<i32>) = executors.into_iter().partition(is_known);
    if !unsure.is_empty() {
        let unsure = unsure.into_iter().collect();
        allowed.extend(instances::authorise_callback(&state.services, shared, token, unsure).await?);
    }
    Ok(allowed)
}

/// Hands the results to the engine and waits until they are committed.
async fn report(state: &ServerState, facts: Vec<ResultFact>) -> scheduler::Result<()> {
    if facts.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = facts.iter().map(|fact| fact.run_id).collect();
    for (run, recorded) in ids.into_iter().zip(state.engine.report(facts).await?) {
        match recorded {
            Recorded::Recorded => {}
            Recorded::Duplicate => tracing::debug!(run, "a result came twice"),
            Recorded::Late => tracing::info!(run, "a result came after the run had ended otherwise"),
            Recorded::UnknownRun | Recorded::Foreign => {
                tracing::warn!(run, ?recorded, "a result was not recorded");
            }
        }
    }
    Ok(())
}
