//! Judges a scenario by what the executors wrote down, by the rows, and by the times at which the jobs had to
//! fire. Pure: it knows no server, and none of the code that it judges.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::evidence::{Entry, Event, Row, SPLIT};
use super::load::{Job, Window};

/// Something that may happen where a scenario says so, and is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// A time that passed while no server could fire: one row may stand for many.
    Missed,
    /// Nobody can know whether it ran.
    Lost,
    /// The same of one that never arrived and was sent again: nothing is sent a third time.
    LostAgain,
    /// Its executor brought no result in time.
    TimedOut,
    /// The executor refused it or could not be reached, or there was none.
    NotTaken,
    /// A time that passed while everything was frozen: one row may stand for many.
    Frozen,
    /// Killed, so that a later run of its job could take its place.
    Replaced,
    /// Killed by a person.
    Killed,
    /// Started twice in the window that XXL-JOB's protocol leaves: the server was stopped between its last
    /// look at its lease and the request.
    StartedTwice,
}

/// A job's past times that somebody asked to be run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfill {
    pub job: String,
    pub window: Window,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub jobs: &'a [Job],
    pub window: Window,
    pub backfills: &'a [Backfill],
    pub rows: &'a [Row],
    pub entries: &'a [Entry],
    pub allowed: &'a [Exception],
}

/// What is wrong, one line each, and how often the declared exceptions happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub violations: Vec<String>,
    pub exceptions: BTreeMap<Exception, usize>,
    pub fires: usize,
    pub starts: usize,
}

/// A start this much before the due time is none too early: two clocks of one machine, read one after the other.
const EARLY_MS: i64 = 20;

/// Whether every fire has its row and nothing is left to do: the scenario can be judged.
pub fn is_quiet(case: Case<'_>) -> bool {
    let mut verdict = Verdict::default();
    check_fires(case, &mut verdict);
    check_followers(case, &mut verdict);
    verdict.violations.is_empty() && case.rows.iter().all(|row| !row.live)
}

/// Judges.
pub fn judge(case: Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    check_fires(case, &mut verdict);
    check_backfills(case, &mut verdict);
    check_states(case, &mut verdict);
    check_starts(case, &mut verdict);
    check_results(case, &mut verdict);
    check_followers(case, &mut verdict);
    check_shards(case, &mut verdict);
    verdict
}

impl Verdict {
    fn wrong(&mut self, text: String) {
        self.violations.push(text);
    }

    /// Counts an exception, or a violation where it is not declared.
    fn except(&mut self, case: Case<'_>, exception: Exception, times: usize, text: impl FnOnce() -> String) {
        *self.exceptions.entry(exception).or_default() += times;
        if !case.allowed.contains(&exception) {
            self.wrong(text());
        }
    }
}

/// Every nominal time is in exactly one row of the schedule, and no row is of another time.
fn check_fires(case: Case<'_>, verdict: &mut Verdict) {
    let mut rows: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in case.rows.iter().filter(|row| row.kind == "schedule") {
        rows.entry(row.job.as_str()).or_default().push(row);
    }
    for job in case.jobs {
        let mut open: BTreeMap<i64, usize> =
            job.nominal_times(case.window).into_iter().map(|at| (at, 0)).collect();
        verdict.fires += open.len();
        for row in rows.get(job.name.as_str()).into_iter().flatten() {
            cover(row, &mut open, verdict);
        }
        for (at, count) in open.into_iter().filter(|(_, count)| *count != 1) {
            let job = &job.name;
            verdict.wrong(match count {
                0 => format!("{job}: no row for the fire at {at}"),
                _ => format!("{job}: {count} rows for the fire at {at}"),
            });
        }
    }
}

/// Counts the times that a row stands for.
fn cover(row: &Row, open: &mut BTreeMap<i64, usize>, verdict: &mut Verdict) {
    let (last, count) = row.span.unwrap_or((row.nominal_at, 1));
    let mut covered = 0;
    for (_, rows) in open.range_mut(row.nominal_at..=last.max(row.nominal_at)) {
        *rows += 1;
        covered += 1;
    }
    if covered != count {
        let Row { job, id, nominal_at, .. } = row;
        verdict.wrong(format!(
            "{job}: run {id} says it stands for {count} fires from {nominal_at} to {last}, where {covered} are"
        ));
    }
}

