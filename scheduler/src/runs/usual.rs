//! What jobs usually take: one answer for the home page and for the rules of alerts.

use crate::rules::usual::usual_ms;
use crate::store::runs;
use crate::{Result, Services};
use entity::Millis;
use std::collections::HashMap;

/// Runs of each job that this is told from, the newest.
const RUNS: u64 = 20;

/// By job; jobs that too little is known of are missing.
pub(crate) async fn usual_of(services: &Services, mut jobs: Vec<i32>) -> Result<HashMap<i32, Millis>> {
    jobs.sort_unstable();
    jobs.dedup();
    let recent = runs::recent_of_jobs(services.db.reader(), &jobs, RUNS).await?;
    Ok(recent.into_iter().filter_map(|(job, runs)| Some((job, usual_ms(&runs)?))).collect())
}
