//! The jobs that a scenario runs with, and when they have to fire.

use serde_json::{Value, json};

/// What a job's schedule covers, ms since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: i64,
    pub until: i64,
}

/// A job as the oracle knows it: simple enough that its times need no scheduler to be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub name: String,
    pub executor: &'static str,
    /// Fires at the seconds of the minute that this divides; a divisor of 60. None: only its parents start it.
    pub every_s: Option<i64>,
    /// For the executor: `work=<ms>`, `code=<result>`.
    pub parameter: &'static str,
    /// `skip`, `fire_once` or `fire_all`.
    pub misfire: &'static str,
    /// `allow` or `replace`.
    pub overlap: &'static str,
    /// Seconds that a run may take.
    pub limit_s: i64,
    pub retries: i64,
    /// Over how many instances each run is broadcast; 0 = it goes to one.
    pub shards: usize,
    /// Names of jobs before this one.
    pub children: Vec<String>,
    /// Ms from due to its start at most, where that is part of the promise.
    pub punctual_ms: Option<i64>,
}

impl Job {
    /// A job that does nothing and succeeds.
    pub fn new(name: &str, executor: &'static str, every_s: i64) -> Self {
        Self {
            name: name.to_owned(),
            executor,
            every_s: Some(every_s),
            parameter: "",
            misfire: "skip",
            overlap: "allow",
            limit_s: LIMIT_S,
            retries: 0,
            shards: 0,
            children: Vec::new(),
            punctual_ms: None,
        }
    }

    /// Every time at which it has to fire.
    pub fn nominal_times(&self, window: Window) -> Vec<i64> {
        let Some(step) = self.every_s.map(|seconds| seconds * 1_000) else { return Vec::new() };
        let first = (window.from + step - 1) / step * step;
        (0..).map(|count| first + count * step).take_while(|at| *at <= window.until).collect()
    }

    fn described(&self, window: Window) -> Value {
        let cron = self.every_s.map(|seconds| match seconds {
            60 => "0 * * * * ?".to_owned(),
            seconds => format!("0/{seconds} * * * * ?"),
        });
        let bound = |at: i64| self.every_s.map(|_| at);
        let routing = if self.shards > 0 { Some("broadcast") } else { None };
        json!({
            "name": self.name, "app_name": self.executor, "handler": "chaos", "parameter": self.parameter,
            "cron": cron.unwrap_or_default(), "timeout_s": self.limit_s,
            "valid_from": bound(window.from), "valid_until": bound(window.until),
            "misfire": self.misfire, "catch_up_ms": CATCH_UP_MS, "overlap": self.overlap, "routing": routing,
            "retries": self.retries, "retry_delay_s": 1, "children": self.children,
        })
    }
}

/// The usual limit of a run.
const LIMIT_S: i64 = 5;
/// How late a fire may be made up for: longer than any outage here.
const CATCH_UP_MS: i64 = 2 * 3_600_000;

/// One of each kind for one executor: every second, at work for a while, failing and tried again, with a
/// child.
pub fn mixed(executor: &'static str) -> Vec<Job> {
    let named = |kind: &str| format!("{executor}-{kind}");
    let mut jobs: Vec<Job> =
        (1..=8).map(|number| Job::new(&named(&format!("second-{number}")), executor, 1)).collect();
    let working = Job { parameter: "work=300", ..Job::new(&named("works"), executor, 2) };
    let failing = Job { parameter: "work=50 code=500", retries: 2, ..Job::new(&named("fails"), executor, 3) };
    let child = Job { every_s: None, ..Job::new(&named("child"), executor, 1) };
    let parent = Job { children: vec![child.name.clone()], ..Job::new(&named("parent"), executor, 2) };
    jobs.extend([working, failing, child, parent]);
    jobs
}

/// Jobs that something follows, enough for each of several servers to have some: a dozen that fail and are tried
/// again, and a dozen with a child.
pub fn followed(executor: &'static str) -> Vec<Job> {
    let pair = |number| {
        let named = |kind: &str| format!("{executor}-{kind}-{number}");
        let failing = Job { parameter: "code=500", retries: 1, ..Job::new(&named("fails"), executor, 3) };
        let child = Job { every_s: None, ..Job::new(&named("child"), executor, 1) };
        let parent = Job { children: vec![child.name.clone()], ..Job::new(&named("parent"), executor, 3) };
        [failing, child, parent]
    };
    (1..=12).flat_map(pair).collect()
}

/// The instances of an executor, each by its name and a number: as many as its jobs are broadcast over.
pub fn instances(jobs: &[Job], executor: &'static str) -> impl Iterator<Item = (&'static str, usize)> {
    let own = jobs.iter().filter(|job| job.executor == executor);
    let count = own.map(|job| job.shards).max().unwrap_or(0).max(1);
    (0..count).map(move |number| (executor, number))
}

/// For `orrery fixture apply`.
pub fn fixture(executors: &[&str], jobs: &[Job], window: Window) -> Value {
    json!({
        "executors": executors.iter().map(|name| json!({"app_name": name})).collect::<Value>(),
        "jobs": jobs.iter().map(|job| job.described(window)).collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_job_are_the_multiples_of_its_step_within_the_window() {
        let window = Window { from: 60_000, until: 66_000 };
        assert_eq!(Job::new("x", "a", 2).nominal_times(window), [60_000, 62_000, 64_000, 66_000]);
        assert_eq!(Job::new("x", "a", 5).nominal_times(Window { from: 61_000, ..window }), [65_000]);
        assert!(Job { every_s: None, ..Job::new("x", "a", 2) }.nominal_times(window).is_empty());
    }
}
