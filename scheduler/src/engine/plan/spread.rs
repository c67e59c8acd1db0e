//! Splitting a run into shards, one for each instance.

use crate::engine::directory::{Instances, JobBody};
use crate::engine::shared::Shared;
use crate::rules::{routing, shards};
use crate::store::engine::{RunWithParameter, Split};
use crate::{Error, Result};
use entity::Millis;
use entity::run::Model as Run;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A run that goes to all of these.
pub struct Spread {
    pub run: Run,
    pub parameter: Option<String>,
    pub body: Arc<JobBody>,
    /// At least one.
    pub instances: Instances,
}

/// Splits the runs; the ids of the shards that appeared. What could not be split (its job was edited or
/// stopped at that moment, or its bucket has moved on) waits for the next poll, if it still waits.
pub async fn split(shared: &Shared, spreads: Vec<Spread>, now: Millis) -> Result<Vec<i64>> {
    let holdings = shared.holdings();
    let authority = holdings.authority(spreads.iter().map(|spread| spread.run.bucket));
    let Some(authority) = authority.filter(|_| !spreads.is_empty()) else {
        return Ok(Vec::new());
    };
    let count = spreads.iter().map(|spread| spread.instances.len()).sum();
    let mut ids = shared.run_ids.take(count).await?.into_iter();
    let splits: Vec<Split> = spreads.iter().map(|spread| spread.shards(&mut ids, now)).collect();
    let done = match shared.store.split(&authority, &splits).await {
        Err(Error::Conflict(_)) => return Ok(Vec::new()),
        done => done?,
    };
    let left = spreads.iter().filter(|spread| !done.contains(&spread.run.id));
    shared.directory.forget_jobs(&left.map(|spread| spread.run.job_id).collect::<Vec<_>>());
    let appeared = splits.iter().filter(|split| done.contains(&split.run_id)).flat_map(|split| &split.shards);
    let appeared: Vec<i64> = appeared.map(|row| row.run.id).collect();
    // Any of them may be the last one, also if it never goes out.
    appeared.iter().for_each(|id| shared.followed.add(*id, ()));
    done.into_iter().for_each(|run_id| shared.note_changed(run_id));
    Ok(appeared)
}

/// Those of the runs that these are shards of which have not ended.
pub async fn parents_under_way(shared: &Shared, waiting: &[RunWithParameter]) -> Result<HashSet<i64>> {
    let ids: BTreeSet<i64> = waiting.iter().filter_map(|found| found.run.parent_id).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let parents = shared.store.runs(&ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(parents.iter().filter(|found| !found.run.state.is_final()).map(|found| found.run.id).collect())
}

impl Spread {
    /// By address, so that an instance keeps its index as long as the others stay the same.
    fn shards(&self, ids: &mut impl Iterator<Item = i64>, at: Millis) -> Split {
        let candidates: Vec<_> = self.instances.iter().map(|target| target.candidate()).collect();
        let order = routing::in_order(&candidates).into_iter();
        let instance_ids: Vec<i32> = order.map(|index| candidates[index].instance_id).collect();
        let shards = shards::split(&self.run, &self.body.job, &instance_ids).into_iter().zip(ids);
        let with_ids = shards.map(|(shard, id)| RunWithParameter {
            run: Run { id, slot: -id, ..shard },
            parameter: self.parameter.clone(),
        });
        Split { run_id: self.run.id, at, shards: with_ids.collect() }
    }
}
