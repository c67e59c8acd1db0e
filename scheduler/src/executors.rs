//! Executors: the applications that run jobs, their credentials and typed addresses.

mod draft;
mod handlers;
mod manual;

use crate::approvals::{self, Asked, Request};
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::is_taken;
use crate::signals::Change;
use crate::store::{buckets, executors as store, instances, namespaces, runs, turned_away};
use crate::{Error, Refusal, Result, Services, passwords};
use draft::{Settings, check_token};
use entity::audit_entry::{Noun, Verb};
use entity::fault::Fault;
use entity::{Millis, executor, instance, namespace};
use sea_orm::{DatabaseTransaction, Set};
use std::collections::HashMap;

pub use crate::rules::handlers::{KnownHandler, KnownHandlers};
pub use crate::store::executors::ExecutorFilter;
pub use draft::{ExecutorDraft, ExecutorEdit};
pub use handlers::handlers;

/// How long the token before a rotation is still accepted, unless said otherwise.
pub const TOKEN_OVERLAP: Millis = 24 * 3_600_000;
/// Rows of a list at most.
pub const LIST_LENGTH: u64 = 1000;
const TOKEN_LENGTH: usize = 43;
/// How long an instance that left is still shown.
const GONE_SHOWN: Millis = 24 * 3_600_000;
/// Instances that the page of an executor names; it counts the others.
pub const INSTANCES_SHOWN: u64 = 200;
/// Addresses that a line of the list names.
pub const ADDRESSES_SHOWN: u64 = 5;

/// An executor without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorView {
    pub id: i32,
    pub namespace_id: i32,
    pub app_name: String,
    pub title: String,
    pub registration: executor::Registration,
    /// Typed addresses, one a line.
    pub addresses: String,
    /// How many of its runs may be out; 0 = any number.
    pub max_parallel: i32,
    /// Until when the token before the last rotation is accepted; none when it is not.
    pub old_token_until: Option<Millis>,
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
}

impl From<executor::Model> for ExecutorView {
    fn from(executor: executor::Model) -> Self {
        Self {
            id: executor.id,
            namespace_id: executor.namespace_id,
            app_name: executor.app_name,
            title: executor.title,
            registration: executor.registration,
            addresses: executor.addresses,
            max_parallel: executor.max_parallel,
            old_token_until: executor.old_token_until,
            version: executor.version,
            created_at: executor.created_at,
            updated_at: executor.updated_at,
        }
    }
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorRow {
    pub executor: ExecutorView,
    pub namespace: namespace::Model,
    /// Instances that are there.
    pub online: u64,
    /// Addresses of some of them, at most [`ADDRESSES_SHOWN`].
    pub addresses: Vec<String>,
    pub jobs: u64,
}

/// One executor with its instances: those that are there, and those that left within a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorDetail {
    pub executor: ExecutorView,
    pub namespace: namespace::Model,
    /// The first [`INSTANCES_SHOWN`] of them.
    pub instances: Vec<instance::Model>,
    /// How many are there.
    pub online: u64,
    /// How many left within a day.
    pub gone: u64,
    /// How many runs are out, by instance; those without any are missing.
    pub out: HashMap<i32, i64>,
    pub jobs: u64,
}

