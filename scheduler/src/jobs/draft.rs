//! What somebody types about a job, and what becomes of it.

use crate::fields::Faults;
use crate::rules::schedule::{Definition, Schedule};
use crate::{Error, Result};
use chrono_tz::Tz;
use entity::Millis;
use entity::fault::Fault;
use entity::job::{
    ActiveModel, Blocking, GapPolicy, MisfirePolicy, RepeatPolicy, RetryBackoff, RetryOn, Routing, RunMode,
    ScheduleKind,
};
use sea_orm::Set;
use std::collections::BTreeSet;

const NAME_LENGTH: u32 = 120;
const DESCRIPTION_LENGTH: u32 = 500;
const OWNER_LENGTH: u32 = 120;
const SCHEDULE_LENGTH: u32 = 255;
const HANDLER_LENGTH: u32 = 255;
/// Bytes. Together with the source it has to fit into the 5 MiB that Java executors take.
pub(crate) const PARAMETER_LENGTH: u32 = 64 << 10;
const SOURCE_LENGTH: u32 = 1 << 20;
const LONGEST_TIMEOUT_S: i64 = 7 * 24 * 3600;
const LONGEST_CATCH_UP: Millis = 7 * 24 * 3_600_000;
const MOST_RETRIES: i64 = 100;
const LONGEST_RETRY_DELAY_S: i64 = 24 * 3600;
const LONGEST_RETRY_JITTER_S: i64 = 3600;
const MOST_CHILDREN: u32 = 100;

/// A job as the form has it. Its namespace is the executor's. The names of wrong fields are the
/// names here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDraft {
    pub executor_id: i32,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub gap_policy: GapPolicy,
    pub repeat_policy: RepeatPolicy,
    pub misfire_policy: MisfirePolicy,
    pub catch_up_ms: Millis,
    pub run_mode: RunMode,
    pub handler: String,
    /// At most 64 KiB.
    pub parameter: String,
    /// At most 1 MiB; for the run modes that carry source.
    pub source: String,
    pub routing: Routing,
    pub blocking: Blocking,
    pub timeout_s: i32,
    /// At most 100.
    pub retries: i32,
    /// At most a day.
    pub retry_delay_s: i32,
    pub retry_backoff: RetryBackoff,
    /// At most an hour.
    pub retry_jitter_s: i32,
    pub retry_on: RetryOn,
    /// Ids of the jobs that start when this one succeeds, at most 100, of the same namespace.
    pub children: Vec<i32>,
}

/// What a preview of fires needs of a [`JobDraft`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulePreview {
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub gap_policy: GapPolicy,
    pub repeat_policy: RepeatPolicy,
}

impl JobDraft {
    /// The draft in the form that is stored: trimmed, one spelling of the zone, and without what
    /// its schedule kind and run mode do not use.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field.
    pub(super) fn checked(self, now: Millis) -> Result<Self> {
        let mut faults = Faults::default();
        let name = faults.required_line("name", &self.name, NAME_LENGTH);
        let description = faults.text("description", self.description.trim(), u32::MAX);
        if description.chars().count() > DESCRIPTION_LENGTH as usize {
            faults.add("description", Fault::TooLong { max: DESCRIPTION_LENGTH });
        }
        let owner = faults.line("owner", &self.owner, OWNER_LENGTH);
        let preview = SchedulePreview::of(&self);
        let (schedule, zone) = check_schedule(&mut faults, &preview, now);
        faults.range("catch_up_ms", self.catch_up_ms, 0, LONGEST_CATCH_UP);
        faults.range("timeout_s", self.timeout_s.into(), 0, LONGEST_TIMEOUT_S);
        check_retries(&mut faults, &self);
        let children = check_children(&mut faults, &self.children);
        let handler = check_handler(&mut faults, self.run_mode, &self.handler);
        let parameter = faults.text("parameter", &self.parameter, PARAMETER_LENGTH);
        let source = check_source(&mut faults, self.run_mode, &self.source);
        faults.into_result()?;
        Ok(Self { name, description, owner, schedule, zone, handler, parameter, source, children, ..self })
    }

