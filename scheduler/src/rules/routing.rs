//! Which instance of an executor gets a run.

use entity::Millis;
use entity::job::Routing;
use entity::route_use::Model as Use;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// An instance that may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub instance_id: i32,
    pub address: &'a str,
}

/// What a choice rests on, beside the candidates.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    pub job_id: i32,
    /// How many of the job's runs were routed before, for [`Routing::Round`].
    pub route_seq: i64,
    /// Any random number, for [`Routing::Random`].
    pub draw: u64,
    /// How the job used instances before, candidates or not; for the strategies that go by it.
    pub uses: &'a Uses,
}

/// How one job used its instances, by their ids.
pub type Uses = HashMap<i32, Use>;

/// The index of the chosen candidate; none where there are no candidates.
///
/// The order of the candidates does not matter: "first", "last" and "next" go by address as text, and
/// by id where two share one. The strategies that ask the instances choose among those that gave the
/// right answer.
pub fn choose(routing: Routing, basis: Basis<'_>, candidates: &[Candidate<'_>]) -> Option<usize> {
    let indices = 0..candidates.len();
    let place = |index: &usize| (candidates[*index].address, candidates[*index].instance_id);
    match routing {
        Routing::First | Routing::Failover | Routing::Busyover => indices.min_by_key(place),
        Routing::Last => indices.max_by_key(place),
        Routing::Round => {
            let turn = basis.route_seq.checked_rem_euclid(candidates.len() as i64)?;
            in_order(candidates).get(turn as usize).copied()
        }
        // Of a broadcast, a shard that is tried again and whose instance is gone.
        Routing::Random | Routing::Broadcast => {
            basis.draw.checked_rem(candidates.len() as u64).map(|index| index as usize)
        }
        Routing::ConsistentHash => {
            indices.max_by_key(|index| (weight(basis.job_id, candidates[*index].address), place(index)))
        }
        Routing::LeastFrequentlyUsed | Routing::LeastRecentlyUsed => {
            let newcomer = newcomer(basis.uses, candidates);
            indices.min_by_key(|index| {
                let used = basis.uses.get(&candidates[*index].instance_id);
                let (uses, last_used) = used.map_or(newcomer, |used| (used.uses, used.last_used));
                match routing {
                    Routing::LeastRecentlyUsed => (last_used, uses, place(index)),
                    _ => (uses, last_used, place(index)),
                }
            })
        }
    }
}

/// The candidates' indices in the order of their addresses.
pub fn in_order(candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..candidates.len()).collect();
    indices.sort_unstable_by_key(|index| (candidates[*index].address, candidates[*index].instance_id));
    indices
}

/// How the job will have used an instance when it got one run more at `now`.
pub fn used_once_more(basis: Basis<'_>, candidates: &[Candidate<'_>], instance_id: i32, now: Millis) -> Use {
    let used = basis.uses.get(&instance_id);
    let before = used.map_or_else(|| newcomer(basis.uses, candidates).0, |used| used.uses);
    Use { job_id: basis.job_id, instance_id, uses: before + 1, last_used: now }
}

/// The count and the last use of an instance that the job never used. Its first run puts it level with
/// the least used of the others, so that it gets its share from now on and is not flooded until it has
/// caught up; and it counts as unused for longest.
fn newcomer(uses: &Uses, candidates: &[Candidate<'_>]) -> (i64, Millis) {
    let known = candidates.iter().filter_map(|candidate| uses.get(&candidate.instance_id));
    (known.map(|used| used.uses - 1).min().unwrap_or(0), Millis::MIN)
}

/// Rendezvous hashing: each address has a weight for each job, and the heaviest gets it. When an
/// address leaves, only its own jobs move; when one joins, it takes its share from all the others.
/// XXL-JOB has a ring of points instead: the same promise, but other places.
///
/// What it computes never changes: jobs stay where they are through restarts and new versions.
fn weight(job_id: i32, address: &str) -> u64 {
    let digest = Sha256::new().chain_update(job_id.to_be_bytes()).chain_update(address).finalize();
    digest.iter().take(8).fold(0, |weight, byte| weight << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