/// The executors that the caller may see and that match, by app name; at most [`LIST_LENGTH`].
pub async fn list(services: &Services, caller: &Caller, filter: &ExecutorFilter) -> Result<Vec<ExecutorRow>> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let executors = store::list(reader, &visible, filter, LIST_LENGTH).await?;
    let ids: Vec<i32> = executors.iter().map(|executor| executor.id).collect();
    let online = instances::online_counts(reader, ids.clone()).await?;
    let mut addresses: HashMap<i32, Vec<String>> = HashMap::new();
    for instance in instances::online_of(reader, &ids, ADDRESSES_SHOWN).await? {
        addresses.entry(instance.executor_id).or_default().push(instance.address);
    }
    let jobs = store::job_counts(reader, ids).await?;
    let namespaces = namespaces::list(reader, &visible).await?;
    let namespaces: HashMap<_, _> = namespaces.into_iter().map(|found| (found.id, found)).collect();
    let row = |executor: executor::Model| {
        Some(ExecutorRow {
            namespace: namespaces.get(&executor.namespace_id)?.clone(),
            online: online.get(&executor.id).copied().unwrap_or(0),
            addresses: addresses.remove(&executor.id).unwrap_or_default(),
            jobs: jobs.get(&executor.id).copied().unwrap_or(0),
            executor: executor.into(),
        })
    };
    Ok(executors.into_iter().filter_map(row).collect())
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<ExecutorDetail> {
    let reader = services.db.reader();
    let executor = authorised(services, caller, Action::View, id).await?;
    let namespace = namespaces::by_id(reader, executor.namespace_id).await?;
    let gone_since = services.clock.now() - GONE_SHOWN;
    let online = instances::online_counts(reader, vec![id]).await?;
    Ok(ExecutorDetail {
        instances: instances::of_executor(reader, id, gone_since, INSTANCES_SHOWN).await?,
        online: online.get(&id).copied().unwrap_or(0),
        gone: instances::gone_count(reader, id, gone_since).await?,
        out: runs::count_out_by_instance(reader, id).await?,
        jobs: store::job_count(reader, id).await?,
        namespace: namespace.ok_or(Error::NotFound("namespace"))?,
        executor: executor.into(),
    })
}

/// Creates an executor. Returns its token, which nothing shows again.
///
/// # Errors
/// [`Error::Invalid`] naming `namespace_id`, `app_name`, `title`, `addresses`, `token`.
pub async fn create(
    services: &Services,
    caller: &Caller,
    draft: ExecutorDraft,
) -> Result<(ExecutorView, String)> {
    // A token is a secret, which nothing keeps: what waits for approval gets one when it is created.
    let request = Request::CreateExecutor { draft: ExecutorDraft { token: None, ..draft.clone() } };
    let ExecutorDraft { namespace_id, token, edit } = draft;
    let namespace = Scope::Namespace { id: namespace_id, noun: "namespace" };
    authorise(caller, Action::ManageExecutors, namespace)?;
    let settings = Settings::check(&edit, |faults| check_token(faults, token.as_deref()))?;
    let has_token = token.is_some();
    let token = token.unwrap_or_else(new_token);
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    // Locked: it is not deleted meanwhile.
    let namespace = namespaces::by_id_locked(&transaction, namespace_id).await?;
    let namespace = namespace.ok_or_else(|| Error::field("namespace_id", Fault::Unknown))?;
    if has_token && approvals::waits(caller, &namespace, Noun::Executor, Verb::Create) {
        return Err(Error::field("token", Fault::NotKept));
    }
    check_name_free(&transaction, namespace_id, &settings.app_name, None).await?;
    let row = executor::ActiveModel {
        namespace_id: Set(namespace_id),
        token: Set(token.clone()),
        old_token: Set(None),
        old_token_until: Set(None),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
        ..settings.columns()
    };
    let executor = store::insert(&transaction, row).await.map_err(name_taken)?;
    manual::set_instances(&transaction, executor.id, &settings, now).await?;
    let asked = Asked { request, version: 0 };
    approvals::commit(services, caller, transaction, asked, Entry::created(&executor)).await?;
    services.signals.publish(Change::Executor(executor.id));
    Ok((executor.into(), token))
}

/// Changes an executor of which `version` was shown. Its namespace never changes.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] as for [`create`].
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    edit: &ExecutorEdit,
) -> Result<ExecutorView> {
    let stored = authorised(services, caller, Action::ManageExecutors, id).await?;
    let settings = Settings::check(edit, |_| ())?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    check_name_free(&transaction, stored.namespace_id, &settings.app_name, Some(id)).await?;
    let updated = store::update(&transaction, id, version, settings.columns(), now).await;
    if !updated.map_err(name_taken)? {
        return Err(conflict(&transaction, id).await);
    }
    manual::set_instances(&transaction, id, &settings, now).await?;
    let executor = store::by_id(&transaction, id).await?.ok_or(Error::NotFound("executor"))?;
    if (stored.max_parallel > 0) != (executor.max_parallel > 0) {
        buckets::of_executor(&transaction, id, executor.max_parallel).await?;
    }
    let asked = Asked { request: Request::EditExecutor { id, version, edit: edit.clone() }, version };
    approvals::commit(services, caller, transaction, asked, Entry::edited(&stored, &executor)).await?;
    services.signals.publish(Change::Executor(id));
    Ok(executor.into())
}