/// Every past time that was asked for has exactly one run of its own, and none has another.
fn check_backfills(case: Case<'_>, verdict: &mut Verdict) {
    let mut found: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for row in case.rows.iter().filter(|row| row.kind == "backfill") {
        *found.entry((row.job.as_str(), row.nominal_at)).or_default() += 1;
    }
    for Backfill { job, window } in case.backfills {
        let own = case.jobs.iter().filter(|own| own.name == *job);
        for at in own.flat_map(|own| own.nominal_times(*window)) {
            let count = found.remove(&(job.as_str(), at)).unwrap_or(0);
            if count != 1 {
                verdict.wrong(format!("{job}: {count} runs for the past time {at}, which was asked for"));
            }
        }
    }
    for ((job, at), count) in found {
        verdict.wrong(format!("{job}: {count} runs for the past time {at}, which nobody asked for"));
    }
}

/// Every run is at its end, and at one that was to be expected.
fn check_states(case: Case<'_>, verdict: &mut Verdict) {
    for row in case.rows {
        let Row { job, id, state, reason, .. } = row;
        let told = || format!("{job}: run {id} is {state} ({reason})");
        let times = row.span.map_or(1, |(_, count)| count.unsigned_abs() as usize);
        match (state.as_str(), reason.as_str()) {
            ("succeeded", _) | ("failed", "handler") => {}
            ("skipped", "misfire") => verdict.except(case, Exception::Missed, times, told),
            ("skipped", "frozen") => verdict.except(case, Exception::Frozen, times, told),
            ("killed", "replaced") => verdict.except(case, Exception::Replaced, 1, told),
            ("killed", "person") => verdict.except(case, Exception::Killed, 1, told),
            ("lost", _) if row.sends > 1 && case.allowed.contains(&Exception::LostAgain) => {
                verdict.except(case, Exception::LostAgain, 1, told);
            }
            ("lost", _) => verdict.except(case, Exception::Lost, 1, told),
            ("timed_out", _) => verdict.except(case, Exception::TimedOut, 1, told),
            ("failed" | "skipped", "refused" | "unreachable" | "garbage" | "no_instance") => {
                verdict.except(case, Exception::NotTaken, 1, told);
            }
            _ => verdict.wrong(told()),
        }
        if row.live {
            verdict.wrong(format!("{job}: run {id} is {state} and somebody still has to do with it"));
        }
    }
}

/// Each run starts at most once, none too early, none that was not sent; what has to be punctual is.
fn check_starts(case: Case<'_>, verdict: &mut Verdict) {
    let rows: HashMap<i64, &Row> = case.rows.iter().map(|row| (row.id, row)).collect();
    let jobs: HashMap<&str, &Job> = case.jobs.iter().map(|job| (job.name.as_str(), job)).collect();
    let mut starts: BTreeMap<i64, Vec<&Entry>> = BTreeMap::new();
    for entry in case.entries.iter().filter(|entry| entry.event == Event::Start) {
        starts.entry(entry.run).or_default().push(entry);
    }
    for (run, starts) in starts {
        verdict.starts += starts.len();
        let Some(row) = rows.get(&run) else {
            verdict.wrong(format!("run {run} started, and has no row"));
            continue;
        };
        let Row { job, state, reason, .. } = row;
        if starts.len() > 1 {
            let text = || format!("{job}: run {run} started {} times", starts.len());
            verdict.except(case, Exception::StartedTwice, starts.len() - 1, text);
        }
        if never_started(row) || row.shard == SPLIT {
            verdict.wrong(format!("{job}: run {run} started, and is {state} ({reason})"));
        }
        let late = starts[0].at - row.due_at;
        if late < -EARLY_MS {
            verdict.wrong(format!("{job}: run {run} started {} ms before it was due", -late));
        }
        let bound = jobs.get(job.as_str()).and_then(|job| job.punctual_ms).filter(|bound| late > *bound);
        if let Some(bound) = bound {
            verdict.wrong(format!("{job}: run {run} started {late} ms late, more than {bound}"));
        }
    }
}

/// States that say that nothing has run.
fn never_started(row: &Row) -> bool {
    let reason = row.reason.as_str();
    row.state == "skipped" || row.state == "failed" && matches!(reason, "refused" | "unreachable" | "garbage")
}

