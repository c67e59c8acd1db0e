//! What the rows that follow ended runs are made of: the jobs, their children, and what was reported.

use crate::Result;
use crate::engine::directory::{Bodies, Directory};
use crate::engine::shared::Shared;
use crate::jobs::PARAMETER_LENGTH;
use crate::rules::follow::{self, Follower};
use crate::rules::passing::{self, Reported};
use crate::rules::shards::last_attempts;
use crate::store::engine::{Ending, Restart, RunWithParameter};
use entity::run::{Model as Run, RunKind, RunState};
use std::collections::{BTreeSet, HashMap};

/// The jobs of ended runs and their children.
pub struct Family<'a> {
    directory: &'a Directory,
    bodies: Bodies,
    /// By parent, as the database has it now: a child that was deleted is none.
    children: HashMap<i32, Vec<i32>>,
    /// By run, where a child's parameter has a place for it.
    reported: HashMap<i64, Reported>,
}

impl<'a> Family<'a> {
    pub async fn of(shared: &'a Shared, ended: &[RunWithParameter]) -> Result<Self> {
        let succeeded = ended.iter().map(|ended| &ended.run).filter(|run| run.state == RunState::Succeeded);
        let parents: BTreeSet<i32> = succeeded.map(|run| run.job_id).collect();
        let parents: Vec<i32> = parents.into_iter().collect();
        let mut wanted: BTreeSet<i32> = BTreeSet::new();
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for link in shared.store.children_of(&parents).await? {
            wanted.insert(link.child_id);
            children.entry(link.parent_id).or_default().push(link.child_id);
        }
        // Whether a job goes on after the end of its run is in its definition.
        wanted.extend(ended.iter().map(|ended| ended.run.job_id));
        let wanted: Vec<i32> = wanted.into_iter().collect();
        let bodies = shared.directory.jobs(shared.store.as_ref(), &wanted).await?;
        let mut family = Self { directory: &shared.directory, bodies, children, reported: HashMap::new() };
        let asked: Vec<&Run> =
            ended.iter().map(|ended| &ended.run).filter(|run| family.is_passed_on(run)).collect();
        family.reported = reported_by(shared, &asked).await?;
        Ok(family)
    }

    /// What follows; a retry keeps the parameter that was typed, a child has its own, filled with what
    /// its parent reported.
    pub fn ending(&self, RunWithParameter { run, parameter }: &RunWithParameter) -> Ending {
        let children: Vec<Follower<'_>> = self.children_of(run).collect();
        let rows = follow::rows(run, self.follower(run.job_id), &children).into_iter().map(|next| {
            let typed = match next.kind {
                RunKind::Retry => parameter.clone(),
                _ => self.filled(run, next.job_id),
            };
            RunWithParameter { run: next, parameter: typed }
        });
        let rows: Vec<RunWithParameter> = rows.collect();
        Ending { run_id: run.id, parent_id: run.parent_id, restart: self.restart(run, &rows), rows }
    }

    /// The next time of a fixed delay, after the last attempt of its run.
    fn restart(&self, run: &Run, rows: &[RunWithParameter]) -> Option<Restart> {
        let is_retried = rows.iter().any(|row| row.run.kind == RunKind::Retry);
        if run.is_shard() || is_retried {
            return None;
        }
        let body = self.bodies.get(&run.job_id)?;
        Some(Restart {
            job_id: run.job_id,
            version: body.job.version,
            last_at: run.nominal_at,
            next_at: body.after_end(run.ended_at?)?,
        })
    }

    fn filled(&self, parent: &Run, child_id: i32) -> Option<String> {
        let nothing = Reported::One(String::new());
        let reported = self.reported.get(&parent.id).unwrap_or(&nothing);
        let own = &self.bodies.get(&child_id)?.job.parameter;
        passing::fill(own, parent, reported, PARAMETER_LENGTH as usize)
    }

    fn is_passed_on(&self, run: &Run) -> bool {
        let has_children = run.state == RunState::Succeeded && !run.is_shard();
        has_children && self.children_of(run).any(|child| passing::wants_result(&child.job.parameter))
    }

    fn children_of(&self, run: &Run) -> impl Iterator<Item = Follower<'_>> {
        let ids = self.children.get(&run.job_id).into_iter().flatten();
        ids.filter_map(|id| self.follower(*id))
    }

    fn follower(&self, job_id: i32) -> Option<Follower<'_>> {
        self.bodies.get(&job_id).map(|body| self.directory.follower(body))
    }
}

/// What these runs reported; of those that were split, what their shards did.
async fn reported_by(shared: &Shared, runs: &[&Run]) -> Result<HashMap<i64, Reported>> {
    if runs.is_empty() {
        return Ok(HashMap::new());
    }
    let split: Vec<i64> = runs.iter().filter(|run| run.is_split()).map(|run| run.id).collect();
    let shards = shared.store.shards_of(&split).await?;
    let ids: Vec<i64> = runs.iter().copied().chain(&shards).map(|run| run.id).collect();
    let mut texts: HashMap<i64, String> = shared.store.results(&ids).await?.into_iter().collect();
    let mut text = |id: i64| texts.remove(&id).unwrap_or_default();
    let mut reported = HashMap::with_capacity(runs.len());
    for run in runs {
        let own = match run.is_split() {
            false => Reported::One(text(run.id)),
            true => {
                let own: Vec<Run> =
                    shards.iter().filter(|shard| shard.parent_id == Some(run.id)).cloned().collect();
                Reported::Shards(last_attempts(&own).into_iter().map(|shard| text(shard.id)).collect())
            }
        };
        reported.insert(run.id, own);
    }
    Ok(reported)
}
