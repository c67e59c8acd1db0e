//! What may be out at the same time.

use entity::job::Overlap;
use entity::run::Model as Run;
use scheduler::store::engine::Tables;
use std::collections::BTreeMap;

/// No job has more runs out than it may. Of a run that was split, the whole counts.
pub fn check_jobs(tables: &Tables) {
    let out = || tables.runs.values().filter(|run| run.state.is_out());
    let mut of_jobs: BTreeMap<i32, i32> = BTreeMap::new();
    let whole = |run: &&Run| !run.is_shard();
    out().filter(whole).for_each(|run| *of_jobs.entry(run.job_id).or_default() += 1);
    for (id, count) in &of_jobs {
        let job = &tables.jobs[id];
        assert!(job.overlap == Overlap::Allow || *count <= job.slots, "{count} runs of job {id} are out");
    }
}

/// Nor has the executor, whatever servers decide. Of a run that was split, the shards count.
pub fn check_executor(tables: &Tables) {
    let out = tables.runs.values().filter(|run| run.state.is_out() && !run.is_split());
    let (most, sent) = (tables.executors[&1].max_parallel, out.count());
    assert!(most == 0 || sent <= most as usize, "{sent} runs of the executor are out");
}
