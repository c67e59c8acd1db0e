//! The job form as a person fills it: every value a text, so that a wrong one is named beside its
//! field instead of being refused as a request.

#[cfg(feature = "ssr")]
mod read;
#[cfg(feature = "ssr")]
mod template;

#[cfg(feature = "ssr")]
pub(super) use template::with_template;

use super::JobView;
use crate::components::time::full;
use entity::job::{
    BlackoutPolicy, CalendarUse, GapPolicy, MisfirePolicy, Overlap, RepeatPolicy, RetryBackoff, RetryOn,
    ScheduleKind,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
/// What the fields of the schedule's kinds start with.
const FRESH_CRON: &str = "0 0/5 * * * ?";
const FRESH_RATE: &str = "300";

/// The fields, named as the service names them in its errors. Choices are their `snake_case` names;
/// `catch_up_ms` is typed in minutes, `children` as ids with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobForm {
    pub executor_id: String,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub schedule_kind: String,
    /// The cron expression. Each kind of schedule has a field of its own, so that none shows what was
    /// typed for another; an error of the service about `schedule` belongs to that of the kind.
    pub schedule: String,
    pub every_s: String,
    pub once_at: String,
    pub zone: String,
    pub gap_policy: String,
    pub repeat_policy: String,
    pub valid_from: String,
    pub valid_until: String,
    pub spread_s: String,
    /// Empty for none.
    pub calendar_id: String,
    pub calendar_use: String,
    pub blackouts: String,
    pub blackout_policy: String,
    pub misfire_policy: String,
    pub catch_up_ms: String,
    pub run_mode: String,
    pub handler: String,
    pub parameter: String,
    pub source: String,
    pub routing: String,
    pub only_on: String,
    pub blocking: String,
    pub overlap: String,
    pub slots: String,
    pub queue_length: String,
    pub priority: String,
    pub timeout_s: String,
    pub retries: String,
    pub retry_delay_s: String,
    pub retry_backoff: String,
    pub retry_jitter_s: String,
    pub retry_on: String,
    pub stop_after_failures: String,
    pub children: String,
    /// The version that was shown; it stays with what was typed, so that somebody else's change is
    /// noticed however often the form comes back.
    pub version: String,
    /// When the stored job was created, for the next fires of a fixed rate; empty for a new one.
    pub created_at: String,
}

/// What the next fires depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleForm {
    pub schedule_kind: String,
    pub schedule: String,
    pub every_s: String,
    pub once_at: String,
    pub zone: String,
    pub gap_policy: String,
    pub repeat_policy: String,
    pub valid_from: String,
    pub valid_until: String,
    pub calendar_id: String,
    pub calendar_use: String,
    pub blackouts: String,
    pub blackout_policy: String,
    pub created_at: String,
}

impl JobForm {
    /// An empty form with the values that suit most jobs. `zone` is the viewer's.
    pub fn fresh(zone: &str, executor_id: Option<i32>) -> Self {
        Self {
            executor_id: executor_id.map(|id| id.to_string()).unwrap_or_default(),
            schedule_kind: word(ScheduleKind::Cron),
            schedule: FRESH_CRON.to_owned(),
            every_s: FRESH_RATE.to_owned(),
            zone: zone.to_owned(),
            gap_policy: word(GapPolicy::EndOfGap),
            repeat_policy: word(RepeatPolicy::First),
            spread_s: "0".to_owned(),
            calendar_use: word(CalendarUse::Only),
            blackout_policy: word(BlackoutPolicy::Suppress),
            misfire_policy: word(MisfirePolicy::FireOnce),
            catch_up_ms: "60".to_owned(),
            run_mode: "handler".to_owned(),
            routing: "round".to_owned(),
            blocking: "serial".to_owned(),
            overlap: word(Overlap::Allow),
            slots: "1".to_owned(),
            queue_length: "100".to_owned(),
            priority: "0".to_owned(),
            timeout_s: "0".to_owned(),
            retries: "0".to_owned(),
            retry_delay_s: "30".to_owned(),
            retry_backoff: word(RetryBackoff::Exponential),
            retry_jitter_s: "0".to_owned(),
            retry_on: word(RetryOn::USUAL),
            stop_after_failures: "0".to_owned(),
            ..Self::default()
        }
    }

    /// By field name, for the form's start.
    pub fn values(&self) -> BTreeMap<String, String> {
        let object = serde_json::to_value(self).unwrap_or_default();
        serde_json::from_value(object).unwrap_or_default()
    }

    /// The reverse of [`Self::values`]; what is missing stays empty.
    pub fn from_values(values: &BTreeMap<String, String>) -> Self {
        let object = serde_json::to_value(values).unwrap_or_default();
        serde_json::from_value(object).unwrap_or_default()
    }

    pub fn schedule_form(&self) -> ScheduleForm {
        ScheduleForm {
            schedule_kind: self.schedule_kind.clone(),
            schedule: self.schedule.clone(),
            every_s: self.every_s.clone(),
            once_at: self.once_at.clone(),
            zone: self.zone.clone(),
            gap_policy: self.gap_policy.clone(),
            repeat_policy: self.repeat_policy.clone(),
            valid_from: self.valid_from.clone(),
            valid_until: self.valid_until.clone(),
            calendar_id: self.calendar_id.clone(),
            calendar_use: self.calendar_use.clone(),
            blackouts: self.blackouts.clone(),
            blackout_policy: self.blackout_policy.clone(),
            created_at: self.created_at.clone(),
        }
    }
}

