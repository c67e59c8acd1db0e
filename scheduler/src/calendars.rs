//! Calendars: lists of days that jobs fire on, or do not fire on.
//!
//! An edit of a calendar is a new version of each of its jobs, in the same transaction: their cursors are
//! found anew, and every server reads their definitions again, as after an edit of the job itself.

use crate::approvals::{self, Asked, Request};
use crate::audit::Entry;
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::jobs::{Timed, ids_for_held, save};
use crate::rules;
use crate::signals::Change;
use crate::store::{calendars as store, jobs as job_store, namespaces};
use crate::{Error, Refusal, Result, Services};
use entity::calendar::{ActiveModel, Model};
use entity::fault::Fault;
use entity::{Millis, namespace};
use sea_orm::{DatabaseTransaction, Set};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const NAME_LENGTH: u32 = 120;
/// Bytes.
const DAYS_LENGTH: u32 = 128 << 10;
/// Rows of a list at most.
pub const LIST_LENGTH: u64 = 1000;

/// What can be changed about a calendar. The names of wrong fields are the names here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEdit {
    pub name: String,
    /// As [`Model::days`].
    pub days: String,
}

/// A calendar and how many jobs use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRow {
    pub calendar: Model,
    pub namespace: namespace::Model,
    pub jobs: u64,
}

/// The calendars that the caller may see, by name; at most [`LIST_LENGTH`].
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<CalendarRow>> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let calendars = store::list(reader, &visible, LIST_LENGTH).await?;
    let jobs = store::job_counts(reader, calendars.iter().map(|found| found.id).collect()).await?;
    let namespaces = namespaces::list(reader, &visible).await?;
    let namespaces: HashMap<_, _> = namespaces.into_iter().map(|found| (found.id, found)).collect();
    let row = |calendar: Model| {
        Some(CalendarRow {
            namespace: namespaces.get(&calendar.namespace_id)?.clone(),
            jobs: jobs.get(&calendar.id).copied().unwrap_or(0),
            calendar,
        })
    };
    Ok(calendars.into_iter().filter_map(row).collect())
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<CalendarRow> {
    let calendar = authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let namespace = namespaces::by_id(reader, calendar.namespace_id).await?;
    Ok(CalendarRow {
        namespace: namespace.ok_or(Error::NotFound("namespace"))?,
        jobs: store::job_count(reader, id).await?,
        calendar,
    })
}

