//! Draining: an instance keeps the runs that it has and gets no more, so that it can be stopped without
//! losing any. It ends by itself with the process: what registers anew takes runs.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller};
use crate::signals::Change;
use crate::store::instances as store;
use crate::{Error, Result, Services, executors};
use entity::audit_entry::Verb;
use serde_json::json;

/// Lets an instance get no more runs; nothing changes where it drains already.
///
/// # Errors
/// [`Error::NotFound`] when it is not there.
pub async fn drain(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    set(services, caller, id, Verb::Drain).await
}

/// Lets an instance that drains get runs again; nothing changes where it does not.
///
/// # Errors
/// As for [`drain`].
pub async fn take_back(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    set(services, caller, id, Verb::TakeBack).await
}

async fn set(services: &Services, caller: &Caller, id: i32, verb: Verb) -> Result<()> {
    let found = store::by_ids(services.db.reader(), vec![id]).await?;
    let instance = found.into_iter().next().ok_or(Error::NotFound("instance"))?;
    let executor = executors::authorised(services, caller, Action::OperateJobs, instance.executor_id).await;
    // Whose it is, is nobody else's business.
    let executor = executor.map_err(|error| match error {
        Error::NotFound(_) => Error::NotFound("instance"),
        other => other,
    })?;
    if instance.gone_at.is_some() {
        return Err(Error::NotFound("instance"));
    }
    let since = (verb == Verb::Drain).then(|| services.clock.now());
    let transaction = services.db.begin().await?;
    if !store::set_draining(&transaction, id, since).await? {
        return Ok(transaction.rollback().await?);
    }
    let entry = Entry::of(verb, &executor).with(json!({ "address": instance.address }));
    audit::commit(services, caller, transaction, [entry]).await?;
    services.signals.publish(Change::Executor(executor.id));
    Ok(())
}
