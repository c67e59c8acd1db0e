//! The handlers of an executor, for whoever gives it a job.

use super::authorised;
use crate::authority::{Action, Caller};
use crate::rules::handlers::{Announcing, KnownHandlers, known};
use crate::store::{instance_handlers, instances, jobs};
use crate::{Result, Services};
use std::collections::HashMap;

/// Instances of an executor mostly announce the same: different announcements beyond these are not read.
const MOST_GROUPS: u64 = 100;
/// Handlers that jobs name.
const MOST_IN_JOBS: u64 = 500;

/// What is known of the handlers of an executor.
pub async fn handlers(services: &Services, caller: &Caller, id: i32) -> Result<KnownHandlers> {
    authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let groups = instances::groups(reader, id, MOST_GROUPS).await?;
    let rows = instance_handlers::of_groups(reader, &groups).await?;
    let mut names: HashMap<i32, String> = rows.into_iter().map(|row| (row.instance_id, row.names)).collect();
    let announcing = groups.iter().map(|group| Announcing {
        handlers: names.remove(&group.one_of_them).map(|names| names.lines().map(str::to_owned).collect()),
        instances: group.count.unsigned_abs(),
    });
    let announcing: Vec<Announcing> = announcing.collect();
    let in_jobs = jobs::handlers_of_executor(reader, id, MOST_IN_JOBS).await?;
    let known = known(announcing, in_jobs);
    // With more groups than were read nobody knows what the others have.
    let complete = known.complete && (groups.len() as u64) < MOST_GROUPS;
    Ok(KnownHandlers { complete, ..known })
}