/// Gives an executor a new token, which is returned and shown by nothing else. The one before is
/// accepted for `overlap` milliseconds more ([`TOKEN_OVERLAP`]; 0 = not at all).
pub async fn rotate_token(
    services: &Services,
    caller: &Caller,
    id: i32,
    overlap: Millis,
) -> Result<(ExecutorView, String)> {
    let stored = authorised(services, caller, Action::ManageExecutors, id).await?;
    let (token, now) = (new_token(), services.clock.now());
    let kept = (overlap > 0).then_some(stored.token);
    let changes = executor::ActiveModel {
        token: Set(token.clone()),
        old_token_until: Set(kept.as_ref().map(|_| now + overlap)),
        old_token: Set(kept),
        ..Default::default()
    };
    let transaction = services.db.begin().await?;
    if !store::update(&transaction, id, stored.version, changes, now).await? {
        return Err(conflict(&transaction, id).await);
    }
    let executor = store::by_id(&transaction, id).await?.ok_or(Error::NotFound("executor"))?;
    audit::commit(services, caller, transaction, [Entry::of(Verb::RotateToken, &executor)]).await?;
    services.signals.publish(Change::Executor(id));
    Ok((executor.into(), token))
}

/// Deletes an executor and its instances.
///
/// # Errors
/// [`Refusal::ExecutorHasJobs`] while it has jobs.
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorised(services, caller, Action::ManageExecutors, id).await?;
    let transaction = services.db.begin().await?;
    let executor = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("executor"))?;
    match store::job_count(&transaction, id).await? {
        0 => {}
        jobs => return Err(Error::Refused(Refusal::ExecutorHasJobs(jobs))),
    }
    instances::delete_of_executor(&transaction, id).await?;
    turned_away::delete_of_executor(&transaction, id).await?;
    store::delete(&transaction, id).await?;
    let asked = Asked { request: Request::DeleteExecutor { id }, version: executor.version };
    approvals::commit(services, caller, transaction, asked, Entry::deleted(&executor)).await?;
    services.signals.publish(Change::Executor(id));
    Ok(())
}

/// The stored executor, if the caller may do that with it.
pub(crate) async fn authorised(
    services: &Services,
    caller: &Caller,
    action: Action,
    id: i32,
) -> Result<executor::Model> {
    // Whoever must change the password first learns nothing about ids either.
    visible(caller)?;
    let executor = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("executor"))?;
    authorise(caller, action, Scope::Namespace { id: executor.namespace_id, noun: "executor" })?;
    Ok(executor)
}

/// About 248 bits.
fn new_token() -> String {
    passwords::random_text(TOKEN_LENGTH)
}

async fn conflict(transaction: &DatabaseTransaction, id: i32) -> Error {
    match store::by_id(transaction, id).await {
        Ok(Some(stored)) => Error::Conflict(stored.version),
        Ok(None) => Error::NotFound("executor"),
        Err(error) => error.into(),
    }
}

async fn check_name_free(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    app_name: &str,
    own_id: Option<i32>,
) -> Result<()> {
    match store::by_name(transaction, namespace_id, app_name).await? {
        Some(holder) if Some(holder.id) != own_id => {
            Err(Error::field("app_name", Fault::Taken { id: Some(holder.id.into()) }))
        }
        _ => Ok(()),
    }
}

/// Two people may take the same name at the same moment: the unique index tells.
fn name_taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("app_name", Fault::Taken { id: None }) } else { error.into() }
}
