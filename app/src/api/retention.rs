//! How long the past is kept.

use crate::error::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form, as its server function names it.
pub const FORM: &str = "retention";

/// What holds, and what there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetentionView {
    pub version: i32,
    pub form: RetentionForm,
    /// What the logs take now; none before the server has looked.
    pub logs: Option<LogsNow>,
    /// When somebody changed it last; none while nobody has.
    pub updated_at: Option<i64>,
}

/// The kept logs at the server's last look, some minutes ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsNow {
    pub logs: i64,
    pub bytes: i64,
}

/// What can be changed, as typed: whole numbers, of which 0 is for ever or any number where that may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionForm {
    pub run_days: String,
    pub success_days: String,
    pub runs_per_job: String,
    pub log_days: String,
    pub log_mib: String,
    pub host_sample_hours: String,
    pub host_minute_days: String,
    pub access_days: String,
}

impl RetentionForm {
    /// What the form's fields start with.
    pub fn values(&self) -> BTreeMap<String, String> {
        let values = [
            ("run_days", &self.run_days),
            ("success_days", &self.success_days),
            ("runs_per_job", &self.runs_per_job),
            ("log_days", &self.log_days),
            ("log_mib", &self.log_mib),
            ("host_sample_hours", &self.host_sample_hours),
            ("host_minute_days", &self.host_minute_days),
            ("access_days", &self.access_days),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

/// How long the past is kept.
#[server]
pub async fn retention() -> Result<RetentionView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let policy = scheduler::retention::get(&services, &caller).await.map_err(ssr::refuse)?;
    let kept = ssr::logs().map_err(ssr::refuse)?.kept();
    Ok(RetentionView::new(&policy, kept))
}

/// Changes how long the past is kept, of which `version` was shown.
#[server]
pub async fn edit_retention(version: i32, form: RetentionForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let edited = match form.edit() {
        Ok(edit) => {
            let edited = scheduler::retention::edit(&services, &caller, version, &edit).await;
            edited.map_err(AppError::from)
        }
        Err(wrong) => Err(wrong),
    };
    match edited {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::retention());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(FORM, &form, error).await),
    }
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::error::{FieldError, Message};
    use entity::retention::Model;
    use scheduler::logs::retention::KeptLogs;
    use scheduler::retention::RetentionEdit;

    impl RetentionView {
        pub(super) fn new(policy: &Model, kept: Option<KeptLogs>) -> Self {
            Self {
                version: policy.version,
                form: RetentionForm::from(policy),
                logs: kept.map(|kept| LogsNow { logs: kept.logs, bytes: kept.bytes }),
                updated_at: (policy.version > 0).then_some(policy.updated_at),
            }
        }
    }

    impl From<&Model> for RetentionForm {
        fn from(policy: &Model) -> Self {
            Self {
                run_days: policy.run_days.to_string(),
                success_days: policy.success_days.to_string(),
                runs_per_job: policy.runs_per_job.to_string(),
                log_days: policy.log_days.to_string(),
                log_mib: policy.log_mib.to_string(),
                host_sample_hours: policy.host_sample_hours.to_string(),
                host_minute_days: policy.host_minute_days.to_string(),
                access_days: policy.access_days.to_string(),
            }
        }
    }

    impl RetentionForm {
        /// # Errors
        /// Everything that is no number, at once.
        pub(super) fn edit(&self) -> Result<RetentionEdit, AppError> {
            let mut wrong = Vec::new();
            let mut number = |field: &str, text: &str| -> i32 {
                let text = text.trim();
                text.parse().unwrap_or_else(|_| {
                    let code = if text.is_empty() { "required" } else { "not_a_number" };
                    wrong.push(FieldError { field: field.to_owned(), message: Message::new(code) });
                    0
                })
            };
            let edit = RetentionEdit {
                run_days: number("run_days", &self.run_days),
                success_days: number("success_days", &self.success_days),
                runs_per_job: number("runs_per_job", &self.runs_per_job),
                log_days: number("log_days", &self.log_days),
                log_mib: number("log_mib", &self.log_mib),
                host_sample_hours: number("host_sample_hours", &self.host_sample_hours),
                host_minute_days: number("host_minute_days", &self.host_minute_days),
                access_days: number("access_days", &self.access_days),
            };
            if wrong.is_empty() { Ok(edit) } else { Err(AppError::invalid(wrong)) }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_shown_can_be_saved_as_it_is() {
            let policy = Model { run_days: 12, access_days: 34, ..Model::default() };
            assert_eq!(RetentionForm::from(&policy).edit().unwrap(), RetentionEdit::from(&policy));
        }

        #[test]
        fn each_field_that_is_no_number_is_named() {
            let policy = RetentionForm::from(&Model::default());
            let typed = RetentionForm { run_days: " ".into(), log_mib: "4 GiB".into(), ..policy };
            let refused = typed.edit().unwrap_err();
            let wrong: Vec<_> = refused
                .fields
                .iter()
                .map(|wrong| (wrong.field.as_str(), wrong.message.code.as_str()))
                .collect();
            assert_eq!(wrong, [("run_days", "required"), ("log_mib", "not_a_number")]);
        }
    }
}
