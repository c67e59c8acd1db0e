//! Why an instance does not come in: registrations that were refused are kept for a day, for its page.

use super::{RegisterOutcome, RegistrationCall};
use crate::authority::{Action, Caller, Visible, visible};
use crate::store::turned_away::{self as store, Attempt};
use crate::{Result, Services, executors};
use entity::Millis;
use entity::turned_away::{Cause, Model, NOBODY, TEXT_LENGTH};

/// How long one is kept after its last try.
const KEPT: Millis = 24 * 3_600_000;
/// Of one executor, and of all unknown app names together: whoever makes them up does not fill the table.
const MOST: u64 = 20;

/// Notes a refusal at the executors that it concerns; none means that no executor has the app name.
pub(super) async fn note(
    services: &Services,
    call: &RegistrationCall,
    concerned: &[i32],
    outcome: &RegisterOutcome,
) -> Result<()> {
    let Some(cause) = cause(outcome) else { return Ok(()) };
    let (app_name, address) = (cut(&call.app_name), cut(&call.address));
    let now = services.clock.now();
    let concerned = if concerned.is_empty() { &[NOBODY] } else { concerned };
    let transaction = services.db.begin().await?;
    for &executor_id in concerned {
        let attempt =
            Attempt { executor_id, app_name: &app_name, address: &address, cause, client: call.client };
        if !store::count(&transaction, attempt, now).await? {
            store::prune(&transaction, now - KEPT).await?;
            store::add(&transaction, attempt, MOST, now).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// What was refused of an executor within a day, the latest first.
///
/// # Errors
/// [`crate::Error::NotFound`] also for an executor that the caller may not see.
pub async fn turned_away(services: &Services, caller: &Caller, executor_id: i32) -> Result<Vec<Model>> {
    executors::authorised(services, caller, Action::View, executor_id).await?;
    of(services, executor_id).await
}

/// What was refused because no executor has the app name; it belongs to no namespace, so only those see it
/// who see all.
pub async fn strangers(services: &Services, caller: &Caller) -> Result<Vec<Model>> {
    match visible(caller)? {
        Visible::All => of(services, NOBODY).await,
        Visible::Only(_) => Ok(Vec::new()),
    }
}

async fn of(services: &Services, executor_id: i32) -> Result<Vec<Model>> {
    let since = services.clock.now() - KEPT;
    Ok(store::of_executor(services.db.reader(), executor_id, since, MOST).await?)
}

/// A call that makes no sense has no place to be shown at.
fn cause(outcome: &RegisterOutcome) -> Option<Cause> {
    match outcome {
        RegisterOutcome::Done { .. } | RegisterOutcome::Malformed => None,
        RegisterOutcome::BadAddress => Some(Cause::BadAddress),
        RegisterOutcome::BadLabels => Some(Cause::BadLabels),
        RegisterOutcome::UnknownAppName => Some(Cause::UnknownAppName),
        RegisterOutcome::WrongToken => Some(Cause::WrongToken),
        RegisterOutcome::TooMany => Some(Cause::TooMany),
        RegisterOutcome::BadAnnouncement => Some(Cause::BadAnnouncement),
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().filter(|char| !char.is_control()).take(TEXT_LENGTH).collect()
}
