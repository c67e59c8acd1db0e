//! Telling the channel of a namespace's approvals of one, and the code that it takes. The code is made when the
//! message goes out, for each attempt another one, and is stored only as its hash: the one that was told last
//! is the one that holds.

use super::tell_new;
use crate::rules::alerts::asking::Asking;
use crate::rules::alerts::content::Content;
use crate::rules::approval::CODE_LENGTH;
use crate::store::approvals;
use crate::{Result, Services, passwords};
use entity::channel::Model as Channel;
use entity::{approval, namespace};
use sea_orm::DatabaseTransaction;

/// Writes down that a channel is to be told of an approval; the id of the message.
pub(crate) async fn announce(
    transaction: &DatabaseTransaction,
    approval: &approval::Model,
    namespace: &namespace::Model,
    channel: Channel,
) -> Result<i32> {
    let asking = Asking {
        approval: approval.id,
        namespace: namespace.title(),
        submitter: approval.submitter.clone(),
        noun: approval.noun,
        verb: approval.verb,
        object: approval.object.clone(),
        code: None,
    };
    let content = Content::Asking(asking);
    tell_new(transaction, namespace.id, None, &content, &[channel], approval.submitted_at).await
}

/// What goes out: for an approval with a code that holds from now on; none where it does not wait any more.
pub(super) async fn with_code(services: &Services, content: Content) -> Result<Option<Content>> {
    let Content::Asking(asking) = content else { return Ok(Some(content)) };
    let code = passwords::random_text(CODE_LENGTH);
    let hash = passwords::hash(&code).await?;
    let transaction = services.db.begin().await?;
    if !approvals::set_code(&transaction, asking.approval, hash).await? {
        return Ok(None);
    }
    transaction.commit().await?;
    Ok(Some(Content::Asking(Asking { code: Some(code), ..asking })))
}

/// An answer that repeats the code must not show it to whoever may look at deliveries.
pub(super) fn without_code(content: &Content, answer: String) -> String {
    match content {
        Content::Asking(Asking { code: Some(code), .. }) => answer.replace(code, "***"),
        _ => answer,
    }
}
