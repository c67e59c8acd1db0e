//! What a job was: every definition that it had, and the way back to one.

use super::{JobDraft, authorised, edit};
use crate::audit;
use crate::authority::{Action, Caller};
use crate::store::{audit as audit_store, job_children};
use crate::{Error, Result, Services};
use entity::audit_entry::{Model as Entry, Noun};
use entity::job::Model;
use serde_json::Value;

/// Entries that are shown.
const LENGTH: u64 = 100;

/// What people did with a job, the newest first; at most 100. For whoever may see the job.
pub async fn history(services: &Services, caller: &Caller, id: i32) -> Result<Vec<Entry>> {
    authorised(services, caller, Action::View, id).await?;
    Ok(audit_store::of_object(services.db.reader(), Noun::Job, id.into(), LENGTH).await?)
}

/// Makes the job, of which `version` was shown, what it was after the change with this number. Its state and
/// its source stay as they are: the source has versions of its own.
///
/// # Errors
/// [`Error::NotFound`] for a change that is not there, was another job's or left no definition; else as for
/// [`edit`].
pub async fn revert(services: &Services, caller: &Caller, id: i32, version: i32, seq: i64) -> Result<Model> {
    let job = authorised(services, caller, Action::ManageJobs, id).await?;
    let reader = services.db.reader();
    let entry = audit_store::by_seq(reader, seq).await?;
    let entry = entry.filter(|entry| entry.noun == Noun::Job && entry.object_id == i64::from(id));
    let was = entry.as_ref().and_then(definition).ok_or(Error::NotFound("definition"))?;
    let children = job_children::of_parents(reader, &[id]).await?;
    let now = JobDraft::of(&job, children.into_iter().map(|link| link.child_id).collect());
    edit(services, caller, id, version, with(now, &was)?).await
}

/// The definition that an entry left, if it left one.
pub fn definition(entry: &Entry) -> Option<Value> {
    let verbs = [entity::audit_entry::Verb::Create, entity::audit_entry::Verb::Edit];
    let after = entry.after.as_deref().filter(|_| verbs.contains(&entry.verb))?;
    serde_json::from_str(after).ok()
}

/// The draft with the fields of a recorded definition. One that was written before there was some field does
/// not have it: there the job keeps what it has.
fn with(draft: JobDraft, was: &Value) -> Result<JobDraft> {
    let unreadable =
        |error: serde_json::Error| Error::Internal(format!("a definition of the audit: {error}"));
    let mut fields = serde_json::to_value(draft).map_err(unreadable)?;
    if let (Some(fields), Some(was)) = (fields.as_object_mut(), was.as_object()) {
        for (name, value) in was.iter().filter(|(name, _)| *name != audit::SOURCE_DIGEST) {
            fields.insert(name.clone(), value.clone());
        }
    }
    serde_json::from_value(fields).map_err(unreadable)
}
