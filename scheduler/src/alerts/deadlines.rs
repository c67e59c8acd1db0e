//! Looking for jobs that have not started or finished by the time of day that a rule names.

use super::Alerts;
use super::look::Scene;
use crate::Result;
use crate::rules::alerts::deadline::{Day, GRACE_MS, LOOKED_BACK_MS, TimeOfDay, is_expected};
use crate::rules::alerts::decide::{Measure, Sighting, tells};
use crate::rules::freezes::Freezes;
use crate::rules::timetable::{Definition, Timetable};
use crate::store::runs::{self, Deed};
use crate::store::{calendars, freezes, jobs};
use chrono_tz::Tz;
use entity::Millis;
use entity::alert_rule::{Event, Model as Rule};
use entity::job::Model as Job;
use std::collections::HashMap;

const EVENTS: [Event; 2] = [Event::NotStarted, Event::NotFinished];

/// The last time of each rule of which nothing is to be told.
pub(super) type Settled = HashMap<(i32, Event), Millis>;

/// A time that has passed, and that nobody has looked at.
struct Open<'a> {
    rule: &'a Rule,
    event: Event,
    job_id: i32,
    zone: Tz,
    day: Day,
}

impl Alerts {
    /// Jobs that have not started or finished in time. What turns out to be in order goes into `settled`, and is not
    /// looked at again.
    pub(super) async fn deadlines(
        &self,
        scene: &Scene,
        settled: &mut Settled,
        now: Millis,
    ) -> Result<Vec<Sighting>> {
        let open = self.open(scene, settled, now).await?;
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let frozen = freezes::since(self.services.db.reader(), now - LOOKED_BACK_MS).await?;
        let (frozen, mut found) = (Freezes::new(frozen), Vec::new());
        for open in open {
            let is_frozen = frozen.covered(open.rule.namespace_id, open.day.deadline);
            match self.missed(&open).await?.filter(|seen| !is_frozen && tells(open.rule, seen, now)) {
                Some(seen) => found.push(seen),
                None => drop(settled.insert((open.rule.id, open.event), open.day.deadline)),
            }
        }
        Ok(found)
    }

    async fn open<'a>(&self, scene: &'a Scene, settled: &Settled, now: Millis) -> Result<Vec<Open<'a>>> {
        let named = |rule: &'a Rule| {
            let events = EVENTS.into_iter().filter(|event| rule.event_list().contains(event));
            events.filter_map(move |event| Some((rule, event, rule.job_id?)))
        };
        let named: Vec<(&Rule, Event, i32)> = scene.rules.iter().flat_map(named).collect();
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let ids = named.iter().map(|(.., job_id)| *job_id).collect();
        let zones = jobs::zones(self.services.db.reader(), ids).await?;
        let zones: HashMap<i32, String> = zones.into_iter().collect();
        let open = |(rule, event, job_id): (&'a Rule, Event, i32)| {
            let (text, told) = rule.time_of_day(event)?;
            let zone = zones.get(&job_id)?.parse().ok()?;
            let day = TimeOfDay::parse(text).ok()?.last_day(zone, now - GRACE_MS)?;
            let is_settled = settled.get(&(rule.id, event)).is_some_and(|at| *at >= day.deadline);
            let is_over = is_settled || told.is_some_and(|at| at >= day.deadline);
            let is_old = day.deadline < now - LOOKED_BACK_MS;
            (!is_over && !is_old).then_some(Open { rule, event, job_id, zone, day })
        };
        Ok(named.into_iter().filter_map(open).collect())
    }

    /// What there is to tell, if nothing that is asked for has happened.
    async fn missed(&self, open: &Open<'_>) -> Result<Option<Sighting>> {
        let reader = self.services.db.reader();
        let Some(job) = jobs::by_id(reader, open.job_id).await? else { return Ok(None) };
        let Day { begin, end, deadline } = open.day;
        let deed = if open.event == Event::NotStarted { Deed::Sent } else { Deed::Succeeded };
        if runs::has_of_day(reader, job.id, begin..end, deed, deadline).await? {
            return Ok(None);
        }
        let has_runs = runs::has_of_day(reader, job.id, begin..end, Deed::Due, deadline).await?;
        let (job, calendar) = calendars::beside(reader, job).await?;
        // One that cannot be read does not fire: the home page names it.
        let Ok(timetable) = Timetable::parse(Definition::of(&job, calendar.as_ref())) else {
            return Ok(None);
        };
        let Job { id, namespace_id, executor_id, .. } = job;
        let seen = Sighting {
            event: open.event,
            namespace_id,
            executor_id,
            job_id: Some(id),
            run_id: None,
            at: deadline,
            rule_id: Some(open.rule.id),
            measure: Measure::Clock(open.zone),
        };
        Ok(is_expected(&job, &timetable, &open.day, has_runs).then_some(seen))
    }
}
