//! What was typed, read; what cannot be read is a wrong field.

use super::{JobForm, MINUTE, ScheduleForm, line_feeds};
use crate::error::{AppError, FieldError, Message};
use entity::job::ScheduleKind;
use scheduler::jobs::{JobDraft, SchedulePreview};
use serde::de::DeserializeOwned;

impl JobForm {
    /// The draft that the form stands for.
    pub(in crate::api) fn draft(&self) -> Result<JobDraft, AppError> {
        let mut wrong = Vec::new();
        let when = self.schedule_form().preview()?;
        let draft = JobDraft {
            executor_id: executor(&self.executor_id).unwrap_or_else(|error| note(&mut wrong, error)),
            name: self.name.clone(),
            description: line_feeds(self.description.clone()),
            owner: self.owner.clone(),
            schedule_kind: when.schedule_kind,
            schedule: when.schedule,
            zone: when.zone,
            gap_policy: when.gap_policy,
            repeat_policy: when.repeat_policy,
            valid_from: when.valid_from,
            valid_until: when.valid_until,
            spread_s: match when.schedule_kind {
                ScheduleKind::Manual => 0,
                _ => number("spread_s", &self.spread_s).unwrap_or_else(|error| note(&mut wrong, error)),
            },
            calendar_id: when.calendar_id,
            calendar_use: when.calendar_use,
            blackouts: when.blackouts,
            blackout_policy: when.blackout_policy,
            misfire_policy: choice("misfire_policy", &self.misfire_policy)?,
            catch_up_ms: number::<i64>("catch_up_ms", &self.catch_up_ms)
                .map(|minutes| minutes.saturating_mul(MINUTE))
                .unwrap_or_else(|error| note(&mut wrong, error)),
            run_mode: choice("run_mode", &self.run_mode)?,
            handler: self.handler.clone(),
            parameter: line_feeds(self.parameter.clone()),
            source: line_feeds(self.source.clone()),
            routing: choice("routing", &self.routing)?,
            only_on: line_feeds(self.only_on.clone()),
            blocking: choice("blocking", &self.blocking)?,
            overlap: choice("overlap", &self.overlap)?,
            slots: number("slots", &self.slots).unwrap_or_else(|error| note(&mut wrong, error)),
            queue_length: number("queue_length", &self.queue_length)
                .unwrap_or_else(|error| note(&mut wrong, error)),
            priority: number("priority", &self.priority).unwrap_or_else(|error| note(&mut wrong, error)),
            timeout_s: number("timeout_s", &self.timeout_s).unwrap_or_else(|error| note(&mut wrong, error)),
            retries: number("retries", &self.retries).unwrap_or_else(|error| note(&mut wrong, error)),
            retry_delay_s: number("retry_delay_s", &self.retry_delay_s)
                .unwrap_or_else(|error| note(&mut wrong, error)),
            retry_backoff: choice("retry_backoff", &self.retry_backoff)?,
            retry_jitter_s: number("retry_jitter_s", &self.retry_jitter_s)
                .unwrap_or_else(|error| note(&mut wrong, error)),
            retry_on: choice("retry_on", &self.retry_on)?,
            stop_after_failures: number("stop_after_failures", &self.stop_after_failures)
                .unwrap_or_else(|error| note(&mut wrong, error)),
            children: ids("children", &self.children).unwrap_or_else(|error| note(&mut wrong, error)),
        };
        if wrong.is_empty() { Ok(draft) } else { Err(AppError::invalid(wrong)) }
    }
}

impl JobForm {
    /// The version that was shown; 0, which no job has, where it is none.
    pub(in crate::api) fn version(&self) -> i32 {
        self.version.parse().unwrap_or(0)
    }

    /// An error with its fields named as they are on the form.
    pub(in crate::api) fn at_its_fields(&self, mut error: AppError) -> AppError {
        let kind = choice("schedule_kind", &self.schedule_kind);
        let field = kind.map_or("schedule", |kind| match kind {
            ScheduleKind::FixedRate | ScheduleKind::FixedDelay => "every_s",
            ScheduleKind::Once => "once_at",
            ScheduleKind::Cron | ScheduleKind::Manual => "schedule",
        });
        for wrong in error.fields.iter_mut().filter(|wrong| wrong.field == "schedule") {
            wrong.field = field.to_owned();
        }
        error
    }
}

impl ScheduleForm {
    /// The schedule that the form stands for.
    pub(in crate::api) fn preview(&self) -> Result<SchedulePreview, AppError> {
        let schedule_kind = choice("schedule_kind", &self.schedule_kind)?;
        let schedule = match schedule_kind {
            ScheduleKind::Cron | ScheduleKind::Manual => &self.schedule,
            ScheduleKind::FixedRate | ScheduleKind::FixedDelay => &self.every_s,
            ScheduleKind::Once => &self.once_at,
        };
        Ok(SchedulePreview {
            schedule_kind,
            schedule: schedule.clone(),
            zone: self.zone.clone(),
            gap_policy: choice("gap_policy", &self.gap_policy)?,
            repeat_policy: choice("repeat_policy", &self.repeat_policy)?,
            valid_from: self.valid_from.clone(),
            valid_until: self.valid_until.clone(),
            calendar_id: calendar(&self.calendar_id)?,
            calendar_use: choice("calendar_use", &self.calendar_use)?,
            blackouts: line_feeds(self.blackouts.clone()),
            blackout_policy: choice("blackout_policy", &self.blackout_policy)?,
            created_at: self.created_at.parse().ok(),
        })
    }
}

/// Keeps what is wrong and goes on, so that all of it is told at once.
fn note<T: Default>(wrong: &mut Vec<FieldError>, error: FieldError) -> T {
    wrong.push(error);
    T::default()
}

fn executor(text: &str) -> Result<i32, FieldError> {
    let message = Message::new(if text.is_empty() { "required" } else { "unknown" });
    text.parse().map_err(|_| FieldError { field: "executor_id".to_owned(), message })
}

fn calendar(text: &str) -> Result<Option<i32>, AppError> {
    let unknown = |_| AppError::invalid_field("calendar_id", Message::new("unknown"));
    (!text.is_empty()).then(|| text.parse().map_err(unknown)).transpose()
}

fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, FieldError> {
    let message = Message::new("not_a_number");
    text.trim().parse().map_err(|_| FieldError { field: field.to_owned(), message })
}

/// Ids with commas of either language, or spaces, between.
fn ids(field: &str, text: &str) -> Result<Vec<i32>, FieldError> {
    let words = text.split(|c: char| c.is_whitespace() || ",，、;；".contains(c));
    let ids = words.filter(|word| !word.is_empty()).map(|word| word.trim_start_matches('#').parse());
    let message = Message::new("job_ids");
    ids.collect::<Result<_, _>>().map_err(|_| FieldError { field: field.to_owned(), message })
}

fn choice<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, AppError> {
    serde_json::from_value(text.into()).map_err(|_| AppError::invalid_field(field, Message::new("choice")))
}
