//! Writing down what is told: what happens within a rule's time is one message.

use super::look::Scene;
use super::{Alerts, read, tell, written};
use crate::rules::alerts::decide::{Measure, Sighting, tells};
use crate::rules::alerts::message::{Alert, DETAIL, Item, NAMED, Purport, Subject, seconds};
use crate::store::{alert_rules, alerts as store, channels, incidents, jobs, namespaces, runs};
use crate::{Error, Result};
use entity::alert_rule::{Event, Model as Rule};
use entity::incident::{self, Model as Incident};
use entity::{Millis, alert, alert_run};
use sea_orm::Set;
use std::collections::{HashMap, HashSet};

/// What is told already: events of runs, and what lasts.
struct Told {
    runs: HashSet<(i64, i32, Event)>,
    incidents: HashSet<(i32, i32)>,
}

/// The words for what is told.
struct Words {
    jobs: HashMap<i32, String>,
    remarks: HashMap<i64, String>,
}

impl Alerts {
    /// Writes what the rules tell of what was seen; how much of it.
    pub(super) async fn gather(&self, scene: &Scene, mut seen: Vec<Sighting>, now: Millis) -> Result<usize> {
        if seen.is_empty() {
            return Ok(0);
        }
        seen.sort_by_key(|seen| (seen.at, seen.run_id));
        let told = self.told(&seen).await?;
        let mut count = 0;
        for rule in &scene.rules {
            let is_new = |seen: &&Sighting| match (seen.run_id, rule.time_of_day(seen.event)) {
                (Some(run), _) => !told.runs.contains(&(run, rule.id, seen.event)),
                (None, Some((_, told))) => told.is_none_or(|told| told < seen.at),
                (None, None) => !told.incidents.contains(&(rule.id, seen.executor_id)),
            };
            let mine = seen.iter().filter(|seen| tells(rule, seen, now)).filter(is_new);
            let mine: Vec<Sighting> = mine.copied().collect();
            if !mine.is_empty() {
                count += self.write(scene, rule, mine, now).await?;
            }
        }
        Ok(count)
    }

    async fn told(&self, seen: &[Sighting]) -> Result<Told> {
        let reader = self.services.db.reader();
        let run_ids: Vec<i64> = seen.iter().filter_map(|seen| seen.run_id).collect();
        let lasting = incidents::of_executors(reader).await?;
        Ok(Told {
            runs: store::told(reader, &run_ids).await?,
            incidents: lasting.into_iter().map(|found| (found.rule_id, found.subject_id)).collect(),
        })
    }

    /// Adds what happened to what gathers for the rule, or begins to gather; how much it was.
    async fn write(&self, scene: &Scene, rule: &Rule, mut seen: Vec<Sighting>, now: Millis) -> Result<usize> {
        let words = self.words(&seen).await?;
        let run_ids = seen.iter().filter_map(|seen| seen.run_id).collect();
        let dues: HashMap<i64, Millis> =
            runs::dues(self.services.db.reader(), run_ids).await?.into_iter().collect();
        let namespace = namespaces::by_id(self.services.db.reader(), rule.namespace_id).await?;
        let namespace = namespace.ok_or(Error::NotFound("namespace"))?.title();
        let transaction = self.services.db.begin().await?;
        let mut late = Vec::new();
        for seen in seen.iter().filter(|seen| rule.time_of_day(seen.event).is_some()) {
            if !alert_rules::note_told(&transaction, rule.id, seen.event, seen.at).await? {
                late.push(seen.event);
            }
        }
        // Another server has told of these.
        seen.retain(|seen| !late.contains(&seen.event));
        if seen.is_empty() {
            return Ok(0);
        }
        let found = store::gathering(&transaction, rule.id).await?;
        let mut alert = match &found {
            Some(row) => read(&row.content)?,
            None => begun(Purport::Trouble, namespace, rule),
        };
        seen.iter().for_each(|seen| alert.add(item(scene, rule, &words, seen)));
        let row = match found {
            Some(row) => {
                store::set_content(&transaction, row.id, written(&alert)?).await?;
                row
            }
            None => {
                let row = alert::ActiveModel {
                    gathers_for: Set(Some(rule.id)),
                    due_at: Set(now + i64::from(rule.group_s) * 1_000),
                    ..super::row(rule.namespace_id, Some(rule.id), &alert, now)?
                };
                store::insert(&transaction, row).await?
            }
        };
        let (rule_id, alert_id) = (rule.id, row.id);
        let mark = |seen: &Sighting| {
            let (run_id, executor_id) = (seen.run_id?, seen.executor_id);
            let due_at = dues.get(&run_id).copied().unwrap_or(0);
            Some(alert_run::Model { run_id, rule_id, event: seen.event, alert_id, executor_id, due_at })
        };
        store::note_runs(&transaction, seen.iter().filter_map(mark).collect()).await?;
        for incident in begun_incidents(rule, row.id, &seen) {
            incidents::note(&transaction, incident).await?;
        }
        transaction.commit().await?;
        Ok(seen.len())
    }

