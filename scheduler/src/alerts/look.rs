//! Looking for what may be told: runs that ended badly, are late or take long, executors that are offline.
//! What the engine writes anyway is read; the engine does nothing for it.

use super::Alerts;
use crate::Result;
use crate::rules::alerts::decide::{
    LONGER_BY_MS, Measure, OFFLINE_MS, Sighting, concerns, ended_at, event_of, longer_since, overdue_since,
};
use crate::runs::usual_of;
use crate::store::runs::{Path, Span};
use crate::store::{alert_rules, executors, instances, job_limits, runs};
use entity::Millis;
use entity::alert_rule::{Event, Model as Rule};
use entity::executor::Model as Executor;
use entity::job::Model as Job;
use entity::run::{Model as Run, RunState};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rules that are heeded at all.
const MOST_RULES: u64 = 1_000;
/// Of each executor so many runs that a person should look at, the newest.
const MOST: u64 = 1_000;
/// Runs that are late or take long, over all.
const MOST_OVERDUE: u64 = 1_000;
/// Executors looked at together.
const SLICE: usize = 10;

/// The rules, and the executors that they may be about.
pub(super) struct Scene {
    pub rules: Vec<Rule>,
    pub executors: HashMap<i32, Executor>,
}

impl Scene {
    pub async fn of(alerts: &Alerts) -> Result<Self> {
        let reader = alerts.services.db.reader();
        let rules = alert_rules::list(reader, &crate::authority::Visible::All, MOST_RULES).await?;
        let namespaces: BTreeSet<i32> = rules.iter().map(|rule| rule.namespace_id).collect();
        let found = match namespaces.is_empty() {
            true => Vec::new(),
            false => executors::of_namespaces(reader, namespaces.into_iter().collect()).await?,
        };
        let concerned = |executor: &Executor| {
            let about = |rule: &Rule| rule.executor_id.is_none_or(|id| id == executor.id);
            rules.iter().any(|rule| rule.namespace_id == executor.namespace_id && about(rule))
        };
        let executors = found.into_iter().filter(concerned).map(|found| (found.id, found)).collect();
        Ok(Self { rules, executors })
    }

    pub fn rule(&self, id: i32) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The rules that tell of this event.
    fn rules_with(&self, event: Event) -> Vec<&Rule> {
        self.rules.iter().filter(|rule| rule.event_list().contains(&event)).collect()
    }

    /// Those of them that are about the run.
    fn concerned<'a>(&self, rules: &[&'a Rule], run: &Run) -> Vec<&'a Rule> {
        let Some(executor) = self.executors.get(&run.executor_id) else { return Vec::new() };
        let about = |rule: &&&Rule| concerns(rule, executor.namespace_id, executor.id, Some(run.job_id));
        rules.iter().filter(about).copied().collect()
    }

    /// The executors that a rule with this event is about.
    fn executors_with(&self, event: Event) -> Vec<i32> {
        let rules = self.rules_with(event);
        let wanted = |executor: &&Executor| {
            let about = |rule: &&Rule| rule.executor_id.is_none_or(|id| id == executor.id);
            rules.iter().any(|rule| rule.namespace_id == executor.namespace_id && about(rule))
        };
        self.executors.values().filter(wanted).map(|executor| executor.id).collect()
    }

    fn sighting(&self, run: &Run, event: Event, at: Millis) -> Option<Sighting> {
        let namespace_id = self.executors.get(&run.executor_id)?.namespace_id;
        let (executor_id, job_id, run_id) = (run.executor_id, Some(run.job_id), Some(run.id));
        let (rule_id, measure) = (None, Measure::None);
        Some(Sighting { event, namespace_id, executor_id, job_id, run_id, at, rule_id, measure })
    }
}

impl Alerts {
    /// Runs due since then that ended badly, but for those in `seen`.
    pub(super) async fn ended(
        &self,
        scene: &Scene,
        since: Millis,
        seen: &HashSet<i64>,
    ) -> Result<Vec<Sighting>> {
        let ids: Vec<i32> = scene.executors.keys().copied().collect();
        let span = Span { from: Some(since), ..Span::default() };
        let mut found = Vec::new();
        for ids in ids.chunks(SLICE) {
            let batches =
                runs::of_executors(self.services.db.reader(), Path::Attention, ids, span, MOST).await?;
            let rows = batches.into_iter().flat_map(|batch| batch.rows);
            let sighting = |run: Run| scene.sighting(&run, event_of(&run)?, ended_at(&run));
            found.extend(rows.filter(|run| !seen.contains(&run.id)).filter_map(sighting));
        }
        Ok(found)
    }

