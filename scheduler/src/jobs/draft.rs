//! What somebody types about a job, and what becomes of it.

mod of;
mod when;

pub use when::SchedulePreview;

use crate::Result;
use crate::fields::Faults;
use crate::rules::pinning::Allowed;
use crate::rules::schedule::Validity;
use entity::fault::Fault;
use entity::job::{
    ActiveModel, BlackoutPolicy, Blocking, CalendarUse, GapPolicy, MisfirePolicy, Model, Overlap,
    RepeatPolicy, RetryBackoff, RetryOn, Routing, RunMode, ScheduleKind,
};
use entity::{Millis, calendar};
use sea_orm::Set;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const NAME_LENGTH: u32 = 120;
const DESCRIPTION_LENGTH: u32 = 500;
const OWNER_LENGTH: u32 = 120;
const HANDLER_LENGTH: u32 = 255;
/// Bytes. Together with the source it has to fit into the 5 MiB that Java executors take.
pub(crate) const PARAMETER_LENGTH: u32 = 64 << 10;
const ONLY_ON_LENGTH: u32 = 4000;
/// Bytes.
pub(crate) const SOURCE_LENGTH: u32 = 1 << 20;
const MOST_SLOTS: i64 = 1_000;
const LONGEST_QUEUE: i64 = 10_000;
const HIGHEST_PRIORITY: i64 = 9;
const LONGEST_TIMEOUT_S: i64 = 7 * 24 * 3600;
const LONGEST_SPREAD_S: i64 = 86_400;
const LONGEST_CATCH_UP: Millis = 7 * 24 * 3_600_000;
const MOST_RETRIES: i64 = 100;
const LONGEST_RETRY_DELAY_S: i64 = 24 * 3600;
const LONGEST_RETRY_JITTER_S: i64 = 3600;
const MOST_CHILDREN: u32 = 100;
const MOST_FAILURES: i64 = 1_000;

/// A job as the form has it. Its namespace is the executor's. The names of wrong fields are the
/// names here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// As it is typed, `2026-12-01 03:00:00` on the clock of `zone`; empty for no bound.
    pub valid_from: String,
    pub valid_until: String,
    /// 0 … 86,400.
    pub spread_s: i32,
    /// A calendar of the same namespace.
    pub calendar_id: Option<i32>,
    pub calendar_use: CalendarUse,
    /// As [`Model::blackouts`], at most 50 lines.
    pub blackouts: String,
    pub blackout_policy: BlackoutPolicy,
    pub misfire_policy: MisfirePolicy,
    pub catch_up_ms: Millis,
    pub run_mode: RunMode,
    pub handler: String,
    /// At most 64 KiB.
    pub parameter: String,
    /// At most 1 MiB; for the run modes that carry source. Empty = as it is stored, for a job that has one.
    pub source: String,
    pub routing: Routing,
    /// Instances that may run it, one a line: `host`, `host:port` or a label `key=value`, at most 100;
    /// empty = all.
    pub only_on: String,
    pub blocking: Blocking,
    pub overlap: Overlap,
    /// 1 … 1,000.
    pub slots: i32,
    /// 1 … 10,000.
    pub queue_length: i32,
    /// -9 … 9.
    pub priority: i16,
    pub timeout_s: i32,
    /// At most 100.
    pub retries: i32,
    /// At most a day.
    pub retry_delay_s: i32,
    pub retry_backoff: RetryBackoff,
    /// At most an hour.
    pub retry_jitter_s: i32,
    pub retry_on: RetryOn,
    /// 0 … 1,000. Definitions of older versions have none.
    #[serde(default)]
    pub stop_after_failures: i32,
    /// Ids of the jobs that start when this one succeeds, at most 100, of the same namespace.
    pub children: Vec<i32>,
}

/// A draft in the form that is stored.
pub(super) struct Checked {
    pub draft: JobDraft,
    validity: Validity,
}

impl JobDraft {
    /// A job that only people start, with the values that suit most jobs: each field of a draft that
    /// matters is changed on this one.
    pub fn by_hand(executor_id: i32, name: &str, handler: &str) -> Self {
        Self {
            executor_id,
            name: name.to_owned(),
            description: String::new(),
            owner: String::new(),
            schedule_kind: ScheduleKind::Manual,
            schedule: String::new(),
            zone: "UTC".to_owned(),
            gap_policy: GapPolicy::EndOfGap,
            repeat_policy: RepeatPolicy::First,
            valid_from: String::new(),
            valid_until: String::new(),
            spread_s: 0,
            calendar_id: None,
            calendar_use: CalendarUse::Only,
            blackouts: String::new(),
            blackout_policy: BlackoutPolicy::Suppress,
            misfire_policy: MisfirePolicy::Skip,
            catch_up_ms: 0,
            run_mode: RunMode::Handler,
            handler: handler.to_owned(),
            parameter: String::new(),
            source: String::new(),
            routing: Routing::First,
            only_on: String::new(),
            blocking: Blocking::Serial,
            overlap: Overlap::Allow,
            slots: 1,
            queue_length: 100,
            priority: 0,
            timeout_s: 0,
            retries: 0,
            retry_delay_s: 0,
            retry_backoff: RetryBackoff::Fixed,
            retry_jitter_s: 0,
            retry_on: RetryOn::USUAL,
            stop_after_failures: 0,
            children: Vec::new(),
        }
    }