    async fn words(&self, seen: &[Sighting]) -> Result<Words> {
        let reader = self.services.db.reader();
        let named = &seen[..seen.len().min(NAMED)];
        let jobs = jobs::names(reader, named.iter().filter_map(|seen| seen.job_id).collect()).await?;
        let run_ids = named.iter().filter_map(|seen| seen.run_id).collect();
        let remarks = runs::remarks(reader, run_ids, DETAIL as i32).await?;
        Ok(Words { jobs: jobs.into_iter().collect(), remarks: remarks.into_iter().collect() })
    }

    /// Sends what has gathered for long enough; how many alerts.
    pub(super) async fn close_due(&self, scene: &Scene, now: Millis) -> Result<usize> {
        let mut closed = 0;
        for row in store::all_gathering(self.services.db.reader()).await? {
            let rule = row.gathers_for.and_then(|id| scene.rule(id)).filter(|_| row.due_at <= now);
            let Some(rule) = rule else { continue };
            let transaction = self.services.db.begin().await?;
            if !store::close(&transaction, row.id).await? {
                continue;
            }
            let channels = channels::by_ids(&transaction, rule.channel_ids()).await?;
            // What was added since it was read counts, too.
            let latest = store::by_id(&transaction, row.id).await?.ok_or(Error::NotFound("alert"))?;
            tell(&transaction, &row, &read(&latest.content)?, &channels, now).await?;
            transaction.commit().await?;
            closed += 1;
        }
        Ok(closed)
    }
}

/// An alert of a rule that says nothing yet.
pub(super) fn begun(purport: Purport, namespace: String, rule: &Rule) -> Alert {
    Alert { purport, rule: rule.name.clone(), ..Alert::test(namespace) }
}

fn item(scene: &Scene, rule: &Rule, words: &Words, seen: &Sighting) -> Item {
    let subject = match seen.job_id {
        Some(id) => {
            let name = words.jobs.get(&id).cloned().unwrap_or_default();
            Subject::Job { id, name, run: seen.run_id }
        }
        None => {
            let executor = scene.executors.get(&seen.executor_id);
            let name = executor.map(|found| found.app_name.clone()).unwrap_or_default();
            Subject::Executor { id: seen.executor_id, name }
        }
    };
    let (detail, usual_ms) = match seen.measure {
        Measure::None => (seen.run_id.and_then(|id| words.remarks.get(&id).cloned()), None),
        Measure::Limit(limit) => (Some(over(limit)), None),
        Measure::Usual { limit, usual } => (Some(over(limit)), Some(usual)),
        Measure::Clock(zone) => {
            (rule.time_of_day(seen.event).map(|(time, _)| format!("{time} {zone}")), None)
        }
    };
    Item { event: seen.event, subject, at: seen.at, detail: detail.unwrap_or_default(), usual_ms }
}

fn over(limit: Millis) -> String {
    format!("> {} s", seconds(limit))
}

/// One incident for each job and executor, since its first sighting.
fn begun_incidents(rule: &Rule, alert_id: i32, seen: &[Sighting]) -> Vec<Incident> {
    let mut incidents: HashMap<(incident::Subject, i32), Incident> = HashMap::new();
    for seen in seen {
        let (subject, subject_id) = match seen.job_id {
            Some(id) => (incident::Subject::Job, id),
            None => (incident::Subject::Executor, seen.executor_id),
        };
        let (rule_id, since, last_at) = (rule.id, seen.at, seen.at);
        let (event, escalated) = (seen.event, false);
        let new = Incident { rule_id, subject, subject_id, since, last_at, event, alert_id, escalated };
        let incident = incidents.entry((subject, subject_id)).or_insert(new);
        (incident.last_at, incident.event) = (incident.last_at.max(seen.at), seen.event);
    }
    incidents.into_values().collect()
}
