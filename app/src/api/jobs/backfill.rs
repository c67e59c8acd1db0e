//! Running a job for past times of its schedule.

use crate::error::{AppError, FieldError};
#[cfg(feature = "ssr")]
use crate::{api::jobs::PREVIEW, error::Message, routes, ssr};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `id` of the form.
pub const BACKFILL_FORM: &str = "backfill";

/// As it is typed: times on the clock of the job's zone, and how many runs may be out at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackfillForm {
    pub from: String,
    pub until: String,
    pub parallel: String,
}

/// What would run, or what is wrong with what is typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PastTimes {
    /// Milliseconds UTC.
    Found {
        count: u32,
        first: i64,
        last: i64,
    },
    Wrong(Vec<FieldError>),
}

impl BackfillForm {
    /// By field name.
    pub fn values(&self) -> BTreeMap<String, String> {
        let Self { from, until, parallel } = self.clone();
        let values = [("from", from), ("until", until), ("parallel", parallel)];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The reverse of [`Self::values`]; what is missing stays empty.
    pub fn from_values(values: &BTreeMap<String, String>) -> Self {
        let value = |name: &str| values.get(name).cloned().unwrap_or_default();
        Self { from: value("from"), until: value("until"), parallel: value("parallel") }
    }
}

/// How many times of a job's schedule lie in what is being typed, the first and the last. Something half typed is no failure:
/// what is wrong with it is part of the answer.
#[server]
pub async fn preview_backfill(id: i32, form: BackfillForm) -> Result<PastTimes, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let found = match form.draft() {
        Ok(draft) => scheduler::runs::preview_backfill(&services, &caller, id, &draft).await,
        Err(wrong) => return PastTimes::new(Err(wrong)).map_err(ssr::refuse),
    };
    PastTimes::new(found.map_err(AppError::from)).map_err(ssr::refuse)
}

/// Runs a job for past times, and goes to the list of the job's runs. With the `intent` `preview` nothing is done.
#[server]
pub async fn backfill_job(
    id: i32,
    form: BackfillForm,
    #[server(default)] intent: String,
) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    if intent == PREVIEW {
        ssr::return_form(BACKFILL_FORM, &form).await;
        return Ok(());
    }
    let started = match form.draft() {
        Ok(draft) => scheduler::runs::backfill(&services, &caller, id, &draft).await.map_err(AppError::from),
        Err(error) => Err(error),
    };
    match started {
        Ok(count) => {
            ssr::flash(Message::new("backfill_started").arg("n", count));
            ssr::redirect(&routes::runs_of_job(id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(BACKFILL_FORM, &form, error).await),
    }
}

#[cfg(feature = "ssr")]
mod to_domain {
    use super::{BackfillForm, PastTimes};
    use crate::error::{AppError, ErrorKind, Message};
    use scheduler::runs::BackfillDraft;

    impl BackfillForm {
        pub(super) fn draft(&self) -> Result<BackfillDraft, AppError> {
            let wrong = |_| AppError::invalid_field("parallel", Message::new("not_a_number"));
            let parallel = self.parallel.trim().parse().map_err(wrong)?;
            Ok(BackfillDraft { from: self.from.clone(), until: self.until.clone(), parallel })
        }
    }

    impl PastTimes {
        /// # Errors
        /// What is not about a field.
        pub(super) fn new(found: Result<Vec<i64>, AppError>) -> Result<Self, AppError> {
            match found {
                Ok(times) => Ok(Self::Found {
                    count: u32::try_from(times.len()).unwrap_or(u32::MAX),
                    first: times.first().copied().unwrap_or_default(),
                    last: times.last().copied().unwrap_or_default(),
                }),
                Err(error) if error.kind == ErrorKind::Invalid => Ok(Self::Wrong(error.fields)),
                Err(error) => Err(error),
            }
        }
    }
}
