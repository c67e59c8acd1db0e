//! Alert rules: their list, forms and silences.

use crate::api::may::May;
use crate::error::AppError;
use entity::alert_rule::{Event, Model};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of a new rule, as its server function names it.
pub const NEW_FORM: &str = "alert-rule-new";
/// The form of a rule that exists.
pub const EDIT_FORM: &str = "alert-rule-edit";

/// A rule with the names of what it refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRuleLine {
    pub may: May,
    pub rule: Model,
    pub namespace: String,
    pub channels: Vec<String>,
}

impl AlertRuleLine {
    /// What the form's fields start with.
    pub fn values(&self) -> BTreeMap<String, String> {
        let rule = &self.rule;
        let id = |id: Option<i32>| id.map(|id| id.to_string()).unwrap_or_default();
        let channels = rule.channel_ids();
        let channel = |index: usize| id(channels.get(index).copied());
        let values = [
            ("name", rule.name.clone()),
            ("executor_id", id(rule.executor_id)),
            ("job_id", id(rule.job_id)),
            ("late_s", rule.late_s.to_string()),
            ("long_s", rule.long_s.to_string()),
            ("longer_pct", rule.longer_pct.to_string()),
            ("start_by", rule.start_by.clone()),
            ("finish_by", rule.finish_by.clone()),
            ("channels", channel(0)),
            ("channel_2", channel(1)),
            ("channel_3", channel(2)),
            ("group_s", rule.group_s.to_string()),
            ("recovery", rule.recovery.to_string()),
            ("escalate_min", (rule.escalate_s / 60).to_string()),
            ("escalate_channel", id(rule.escalate_channel)),
        ];
        let events = rule.event_list();
        let told = |event: Event| (event.as_str(), events.contains(&event).to_string());
        let values = values.into_iter().chain(Event::ALL.map(told));
        values.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A rule, as typed. The fields of events have the events' words as their names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertRuleForm {
    /// Of a new one.
    #[serde(default)]
    pub namespace_id: i32,
    pub name: String,
    #[serde(default)]
    pub executor_id: String,
    #[serde(default)]
    pub job_id: String,
    #[serde(default)]
    pub failed: bool,
    #[serde(default)]
    pub timed_out: bool,
    #[serde(default)]
    pub lost: bool,
    #[serde(default)]
    pub missed: bool,
    #[serde(default)]
    pub late: bool,
    #[serde(default)]
    pub long: bool,
    #[serde(default)]
    pub longer: bool,
    #[serde(default)]
    pub not_started: bool,
    #[serde(default)]
    pub not_finished: bool,
    #[serde(default)]
    pub offline: bool,
    #[serde(default)]
    pub auto_paused: bool,
    #[serde(default)]
    pub late_s: String,
    #[serde(default)]
    pub long_s: String,
    #[serde(default)]
    pub longer_pct: String,
    #[serde(default)]
    pub start_by: String,
    #[serde(default)]
    pub finish_by: String,
    #[serde(default)]
    pub channels: String,
    #[serde(default)]
    pub channel_2: String,
    #[serde(default)]
    pub channel_3: String,
    #[serde(default)]
    pub group_s: String,
    #[serde(default)]
    pub recovery: bool,
    #[serde(default)]
    pub escalate_min: String,
    #[serde(default)]
    pub escalate_channel: String,
}

/// The alert rules, by name; at most 1,000.
#[server]
pub async fn list_alert_rules() -> Result<Vec<AlertRuleLine>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::alert_rules::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(|row| AlertRuleLine::new(row, &caller)).collect())
}

/// One alert rule.
#[server]
pub async fn alert_rule(id: i32) -> Result<AlertRuleLine, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let row = scheduler::alert_rules::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    Ok(AlertRuleLine::new(row, &caller))
}

/// Creates an alert rule.
#[server]
pub async fn create_alert_rule(form: AlertRuleForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let created = match form.edit() {
        Ok(edit) => {
            let created = scheduler::alert_rules::create(&services, &caller, form.namespace_id, &edit).await;
            created.map_err(AppError::from)
        }
        Err(wrong) => Err(wrong),
    };
    match created {
        Ok(_) => {
            ssr::flash(Message::new("alert_rule_created"));
            ssr::redirect(&routes::alert_rules());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form, error).await),
    }
}

