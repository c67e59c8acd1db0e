//! Runs as people see and start them. What moves a run from state to state is the engine.

mod backfill;
mod deal;
mod inbox;
mod list;
mod queue;
mod shards;
mod summary;
mod usual;

use crate::approvals::{self, Asked, Request};
use crate::audit::{Entry, RunOfJob};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::executors::ExecutorView;
use crate::fields::Faults;
use crate::rules::follow::Follows;
use crate::signals::Change;
use crate::store::{dealings, executors, instances, job_children, jobs as job_store, runs as store, users};
use crate::{Error, Refusal, Result, Services, jobs};
use entity::audit_entry::Verb;
use entity::run::{Model, RunKind};
use entity::run_text::Try;
use entity::{Millis, dealing, executor, instance, job, run_text};
use serde_json::json;
use std::collections::HashMap;

pub use crate::rules::shards::Progress;
pub use crate::rules::usual::RecentRun;
pub use crate::store::jobs::NextFire;
pub use backfill::{BackfillDraft, backfill, preview_backfill};
pub use deal::{Deal, Dealt, deal, deal_with};
pub use inbox::{COUNTED, InboxFilter, InboxPage, InboxRow, inbox, inbox_count};
pub use list::{RunFilter, RunPage, RunRow, Told, list};
pub use queue::{QUEUE_LENGTH, Queue, QueuedRun, queue, to_front};
pub use shards::{ShardRow, Shards};
pub use summary::{OfflineInstance, Summary, Wrong, summary};
pub(crate) use usual::usual_of;

/// One run with what stands around it; none is what has been deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDetail {
    pub run: Model,
    pub text: Option<run_text::Model>,
    /// The instances that were asked before one was chosen, in order.
    pub tries: Vec<Try>,
    pub job: Option<job::Model>,
    pub executor: Option<ExecutorView>,
    pub instance: Option<instance::Model>,
    pub started_by: Option<String>,
    pub ended_by: Option<String>,
    /// What followed it: its retry, or the runs of its job's children.
    pub follow_ups: Vec<FollowUp>,
    /// Of a run that was split.
    pub shards: Option<Shards>,
    /// What somebody did about it, once it had gone wrong.
    pub dealing: Option<dealing::Model>,
    pub dealt_by: Option<String>,
    /// The run that it replays.
    pub replay_of: Option<i64>,
}

/// A run that followed another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    pub run: Model,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
}

pub async fn get(services: &Services, caller: &Caller, id: i64) -> Result<RunDetail> {
    let (run, executor) = authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let text = store::text(reader, id).await?;
    let dealing = dealings::of_run(reader, id).await?;
    let dealt_by = dealing.as_ref().and_then(|dealing| dealing.dealt_by);
    let people = text.iter().flat_map(|text| [text.started_by, text.ended_by]).chain([dealt_by]);
    let people: Vec<i32> = people.flatten().collect();
    let people = users::names(reader, people).await?;
    let name_of = |id: Option<i32>| id.and_then(|id| people.get(&id).cloned());
    let instance = instances::by_ids(reader, run.instance_id.into_iter().collect()).await?;
    let tries = text.as_ref().and_then(|text| text.tries.as_deref());
    let follow_ups = store::follow_ups(reader, &run).await?;
    Ok(RunDetail {
        tries: tries.and_then(|tries| serde_json::from_str(tries).ok()).unwrap_or_default(),
        started_by: name_of(text.as_ref().and_then(|text| text.started_by)),
        ended_by: name_of(text.as_ref().and_then(|text| text.ended_by)),
        text,
        job: job_store::by_id(reader, run.job_id).await?,
        executor: executor.map(ExecutorView::from),
        instance: instance.into_iter().next(),
        follow_ups: named(services, follow_ups).await?,
        shards: shards::of(services, &run).await?,
        dealt_by: name_of(dealt_by),
        dealing,
        replay_of: replay_of(services, &run).await?,
        run,
    })
}

async fn replay_of(services: &Services, run: &Model) -> Result<Option<i64>> {
    if run.kind != RunKind::Manual {
        return Ok(None);
    }
    Ok(dealings::replayed_by(services.db.reader(), run.id).await?.map(|dealing| dealing.run_id))
}

/// With the names of their jobs, by job.
async fn named(services: &Services, mut runs: Vec<Model>) -> Result<Vec<FollowUp>> {
    let ids = runs.iter().map(|run| run.job_id).collect();
    let names: HashMap<i32, String> =
        job_store::names(services.db.reader(), ids).await?.into_iter().collect();
    runs.sort_unstable_by_key(|run| run.job_id);
    let follow_up = |run: Model| FollowUp { job_name: names.get(&run.job_id).cloned(), run };
    Ok(runs.into_iter().map(follow_up).collect())
}

