//! What the demonstration's executors wrote while they worked.

use super::DAY;
use super::plan::JobPlan;
use chrono::DateTime;
use entity::Millis;
use entity::job::Model as Job;
use entity::run::{Model as Run, RunState};
use scheduler::engine::step::Texts;
use std::collections::HashMap;

/// Logs are there for so long; those of older runs have been cleaned up.
const KEPT: Millis = 2 * DAY;
/// Steps that a run consists of.
const STEPS: i64 = 5;

/// The logs of the last runs, by run and with when they were kept.
pub fn logs(
    runs: &[(Run, Texts)],
    jobs: &[(&'static JobPlan, Job)],
    now: Millis,
) -> Vec<(i64, Millis, Vec<String>)> {
    let plans: HashMap<i32, &JobPlan> = jobs.iter().map(|(plan, job)| (job.id, *plan)).collect();
    let log = |(run, texts): &(Run, Texts)| {
        let began = run.accepted_at.filter(|_| run.instance_id.is_some())?;
        let ended = run.ended_at.filter(|at| now - at < KEPT)?;
        let plan = plans.get(&run.job_id)?;
        Some((run.id, ended, lines(plan, run, (began, ended), texts.result.as_deref())))
    };
    runs.iter().filter_map(log).collect()
}

fn lines(plan: &JobPlan, run: &Run, (began, ended): (Millis, Millis), result: Option<&str>) -> Vec<String> {
    let is_well = run.state == RunState::Succeeded;
    let name = if plan.run_mode.has_source() { "script" } else { plan.what };
    let line = |at: Millis, level: &str, text: String| {
        let time = DateTime::from_timestamp_millis(at).unwrap_or_default().format("%Y-%m-%d %H:%M:%S%.3f");
        format!("{time} {level:<5} [{name}] {text}")
    };
    let part = match run.shard_total {
        total if run.is_shard() => format!(", part {} of {total}", run.shard_index + 1),
        _ => String::new(),
    };
    let mut lines =
        vec![line(began, "INFO", format!("{}: run {}, attempt {}{part}", plan.name, run.id, run.attempt))];
    let done = if is_well { STEPS } else { STEPS / 2 };
    let rows = 200 + run.id * 7_919 % 4_000;
    for step in 1..=done {
        let at = began + (ended - began) * step / (STEPS + 1);
        lines.push(line(at, "INFO", format!("step {step} of {STEPS}: {} rows", rows * step)));
    }
    lines.push(match is_well {
        true => line(ended, "INFO", format!("done: {} rows", rows * STEPS)),
        false => line(ended, "ERROR", format!("given up: {}", result.unwrap_or(plan.fault))),
    });
    lines
}