/// Changes an alert rule of which `version` was shown.
#[server]
pub async fn edit_alert_rule(id: i32, version: i32, form: AlertRuleForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let edited = match form.edit() {
        Ok(edit) => {
            let edited = scheduler::alert_rules::edit(&services, &caller, id, version, &edit).await;
            edited.map_err(AppError::from)
        }
        Err(wrong) => Err(wrong),
    };
    match edited {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::alert_rules());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(EDIT_FORM, &form, error).await),
    }
}

/// Silences an alert rule for so many hours; 0 ends the silence.
#[server]
pub async fn silence_alert_rule(id: i32, hours: u32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let until = (hours > 0).then(|| services.clock.now() + i64::from(hours) * 3_600_000);
    scheduler::alert_rules::silence(&services, &caller, id, until).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new(if hours > 0 { "alert_rule_silenced" } else { "alert_rule_speaks" }));
    ssr::redirect(&routes::alert_rules());
    Ok(())
}

/// Deletes an alert rule.
#[server]
pub async fn delete_alert_rule(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::alert_rules::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("alert_rule_deleted"));
    ssr::redirect(&routes::alert_rules());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::error::{FieldError, Message};
    use scheduler::alert_rules::{AlertRuleEdit, AlertRuleRow};
    use scheduler::authority::Caller;

    impl AlertRuleLine {
        pub(super) fn new(row: AlertRuleRow, caller: &Caller) -> Self {
            let AlertRuleRow { rule, namespace, channels } = row;
            let may = May::inside(caller, namespace.id);
            Self { may, rule, namespace: namespace.title(), channels }
        }
    }

    impl AlertRuleForm {
        /// # Errors
        /// Everything that cannot be read, at once.
        pub(super) fn edit(&self) -> Result<AlertRuleEdit, AppError> {
            let mut wrong = Vec::new();
            let mut number = |field: &str, text: &str| -> Option<i32> {
                let text = text.trim();
                let found = text.parse().ok();
                if found.is_none() && !text.is_empty() {
                    let message = Message::new("not_a_number");
                    wrong.push(FieldError { field: field.to_owned(), message });
                }
                found
            };
            let channels = [&self.channels, &self.channel_2, &self.channel_3];
            let edit = AlertRuleEdit {
                name: self.name.clone(),
                executor_id: number("executor_id", &self.executor_id),
                job_id: number("job_id", self.job_id.trim().trim_start_matches('#')),
                events: self.events(),
                late_s: number("late_s", &self.late_s).unwrap_or(0),
                long_s: number("long_s", &self.long_s).unwrap_or(0),
                longer_pct: number("longer_pct", &self.longer_pct).unwrap_or(0),
                start_by: self.start_by.clone(),
                finish_by: self.finish_by.clone(),
                channels: channels.into_iter().filter_map(|id| number("channels", id)).collect(),
                group_s: number("group_s", &self.group_s).unwrap_or(0),
                recovery: self.recovery,
                escalate_s: number("escalate_min", &self.escalate_min).unwrap_or(0).saturating_mul(60),
                escalate_channel: number("escalate_channel", &self.escalate_channel),
            };
            if wrong.is_empty() { Ok(edit) } else { Err(AppError::invalid(wrong)) }
        }

        fn events(&self) -> Vec<Event> {
            let told = |event: &Event| match event {
                Event::Failed => self.failed,
                Event::TimedOut => self.timed_out,
                Event::Lost => self.lost,
                Event::Missed => self.missed,
                Event::Late => self.late,
                Event::Long => self.long,
                Event::Longer => self.longer,
                Event::NotStarted => self.not_started,
                Event::NotFinished => self.not_finished,
                Event::Offline => self.offline,
                Event::AutoPaused => self.auto_paused,
            };
            Event::ALL.into_iter().filter(told).collect()
        }
    }
}