impl From<&JobView> for JobForm {
    fn from(JobView { job, children, .. }: &JobView) -> Self {
        let children: Vec<String> = children.iter().map(|child| child.id.to_string()).collect();
        let text_of = |kind: ScheduleKind, fresh: &str| {
            if job.schedule_kind == kind { job.schedule.clone() } else { fresh.to_owned() }
        };
        let local = |at: Option<i64>| at.map(|at| full(at, &job.zone)).unwrap_or_default();
        Self {
            executor_id: job.executor_id.to_string(),
            name: job.name.clone(),
            description: job.description.clone(),
            owner: job.owner.clone(),
            schedule_kind: word(job.schedule_kind),
            schedule: text_of(ScheduleKind::Cron, FRESH_CRON),
            every_s: match job.schedule_kind {
                ScheduleKind::FixedDelay => job.schedule.clone(),
                _ => text_of(ScheduleKind::FixedRate, FRESH_RATE),
            },
            once_at: text_of(ScheduleKind::Once, ""),
            zone: job.zone.clone(),
            gap_policy: word(job.gap_policy),
            repeat_policy: word(job.repeat_policy),
            valid_from: local(job.valid_from),
            valid_until: local(job.valid_until),
            spread_s: job.spread_s.to_string(),
            calendar_id: job.calendar_id.map(|id| id.to_string()).unwrap_or_default(),
            calendar_use: word(job.calendar_use),
            blackouts: job.blackouts.clone(),
            blackout_policy: word(job.blackout_policy),
            misfire_policy: word(job.misfire_policy),
            catch_up_ms: (job.catch_up_ms / MINUTE).to_string(),
            run_mode: word(job.run_mode),
            handler: job.handler.clone(),
            parameter: job.parameter.clone(),
            source: job.source.clone(),
            routing: word(job.routing),
            only_on: job.only_on.clone(),
            blocking: word(job.blocking),
            overlap: word(job.overlap),
            slots: job.slots.to_string(),
            queue_length: job.queue_length.to_string(),
            priority: job.priority.to_string(),
            timeout_s: job.timeout_s.to_string(),
            retries: job.retries.to_string(),
            retry_delay_s: job.retry_delay_s.to_string(),
            retry_backoff: word(job.retry_backoff),
            retry_jitter_s: job.retry_jitter_s.to_string(),
            retry_on: word(job.retry_on),
            stop_after_failures: job.stop_after_failures.to_string(),
            children: children.join(", "),
            version: job.version.to_string(),
            created_at: job.created_at.to_string(),
        }
    }
}

/// The name of a choice as forms and the API write it.
pub fn word(choice: impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A browser sends the lines of a text area ended by CR LF, which a shell would take for part of a
/// command.
#[cfg(feature = "ssr")]
pub(super) fn line_feeds(text: String) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::error::{AppError, Message};

    fn filled() -> JobForm {
        JobForm { name: "Rates".to_owned(), handler: "rates".to_owned(), ..JobForm::fresh("UTC", Some(1)) }
    }

    #[test]
    fn a_fresh_form_with_name_and_handler_is_a_draft() {
        let draft = filled().draft().unwrap();
        assert_eq!((draft.executor_id, draft.catch_up_ms, draft.timeout_s), (1, 3_600_000, 0));
    }

    #[test]
    fn every_number_that_is_none_is_named() {
        let form = JobForm { timeout_s: "soon".to_owned(), catch_up_ms: String::new(), ..filled() };
        let form = JobForm { retries: "1.5".to_owned(), children: "7, seven".to_owned(), ..form };
        let error = JobForm { executor_id: String::new(), ..form }.draft().unwrap_err();
        let fields: Vec<_> = error.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["executor_id", "catch_up_ms", "timeout_s", "retries", "children"]);
    }

    #[test]
    fn each_kind_of_schedule_is_read_from_its_field_and_corrected_there() {
        let typed = JobForm { once_at: "soon".to_owned(), every_s: "0".to_owned(), ..filled() };
        for (kind, schedule, field) in [
            ("cron", FRESH_CRON, "schedule"),
            ("fixed_rate", "0", "every_s"),
            ("fixed_delay", "0", "every_s"),
            ("once", "soon", "once_at"),
        ] {
            let form = JobForm { schedule_kind: kind.to_owned(), ..typed.clone() };
            assert_eq!(form.draft().unwrap().schedule, schedule);
            let wrong = AppError::invalid_field("schedule", Message::new("required"));
            assert_eq!(form.at_its_fields(wrong).fields[0].field, field);
        }
    }

    #[test]
    fn what_a_manual_job_does_not_show_is_not_read() {
        let manual = JobForm { schedule_kind: "manual".to_owned(), spread_s: String::new(), ..filled() };
        assert_eq!(manual.draft().unwrap().spread_s, 0);
    }

    #[test]
    fn a_script_keeps_its_lines_and_gets_no_carriage_returns() {
        let form = JobForm { source: "#!/bin/sh\r\necho 1\r\n".to_owned(), ..filled() };
        assert_eq!(form.draft().unwrap().source, "#!/bin/sh\necho 1\n");
    }

    #[test]
    fn children_are_ids_with_commas_of_either_language_between() {
        let children =
            |typed: &str| JobForm { children: typed.to_owned(), ..filled() }.draft().unwrap().children;
        assert_eq!(children("7,8, #9，10、11\n12"), [7, 8, 9, 10, 11, 12]);
        assert!(children(" , ").is_empty());
    }

    #[test]
    fn the_values_of_a_form_make_the_same_form() {
        assert_eq!(JobForm::from_values(&filled().values()), filled());
    }
}
