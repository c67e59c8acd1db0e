//! Deciding: approve, reject, cancel, and letting time decide.

use super::{Request, is_intact, store};
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Consent, Given, Scope, authorise};
use crate::fields::Faults;
use crate::rules::approval::{Hindrance, TRIES, check_decider, check_submitter, tries_left};
use crate::store::approvals::End;
use crate::{Error, Refusal, Result, Services, passwords, sessions};
use entity::approval::{ApprovalState, Model, Void};
use entity::audit_entry::Verb;
use entity::fault::Fault;
use sea_orm::DatabaseTransaction;

/// Bytes of a reason.
const REMARK_LENGTH: u32 = 1_000;
/// Rows that one sweep ends.
const SWEEP: u64 = 200;

/// What an approved change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub request: Request,
    /// The id of what was created, or of the run that was started or is to be killed.
    pub made: Option<i64>,
}

/// Approves a change, which is made in the same instant, on behalf of its submitter and with what he may do by
/// now. `code` is what the namespace's channel was told; where it has none, it is not looked at.
///
/// # Errors
/// [`Refusal::OwnApproval`], [`Refusal::ApprovalEnded`] also for the second of two at the same moment,
/// [`Refusal::ApprovalExpired`], [`Refusal::ApprovalCodeNotTold`]; [`Error::Invalid`] naming `code`, with the
/// tries that are left; [`Refusal::ApprovalVoid`] when the change cannot be made any more, and its approval has
/// ended with that.
pub async fn approve(services: &Services, caller: &Caller, id: i32, code: &str) -> Result<Done> {
    let approval = authorised(services, caller, Action::Approve, id).await?;
    check_decider(&approval, caller.user_id, services.clock.now())?;
    check_code(services, caller, &approval, code.trim()).await?;
    let request = Request::read(&approval.request)?;
    match perform(services, caller, &approval, request.clone()).await {
        Ok(made) => Ok(Done { request, made }),
        Err(error) => Err(fail(services, caller, &approval, error).await?),
    }
}

/// Rejects a change, with a reason of at most 1,000 bytes.
///
/// # Errors
/// [`Error::Invalid`] naming `remark`; else as for [`approve`].
pub async fn reject(services: &Services, caller: &Caller, id: i32, remark: &str) -> Result<()> {
    let approval = authorised(services, caller, Action::Approve, id).await?;
    check_decider(&approval, caller.user_id, services.clock.now())?;
    let mut faults = Faults::default();
    let remark = faults.text("remark", remark.trim(), REMARK_LENGTH);
    if remark.is_empty() {
        faults.add("remark", Fault::Required);
    }
    faults.into_result()?;
    end(services, caller, &approval, ApprovalState::Rejected, remark).await
}

/// Takes back what one submitted oneself.
///
/// # Errors
/// [`Refusal::NotOwnApproval`]; else as for [`approve`].
pub async fn cancel(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let approval = authorised(services, caller, Action::View, id).await?;
    check_submitter(&approval, caller.user_id, services.clock.now())?;
    end(services, caller, &approval, ApprovalState::Cancelled, String::new()).await
}

