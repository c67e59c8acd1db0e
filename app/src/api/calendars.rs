//! Calendars: their list and forms, and the choice among them.

use crate::api::may::May;
use crate::error::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of a new calendar, as its server function names it.
pub const NEW_FORM: &str = "calendar-new";
/// The form of a calendar that exists.
pub const EDIT_FORM: &str = "calendar-edit";

/// A calendar to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarChoice {
    pub id: i32,
    pub name: String,
    pub namespace: String,
}

/// One calendar with what its pages show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarView {
    pub id: i32,
    pub may: May,
    pub version: i32,
    pub namespace: String,
    pub settings: CalendarSettings,
    /// Jobs that use it.
    pub jobs: u64,
    pub updated_at: i64,
}

/// What can be changed about a calendar, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarSettings {
    pub name: String,
    #[serde(default)]
    pub days: String,
}

impl CalendarSettings {
    /// What the form's fields start with.
    pub fn values(&self) -> BTreeMap<String, String> {
        let Self { name, days } = self.clone();
        [("name", name), ("days", days)].into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A new calendar, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarForm {
    pub namespace_id: i32,
    pub name: String,
    #[serde(default)]
    pub days: String,
}

/// The calendars, by name; at most 1,000.
#[server]
pub async fn list_calendars() -> Result<Vec<CalendarView>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::calendars::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(|row| CalendarView::new(row, &caller)).collect())
}

/// The calendars that a job may name.
#[server]
pub async fn calendar_choices() -> Result<Vec<CalendarChoice>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::calendars::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(CalendarChoice::from).collect())
}

/// One calendar.
#[server]
pub async fn calendar(id: i32) -> Result<CalendarView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let row = scheduler::calendars::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    Ok(CalendarView::new(row, &caller))
}

/// Creates a calendar.
#[server]
pub async fn create_calendar(form: CalendarForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let typed = CalendarSettings { name: form.name.clone(), days: form.days.clone() }.into();
    match scheduler::calendars::create(&services, &caller, form.namespace_id, &typed).await {
        Ok(_) => {
            ssr::flash(Message::new("calendar_created"));
            ssr::redirect(&routes::calendars());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form, error).await),
    }
}

/// Changes a calendar of which `version` was shown; its jobs fire by it from now on.
#[server]
pub async fn edit_calendar(id: i32, version: i32, form: CalendarSettings) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    match scheduler::calendars::edit(&services, &caller, id, version, &form.clone().into()).await {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::calendars());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(EDIT_FORM, &form, error).await),
    }
}

/// Deletes a calendar that no job uses.
#[server]
pub async fn delete_calendar(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::calendars::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("calendar_deleted"));
    ssr::redirect(&routes::calendars());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use scheduler::authority::Caller;
    use scheduler::calendars::{CalendarEdit, CalendarRow};

    impl CalendarView {
        pub(super) fn new(row: CalendarRow, caller: &Caller) -> Self {
            let CalendarRow { calendar, namespace, jobs } = row;
            Self {
                may: May::inside(caller, namespace.id),
                id: calendar.id,
                version: calendar.version,
                namespace: namespace.title(),
                settings: CalendarSettings { name: calendar.name, days: calendar.days },
                jobs,
                updated_at: calendar.updated_at,
            }
        }
    }

    impl From<CalendarRow> for CalendarChoice {
        fn from(CalendarRow { calendar, namespace, .. }: CalendarRow) -> Self {
            Self { id: calendar.id, name: calendar.name, namespace: namespace.title() }
        }
    }

    impl From<CalendarSettings> for CalendarEdit {
        fn from(CalendarSettings { name, days }: CalendarSettings) -> Self {
            Self { name, days }
        }
    }
}
