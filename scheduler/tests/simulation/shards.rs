//! The account of fires that were split.

use crate::brief;
use crate::ground::Report;
use entity::run::{Model as Run, Reason, RunState};
use scheduler::rules::shards::last_attempts;
use std::collections::BTreeMap;

/// A fire that was split has both its shards, succeeded only if both did, and was sent nowhere itself;
/// and every shard is of such a fire.
pub fn check(runs: &BTreeMap<i64, Run>, starts: &BTreeMap<i64, Report>) {
    for run in runs.values().filter(|run| run.is_split()) {
        let own = runs.values().filter(|shard| shard.parent_id == Some(run.id));
        let shards: Vec<Run> = own.cloned().collect();
        let last = last_attempts(&shards);
        let indices: Vec<i32> = last.iter().map(|shard| shard.shard_index).collect();
        assert_eq!(indices, [0, 1], "shards of {}", brief(run));
        let all_succeeded = last.iter().all(|shard| shard.state == RunState::Succeeded);
        // Replaced before the end of its shards was seen, it stays so.
        if run.reason != Reason::Replaced {
            assert_eq!(run.state == RunState::Succeeded, all_succeeded, "{}", brief(run));
        }
        assert!(!starts.contains_key(&run.id), "sent itself: {}", brief(run));
    }
    let is_orphan = |run: &&Run| run.parent_id.is_some_and(|id| !runs[&id].is_split());
    assert_eq!(runs.values().find(is_orphan).map(brief), None, "a shard of no split fire");
}
