//! The map: which executors, instances and jobs there are, how they are, and which starts which.
//!
//! However many jobs there are, it holds some hundreds: those of small executors all, of the others those that
//! somebody should look at, that run, and that start one another.

use crate::authority::{Caller, visible};
use crate::instances::SILENCE;
use crate::rules::statistics::{Day, Ends, date_of};
use crate::rules::topology::{Group, Layout, Rank, lay_out, room, shown};
use crate::rules::usual::RecentRun;
use crate::statistics::narrowed;
use crate::store::jobs::JobBrief;
use crate::store::runs::{Path, Span};
use crate::store::{executors, instances, job_children, jobs, namespaces, runs, stat_hours};
use crate::{Result, Services};
use chrono_tz::Tz;
use entity::run::{self, RunState};
use entity::{Millis, executor, instance, namespace};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Executors on the map.
const EXECUTORS: u64 = 100;
/// Instances of each executor that are there and shown, and as many that fell silent.
const INSTANCES: u64 = 20;
/// Instances that fell silent, of all executors; the latest.
const FALLEN: u64 = 2000;
const LINKS: u64 = 1000;
/// Runs under way that are looked at.
const UNDER_WAY: u64 = 1000;
/// Of each executor, the newest runs that somebody should look at.
const ATTENTION: u64 = 50;
/// Jobs read at most, before the unimportant ones fold.
const JOBS: u64 = 5000;
/// Rows behind which the run is looked for that they are shards of.
const SHARDS: u64 = 50;
/// For how long a fallen instance is shown.
const FALLEN_SHOWN: Millis = 24 * 3_600_000;

/// What the caller may see of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// Those with an executor, by name.
    pub namespaces: Vec<namespace::Model>,
    /// By namespace and app name.
    pub executors: Vec<ExecutorNode>,
    /// There are executors that are not shown.
    pub more_executors: bool,
    /// Between jobs that are shown: parent and child.
    pub links: Vec<(i32, i32)>,
    pub layout: Layout,
}

/// An executor and what it has.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutorNode {
    pub executor: executor::Model,
    /// Some of those that fell silent within a day, and of those that are there.
    pub instances: Vec<instance::Model>,
    /// How many are there.
    pub online: u64,
    /// How many fell silent within a day.
    pub silent: u64,
    pub jobs: Vec<JobNode>,
    /// How many jobs it has in all.
    pub jobs_in_all: u64,
    /// Runs that ended on the viewer's present day.
    pub ends: Ends,
    /// Runs under way.
    pub under_way: u64,
    /// Jobs with a run that somebody should look at.
    pub wrong: u64,
}

/// A job on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobNode {
    pub job: JobBrief,
    /// Of its last run; none where it has not run yet.
    pub last: Option<RunState>,
    /// Somebody should look at a run of it.
    pub is_wrong: bool,
}

/// The map of one namespace, or of all that the caller may see. Some twenty queries, none of which reads more the
/// more runs or jobs there are.
pub async fn topology(
    services: &Services,
    caller: &Caller,
    namespace_id: Option<i32>,
    zone: Tz,
    now: Millis,
) -> Result<Topology> {
    let reader = services.db.reader();
    let visible = narrowed(visible(caller)?, namespace_id);
    let mut found = executors::list(reader, &visible, &Default::default(), EXECUTORS + 1).await?;
    let more_executors = found.len() as u64 > EXECUTORS;
    found.truncate(EXECUTORS as usize);
    let ids: Vec<i32> = found.iter().map(|executor| executor.id).collect();
    let mut known = Known::read(services, &ids, zone, now).await?;
    let mut spaces = namespaces::list(reader, &visible).await?;
    let place: HashMap<i32, usize> = spaces.iter().map(|space| space.id).zip(0..).collect();
    found.sort_by_key(|executor| place.get(&executor.namespace_id).copied());
    let executors: Vec<_> = found.into_iter().map(|executor| known.node(executor)).collect();
    let used: HashSet<i32> = executors.iter().map(|node| node.executor.namespace_id).collect();
    spaces.retain(|space| used.contains(&space.id));
    let groups: Vec<Group> = executors.iter().map(group).collect();
    let layout = lay_out(&groups, &known.links);
    let shown: HashSet<i32> = groups.iter().flat_map(|group| group.jobs.iter().copied()).collect();
    let mut links = known.links;
    links.retain(|(parent, child)| shown.contains(parent) && shown.contains(child));
    Ok(Topology { namespaces: spaces, executors, more_executors, links, layout })
}

