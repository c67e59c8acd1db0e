//! Starting, stopping, disabling, enabling and deleting a job.

use super::cursor::Saved;
use super::{Timed, authorised, children, ids_for_held, save, store};
use crate::approvals::{self, Asked, Request};
use crate::audit::{self, Definition, Entry};
use crate::authority::{Action, Caller};
use crate::looks;
use crate::rules::bucket::possible_buckets;
use crate::rules::failures::Streak;
use crate::rules::job_state::{Word, after};
use crate::rules::timetable::Timetable;
use crate::signals::Change;
use crate::store::runs::{self as runs_store, Waiting};
use crate::store::{calendars, job_children};
use crate::{Error, Refusal, Result, Services};
use entity::Millis;
use entity::audit_entry::Verb;
use entity::job::{ActiveModel, JobState, Model};
use sea_orm::{DatabaseTransaction, Set};
use serde_json::json;

/// Does with a job what the word says, as the function of that name.
pub(crate) async fn say(services: &Services, caller: &Caller, id: i32, word: Word) -> Result<Model> {
    match word {
        Word::Start => start(services, caller, id).await,
        Word::Stop => stop(services, caller, id).await,
        Word::Disable => disable(services, caller, id).await,
        Word::Enable => enable(services, caller, id).await,
    }
}

/// Lets the schedule fire from now on. What was missed meanwhile stays missed.
///
/// # Errors
/// [`Error::Invalid`] naming `schedule` when it will never fire again; [`Refusal::JobIs`] for a job that
/// is disabled.
pub async fn start(services: &Services, caller: &Caller, id: i32) -> Result<Model> {
    let stored = authorised(services, caller, Action::OperateJobs, id).await?;
    let now = services.clock.now();
    let stored = Timed::from(calendars::beside(services.db.reader(), stored).await?);
    Timetable::validate(stored.definition(), now).map_err(Error::Invalid)?;
    switch(services, caller, id, Word::Start).await
}

/// Stops the schedule. Runs of the schedule that wait are skipped, and retries with them, and when
/// this returns none of them goes out any more; runs that are out already go on, and are not retried.
/// Other jobs that succeed start it all the same, and so do people.
///
/// # Errors
/// [`Refusal::RunUnderWay`] when a run was on its way for longer than 4 s: the job is stopped, but
/// that run still goes out. [`Refusal::JobIs`] for a job that is disabled.
pub async fn stop(services: &Services, caller: &Caller, id: i32) -> Result<Model> {
    authorised(services, caller, Action::OperateJobs, id).await?;
    let job = switch(services, caller, id, Word::Stop).await?;
    wait_until_sent(services, &job).await?;
    Ok(job)
}

/// Lets nothing start a job any more, neither its schedule nor people, the API or other jobs. Its runs
/// that wait are skipped, of whatever kind, and when this returns none of them goes out any more; runs
/// that are out already go on, and are not retried.
///
/// # Errors
/// [`Refusal::RunUnderWay`] as for [`stop`].
pub async fn disable(services: &Services, caller: &Caller, id: i32) -> Result<Model> {
    authorised(services, caller, Action::OperateJobs, id).await?;
    let job = switch(services, caller, id, Word::Disable).await?;
    wait_until_sent(services, &job).await?;
    Ok(job)
}

/// Takes back [`disable`]: its schedule fires from now on, if there is anything left of it.
///
/// # Errors
/// [`Refusal::JobIs`] for a job that is stopped.
pub async fn enable(services: &Services, caller: &Caller, id: i32) -> Result<Model> {
    authorised(services, caller, Action::OperateJobs, id).await?;
    switch(services, caller, id, Word::Enable).await
}

/// Disables a job as [`disable`] does, then deletes it. Its runs stay in the history, without the job's
/// name, until they are pruned by age. No job starts it any more, and it starts none.
///
/// # Errors
/// [`Refusal::RunUnderWay`] as for [`stop`]: the job is disabled but still there.
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let stored = authorised(services, caller, Action::ManageJobs, id).await?;
    let asked = || Asked { request: Request::DeleteJob { id }, version: stored.version };
    let children = job_children::of_parents(services.db.reader(), &[id]).await?;
    let children = children.into_iter().map(|link| link.child_id).collect();
    let entry = Entry::deleted(&Definition { job: &stored, children });
    approvals::ask(services, caller, asked(), entry).await?;
    let disabled = switch(services, &caller.within_a_change(), id, Word::Disable).await?;
    wait_until_sent(services, &disabled).await?;
    let transaction = services.db.begin().await?;
    let job = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("job"))?;
    children::lock(&transaction, job.namespace_id).await?;
    let entry = Entry::deleted(&Definition::stored(&transaction, &job).await?);
    // A parent's success that adds a run at this moment comes before, or finds no cursor.
    store::cursor_locked(&transaction, id).await?;
    let now = services.clock.now();
    runs_store::skip_waiting(&transaction, id, possible_buckets(id, job.executor_id), Waiting::All, now)
        .await?;
    store::delete(&transaction, id).await?;
    approvals::commit(services, caller, transaction, asked(), entry).await?;
    services.signals.publish(Change::Job(id));
    Ok(())
}

