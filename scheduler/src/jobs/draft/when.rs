//! What somebody types about when a job fires.

use super::JobDraft;
use crate::fields::Faults;
use crate::rules::schedule::local_time::{self, Of};
use crate::rules::schedule::{self, Validity};
use crate::rules::timetable::{self, Days, Timetable};
use crate::{Error, Result};
use chrono_tz::Tz;
use entity::job::{BlackoutPolicy, CalendarUse, GapPolicy, Model, RepeatPolicy, ScheduleKind};
use entity::{Millis, calendar};

const SCHEDULE_LENGTH: u32 = 255;
const BLACKOUTS_LENGTH: u32 = 4_000;

/// What a preview of fires needs of a [`JobDraft`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulePreview {
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub gap_policy: GapPolicy,
    pub repeat_policy: RepeatPolicy,
    pub valid_from: String,
    pub valid_until: String,
    pub calendar_id: Option<i32>,
    pub calendar_use: CalendarUse,
    pub blackouts: String,
    pub blackout_policy: BlackoutPolicy,
    /// Of the job that is being edited.
    pub created_at: Option<Millis>,
}

impl JobDraft {
    /// When the job would fire, if that can be read. `calendar` is the one that the draft names; `stored` the job
    /// that it is an edit of.
    pub(crate) fn timetable(
        &self,
        stored: Option<&Model>,
        calendar: Option<&calendar::Model>,
        now: Millis,
    ) -> Result<Timetable> {
        SchedulePreview::of(self, stored).read(now, calendar)
    }
}

/// What was typed about a schedule, as it is stored.
pub(super) struct ReadSchedule {
    pub text: String,
    pub zone: String,
    pub validity: Validity,
    pub blackouts: String,
    /// None where something is wrong.
    timetable: Option<Timetable>,
}

impl SchedulePreview {
    pub(super) fn of(draft: &JobDraft, stored: Option<&Model>) -> Self {
        Self {
            schedule_kind: draft.schedule_kind,
            schedule: draft.schedule.clone(),
            zone: draft.zone.clone(),
            gap_policy: draft.gap_policy,
            repeat_policy: draft.repeat_policy,
            valid_from: draft.valid_from.clone(),
            valid_until: draft.valid_until.clone(),
            calendar_id: draft.calendar_id,
            calendar_use: draft.calendar_use,
            blackouts: draft.blackouts.clone(),
            blackout_policy: draft.blackout_policy,
            created_at: stored.map(|job| job.created_at),
        }
    }

    /// The timetable, if it can be read and will ever fire. `calendar` is the one that it names.
    pub(in crate::jobs) fn read(&self, now: Millis, calendar: Option<&calendar::Model>) -> Result<Timetable> {
        let mut faults = Faults::default();
        let read = self.read_into(&mut faults, now, calendar, None);
        faults.into_result()?;
        read.timetable.ok_or_else(|| Error::Internal("a schedule without a fault cannot be read".to_owned()))
    }

    /// A schedule that comes to its end is refused, unless it is the one that is `stored`: the other
    /// fields of a job that fires no more can still be changed.
    pub(super) fn read_into(
        &self,
        faults: &mut Faults,
        now: Millis,
        calendar: Option<&calendar::Model>,
        stored: Option<&Model>,
    ) -> ReadSchedule {
        let zone = zone_name(&self.zone);
        let text = self.text(faults);
        let validity = self.validity(faults, zone.parse().unwrap_or_default());
        let blackouts = self.blackouts(faults);
        let schedule = schedule::Definition {
            kind: self.schedule_kind,
            text: &text,
            zone: &zone,
            gap: self.gap_policy,
            repeat: self.repeat_policy,
            validity,
            created_at: self.created_at.unwrap_or(now),
        };
        let days = calendar.filter(|_| !self.is_never_held()).map(|calendar| calendar.days.as_str());
        let definition = timetable::Definition {
            schedule,
            calendar: days.map(|days| Days { meaning: self.calendar_use, days: Some(days) }),
            blackouts: &blackouts,
            blackout_policy: self.blackout_policy,
        };
        let is_stored = |job: &Model| {
            job.calendar_id == self.calendar_id && timetable::Definition::of(job, calendar) == definition
        };
        let timetable = match stored.is_some_and(is_stored) {
            true => Timetable::parse(definition),
            false => Timetable::validate(definition, now),
        };
        let timetable = timetable.map_err(|found| faults.add_all(found)).ok();
        ReadSchedule { text, zone, validity, blackouts, timetable }
    }

    /// Whether there is nothing that a calendar or a blackout could hold back: the times of a fixed delay
    /// come from its runs.
    pub(super) fn is_never_held(&self) -> bool {
        matches!(self.schedule_kind, ScheduleKind::Manual | ScheduleKind::FixedDelay)
    }

    fn blackouts(&self, faults: &mut Faults) -> String {
        match self.is_never_held() {
            true => String::new(),
            false => faults.text("blackouts", self.blackouts.trim(), BLACKOUTS_LENGTH),
        }
    }

    fn text(&self, faults: &mut Faults) -> String {
        let typed = self.schedule.trim();
        match self.schedule_kind {
            ScheduleKind::Manual => String::new(),
            ScheduleKind::Cron => faults.line("schedule", typed, SCHEDULE_LENGTH),
            ScheduleKind::FixedRate | ScheduleKind::FixedDelay => typed.to_owned(),
            ScheduleKind::Once => {
                local_time::parse(typed).map_or_else(|_| typed.to_owned(), local_time::text)
            }
        }
    }

    /// Only what comes again has a validity. Times that come twice count to it both times.
    fn validity(&self, faults: &mut Faults, zone: Tz) -> Validity {
        if matches!(self.schedule_kind, ScheduleKind::Manual | ScheduleKind::Once) {
            return Validity::default();
        }
        let mut bound = |field: &str, typed: &str, of: Of| {
            let bound = (!typed.trim().is_empty()).then(|| local_time::instant(typed, zone, of))?;
            bound.map_err(|fault| faults.add(field, fault)).ok()
        };
        Validity {
            from: bound("valid_from", &self.valid_from, Of::FirstOfTwo),
            until: bound("valid_until", &self.valid_until, Of::SecondOfTwo),
        }
    }
}

/// The zone as the IANA database writes it; unknown ones as they were typed.
fn zone_name(typed: &str) -> String {
    let typed = typed.trim();
    Tz::from_str_insensitive(typed).map_or_else(|_| typed.to_owned(), |zone| zone.name().to_owned())
}
