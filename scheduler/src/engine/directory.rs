//! Executors, their instances and job bodies, as of the last look: what dispatching needs without
//! asking the database for each run.

use crate::Result;
use crate::by_id::ById;
use crate::rules::bucket::bucket_among;
use crate::rules::doubt::Site;
use crate::rules::follow::Follower;
use crate::rules::freezes::Freezes;
use crate::rules::pinning::{Allowed, Labels};
use crate::rules::routing::Candidate;
use crate::rules::spread::delay_ms;
use crate::rules::timetable::{Definition, Timetable};
use crate::store::engine::Store;
use entity::fault::FieldFault;
use entity::instance::Client;
use entity::job::JobState;
use entity::{Millis, calendar, executor, instance, job, run};
use rustc_hash::FxBuildHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Bytes of parameters and scripts kept; beyond it the bodies are read anew as they are needed.
const MAX_BYTES: usize = 64 << 20;

/// How long a freeze that has ended is remembered: longer than any catch-up window.
const MEMORY_MS: Millis = 8 * 24 * 3_600_000;

/// A job as the engine uses it.
#[derive(Clone, Debug)]
pub struct JobBody {
    pub job: job::Model,
    /// Whether other jobs start when it succeeds. A link that went with a deleted child may still
    /// count; then nothing is found to follow.
    pub has_children: bool,
    /// What is wrong where what is stored cannot be read any more, such as a zone that was dropped.
    pub timetable: Result<Timetable, Vec<FieldFault>>,
    /// Bytes that it takes beside its columns.
    calendar_size: usize,
    /// How long after its nominal time each fire is due.
    pub delay_ms: Millis,
    /// Where it may run; none where what is stored cannot be read: then nowhere.
    pub allowed: Option<Allowed>,
}

/// Where a request goes, and with which credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub executor_id: i32,
    pub app_name: String,
    pub token: String,
    pub instance_id: i32,
    pub instance_generation: i32,
    pub address: String,
    pub labels: Labels,
    pub client: Client,
    /// Names the process, where it understands [`protocol::native`]; else empty.
    pub life: String,
    /// It gets no more runs, for as long as it lives or somebody takes that back.
    pub is_draining: bool,
}

impl Target {
    /// Whether it takes many runs at once, and can be asked which it has.
    pub fn is_native(&self) -> bool {
        !self.life.is_empty()
    }

    /// Whether it is still the process that the run was sent to.
    pub fn has_lived_since(&self, run: &run::Model) -> bool {
        run.instance_generation == self.instance_generation
    }

    /// As the rules of routing see it.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate { instance_id: self.instance_id, address: &self.address }
    }

    /// Where runs of this job go that go here.
    pub fn site(&self, job_id: i32) -> Site {
        Site { executor_id: self.executor_id, job_id, instance_id: self.instance_id }
    }
}

/// Jobs by their ids.
pub type Bodies = ById<i32, Arc<JobBody>>;

/// The instances of one executor that are there.
pub type Instances = Arc<[Arc<Target>]>;

#[derive(Debug, Default)]
pub struct Directory(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    executors: HashMap<i32, Arc<executor::Model>>,
    /// By executor.
    instances: HashMap<i32, Instances>,
    freezes: Arc<Freezes>,
    jobs: Bodies,
    bytes: usize,
}

impl Directory {
    /// Reads executors, instances and freezes anew.
    pub async fn refresh(&self, store: &dyn Store, now: Millis) -> Result<()> {
        let (executors, instances) = store.executors().await?;
        let freezes = Arc::new(Freezes::new(store.freezes(now - MEMORY_MS).await?));
        let executors = executors.into_iter().map(|executor| (executor.id, Arc::new(executor))).collect();
        let instances = targets(&executors, instances);
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *entries = Entries { executors, instances, freezes, ..std::mem::take(&mut *entries) };
        Ok(())
    }

    /// The bodies of these jobs, read where they are not known; jobs that are gone are missing.
    pub async fn jobs(&self, store: &dyn Store, ids: &[i32]) -> Result<Bodies> {
        let (mut found, missing) = self.known(ids);
        if !missing.is_empty() {
            let jobs = store.jobs(&missing).await?;
            // Read after the jobs: links newer than the version beside them do no harm, older ones
            // would be kept with it.
            let parents: HashSet<i32> =
                store.children_of(&missing).await?.into_iter().map(|link| link.parent_id).collect();
            let named: HashSet<i32> = jobs.iter().filter_map(|job| job.calendar_id).collect();
            // So are calendars: an edit of one is a new version of its jobs.
            let calendars = store.calendars(&named.into_iter().collect::<Vec<_>>()).await?;
            let calendars: HashMap<i32, calendar::Model> =
                calendars.into_iter().map(|calendar| (calendar.id, calendar)).collect();
            let body = |job: job::Model| {
                let calendar = job.calendar_id.and_then(|id| calendars.get(&id));
                Arc::new(JobBody::of(parents.contains(&job.id), calendar, job))
            };
            let read: Vec<Arc<JobBody>> = jobs.into_iter().map(body).collect();
            let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
            for body in read {
                entries.bytes += body.size();
                if entries.bytes > MAX_BYTES {
                    entries.jobs.clear();
                    entries.bytes = body.size();
                }
                entries.jobs.insert(body.job.id, body.clone());
                found.insert(body.job.id, body);
            }
        }
        Ok(found)
    }