/// Sets the state that a word leads to; a job that has it already stays as it is.
async fn switch(services: &Services, caller: &Caller, id: i32, word: Word) -> Result<Model> {
    let now = services.clock.now();
    let stored = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("job"))?;
    let ids = ids_for_held(services, &stored, now).await?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("job"))?;
    let asked = Asked { request: Request::SwitchJob { id, word }, version: before.version };
    let was = before.clone();
    let state = after(before.state, word).ok_or(Error::Refused(Refusal::JobIs(before.state)))?;
    let (job, mut skipped) = match before.state == state {
        true => (before, Vec::new()),
        false => {
            let changes = ActiveModel { state: Set(state), ..counted_anew(state, now) };
            let before = Timed::from(calendars::beside(&transaction, before).await?);
            let saved = save(&transaction, caller, &before, changes, now, ids).await?;
            (saved.job, saved.skipped)
        }
    };
    skipped.extend(skip_waiting(&transaction, &job, now).await?);
    approvals::commit(services, caller, transaction, asked, Entry::changed(verb(word), &was, &job)).await?;
    publish(services, id, skipped);
    Ok(job)
}

/// Failures in a row, of the runs that ended after `since`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub since: Millis,
    pub streak: Streak,
}

/// Stops a job after so many failures, on nobody's behalf, unless somebody has stopped it, started it anew, or
/// taken back its limit meanwhile; whether it was stopped.
pub(super) async fn stop_failed(services: &Services, id: i32, failed: Failed) -> Result<bool> {
    let now = services.clock.now();
    let Some(stored) = store::by_id(services.db.reader(), id).await? else { return Ok(false) };
    let ids = ids_for_held(services, &stored, now).await?;
    let transaction = services.db.begin().await?;
    let Some(before) = store::by_id_locked(&transaction, id).await? else { return Ok(false) };
    let Failed { since, streak } = failed;
    let is_due = before.stop_after_failures > 0 && streak.count >= before.stop_after_failures;
    if before.state != JobState::On || before.failures_since != since || !is_due {
        return Ok(false);
    }
    let changes = ActiveModel {
        state: Set(JobState::Stopped),
        failure_stop_at: Set(Some(now)),
        failure_stop_count: Set(streak.count),
        failure_stop_run: Set(Some(streak.run_id)),
        ..Default::default()
    };
    let caller = Caller::server();
    let before = Timed::from(calendars::beside(&transaction, before).await?);
    let Saved { job, mut skipped } = save(&transaction, &caller, &before, changes, now, ids).await?;
    skipped.extend(skip_waiting(&transaction, &job, now).await?);
    let why = json!({"state": job.state, "failures": streak.count, "run": streak.run_id});
    audit::commit(services, &caller, transaction, [Entry::of(Verb::Stop, &job).with(why)]).await?;
    publish(services, id, skipped);
    Ok(true)
}

/// Whoever starts a job begins to count its failures anew.
fn counted_anew(state: JobState, now: Millis) -> ActiveModel {
    match state {
        JobState::On => ActiveModel {
            failures_since: Set(now),
            failure_stop_at: Set(None),
            failure_stop_count: Set(0),
            failure_stop_run: Set(None),
            ..Default::default()
        },
        JobState::Stopped | JobState::Disabled => ActiveModel::default(),
    }
}

/// Skips what waits and may not go in the job's state; the runs.
async fn skip_waiting(transaction: &DatabaseTransaction, job: &Model, now: Millis) -> Result<Vec<i64>> {
    let waiting = match job.state {
        JobState::On => return Ok(Vec::new()),
        JobState::Stopped => Waiting::OfSchedule,
        JobState::Disabled => Waiting::All,
    };
    let buckets = possible_buckets(job.id, job.executor_id);
    runs_store::skip_waiting(transaction, job.id, buckets, waiting, now).await
}

fn publish(services: &Services, id: i32, skipped: Vec<i64>) {
    services.signals.publish(Change::Job(id));
    skipped.into_iter().for_each(|run| services.signals.publish(Change::Run(run)));
}

fn verb(word: Word) -> Verb {
    match word {
        Word::Start => Verb::Start,
        Word::Stop => Verb::Stop,
        Word::Disable => Verb::Disable,
        Word::Enable => Verb::Enable,
    }
}

/// Waits until no request of the job is under way.
async fn wait_until_sent(services: &Services, job: &Model) -> Result<()> {
    let buckets = possible_buckets(job.id, job.executor_id);
    let sending = || async { Ok(runs_store::sending_of_job(services.db.reader(), job.id, buckets).await?) };
    match looks::until_nothing(sending).await? {
        Some(run) => Err(Error::Refused(Refusal::RunUnderWay(run))),
        None => Ok(()),
    }
}
