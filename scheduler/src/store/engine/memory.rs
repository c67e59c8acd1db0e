//! The engine's commands on tables in memory: the model that the SQL store is held equal to, and
//! the ground of simulations.

mod tables;

pub use tables::Tables;

use super::*;
use crate::engine::step;
use crate::{Error, Result};
use entity::run::RunState;
use entity::server::ServerState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The engine's store in memory. Clones share the tables, as servers share a database.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

impl MemoryStore {
    /// The tables, for a test to fill and to look at. Every command holds this lock for as long as
    /// a database holds a transaction open.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn join(&self, newcomer: &Newcomer) -> Result<Lease> {
        Ok(self.tables().join(newcomer))
    }

    async fn renew(&self, lease: Lease, vitals: Vitals) -> Result<Option<Renewal>> {
        let mut tables = self.tables();
        let now = tables.now;
        let Some(server) = tables.live_server(lease) else {
            return Ok(None);
        };
        server.counter += 1;
        (server.beat_at, server.lateness_ms, server.waiting) = (now, vitals.lateness_ms, vitals.waiting);
        let servers = tables.servers.values().cloned().collect();
        let buckets = tables.buckets.values().cloned().collect();
        let asked = Instant::now();
        let told = Told { time: tables.now, asked, answered: asked };
        Ok(Some(Renewal { servers, buckets, told }))
    }

    async fn depose(&self, seen: &server::Model) -> Result<bool> {
        let lease = Lease { server_id: seen.id, incarnation: seen.incarnation };
        let mut tables = self.tables();
        let unmoved = tables.live_server(lease).is_some_and(|server| server.counter == seen.counter);
        if unmoved {
            tables.end(lease);
        }
        Ok(unmoved)
    }

    async fn assign(&self, assignments: &[Assignment]) -> Result<()> {
        let mut tables = self.tables();
        for to in assignments {
            if let Some(bucket) = tables.buckets.get_mut(&to.bucket).filter(|own| own.epoch == to.seen) {
                (bucket.owner, bucket.epoch) = (Some(to.owner), to.seen + 1);
            }
        }
        Ok(())
    }

    async fn drain(&self, lease: Lease) -> Result<()> {
        if let Some(server) = self.tables().live_server(lease) {
            server.state = ServerState::Draining;
        }
        Ok(())
    }

    async fn leave(&self, lease: Lease) -> Result<()> {
        self.tables().end(lease);
        Ok(())
    }

    async fn cursors_in(&self, buckets: &[i16]) -> Result<Vec<job_cursor::Model>> {
        let tables = self.tables();
        Ok(tables.cursors.values().filter(|cursor| buckets.contains(&cursor.bucket)).cloned().collect())
    }

    async fn cursor_sums(&self, buckets: &[i16]) -> Result<HashMap<i16, CursorSums>> {
        let tables = self.tables();
        let mut sums: HashMap<i16, CursorSums> = HashMap::new();
        for cursor in tables.cursors.values().filter(|cursor| buckets.contains(&cursor.bucket)) {
            sums.entry(cursor.bucket).or_default().add(cursor.job_id, cursor.version, cursor.next_at);
        }
        Ok(sums)
    }

    async fn cursors_of(&self, job_ids: &[i32]) -> Result<Vec<job_cursor::Model>> {
        let tables = self.tables();
        Ok(job_ids.iter().filter_map(|id| tables.cursors.get(id)).cloned().collect())
    }

    async fn jobs(&self, job_ids: &[i32]) -> Result<Vec<job::Model>> {
        let tables = self.tables();
        Ok(job_ids.iter().filter_map(|id| tables.jobs.get(id)).cloned().collect())
    }

    async fn calendars(&self, ids: &[i32]) -> Result<Vec<calendar::Model>> {
        let tables = self.tables();
        Ok(ids.iter().filter_map(|id| tables.calendars.get(id)).cloned().collect())
    }

    async fn route_uses(&self, job_ids: &[i32]) -> Result<Vec<route_use::Model>> {
        let tables = self.tables();
        Ok(tables.route_uses.values().filter(|used| job_ids.contains(&used.job_id)).copied().collect())
    }

    async fn children_of(&self, job_ids: &[i32]) -> Result<Vec<job_child::Model>> {
        let tables = self.tables();
        let links = tables.children.iter().filter(|(parent_id, _)| job_ids.contains(parent_id));
        Ok(links.map(|&(parent_id, child_id)| job_child::Model { parent_id, child_id }).collect())
    }

    async fn executors(&self) -> Result<(Vec<executor::Model>, Vec<instance::Model>)> {
        let tables = self.tables();
        let here = tables.instances.values().filter(|instance| instance.gone_at.is_none());
        Ok((tables.executors.values().cloned().collect(), here.cloned().collect()))
    }

    async fn freezes(&self, since: Millis) -> Result<Vec<freeze::Model>> {
        let tables = self.tables();
        let lately = |freeze: &&freeze::Model| freeze.thawed_at.is_none_or(|at| at >= since);
        Ok(tables.freezes.values().rev().filter(lately).cloned().collect())
    }

    async fn heed(&self, lease: Lease, freeze_id: i32) -> Result<()> {
        if let Some(server) = self.tables().live_server(lease) {
            server.freeze_seen = freeze_id;
        }
        Ok(())
    }

    async fn runs(&self, run_ids: &[i64]) -> Result<Vec<RunWithParameter>> {
        let tables = self.tables();
        let with_parameter = |id: &i64| {
            let run = tables.runs.get(id)?.clone();
            Some(RunWithParameter { parameter: tables.parameters.get(id).cloned(), run })
        };
        Ok(run_ids.iter().filter_map(with_parameter).collect())
    }

    async fn waiting(&self, buckets: &[i16], due_by: Millis, full: &[i32], limit: u64) -> Result<Vec<i64>> {
        let tables = self.tables();
        let waiting = tables.live(buckets, due_by).filter(|run| run.state == RunState::Waiting);
        let looked_at = |run: &&run::Model| !run.reason.is_held() && !full.contains(&run.executor_id);
        let waiting = waiting.filter(looked_at).cloned().collect();
        Ok(first_due(waiting, limit, |run: &run::Model| run.due_at).into_iter().map(|run| run.id).collect())
    }

    async fn queued(&self, buckets: &[i16]) -> Result<Vec<run::Model>> {
        let tables = self.tables();
        let waiting = tables.live(buckets, Millis::MAX).filter(|run| run.state == RunState::Waiting);
        Ok(waiting.filter(|run| run.reason.is_held()).cloned().collect())
    }

    async fn out(&self, jobs: &[i32], executors: &[i32]) -> Result<Vec<run::Model>> {
        let tables = self.tables();
        let concerned =
            |run: &&run::Model| jobs.contains(&run.job_id) || executors.contains(&run.executor_id);
        let out = tables.runs.values().filter(|run| run.live_bucket.is_some() && run.state.is_out());
        let mut out: Vec<run::Model> = out.filter(concerned).cloned().collect();
        out.sort_by_key(|run| (run.due_at, run.id));
        Ok(out)
    }

    async fn ended(&self, buckets: &[i16], due_by: Millis, limit: u64) -> Result<Vec<i64>> {
        let tables = self.tables();
        let ended = tables.live(buckets, due_by).filter(|run| run.state.is_final()).cloned().collect();
        Ok(first_due(ended, limit, |run: &run::Model| run.due_at).into_iter().map(|run| run.id).collect())
    }

    async fn doubtful(
        &self,
        buckets: &[i16],
        due_by: Millis,
        now: Millis,
        limit: u64,
    ) -> Result<Vec<run::Model>> {
        let tables = self.tables();
        let doubtful = tables.live(buckets, due_by).filter(|run| tables.is_doubtful(run, now));
        Ok(first_due(doubtful.cloned().collect(), limit, |run| run.due_at))
    }

    async fn running(
        &self,
        buckets: &[i16],
        sent_by: Millis,
        after: i64,
        limit: u64,
    ) -> Result<Vec<run::Model>> {
        let tables = self.tables();
        let is_meant = |run: &&run::Model| {
            run.state == RunState::Running
                && run.shard_index != run::SPLIT
                && run.sent_at.is_some_and(|sent_at| sent_at <= sent_by)
                && run.id > after
        };
        let running = tables.live(buckets, Millis::MAX).filter(is_meant);
        Ok(running.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn executed_before(
        &self,
        executor_id: i32,
        instance_id: i32,
        before: Millis,
    ) -> Result<Option<run::Model>> {
        let tables = self.tables();
        let executed = tables.runs.values().filter(|run| {
            run.executor_id == executor_id
                && run.instance_id == Some(instance_id)
                && run.code != 0
                && run.due_at < before
        });
        Ok(executed.max_by_key(|run| run.due_at).cloned())
    }

    async fn plan(&self, authority: &Authority, advances: &[Advance]) -> Result<Planned> {
        let mut tables = self.tables();
        tables.check(authority)?;
        let mut planned = Planned::default();
        for advance in advances {
            if !tables.move_cursor(advance) {
                continue;
            }
            planned.won.insert(advance.job_id);
            advance.uses.iter().for_each(|used| tables.note_use(*used));
            for run in &advance.rows {
                if !tables.insert_run(run.clone(), authority.lease.server_id) {
                    planned.violations.insert(run.id);
                }
            }
        }
        Ok(planned)
    }

    async fn apply(&self, authority: Option<&Authority>, steps: &[Step]) -> Result<Vec<Applied>> {
        let mut tables = self.tables();
        match authority {
            Some(authority) => tables.check(authority)?,
            None if steps.iter().any(|step| step.what.is_decision()) => {
                return Err(Error::Internal("a decision without authority".to_owned()));
            }
            None => {}
        }
        let server_id = tables.server_id;
        let apply = |step: &Step| match authority.is_some_and(|right| tables.is_stray_claim(step, right)) {
            true => Applied::Impossible,
            false => tables.apply(step, server_id),
        };
        Ok(steps.iter().map(apply).collect())
    }

    async fn learn(&self, facts: &[Step]) -> Result<Learnt> {
        let applied = self.apply(None, facts).await?;
        let changed = facts.iter().zip(&applied).filter(|(_, applied)| applied.changed_the_row());
        let ids: BTreeSet<i64> = changed.map(|(step, _)| step.run_id).collect();
        let tables = self.tables();
        let over = ids.iter().filter_map(|id| Over::of(tables.runs.get(id)?)).collect();
        Ok(Learnt { applied, over })
    }

    async fn executors_of(&self, run_ids: &[i64]) -> Result<HashMap<i64, i32>> {
        let tables = self.tables();
        Ok(run_ids.iter().filter_map(|id| Some((*id, tables.runs.get(id)?.executor_id))).collect())
    }

    async fn results(&self, run_ids: &[i64]) -> Result<Vec<(i64, String)>> {
        let tables = self.tables();
        let result = |id: &i64| Some((*id, tables.texts.get(id)?.result.clone()?));
        Ok(run_ids.iter().filter_map(result).collect())
    }

    async fn shards_of(&self, run_ids: &[i64]) -> Result<Vec<run::Model>> {
        Ok(self.tables().shards_of(run_ids))
    }

    async fn split(&self, authority: &Authority, splits: &[Split]) -> Result<HashSet<i64>> {
        let mut tables = self.tables();
        tables.check(authority)?;
        let mut done = HashSet::new();
        for split in splits {
            let stale = tables.moved_on(split.jobs()).next().is_some();
            let Some(row) = tables.runs.get_mut(&split.run_id).filter(|_| !stale) else { continue };
            if step::split(row, split.total(), split.at) == Applied::Done {
                done.insert(split.run_id);
                tables.insert_all(&split.shards, authority.lease.server_id);
            }
        }
        Ok(done)
    }

    async fn follow(&self, authority: &Authority, endings: &[Ending]) -> Result<Followed> {
        let mut tables = self.tables();
        tables.check(authority)?;
        let mut followed = Followed::default();
        let mut parents = BTreeSet::new();
        for ending in endings {
            let stale: Vec<i32> = tables.moved_on(ending.jobs()).collect();
            if !stale.is_empty() || !tables.close(ending.run_id) {
                followed.stale.extend(stale);
                continue;
            }
            followed.closed += 1;
            parents.extend(ending.parent_id);
            if let Some(run) = tables.runs.get_mut(&ending.run_id).filter(|_| ending.is_excused()) {
                run.attention = None;
            }
            let rows = ending.rows_beside(ending.parent_id.and_then(|id| tables.runs.get(&id))).to_vec();
            followed.inserted.extend(tables.insert_all(&rows, authority.lease.server_id));
            ending.restart.into_iter().for_each(|restart| tables.restart(restart));
        }
        followed.gathered = tables.gather(parents);
        Ok(followed)
    }

    async fn expire_instances(&self, cutoff: Millis, now: Millis) -> Result<Vec<i32>> {
        let mut executors = Vec::new();
        for instance in self.tables().instances.values_mut() {
            if instance.gone_at.is_none() && !instance.manual && instance.seen_at <= cutoff {
                instance.gone_at = Some(now);
                executors.push(instance.executor_id);
            }
        }
        executors.sort_unstable();
        executors.dedup();
        Ok(executors)
    }

    async fn breaches(&self, before: Millis, frozen: Option<&[i32]>) -> Result<Breaches> {
        let tables = self.tables();
        let is_past = |at: Option<Millis>| at.is_some_and(|at| at < before);
        let namespace_of = |id: i32| tables.jobs.get(&id).map(|job| job.namespace_id);
        let moves = |cursor: &job_cursor::Model| {
            frozen.is_some_and(|frozen| !namespace_of(cursor.job_id).is_some_and(|id| frozen.contains(&id)))
        };
        let live = || tables.runs.values().filter(|run| run.live_bucket.is_some());
        let is_left_open = |run: &run::Model| {
            run.is_split() && is_past(run.sent_at) && !live().any(|own| own.parent_id == Some(run.id))
        };
        let unended =
            |run: &&run::Model| !run.state.is_final() && (is_past(run.deadline_at) || is_left_open(run));
        let unfollowed = |run: &&run::Model| run.state.is_final() && is_past(run.ended_at);
        Ok(Breaches {
            unplanned: tables
                .cursors
                .values()
                .filter(|cursor| moves(cursor) && is_past(cursor.next_at))
                .count() as u64,
            unended: live().filter(unended).count() as u64,
            unfollowed: live().filter(unfollowed).count() as u64,
        })
    }

    async fn regroup(&self) -> Result<u64> {
        Ok(self.tables().regroup())
    }

    async fn open_blocks(&self) -> Result<Vec<OpenBlock>> {
        Ok(self.tables().open_blocks())
    }

    async fn unsettled(&self, block: OpenBlock, up_to: i64) -> Result<Vec<run_by_job::Model>> {
        Ok(self.tables().unsettled(block, up_to))
    }

    async fn enter(&self, runs: &[run_by_job::Model]) -> Result<u64> {
        Ok(self.tables().enter(runs))
    }

    async fn settle(&self, parts: &[(OpenBlock, i64)]) -> Result<()> {
        let mut tables = self.tables();
        parts.iter().for_each(|(block, up_to)| tables.settle(*block, *up_to));
        Ok(())
    }
}

fn first_due<T>(mut all: Vec<T>, limit: u64, due_at: impl Fn(&T) -> Millis) -> Vec<T> {
    all.sort_by_key(|one| due_at(one));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    all
}
