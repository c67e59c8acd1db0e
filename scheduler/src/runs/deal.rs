//! Dealing with runs that went wrong: replaying or dismissing them.

use super::{asked_by, authorised, new_manual, store};
use crate::approvals::{self, Asked, Request};
use crate::audit::{self, Entry, RunOfJob};
use crate::authority::{Action, Caller};
use crate::rules::alerts::decide::event_of;
use crate::signals::Change;
use crate::store::{dealings, job_children, jobs as job_store};
use crate::{Error, Refusal, Result, Services};
use entity::audit_entry::Verb;
use entity::job::JobState;
use entity::run::Model;
use entity::{Millis, dealing, executor};
use sea_orm::DatabaseTransaction;
use serde_json::json;

/// Runs of one request.
const MOST: usize = 100;

/// What is done with a run that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deal {
    /// Run it again, with what was typed for it or passed on to it.
    Replay,
    /// Let it be.
    Dismiss,
}

/// What came of dealing with several.
#[derive(Debug, Default)]
pub struct Dealt {
    /// Those that were dealt with, each with the run that was started in its stead.
    pub done: Vec<(i64, Option<i64>)>,
    /// The others, and why.
    pub refused: Vec<(i64, Error)>,
}

/// Deals with each of these runs, at most 100; one that is refused does not keep the others.
///
/// # Errors
/// As for [`deal`], of the first one, where none was dealt with.
pub async fn deal_with(services: &Services, caller: &Caller, ids: &[i64], what: Deal) -> Result<Dealt> {
    let mut dealt = Dealt::default();
    for id in ids.iter().take(MOST) {
        match deal(services, caller, *id, what).await {
            Ok(replay) => dealt.done.push((*id, replay)),
            Err(error) => dealt.refused.push((*id, error)),
        }
    }
    match dealt.done.is_empty() && !dealt.refused.is_empty() {
        true => Err(dealt.refused.swap_remove(0).1),
        false => Ok(dealt),
    }
}

/// Replays or dismisses a run; returns the one that is started in its stead. Of two who do it in the same
/// instant one is refused.
///
/// # Errors
/// [`Refusal::NothingToDeal`] for a run that went well, is not over, or has been dealt with; to be replayed,
/// its job has to be there and not disabled ([`Refusal::JobIs`]).
pub async fn deal(services: &Services, caller: &Caller, id: i64, what: Deal) -> Result<Option<i64>> {
    let (run, executor) = authorised(services, caller, Action::OperateJobs, id).await?;
    if event_of(&run).is_none() {
        return Err(Error::Refused(Refusal::NothingToDeal));
    }
    let replay_id = match what {
        Deal::Replay => Some(services.run_ids.take_one().await?),
        Deal::Dismiss => None,
    };
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    if !dealings::excuse(&transaction, id).await? {
        return Err(Error::Refused(Refusal::NothingToDeal));
    }
    let row = dealing::Model { run_id: id, dealt_at: now, dealt_by: caller.account(), replay_id };
    dealings::insert(&transaction, row).await?;
    match replay_id {
        Some(replay_id) => {
            let (version, entry) = replay(&transaction, caller, &run, replay_id, now).await?;
            let asked = Asked { request: Request::ReplayRun { id }, version };
            approvals::commit(services, caller, transaction, asked, entry).await?;
        }
        None => {
            let entry = dismissed(&transaction, &run, executor).await?;
            audit::commit(services, caller, transaction, [entry]).await?;
        }
    }
    for run in [Some(id), replay_id].into_iter().flatten() {
        services.signals.publish(Change::Run(run));
    }
    Ok(replay_id)
}

/// Starts the run's job once more, by hand; the version of the job.
async fn replay(
    transaction: &DatabaseTransaction,
    caller: &Caller,
    run: &Model,
    replay_id: i64,
    now: Millis,
) -> Result<(i32, Entry)> {
    let job = job_store::by_id_locked(transaction, run.job_id).await?.ok_or(Error::NotFound("job"))?;
    if job.state == JobState::Disabled {
        return Err(Error::Refused(Refusal::JobIs(job.state)));
    }
    let typed = store::text(transaction, run.id).await?.and_then(|text| text.parameter);
    let text = asked_by(replay_id, caller, typed);
    let has_children = !job_children::of_parents(transaction, &[job.id]).await?.is_empty();
    let bucket = job_store::bucket(transaction, job.id).await?;
    store::insert(transaction, new_manual(replay_id, &job, bucket, has_children, now), text).await?;
    let entry = Entry::of(Verb::Replay, &job).with(json!({"run": replay_id, "replay_of": run.id}));
    Ok((job.version, entry))
}

async fn dismissed(
    transaction: &DatabaseTransaction,
    run: &Model,
    executor: Option<executor::Model>,
) -> Result<Entry> {
    let job = job_store::by_id(transaction, run.job_id).await?;
    let namespace_id = executor.map(|executor| executor.namespace_id);
    Ok(Entry::done(Verb::Dismiss, &RunOfJob { run, job: job.as_ref(), namespace_id }))
}
