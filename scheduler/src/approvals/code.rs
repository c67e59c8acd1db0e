//! Sending the code of an approval again: a new one, and the one before does not hold any more.

use super::decide::authorised;
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller};
use crate::rules::approval::{CODE_PAUSE_MS, Hindrance, check_decider};
use crate::store::deliveries;
use crate::{Error, Refusal, Result, Services};
use entity::audit_entry::Verb;

/// Tells the channel of an approval once more, for whoever may approve it. What was entered wrong counts on.
///
/// # Errors
/// [`Refusal::CodeSentLately`], so that nobody floods a group; [`Refusal::ApprovalCodeNotTold`] where it takes none;
/// else as for [`super::approve`].
pub async fn send_code(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let approval = authorised(services, caller, Action::Approve, id).await?;
    let now = services.clock.now();
    check_decider(&approval, caller.user_id, now)?;
    let alert_id = approval.alert_id.filter(|_| approval.needs_code).ok_or(Hindrance::NoCode)?;
    let found = deliveries::of_alerts(services.db.reader(), vec![alert_id]).await?.pop();
    let delivery = found.ok_or(Hindrance::NoCode)?;
    let wait = delivery.tried_at.unwrap_or(delivery.created_at) + CODE_PAUSE_MS - now;
    let transaction = services.db.begin().await?;
    // Whoever asks at the same moment finds that it was sent just now.
    if wait > 0 || !deliveries::begin_anew(&transaction, &delivery, now).await? {
        return Err(Error::Refused(Refusal::CodeSentLately(wait.max(1_000).cast_unsigned().div_ceil(1_000))));
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::SendAgain, &approval)]).await
}