/// # Errors
/// [`Error::Invalid`] naming `namespace_id`, `name`, `days`.
pub async fn create(
    services: &Services,
    caller: &Caller,
    namespace_id: i32,
    typed: &CalendarEdit,
) -> Result<Model> {
    authorise(caller, Action::ManageJobs, Scope::Namespace { id: namespace_id, noun: "namespace" })?;
    let CalendarEdit { name, days } = typed.checked()?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    // Locked: it is not deleted meanwhile.
    if namespaces::by_id_locked(&transaction, namespace_id).await?.is_none() {
        return Err(Error::field("namespace_id", Fault::Unknown));
    }
    check_name_free(&transaction, namespace_id, &name, None).await?;
    let row = ActiveModel {
        namespace_id: Set(namespace_id),
        name: Set(name),
        days: Set(days),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    let calendar = store::insert(&transaction, row).await.map_err(name_taken)?;
    let request = Request::CreateCalendar { namespace_id, edit: typed.clone() };
    let entry = Entry::created(&calendar);
    approvals::commit(services, caller, transaction, Asked { request, version: 0 }, entry).await?;
    Ok(calendar)
}

/// Changes a calendar of which `version` was shown; its namespace never changes. Other days hold for its
/// jobs from now on.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] as for [`create`].
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    typed: &CalendarEdit,
) -> Result<Model> {
    let stored = authorised(services, caller, Action::ManageJobs, id).await?;
    let CalendarEdit { name, days } = typed.checked()?;
    let now = services.clock.now();
    let mut ids = held_ids(services, id, now).await?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("calendar"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    check_name_free(&transaction, stored.namespace_id, &name, Some(id)).await?;
    let changes = ActiveModel {
        name: Set(name),
        days: Set(days.clone()),
        updated_at: Set(now),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    store::update(&transaction, id, version, changes).await.map_err(name_taken)?;
    let jobs = if days == before.days { Vec::new() } else { store::job_ids(&transaction, id).await? };
    let mut skipped = Vec::new();
    for job_id in &jobs {
        let Some(job) = job_store::by_id_locked(&transaction, *job_id).await? else { continue };
        let timed = Timed { job, calendar: Some(before.clone()) };
        let ids = ids.remove(job_id).unwrap_or_default();
        let saved = save(&transaction, caller, &timed, Default::default(), now, ids).await?;
        skipped.extend(saved.skipped);
    }
    let calendar = store::by_id(&transaction, id).await?.ok_or(Error::NotFound("calendar"))?;
    let asked = Asked { request: Request::EditCalendar { id, version, edit: typed.clone() }, version };
    approvals::commit(services, caller, transaction, asked, Entry::edited(&before, &calendar)).await?;
    jobs.into_iter().for_each(|job| services.signals.publish(Change::Job(job)));
    skipped.into_iter().for_each(|run| services.signals.publish(Change::Run(run)));
    Ok(calendar)
}

/// # Errors
/// [`Refusal::CalendarHasJobs`] while jobs use it.
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorised(services, caller, Action::ManageJobs, id).await?;
    let transaction = services.db.begin().await?;
    let calendar = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("calendar"))?;
    match store::job_count(&transaction, id).await? {
        0 => {}
        jobs => return Err(Error::Refused(Refusal::CalendarHasJobs(jobs))),
    }
    store::delete(&transaction, id).await?;
    let asked = Asked { request: Request::DeleteCalendar { id }, version: calendar.version };
    approvals::commit(services, caller, transaction, asked, Entry::deleted(&calendar)).await
}

impl CalendarEdit {
    /// In the form that is stored.
    fn checked(&self) -> Result<Self> {
        let mut faults = Faults::default();
        let name = faults.required_line("name", &self.name, NAME_LENGTH);
        let days = faults.text("days", self.days.trim(), DAYS_LENGTH);
        if let Err(fault) = rules::calendar::Calendar::parse(&days) {
            faults.add("days", fault);
        }
        faults.into_result()?;
        Ok(Self { name, days })
    }
}

/// For each job of a calendar that has held fires, ids for their rows.
async fn held_ids(services: &Services, id: i32, now: Millis) -> Result<HashMap<i32, Vec<i64>>> {
    let reader = services.db.reader();
    let mut ids = HashMap::new();
    for job_id in store::job_ids(reader, id).await? {
        if let Some(job) = job_store::by_id(reader, job_id).await? {
            ids.insert(job_id, ids_for_held(services, &job, now).await?);
        }
    }
    Ok(ids)
}

/// The stored calendar, if the caller may do that with it.
async fn authorised(services: &Services, caller: &Caller, action: Action, id: i32) -> Result<Model> {
    visible(caller)?;
    let calendar = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("calendar"))?;
    authorise(caller, action, Scope::Namespace { id: calendar.namespace_id, noun: "calendar" })?;
    Ok(calendar)
}

async fn check_name_free(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    name: &str,
    own_id: Option<i32>,
) -> Result<()> {
    match store::id_by_name(transaction, namespace_id, name).await? {
        Some(holder) if Some(holder) != own_id => {
            Err(Error::field("name", Fault::Taken { id: Some(holder.into()) }))
        }
        _ => Ok(()),
    }
}

/// Two people may take the same name at the same moment: the unique index tells.
fn name_taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("name", Fault::Taken { id: None }) } else { error.into() }
}
