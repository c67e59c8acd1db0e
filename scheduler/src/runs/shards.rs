//! The shards of a split run, as its page shows them.

use super::list::REMARK;
use crate::rules::shards::{Progress, last_attempts};
use crate::store::{instances, runs as store};
use crate::{Result, Services};
use entity::run::Model;
use std::collections::{BTreeSet, HashMap};

/// Shards that a page lists; all are counted.
const MOST: usize = 500;

/// How far a split run is, and its shards by their last attempts, in order; at most 500 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shards {
    pub progress: Progress,
    pub rows: Vec<ShardRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRow {
    pub run: Model,
    /// Where it goes or went.
    pub instance_address: Option<String>,
    /// The beginning of what it reported, or of why it was refused.
    pub remark: Option<String>,
}

/// Those of this run; none where it was not split.
pub(super) async fn of(services: &Services, run: &Model) -> Result<Option<Shards>> {
    if !run.is_split() {
        return Ok(None);
    }
    let reader = services.db.reader();
    let all = store::shards_of(reader, &[run.id]).await?;
    let last = last_attempts(&all);
    let progress = Progress::of(last.iter().copied());
    let shown: Vec<Model> = last.into_iter().take(MOST).cloned().collect();
    let ids: BTreeSet<i32> = shown.iter().filter_map(|shard| shard.instance_id).collect();
    let found = instances::by_ids(reader, ids.into_iter().collect()).await?;
    let addresses: HashMap<i32, String> = found.into_iter().map(|found| (found.id, found.address)).collect();
    let remarks = store::remarks(reader, shown.iter().map(|shard| shard.id).collect(), REMARK).await?;
    let mut remarks: HashMap<i64, String> = remarks.into_iter().collect();
    let row = |run: Model| ShardRow {
        remark: remarks.remove(&run.id),
        instance_address: run.instance_id.and_then(|id| addresses.get(&id).cloned()),
        run,
    };
    Ok(Some(Shards { progress, rows: shown.into_iter().map(row).collect() }))
}