/// Starts a job by hand, whether or not its schedule fires. Returns the id of the run, which waits
/// for the engine.
///
/// # Errors
/// [`Error::Invalid`] naming `parameter`, which replaces the job's for this run; [`Refusal::JobIs`] for a
/// job that is disabled.
pub async fn run_now(
    services: &Services,
    caller: &Caller,
    job_id: i32,
    parameter: Option<String>,
) -> Result<i64> {
    jobs::authorised(services, caller, Action::OperateJobs, job_id).await?;
    let request = Request::RunJob { id: job_id, parameter: parameter.clone() };
    let mut faults = Faults::default();
    let parameter = parameter.map(|text| faults.text("parameter", &text, jobs::PARAMETER_LENGTH));
    faults.into_result()?;
    let id = services.run_ids.take_one().await?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    let job = job_store::by_id_locked(&transaction, job_id).await?.ok_or(Error::NotFound("job"))?;
    if job.state == job::JobState::Disabled {
        return Err(Error::Refused(Refusal::JobIs(job.state)));
    }
    let parameter_given = parameter.clone();
    let text = asked_by(id, caller, parameter);
    let has_children = !job_children::of_parents(&transaction, &[job.id]).await?.is_empty();
    let bucket = job_store::bucket(&transaction, job.id).await?;
    let run = new_manual(id, &job, bucket, has_children, now);
    store::insert(&transaction, run, text).await?;
    let entry = Entry::of(Verb::Run, &job).with(json!({"run": id, "parameter": parameter_given}));
    let asked = Asked { request, version: job.version };
    approvals::commit(services, caller, transaction, asked, entry).await?;
    services.signals.publish_in(bucket, Change::Run(id));
    Ok(id)
}

/// Records that the caller has a run killed, which is what the engine does with it next.
///
/// # Errors
/// [`Refusal::RunEnded`].
pub async fn order_kill(services: &Services, caller: &Caller, id: i64) -> Result<()> {
    let (run, executor) = authorised(services, caller, Action::OperateJobs, id).await?;
    if run.state.is_final() {
        return Err(Error::Refused(Refusal::RunEnded));
    }
    let transaction = services.db.begin().await?;
    let job = job_store::by_id(&transaction, run.job_id).await?;
    let namespace_id = executor.map(|executor| executor.namespace_id);
    let entry = Entry::of(Verb::Kill, &RunOfJob { run: &run, job: job.as_ref(), namespace_id });
    let asked = Asked { request: Request::KillRun { id }, version: 0 };
    approvals::commit(services, caller, transaction, asked, entry).await
}

/// The run, if the caller may see it: then also its log.
pub(crate) async fn may_view(services: &Services, caller: &Caller, id: i64) -> Result<Model> {
    authorised(services, caller, Action::View, id).await.map(|(run, _)| run)
}

/// The run and its executor, if the caller may do that with it. A run whose executor is gone
/// belongs to no namespace.
async fn authorised(
    services: &Services,
    caller: &Caller,
    action: Action,
    id: i64,
) -> Result<(Model, Option<executor::Model>)> {
    const NO_NAMESPACE: i32 = 0;
    visible(caller)?;
    let run = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("run"))?;
    let executor = executors::by_id(services.db.reader(), run.executor_id).await?;
    let namespace = executor.as_ref().map_or(NO_NAMESPACE, |executor| executor.namespace_id);
    authorise(caller, action, Scope::Namespace { id: namespace, noun: "run" })?;
    Ok((run, executor))
}

/// What there is to say of a run before it goes out: who asked for it, and with which parameter if not with the
/// job's.
fn asked_by(run_id: i64, caller: &Caller, parameter: Option<String>) -> run_text::Model {
    run_text::Model {
        run_id,
        parameter,
        started_by: caller.account(),
        ended_by: None,
        tries: None,
        dispatch: None,
        result: None,
        late_result: None,
    }
}

/// A run that waits to be sent by the engine.
fn new_manual(id: i64, job: &job::Model, bucket: i16, has_children: bool, now: Millis) -> Model {
    let mut run = Model { kind: RunKind::Manual, slot: -id, ..Model::waiting(id, job, bucket, now) };
    Follows::of(job, has_children, run.attempt).mark(&mut run);
    run
}