/// A result that the server said it has is in the row; a success has really run.
fn check_results(case: Case<'_>, verdict: &mut Verdict) {
    let rows: HashMap<i64, &Row> = case.rows.iter().map(|row| (row.id, row)).collect();
    for entry in case.entries.iter().filter(|entry| entry.event == Event::Reported) {
        let Entry { run, code, .. } = entry;
        let Some(row) = rows.get(run) else { continue };
        let expected = match code {
            200 => "succeeded",
            502 => "timed_out",
            _ => "failed",
        };
        if row.state != expected && row.late_code != Some(*code) {
            let Row { job, state, late_code, .. } = row;
            verdict.wrong(format!(
                "{job}: the result {code} of run {run} was taken, and the run is {state}, late {late_code:?}"
            ));
        }
    }
    let started: BTreeSet<i64> =
        case.entries.iter().filter(|entry| entry.event == Event::Start).map(|entry| entry.run).collect();
    for Row { id, job, .. } in case.rows.iter().filter(|row| row.state == "succeeded" && row.shard != SPLIT) {
        if !started.contains(id) {
            verdict.wrong(format!("{job}: run {id} succeeded, and never started"));
        }
    }
}

/// Each failure that is to be tried again has one retry, each success of a parent one run of each child, and
/// nothing follows anything else.
fn check_followers(case: Case<'_>, verdict: &mut Verdict) {
    let jobs: HashMap<&str, &Job> = case.jobs.iter().map(|job| (job.name.as_str(), job)).collect();
    let mut followers: HashMap<(i64, &str, &str), usize> = HashMap::new();
    for row in case.rows.iter().filter(|row| row.slot > 0) {
        *followers.entry((row.slot, row.kind.as_str(), row.job.as_str())).or_default() += 1;
    }
    for row in case.rows {
        let Some(job) = jobs.get(row.job.as_str()) else {
            verdict.wrong(format!("run {} is of {}, which is no job here", row.id, row.job));
            continue;
        };
        let tried_again = matches!(row.state.as_str(), "failed" | "timed_out") && row.attempt <= job.retries;
        let retry = (tried_again && row.shard != SPLIT).then_some(("retry", job.name.as_str()));
        let children = job.children.iter().filter(|_| row.state == "succeeded" && row.parent.is_none());
        for (kind, name) in retry.into_iter().chain(children.map(|child| ("child", child.as_str()))) {
            let count = followers.remove(&(row.id, kind, name)).unwrap_or(0);
            if count != 1 {
                verdict.wrong(format!(
                    "{}: run {} is {} and is followed by {count} runs ({kind}) of {name}",
                    row.job, row.id, row.state
                ));
            }
        }
    }
    for ((cause, kind, name), count) in followers {
        verdict
            .wrong(format!("{name}: {count} runs ({kind}) follow run {cause}, which nothing should follow"));
    }
}

/// Every run that is to be split has one shard for each instance, and succeeded if each of them did in the end.
fn check_shards(case: Case<'_>, verdict: &mut Verdict) {
    let mut parts: HashMap<i64, Vec<&Row>> = HashMap::new();
    for row in case.rows {
        if let Some(parent) = row.parent {
            parts.entry(parent).or_default().push(row);
        }
    }
    let broadcast: HashMap<&str, usize> =
        case.jobs.iter().map(|job| (job.name.as_str(), job.shards)).collect();
    for row in case.rows.iter().filter(|row| row.parent.is_none() && row.state != "skipped") {
        let Row { id, job, state, .. } = row;
        let own = parts.remove(id).unwrap_or_default();
        let mut found: Vec<i64> =
            own.iter().filter(|part| part.kind == "shard").map(|part| part.shard).collect();
        found.sort_unstable();
        let expected = 0..broadcast.get(job.as_str()).map_or(0, |count| *count as i64);
        if !found.iter().copied().eq(expected.clone()) {
            verdict.wrong(format!("{job}: run {id} has the shards {found:?}, not {expected:?}"));
        }
        let succeeded = |index| own.iter().any(|part| part.shard == index && part.state == "succeeded");
        if !expected.is_empty() && (state == "succeeded") != expected.clone().all(succeeded) {
            verdict.wrong(format!("{job}: run {id} is {state}, which its shards are not"));
        }
    }
    for (id, parts) in parts {
        verdict.wrong(format!("{} runs are shards of {id}, which was not to be split", parts.len()));
    }
}
