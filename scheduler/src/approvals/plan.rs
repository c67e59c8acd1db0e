//! What a change would do to the fires of its job.

use super::Request;
use crate::rules::backfill::times;
use crate::rules::job_state::after;
use crate::rules::moves::{Moves, moves};
use crate::rules::timetable::{Definition, Timetable};
use crate::store::{calendars, jobs};
use crate::{Result, Services};
use chrono_tz::Tz;
use entity::job::{JobState, Model as Job, ScheduleKind};
use entity::{Millis, calendar};

/// How far a plan looks ahead.
const AHEAD: Millis = 7 * 24 * 3_600_000;
/// Fires that are compared; of more of them, those that come first.
const MOST: usize = 2_000;

/// The fires to come, as they are and as they would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// IANA name of the zone that days are counted in: the job's, as it would be.
    pub zone: String,
    /// In a week, or earlier.
    pub until: Millis,
    /// Whether it is earlier, because there are more fires than are compared.
    pub is_cut: bool,
    pub moves: Moves,
}

/// The fires of one side.
struct Side {
    zone: Tz,
    fires: Vec<Millis>,
}

/// None for what changes no fires, and where nobody knows them ahead of time: of a fixed delay.
pub(super) async fn plan(services: &Services, request: &Request, now: Millis) -> Result<Option<Plan>> {
    let reader = services.db.reader();
    let stored = match request.job_id() {
        Some(id) => jobs::by_id(reader, id).await?,
        None => None,
    };
    let stored = match stored {
        Some(job) => Some(calendars::beside(reader, job).await?),
        None => None,
    };
    let named = match request {
        Request::EditJob { draft, .. } | Request::CreateJob { draft, .. } => draft.calendar_id,
        _ => None,
    };
    let named = match named {
        Some(id) => calendars::by_id(reader, id).await?,
        None => None,
    };
    let Some(after) = side_after(request, stored.as_ref(), named.as_ref(), now) else { return Ok(None) };
    let Some(before) = side_before(stored.as_ref(), now) else { return Ok(None) };
    Ok(Some(compare(before.fires, after, now)))
}

fn compare(mut before: Vec<Millis>, after: Side, now: Millis) -> Plan {
    let Side { zone, fires: mut after } = after;
    let last = |fires: &[Millis]| if fires.len() < MOST { now + AHEAD } else { fires[MOST - 1] };
    let until = last(&before).min(last(&after));
    before.retain(|at| *at <= until);
    after.retain(|at| *at <= until);
    let is_cut = until < now + AHEAD;
    Plan { zone: zone.name().to_owned(), until, is_cut, moves: moves(&before, &after, zone) }
}

/// As it is stored; without fires where there is no job yet.
fn side_before(stored: Option<&(Job, Option<calendar::Model>)>, now: Millis) -> Option<Side> {
    match stored {
        Some((job, calendar)) => of_job(job, calendar.as_ref(), job.state, now),
        None => Some(Side { zone: Tz::UTC, fires: Vec::new() }),
    }
}

/// As it would be; none for what leaves all fires where they are, or cannot be read any more.
fn side_after(
    request: &Request,
    stored: Option<&(Job, Option<calendar::Model>)>,
    named: Option<&calendar::Model>,
    now: Millis,
) -> Option<Side> {
    match (request, stored) {
        (Request::CreateJob { draft, state }, _) => {
            let timetable = draft.timetable(None, named, now).ok();
            side(draft.schedule_kind, &draft.zone, *state, timetable, now)
        }
        (Request::EditJob { draft, .. }, Some((job, _))) => {
            let timetable = draft.timetable(Some(job), named, now).ok();
            side(draft.schedule_kind, &draft.zone, job.state, timetable, now)
        }
        (Request::DeleteJob { .. }, Some((job, calendar))) => {
            of_job(job, calendar.as_ref(), JobState::Disabled, now)
        }
        (Request::SwitchJob { word, .. }, Some((job, calendar))) => {
            of_job(job, calendar.as_ref(), after(job.state, *word)?, now)
        }
        _ => None,
    }
}

fn of_job(job: &Job, calendar: Option<&calendar::Model>, state: JobState, now: Millis) -> Option<Side> {
    let timetable = Timetable::parse(Definition::of(job, calendar)).ok();
    side(job.schedule_kind, &job.zone, state, timetable, now)
}

fn side(
    kind: ScheduleKind,
    zone: &str,
    state: JobState,
    timetable: Option<Timetable>,
    now: Millis,
) -> Option<Side> {
    let zone = zone.parse().unwrap_or(Tz::UTC);
    let fires = match (kind, state, timetable) {
        (ScheduleKind::FixedDelay, JobState::On, _) => return None,
        (_, JobState::On, Some(timetable)) => times(&timetable, now, now + AHEAD, MOST),
        _ => Vec::new(),
    };
    Some(Side { zone, fires })
}