    /// Runs that are late or take long, by each rule that says from when on.
    pub(super) async fn overdue(&self, scene: &Scene, now: Millis) -> Result<Vec<Sighting>> {
        let mut found = Vec::new();
        for event in [Event::Late, Event::Long] {
            let rules = scene.rules_with(event);
            let seconds = |rule: &&Rule| if event == Event::Late { rule.late_s } else { rule.long_s };
            let Some(shortest) = rules.iter().map(seconds).min() else { continue };
            let states: &[RunState] =
                if event == Event::Late { &[RunState::Waiting] } else { &RunState::OUT };
            let before = now - i64::from(shortest) * 1_000;
            let executors = scene.executors_with(event);
            let reader = self.services.db.reader();
            for run in runs::overdue(reader, executors, states, before, MOST_OVERDUE).await? {
                for rule in scene.concerned(&rules, &run) {
                    let Some((at, measure)) = overdue_since(rule, &run, event, now) else { continue };
                    let seen = scene.sighting(&run, event, at);
                    found.extend(seen.map(|seen| Sighting { rule_id: Some(rule.id), measure, ..seen }));
                }
            }
        }
        Ok(found)
    }

    /// Runs that take longer than usual, by the share that each rule names.
    pub(super) async fn longer(&self, scene: &Scene, now: Millis) -> Result<Vec<Sighting>> {
        let rules = scene.rules_with(Event::Longer);
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let executors = scene.executors_with(Event::Longer);
        let (reader, before) = (self.services.db.reader(), now - LONGER_BY_MS);
        let mut runs = runs::overdue(reader, executors, &RunState::OUT, before, MOST_OVERDUE).await?;
        runs.retain(|run| !scene.concerned(&rules, run).is_empty());
        let usual = usual_of(&self.services, runs.iter().map(|run| run.job_id).collect()).await?;
        let mut found = Vec::new();
        for run in &runs {
            let Some(usual) = usual.get(&run.job_id) else { continue };
            for rule in scene.concerned(&rules, run) {
                let Some((at, measure)) = longer_since(rule, run, *usual, now) else { continue };
                let seen = scene.sighting(run, Event::Longer, at);
                found.extend(seen.map(|seen| Sighting { rule_id: Some(rule.id), measure, ..seen }));
            }
        }
        Ok(found)
    }

    /// Jobs that were stopped after failures, by the last of these.
    pub(super) async fn stopped(&self, scene: &Scene, since: Millis) -> Result<Vec<Sighting>> {
        if scene.executors_with(Event::AutoPaused).is_empty() {
            return Ok(Vec::new());
        }
        let jobs = job_limits::stopped_since(self.services.db.reader(), since).await?;
        let sighting = |job: Job| {
            let namespace_id = scene.executors.get(&job.executor_id)?.namespace_id;
            let (event, executor_id, job_id) = (Event::AutoPaused, job.executor_id, Some(job.id));
            let (run_id, at) = (Some(job.failure_stop_run?), job.failure_stop_at?);
            let (rule_id, measure) = (None, Measure::None);
            Some(Sighting { event, namespace_id, executor_id, job_id, run_id, at, rule_id, measure })
        };
        Ok(jobs.into_iter().filter_map(sighting).collect())
    }

    /// Executors that have no instance any more, for some time.
    pub(super) async fn offline(&self, scene: &Scene, now: Millis) -> Result<Vec<Sighting>> {
        let reader = self.services.db.reader();
        let mut ids = scene.executors_with(Event::Offline);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let online = instances::online_counts(reader, ids.clone()).await?;
        ids.retain(|id| !online.contains_key(id));
        let gone = instances::last_gone(reader, ids).await?;
        let sighting = |(executor_id, at): (i32, Millis)| {
            let namespace_id = scene.executors.get(&executor_id)?.namespace_id;
            let event = Event::Offline;
            let (job_id, run_id, rule_id, measure) = (None, None, None, Measure::None);
            Some(Sighting { event, namespace_id, executor_id, job_id, run_id, at, rule_id, measure })
        };
        Ok(gone.into_iter().filter(|(_, at)| now - at >= OFFLINE_MS).filter_map(sighting).collect())
    }
}