    fn known(&self, ids: &[i32]) -> (Bodies, Vec<i32>) {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Bodies::with_capacity_and_hasher(ids.len(), FxBuildHasher);
        let mut missing = Vec::new();
        for id in ids {
            match entries.jobs.get(id) {
                Some(body) => drop(found.insert(*id, body.clone())),
                None => missing.push(*id),
            }
        }
        (found, missing)
    }

    /// Forgets bodies that changed.
    pub fn forget_jobs(&self, ids: &[i32]) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if let Some(body) = entries.jobs.remove(id) {
                entries.bytes = entries.bytes.saturating_sub(body.size());
            }
        }
    }

    /// The instances of this executor that are there.
    pub fn instances(&self, executor_id: i32) -> Instances {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.instances.get(&executor_id).cloned().unwrap_or_default()
    }

    /// What is frozen, and what was lately.
    pub fn freezes(&self) -> Arc<Freezes> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).freezes.clone()
    }

    pub fn knows_token(&self, token: &str) -> bool {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.executors.values().any(|executor| executor.token == token)
    }

    pub fn namespace_of(&self, executor_id: i32) -> Option<i32> {
        self.executor(executor_id).map(|executor| executor.namespace_id)
    }

    pub fn executor(&self, id: i32) -> Option<Arc<executor::Model>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).executors.get(&id).cloned()
    }

    /// What follows a run needs of this job.
    pub fn follower<'a>(&self, body: &'a JobBody) -> Follower<'a> {
        let JobBody { job, has_children, .. } = body;
        let max_parallel = self.max_parallel(job.executor_id);
        let bucket = bucket_among(job.id, job.executor_id, max_parallel);
        Follower { job, bucket, has_children: *has_children }
    }

    /// How many runs of this executor may be out; 0 = any number.
    pub fn max_parallel(&self, executor_id: i32) -> i32 {
        self.executor(executor_id).map_or(0, |executor| executor.max_parallel)
    }

    /// Executors that limit their runs.
    pub fn limited(&self) -> BTreeSet<i32> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let limited = entries.executors.values().filter(|executor| executor.max_parallel > 0);
        limited.map(|executor| executor.id).collect()
    }

    /// An instance that is there, in this life of it.
    pub fn target(&self, executor_id: i32, instance_id: i32) -> Option<Arc<Target>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let here = entries.instances.get(&executor_id)?;
        here.iter().find(|target| target.instance_id == instance_id).cloned()
    }
}

impl JobBody {
    fn of(has_children: bool, calendar: Option<&calendar::Model>, job: job::Model) -> Self {
        let timetable = Timetable::parse(Definition::of(&job, calendar));
        if let Err(faults) = &timetable {
            tracing::error!(
                job = job.id,
                ?faults,
                "it cannot be read when the job fires: its cursor stays where it is"
            );
        }
        let calendar_size = calendar.map_or(0, |calendar| calendar.days.len());
        let allowed = job.only_on.parse().inspect_err(|fault| {
            tracing::error!(
                job = job.id,
                ?fault,
                "the stored list of instances cannot be read: it runs nowhere"
            );
        });
        Self {
            has_children,
            timetable,
            calendar_size,
            delay_ms: delay_ms(job.id, job.spread_s),
            allowed: allowed.ok(),
            job,
        }
    }

    /// When it is due again after a run of it has ended, where its schedule is a fixed delay.
    pub fn after_end(&self, ended_at: Millis) -> Option<Millis> {
        let fire = self.timetable.as_ref().ok()?.schedule().after_end(ended_at)?;
        Some(fire.at + self.delay_ms).filter(|_| self.job.state == JobState::On)
    }

    fn size(&self) -> usize {
        let texts = self.job.parameter.len() + self.job.source.len() + self.job.blackouts.len();
        std::mem::size_of::<Self>() + texts + self.calendar_size
    }
}

fn targets(
    executors: &HashMap<i32, Arc<executor::Model>>,
    instances: Vec<instance::Model>,
) -> HashMap<i32, Instances> {
    let mut targets: HashMap<i32, Vec<Arc<Target>>> = HashMap::new();
    for instance in instances {
        let Some(executor) = executors.get(&instance.executor_id) else { continue };
        // Its binary protocol cannot be spoken to.
        if instance.client == Client::TooOld {
            continue;
        }
        targets.entry(executor.id).or_default().push(Arc::new(Target {
            executor_id: executor.id,
            app_name: executor.app_name.clone(),
            token: executor.token.clone(),
            instance_id: instance.id,
            instance_generation: instance.generation,
            address: instance.address,
            labels: instance.labels.parse().unwrap_or_default(),
            client: instance.client,
            life: instance.life,
            is_draining: instance.draining_since.is_some(),
        }));
    }
    targets.into_iter().map(|(id, targets)| (id, targets.into())).collect()
}