    /// The columns a person decides about, except those that say when they were changed. Children
    /// are rows of their own.
    pub(super) fn columns(self) -> ActiveModel {
        ActiveModel {
            executor_id: Set(self.executor_id),
            name: Set(self.name),
            description: Set(self.description),
            owner: Set(self.owner),
            schedule_kind: Set(self.schedule_kind),
            schedule: Set(self.schedule),
            zone: Set(self.zone),
            gap_policy: Set(self.gap_policy),
            repeat_policy: Set(self.repeat_policy),
            misfire_policy: Set(self.misfire_policy),
            catch_up_ms: Set(self.catch_up_ms),
            run_mode: Set(self.run_mode),
            handler: Set(self.handler),
            parameter: Set(self.parameter),
            source: Set(self.source),
            routing: Set(self.routing),
            blocking: Set(self.blocking),
            timeout_s: Set(self.timeout_s),
            retries: Set(self.retries),
            retry_delay_s: Set(self.retry_delay_s),
            retry_backoff: Set(self.retry_backoff),
            retry_jitter_s: Set(self.retry_jitter_s),
            retry_on: Set(self.retry_on),
            ..Default::default()
        }
    }
}

impl SchedulePreview {
    fn of(draft: &JobDraft) -> Self {
        Self {
            schedule_kind: draft.schedule_kind,
            schedule: draft.schedule.clone(),
            zone: draft.zone.clone(),
            gap_policy: draft.gap_policy,
            repeat_policy: draft.repeat_policy,
        }
    }

    /// The schedule, if it can be read and will ever fire.
    pub(super) fn read(&self, now: Millis) -> Result<Schedule> {
        let zone = zone_name(&self.zone);
        Schedule::validate(self.definition(&zone), now).map_err(Error::Invalid)
    }

    fn definition<'a>(&'a self, zone: &'a str) -> Definition<'a> {
        Definition {
            kind: self.schedule_kind,
            text: self.schedule.trim(),
            zone,
            gap: self.gap_policy,
            repeat: self.repeat_policy,
        }
    }
}

fn check_schedule(faults: &mut Faults, typed: &SchedulePreview, now: Millis) -> (String, String) {
    let zone = zone_name(&typed.zone);
    let text = match typed.schedule_kind {
        ScheduleKind::Manual => String::new(),
        ScheduleKind::Cron => faults.line("schedule", &typed.schedule, SCHEDULE_LENGTH),
    };
    if let Err(found) = Schedule::validate(typed.definition(&zone), now) {
        faults.add_all(found);
    }
    (text, zone)
}

/// The zone as the IANA database writes it; unknown ones as they were typed.
fn zone_name(typed: &str) -> String {
    let typed = typed.trim();
    Tz::from_str_insensitive(typed).map_or_else(|_| typed.to_owned(), |zone| zone.name().to_owned())
}

fn check_retries(faults: &mut Faults, typed: &JobDraft) {
    faults.range("retries", typed.retries.into(), 0, MOST_RETRIES);
    faults.range("retry_delay_s", typed.retry_delay_s.into(), 0, LONGEST_RETRY_DELAY_S);
    faults.range("retry_jitter_s", typed.retry_jitter_s.into(), 0, LONGEST_RETRY_JITTER_S);
    if typed.retry_on.is_empty() {
        faults.add("retry_on", Fault::Required);
    }
}

/// Each once, in the order of the ids.
fn check_children(faults: &mut Faults, typed: &[i32]) -> Vec<i32> {
    let children: BTreeSet<i32> = typed.iter().copied().collect();
    if children.len() > MOST_CHILDREN as usize {
        faults.add("children", Fault::TooMany { max: MOST_CHILDREN });
    }
    children.into_iter().collect()
}

fn check_handler(faults: &mut Faults, mode: RunMode, typed: &str) -> String {
    if mode.has_source() {
        return String::new();
    }
    let handler = faults.required_line("handler", typed, HANDLER_LENGTH);
    if handler.contains(char::is_whitespace) {
        faults.add("handler", Fault::Character);
    }
    handler
}

fn check_source(faults: &mut Faults, mode: RunMode, typed: &str) -> String {
    if !mode.has_source() {
        return String::new();
    }
    if typed.trim().is_empty() {
        faults.add("source", Fault::Required);
    }
    faults.text("source", typed, SOURCE_LENGTH)
}
