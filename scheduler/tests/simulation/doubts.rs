//! What is not sent while a run is in doubt.

use crate::brief;
use entity::run::{Model as Run, RunState};
use protocol::TriggerRequest;
use protocol::native::SENDS;
use scheduler::engine::directory::Target;
use scheduler::store::engine::Tables;

/// No request goes to an instance at which another run of its job is in doubt, but for one that was sent
/// there before.
pub fn check(tables: &Tables, target: &Target, request: &TriggerRequest) {
    let is_there = |run: &&Run| run.job_id == request.job_id && run.instance_id == Some(target.instance_id);
    let in_doubt = |run: &&Run| run.state == RunState::Unknown && run.id != request.log_id;
    let doubted = tables.runs.values().filter(is_there).find(in_doubt);
    let own = &tables.runs[&request.log_id];
    let is_again = own.fence % SENDS > 1;
    let beside = doubted.map(brief).filter(|_| !is_again);
    assert_eq!(beside, None, "sent beside it: {}", brief(own));
}