fn group(node: &ExecutorNode) -> Group {
    Group {
        namespace_id: node.executor.namespace_id,
        executor_id: node.executor.id,
        instances: node.instances.iter().map(|instance| instance.id).collect(),
        jobs: node.jobs.iter().map(|node| node.job.id).collect(),
        folded: node.jobs_in_all.saturating_sub(node.jobs.len() as u64),
    }
}

/// What was read of the executors on the map.
struct Known {
    jobs: HashMap<i32, Vec<JobNode>>,
    job_counts: HashMap<i32, u64>,
    instances: HashMap<i32, Vec<instance::Model>>,
    online: HashMap<i32, u64>,
    silent: HashMap<i32, u64>,
    ends: HashMap<i32, Ends>,
    under_way: HashMap<i32, u64>,
    wrong: HashMap<i32, u64>,
    links: Vec<(i32, i32)>,
}

impl Known {
    async fn read(services: &Services, ids: &[i32], zone: Tz, now: Millis) -> Result<Self> {
        let reader = services.db.reader();
        let job_counts = executors::job_counts(reader, ids.to_vec()).await?;
        let under_way = runs::under_way(reader, Some(ids.to_vec()), UNDER_WAY).await?;
        let batches = runs::of_executors(reader, Path::Attention, ids, Span::default(), ATTENTION).await?;
        let wrong: Vec<run::Model> = batches.into_iter().flat_map(|batch| batch.rows).collect();
        let links = job_children::of_executors(reader, ids, LINKS).await?;
        let links: Vec<(i32, i32)> = links.iter().map(|link| (link.parent_id, link.child_id)).collect();
        let ranks = Ranks::of(&wrong, &under_way, &links);
        let room = room(ids.len());
        let is_small = |id: &&i32| job_counts.get(id).is_some_and(|jobs| *jobs <= room as u64);
        let small = ids.iter().filter(is_small).copied().collect();
        let briefs = jobs::briefs(reader, ranks.ids(), small, JOBS).await?;
        let day = Day::of(date_of(now, zone), zone);
        let mut ends: HashMap<i32, Ends> = HashMap::new();
        for (id, state, runs) in stat_hours::by_executor(reader, Some(ids), day.from..day.until).await? {
            ends.entry(id).or_default().add(state, runs);
        }
        let since = now - FALLEN_SHOWN;
        let fallen = instances::fallen_silent(reader, ids.to_vec(), since, SILENCE, FALLEN).await?;
        Ok(Self {
            jobs: job_nodes(services, briefs, &ranks, room).await?,
            job_counts,
            silent: counted(fallen.iter().map(|instance| instance.executor_id)),
            instances: shown_instances(fallen, instances::online_of(reader, ids, INSTANCES).await?),
            online: instances::online_counts(reader, ids.to_vec()).await?,
            ends,
            under_way: counted(under_way.iter().map(|run| run.executor_id)),
            wrong: counted(
                wrong
                    .iter()
                    .map(|run| (run.executor_id, run.job_id))
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .map(|(id, _)| id),
            ),
            links,
        })
    }

    fn node(&mut self, executor: executor::Model) -> ExecutorNode {
        let id = executor.id;
        let count = |of: &HashMap<i32, u64>| of.get(&id).copied().unwrap_or_default();
        ExecutorNode {
            instances: self.instances.remove(&id).unwrap_or_default(),
            online: count(&self.online),
            silent: count(&self.silent),
            jobs: self.jobs.remove(&id).unwrap_or_default(),
            jobs_in_all: count(&self.job_counts),
            ends: self.ends.get(&id).copied().unwrap_or_default(),
            under_way: count(&self.under_way),
            wrong: count(&self.wrong),
            executor,
        }
    }
}