/// Ends those whose time is up, some hundreds at a time; call it every minute or so. Returns how many.
pub async fn expire(services: &Services) -> Result<usize> {
    let overdue = store::overdue(services.db.reader(), services.clock.now(), SWEEP).await?;
    let mut expired = 0;
    for approval in overdue {
        match end(services, &Caller::server(), &approval, ApprovalState::Expired, String::new()).await {
            Ok(()) => expired += 1,
            // Another server, or a person, was quicker.
            Err(Error::Refused(Refusal::ApprovalEnded)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(expired)
}

/// The stored approval, if the caller may do that with it.
pub(super) async fn authorised(
    services: &Services,
    caller: &Caller,
    action: Action,
    id: i32,
) -> Result<Model> {
    crate::authority::visible(caller)?;
    let approval = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("approval"))?;
    authorise(caller, action, Scope::Namespace { id: approval.namespace_id, noun: "approval" })?;
    Ok(approval)
}

/// Each code that is entered counts before it is compared, so that nobody tries more of them at once.
async fn check_code(services: &Services, caller: &Caller, approval: &Model, code: &str) -> Result<()> {
    if !approval.needs_code {
        return Ok(());
    }
    if code.is_empty() {
        return Err(Error::field("code", Fault::Required));
    }
    if approval.code_hash.is_none() {
        return Err(Hindrance::NoCode.into());
    }
    let transaction = services.db.begin().await?;
    if !store::count_try(&transaction, approval.id, TRIES).await? {
        return Err(Error::Refused(Refusal::ApprovalEnded));
    }
    let counted = store::by_id(&transaction, approval.id).await?.ok_or(Error::NotFound("approval"))?;
    transaction.commit().await?;
    if passwords::verify(code, counted.code_hash.as_deref()).await? {
        return Ok(());
    }
    let left = tries_left(&counted);
    if left == 0 {
        end(services, caller, approval, ApprovalState::Locked, String::new()).await?;
    }
    Err(Error::field("code", Fault::WrongCode { left }))
}

/// Asks the service for the change once more; the approval ends with it.
async fn perform(
    services: &Services,
    caller: &Caller,
    approval: &Model,
    request: Request,
) -> Result<Option<i64>> {
    if !is_intact(approval) {
        return Err(Error::Refused(Refusal::ApprovalVoid(Void::Changed)));
    }
    let submitter = sessions::caller(services, approval.submitted_by).await?;
    let given = Given { approver: caller.clone(), approval: approval.clone() };
    let submitter = Caller {
        // It was asked for while he could; an administrator who reset his password did not take it back.
        must_change_password: false,
        consent: Consent::Given(Box::new(given)),
        ..submitter
    };
    let made = request.perform(services, &submitter).await?;
    if let Some(id) = made.filter(|_| approval.object_id == 0) {
        let transaction = services.db.begin().await?;
        store::set_object(&transaction, approval.id, id).await?;
        transaction.commit().await?;
    }
    Ok(made)
}

/// What becomes of an approval whose change was refused: it is void, unless it has been made, or somebody else
/// was quicker, or nothing is wrong with the change. Returns what to tell.
async fn fail(services: &Services, caller: &Caller, approval: &Model, error: Error) -> Result<Error> {
    let Some(void) = void_of(&error) else { return Ok(error) };
    match end(services, caller, approval, ApprovalState::Void, void.code().to_owned()).await {
        Ok(()) => Ok(Error::Refused(Refusal::ApprovalVoid(void))),
        Err(Error::Refused(Refusal::ApprovalEnded)) => {
            let stored = store::by_id(services.db.reader(), approval.id).await?;
            let is_own = stored.is_some_and(|stored| {
                stored.state == ApprovalState::Applied && stored.decided_by == Some(caller.user_id)
            });
            // It was made, and the error is about what came after.
            Ok(if is_own { error } else { Error::Refused(Refusal::ApprovalEnded) })
        }
        Err(error) => Err(error),
    }
}

/// Why a change that was refused with this will never be made; none where it may be yet.
fn void_of(error: &Error) -> Option<Void> {
    match error {
        Error::Refused(Refusal::ApprovalVoid(void)) => Some(*void),
        Error::Refused(_) => Some(Void::Refused),
        Error::Conflict(_) => Some(Void::Changed),
        Error::NotFound(_) => Some(Void::Gone),
        Error::Invalid(_) => Some(Void::Invalid),
        Error::Unauthenticated | Error::Forbidden | Error::RoleNeeded(_) => Some(Void::NotAllowed),
        _ => None,
    }
}

/// Ends one that waits, without its change.
async fn end(
    services: &Services,
    caller: &Caller,
    approval: &Model,
    state: ApprovalState,
    remark: String,
) -> Result<()> {
    let transaction: DatabaseTransaction = services.db.begin().await?;
    let (by, name, at) = (caller.account(), caller.name.clone(), services.clock.now());
    let end = End { state, by, name, at, remark };
    if !store::end(&transaction, approval.id, end).await? {
        return Err(Error::Refused(Refusal::ApprovalEnded));
    }
    audit::commit(services, caller, transaction, [Entry::of_approval(verb(state), approval)]).await
}

fn verb(end: ApprovalState) -> Verb {
    match end {
        ApprovalState::Waiting => Verb::Submit,
        ApprovalState::Applied => Verb::Approve,
        ApprovalState::Rejected => Verb::Reject,
        ApprovalState::Cancelled => Verb::Cancel,
        ApprovalState::Expired => Verb::Expire,
        ApprovalState::Void => Verb::Void,
        ApprovalState::Locked => Verb::Lock,
    }
}
