//! Jobs of which it cannot be read any more when they fire.

use super::JobName;
use crate::Result;
use crate::authority::Visible;
use crate::rules::timetable::{Definition, Timetable};
use crate::store::{calendars, jobs as store};
use entity::fault::FieldFault;
use entity::job::Model;
use entity::{Millis, calendar};
use sea_orm::DatabaseConnection;
use std::collections::HashMap;

/// Overdue jobs that are looked through. Nothing else is overdue for long but what is frozen.
const READ: u64 = 1_000;

/// What is wrong with a stored job whose next fire cannot be computed; nothing where it can.
pub fn unreadable(job: &Model, calendar: Option<&calendar::Model>) -> Vec<FieldFault> {
    Timetable::parse(Definition::of(job, calendar)).err().unwrap_or_default()
}

/// Visible jobs that are due and do not fire for that reason: the cursor of such a job stays where it is.
/// The one that waits for longest comes first.
pub async fn all_unreadable(
    reader: &DatabaseConnection,
    visible: &Visible,
    now: Millis,
) -> Result<Vec<JobName>> {
    let jobs = store::overdue(reader, visible, now, READ).await?;
    let ids: Vec<i32> = jobs.iter().filter_map(|job| job.calendar_id).collect();
    let calendars = match ids.is_empty() {
        true => Vec::new(),
        false => calendars::by_ids(reader, ids).await?,
    };
    let calendars: HashMap<i32, calendar::Model> =
        calendars.into_iter().map(|calendar| (calendar.id, calendar)).collect();
    let is_unreadable = |job: &Model| {
        let calendar = job.calendar_id.and_then(|id| calendars.get(&id));
        !unreadable(job, calendar).is_empty()
    };
    let found = jobs.into_iter().filter(is_unreadable);
    Ok(found.map(|job| JobName { id: job.id, name: job.name }).collect())
}