    /// The draft in the form that is stored: trimmed, one spelling of zone and times, and without what
    /// its schedule kind and run mode do not use. `calendar` is the one that it names, `stored` the job that
    /// is being edited.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field.
    pub(super) fn checked(
        self,
        now: Millis,
        calendar: Option<&calendar::Model>,
        stored: Option<&Model>,
    ) -> Result<Checked> {
        let mut faults = Faults::default();
        let name = faults.required_line("name", &self.name, NAME_LENGTH);
        let description = faults.text("description", self.description.trim(), u32::MAX);
        if description.chars().count() > DESCRIPTION_LENGTH as usize {
            faults.add("description", Fault::TooLong { max: DESCRIPTION_LENGTH });
        }
        let owner = faults.line("owner", &self.owner, OWNER_LENGTH);
        let typed = SchedulePreview::of(&self, stored);
        let read = typed.read_into(&mut faults, now, calendar, stored);
        let is_manual = self.schedule_kind == ScheduleKind::Manual;
        let spread_s = if is_manual { 0 } else { self.spread_s };
        faults.range("spread_s", spread_s.into(), 0, LONGEST_SPREAD_S);
        faults.range("catch_up_ms", self.catch_up_ms, 0, LONGEST_CATCH_UP);
        faults.range("timeout_s", self.timeout_s.into(), 0, LONGEST_TIMEOUT_S);
        faults.range("slots", self.slots.into(), 1, MOST_SLOTS);
        faults.range("queue_length", self.queue_length.into(), 1, LONGEST_QUEUE);
        faults.range("priority", self.priority.into(), -HIGHEST_PRIORITY, HIGHEST_PRIORITY);
        check_retries(&mut faults, &self);
        faults.range("stop_after_failures", self.stop_after_failures.into(), 0, MOST_FAILURES);
        let only_on = check_only_on(&mut faults, &self.only_on);
        let children = check_children(&mut faults, &self.children);
        let handler = check_handler(&mut faults, self.run_mode, &self.handler);
        let parameter = faults.text("parameter", &self.parameter, PARAMETER_LENGTH);
        let source = check_source(&mut faults, self.run_mode, &self.source, stored);
        faults.into_result()?;
        let (schedule, zone, blackouts) = (read.text, read.zone, read.blackouts);
        let calendar_id = self.calendar_id.filter(|_| !is_manual);
        let draft = Self {
            name,
            description,
            owner,
            schedule,
            zone,
            spread_s,
            calendar_id,
            blackouts,
            handler,
            parameter,
            source,
            only_on,
            children,
            ..self
        };
        Ok(Checked { draft, validity: read.validity })
    }
}

impl Checked {
    /// The columns a person decides about, except those that say when they were changed. Children
    /// are rows of their own.
    pub(super) fn columns(self) -> ActiveModel {
        let Self { draft, validity } = self;
        ActiveModel {
            executor_id: Set(draft.executor_id),
            name: Set(draft.name),
            description: Set(draft.description),
            owner: Set(draft.owner),
            schedule_kind: Set(draft.schedule_kind),
            schedule: Set(draft.schedule),
            zone: Set(draft.zone),
            gap_policy: Set(draft.gap_policy),
            repeat_policy: Set(draft.repeat_policy),
            valid_from: Set(validity.from),
            valid_until: Set(validity.until),
            spread_s: Set(draft.spread_s),
            calendar_id: Set(draft.calendar_id),
            calendar_use: Set(draft.calendar_use),
            blackouts: Set(draft.blackouts),
            blackout_policy: Set(draft.blackout_policy),
            misfire_policy: Set(draft.misfire_policy),
            catch_up_ms: Set(draft.catch_up_ms),
            run_mode: Set(draft.run_mode),
            handler: Set(draft.handler),
            parameter: Set(draft.parameter),
            source: Set(draft.source),
            routing: Set(draft.routing),
            only_on: Set(draft.only_on),
            blocking: Set(draft.blocking),
            overlap: Set(draft.overlap),
            slots: Set(draft.slots),
            queue_length: Set(draft.queue_length),
            priority: Set(draft.priority),
            timeout_s: Set(draft.timeout_s),
            retries: Set(draft.retries),
            retry_delay_s: Set(draft.retry_delay_s),
            retry_backoff: Set(draft.retry_backoff),
            retry_jitter_s: Set(draft.retry_jitter_s),
            retry_on: Set(draft.retry_on),
            stop_after_failures: Set(draft.stop_after_failures),
            ..Default::default()
        }
    }
}

fn check_retries(faults: &mut Faults, typed: &JobDraft) {
    faults.range("retries", typed.retries.into(), 0, MOST_RETRIES);
    faults.range("retry_delay_s", typed.retry_delay_s.into(), 0, LONGEST_RETRY_DELAY_S);
    faults.range("retry_jitter_s", typed.retry_jitter_s.into(), 0, LONGEST_RETRY_JITTER_S);
    if typed.retry_on.is_empty() {
        faults.add("retry_on", Fault::Required);
    }
}

fn check_only_on(faults: &mut Faults, typed: &str) -> String {
    let allowed = typed.parse::<Allowed>().map_err(|fault| faults.add("only_on", fault));
    faults.text("only_on", &allowed.unwrap_or_default().to_string(), ONLY_ON_LENGTH)
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

fn check_source(faults: &mut Faults, mode: RunMode, typed: &str, stored: Option<&Model>) -> String {
    if !mode.has_source() {
        return String::new();
    }
    if !typed.trim().is_empty() {
        return faults.text("source", typed, SOURCE_LENGTH);
    }
    let kept = stored.map(|job| job.source.clone()).filter(|source| !source.is_empty());
    kept.unwrap_or_else(|| {
        faults.add("source", Fault::Required);
        String::new()
    })
}