fn counted(ids: impl Iterator<Item = i32>) -> HashMap<i32, u64> {
    let mut counts = HashMap::new();
    ids.for_each(|id| *counts.entry(id).or_default() += 1);
    counts
}

/// Why jobs are shown.
struct Ranks {
    wrong: HashSet<i32>,
    under_way: HashSet<i32>,
    linked: HashSet<i32>,
}

impl Ranks {
    fn of(wrong: &[run::Model], under_way: &[run::Model], links: &[(i32, i32)]) -> Self {
        Self {
            wrong: wrong.iter().map(|run| run.job_id).collect(),
            under_way: under_way.iter().map(|run| run.job_id).collect(),
            linked: links.iter().flat_map(|(parent, child)| [*parent, *child]).collect(),
        }
    }

    fn ids(&self) -> Vec<i32> {
        let all: BTreeSet<i32> =
            [&self.wrong, &self.under_way, &self.linked].into_iter().flatten().copied().collect();
        all.into_iter().collect()
    }

    fn rank(&self, job: i32) -> Rank {
        if self.wrong.contains(&job) {
            Rank::Wrong
        } else if self.under_way.contains(&job) {
            Rank::UnderWay
        } else if self.linked.contains(&job) {
            Rank::Linked
        } else {
            Rank::Other
        }
    }
}

/// The jobs that have room, by executor, with the states of their last runs.
async fn job_nodes(
    services: &Services,
    briefs: Vec<JobBrief>,
    ranks: &Ranks,
    room: usize,
) -> Result<HashMap<i32, Vec<JobNode>>> {
    let mut ranked: HashMap<i32, Vec<(Rank, i32)>> = HashMap::new();
    for brief in &briefs {
        ranked.entry(brief.executor_id).or_default().push((ranks.rank(brief.id), brief.id));
    }
    let chosen: Vec<i32> = ranked.into_values().flat_map(|jobs| shown(jobs, room)).collect();
    let recent = last_runs(services, &chosen).await?;
    let chosen: HashSet<i32> = chosen.into_iter().collect();
    let mut nodes: HashMap<i32, Vec<JobNode>> = HashMap::new();
    for job in briefs.into_iter().filter(|brief| chosen.contains(&brief.id)) {
        let last = recent.get(&job.id).and_then(|runs| runs.first()).map(|run| run.state);
        let is_wrong = ranks.wrong.contains(&job.id);
        nodes.entry(job.executor_id).or_default().push(JobNode { job, last, is_wrong });
    }
    Ok(nodes)
}

/// The newest run of each of these jobs.
async fn last_runs(services: &Services, jobs: &[i32]) -> Result<HashMap<i32, Vec<RecentRun>>> {
    let reader = services.db.reader();
    let mut recent = runs::recent_of_jobs(reader, jobs, 1).await?;
    // Before a run that was split stand its shards: so few jobs have some that the others need not wait for them.
    let missing: Vec<i32> = jobs.iter().copied().filter(|job| !recent.contains_key(job)).collect();
    if !missing.is_empty() {
        recent.extend(runs::recent_of_jobs(reader, &missing, SHARDS).await?);
    }
    Ok(recent)
}

/// The instances to be shown, by executor: the fallen first.
fn shown_instances(
    fallen: Vec<instance::Model>,
    online: Vec<instance::Model>,
) -> HashMap<i32, Vec<instance::Model>> {
    let mut shown: HashMap<i32, Vec<instance::Model>> = HashMap::new();
    for instance in fallen {
        let of_executor = shown.entry(instance.executor_id).or_default();
        if (of_executor.len() as u64) < INSTANCES {
            of_executor.push(instance);
        }
    }
    for instance in online {
        shown.entry(instance.executor_id).or_default().push(instance);
    }
    shown
}
