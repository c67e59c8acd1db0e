//! What is not sent while a run is in doubt.

use crate::brief;
use entity::run::{Model as Run, RunState};
use protocol::TriggerRequest;
use protocol::native::SENDS;
use scheduler::engine::directory::Target;
use scheduler::store::engine::Tables;

/// What is wrong with a request that goes to an instance at which another run of its job is in doubt; one
/// that was sent there before may.
pub fn breach(tables: &Tables, target: &Target, request: &TriggerRequest) -> Option<String> {
    let own = tables.runs.get(&request.log_id).filter(|run| run.fence % SENDS == 1)?;
    let is_there = |run: &&Run| run.job_id == own.job_id && run.instance_id == Some(target.instance_id);
    let in_doubt = |run: &&Run| run.state == RunState::Unknown && run.id != own.id;
    let beside = tables.runs.values().filter(is_there).find(in_doubt)?;
    Some(format!("{} was sent beside {}", brief(own), brief(beside)))
}
