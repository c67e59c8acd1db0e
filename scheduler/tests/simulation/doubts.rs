//! What is not sent while a run is in doubt.

use crate::brief;
use entity::run::{Model as Run, RunState};
use protocol::TriggerRequest;
use protocol::native::SENDS;
use scheduler::engine::directory::Target;
use scheduler::store::engine::Tables;
use std::collections::HashSet;

/// What is wrong with a request that goes to an instance at which another run of its job is in doubt; one
/// that was sent there before may.
pub fn breach(tables: &Tables, target: &Target, request: &TriggerRequest) -> Option<String> {
    let own = tables.runs.get(&request.log_id).filter(|run| run.fence % SENDS == 1)?;
    let is_there = |run: &&Run| run.job_id == own.job_id && run.instance_id == Some(target.instance_id);
    let living: HashSet<i64> =
        tables.servers.values().filter(|one| one.state.is_alive()).map(|one| one.incarnation).collect();
    // Of what a life that is over was sending nobody knows whether it arrived.
    let is_left = |run: &Run| run.state == RunState::Sending && !living.contains(&run.claim);
    let in_doubt = |run: &&Run| run.id != own.id && (run.state == RunState::Unknown || is_left(run));
    let beside = tables.runs.values().filter(is_there).find(in_doubt)?;
    Some(format!("{} was sent beside {}", brief(own), brief(beside)))
}
