//! What becomes of what was told: it recovers, or lasts until somebody else has to know.

use super::gather::begun;
use super::look::Scene;
use super::{Alerts, tell_new};
use crate::rules::alerts::content::Content;
use crate::rules::alerts::decide::{escalation, recovered};
use crate::rules::alerts::message::{Item, Purport, Subject as Named};
use crate::rules::usual::RecentRun;
use crate::store::{alerts as store, channels, incidents, instances, jobs, namespaces, runs};
use crate::{Error, Result};
use entity::Millis;
use entity::alert_rule::Model as Rule;
use entity::incident::{Model as Incident, Subject};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Incidents that are looked at, the oldest first.
const MOST: u64 = 1_000;
/// Runs of a job among which its success is looked for.
const NEWEST: u64 = 5;
/// Nobody waits any longer for the success of a job that was told of so long ago (ms).
const FORGOTTEN_MS: Millis = 7 * 24 * 3_600_000;

/// What a look at the incidents came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Followed {
    pub recovered: usize,
    pub escalated: usize,
}

/// What the incidents are about, as it is now.
struct Present {
    newest: HashMap<i32, Vec<RecentRun>>,
    job_names: HashMap<i32, String>,
    /// Executors that a rule is about.
    executors: HashSet<i32>,
    online: HashSet<i32>,
}

impl Alerts {
    /// Ends what has recovered, and tells so where the rule wants it; escalates what has lasted.
    pub(super) async fn follow_incidents(&self, scene: &Scene, now: Millis) -> Result<Followed> {
        let reader = self.services.db.reader();
        let all = incidents::list(reader, MOST).await?;
        if all.is_empty() {
            return Ok(Followed::default());
        }
        let present = self.present(scene, &all).await?;
        // Nobody is told of the end before the beginning.
        let gathering = store::all_gathering(reader).await?;
        let is_told = |found: &Incident| gathering.iter().all(|row| row.id != found.alert_id);
        let mut followed = Followed::default();
        for rule in &scene.rules {
            let mine = || all.iter().filter(|incident| incident.rule_id == rule.id);
            let end = |incident: &Incident| Some((incident.clone(), present.end_of(incident, now)?));
            let mut over: Vec<(Incident, Option<Millis>)> = mine().filter_map(end).collect();
            let lasting = mine().filter(|found| present.end_of(found, now).is_none());
            let due = lasting.filter_map(|found| Some((found.clone(), escalation(rule, found, now)?)));
            over.retain(|(found, _)| is_told(found));
            followed.recovered += self.end(scene, rule, &over, &present, now).await?;
            followed.escalated += self.escalate(scene, rule, &due.collect::<Vec<_>>(), &present, now).await?;
        }
        Ok(followed)
    }

    async fn present(&self, scene: &Scene, all: &[Incident]) -> Result<Present> {
        let reader = self.services.db.reader();
        let ids = |subject| -> Vec<i32> {
            let mine = all.iter().filter(|incident| incident.subject == subject);
            mine.map(|incident| incident.subject_id).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let (job_ids, executor_ids) = (ids(Subject::Job), ids(Subject::Executor));
        Ok(Present {
            newest: runs::recent_of_jobs(reader, &job_ids, NEWEST).await?,
            job_names: jobs::names(reader, job_ids).await?.into_iter().collect(),
            executors: scene.executors.keys().copied().collect(),
            online: instances::online_counts(reader, executor_ids).await?.into_keys().collect(),
        })
    }

    /// Ends incidents; how many of them were told to have recovered.
    async fn end(
        &self,
        scene: &Scene,
        rule: &Rule,
        over: &[(Incident, Option<Millis>)],
        present: &Present,
        now: Millis,
    ) -> Result<usize> {
        if over.is_empty() {
            return Ok(0);
        }
        let namespace = self.namespace_of(rule).await?;
        let mut alert = begun(Purport::Recovery, namespace, rule);
        let transaction = self.services.db.begin().await?;
        for (found, at) in over {
            let Incident { rule_id, subject, subject_id, last_at, .. } = *found;
            let is_own = incidents::end(&transaction, rule_id, subject, subject_id, last_at).await?;
            if let Some(at) = at.filter(|_| is_own) {
                alert.add(item(scene, present, found, at));
            }
        }
        let count = alert.count() as usize;
        let is_told = rule.recovery && count > 0;
        if is_told {
            let channels = channels::by_ids(&transaction, rule.channel_ids()).await?;
            let content = Content::Alert(alert);
            tell_new(&transaction, rule.namespace_id, Some(rule.id), &content, &channels, now).await?;
        }
        transaction.commit().await?;
        Ok(if is_told { count } else { 0 })
    }

    /// Tells the second channel of what has lasted for so many minutes; of how much.
    async fn escalate(
        &self,
        scene: &Scene,
        rule: &Rule,
        due: &[(Incident, i64)],
        present: &Present,
        now: Millis,
    ) -> Result<usize> {
        let Some(minutes) = due.iter().map(|(_, minutes)| *minutes).min() else { return Ok(0) };
        let namespace = self.namespace_of(rule).await?;
        let mut alert = begun(Purport::Escalation { minutes }, namespace, rule);
        let transaction = self.services.db.begin().await?;
        for (found, _) in due {
            if incidents::escalate(&transaction, found).await? {
                alert.add(item(scene, present, found, found.since));
            }
        }
        let count = alert.count() as usize;
        if count > 0 {
            let channels =
                channels::by_ids(&transaction, rule.escalate_channel.into_iter().collect()).await?;
            let content = Content::Alert(alert);
            tell_new(&transaction, rule.namespace_id, Some(rule.id), &content, &channels, now).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }

    async fn namespace_of(&self, rule: &Rule) -> Result<String> {
        let namespace = namespaces::by_id(self.services.db.reader(), rule.namespace_id).await?;
        Ok(namespace.ok_or(Error::NotFound("namespace"))?.title())
    }
}

impl Present {
    /// Whether an incident is over: since when it has recovered, or nothing where nobody is to be told.
    fn end_of(&self, incident: &Incident, now: Millis) -> Option<Option<Millis>> {
        let is_forgotten = now - incident.last_at > FORGOTTEN_MS;
        match incident.subject {
            // It was deleted, or no rule is about it any more.
            Subject::Executor if !self.executors.contains(&incident.subject_id) => Some(None),
            Subject::Executor => self.online.contains(&incident.subject_id).then_some(Some(now)),
            Subject::Job if !self.job_names.contains_key(&incident.subject_id) => Some(None),
            Subject::Job => {
                let newest = self.newest.get(&incident.subject_id).map(Vec::as_slice).unwrap_or_default();
                let success = recovered(incident, newest).and_then(|run| run.ended_at);
                success.map(Some).or(is_forgotten.then_some(None))
            }
        }
    }
}

fn item(scene: &Scene, present: &Present, incident: &Incident, at: Millis) -> Item {
    let id = incident.subject_id;
    let subject = match incident.subject {
        Subject::Job => {
            let name = present.job_names.get(&id).cloned().unwrap_or_default();
            Named::Job { id, name, run: None }
        }
        Subject::Executor => {
            let name = scene.executors.get(&id).map(|found| found.app_name.clone()).unwrap_or_default();
            Named::Executor { id, name }
        }
    };
    Item { event: incident.event, subject, at, detail: String::new(), usual_ms: None }
}
