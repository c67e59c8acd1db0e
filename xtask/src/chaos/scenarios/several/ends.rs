//! A person's kill, a result and a time limit that meet, each at another server.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::joined;
use crate::chaos::evidence::{self, Event, Row};
use crate::chaos::load::Job;
use crate::chaos::oracle::Verdict;
use crate::chaos::scenarios::Stage;
use crate::chaos::world::{Plan, World};
use crate::orrery::Server;
use crate::visitor::Visitor;
use crate::wall_clock::now;

/// A limit of 1 s and what `world.rs` adds to it: from then on a server ends a run.
const LIMIT_S: i64 = 1;
const ENDS_AFTER_MS: u64 = 4_000;
/// How long the runs of the jobs work.
const WORKS: [&str; 6] = ["work=3800", "work=3950", "work=4050", "work=4200", "work=4500", "work=5000"];
/// How often it is looked for new starts.
const LOOK: Duration = Duration::from_millis(50);
/// Between two readings of all rows.
const AGAIN: Duration = Duration::from_millis(200);
/// By then the last runs have ended, and what comes late is there.
const AFTERWARDS: Duration = Duration::from_secs(8);

/// What somebody was told who killed a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Killed,
    /// It had ended before.
    Late,
}

/// The answers to each run's kills.
type Answers = HashMap<i64, Vec<Answer>>;

pub fn meeting(stage: Stage<'_>) -> Result<Verdict> {
    let job = |number: usize, executor| {
        let name = format!("{executor}-{number}");
        Job { parameter: WORKS[number % WORKS.len()], limit_s: LIMIT_S, ..Job::new(&name, executor, 6) }
    };
    let jobs = (0..12).flat_map(|number| [job(number, "first"), job(number, "second")]).collect();
    stage.run(Plan { servers: 2, jobs, seconds: 36, networks: false, clock: None }, |world| {
        let person = world.person("ada")?;
        let places = (0..world.nodes.len()).map(|number| world.at_server(&person, number));
        let places = places.collect::<Result<Vec<_>>>()?;
        let (over, commands) = (AtomicBool::new(false), world.commands());
        let (answers, seen) = thread::scope(|scope| {
            let watching = scope.spawn(|| watch(&commands, &over));
            let answers = kill_about_the_end(world, scope, &places);
            thread::sleep(AFTERWARDS);
            over.store(true, Ordering::SeqCst);
            Ok::<_, anyhow::Error>((answers?, joined(watching)?))
        })?;
        compare(&world.rows()?, &seen, &answers)
    })
}

/// Kills two of three runs about when they end, one of two of these at two servers at once.
fn kill_about_the_end<'scope>(
    world: &mut World,
    scope: &'scope Scope<'scope, '_>,
    places: &'scope [Visitor],
) -> Result<Answers> {
    let (mut known, mut kills) = (HashSet::new(), Vec::new());
    while world.fires() {
        let starts = world.entries()?.into_iter().filter(|entry| entry.event == Event::Start);
        for start in starts.filter(|start| known.insert(start.run)).collect::<Vec<_>>() {
            if world.dice.number(0, 2) == 0 {
                continue;
            }
            let pause = world.dice.pause(ENDS_AFTER_MS - 400, ENDS_AFTER_MS + 400);
            let at = start.at + pause.as_millis() as i64;
            let first = world.any_server();
            for place in 0..=world.dice.number(0, 1) as usize {
                let visitor = &places[(first + place) % places.len()];
                kills.push((start.run, scope.spawn(move || kill(visitor, start.run, at))));
            }
        }
        thread::sleep(LOOK);
    }
    let mut answers = Answers::new();
    for (run, kill) in kills {
        answers.entry(run).or_default().push(joined(kill)?);
    }
    Ok(answers)
}

/// Kills a run at this time.
fn kill(visitor: &Visitor, run: i64, at: i64) -> Result<Answer> {
    thread::sleep(Duration::from_millis(u64::try_from(at - now()).unwrap_or(0)));
    let (status, told) = visitor.call("runs/kill_run", &[("id", &run.to_string())])?;
    match (status, told["message"]["code"].as_str()) {
        // Where its executor could not be told, it is killed all the same.
        (200, _) | (409, Some("kill_not_delivered")) => Ok(Answer::Killed),
        (409, Some("run_ended")) => Ok(Answer::Late),
        _ => bail!("the kill of {run} was answered with {status} {told}"),
    }
}

/// Reads all rows again and again; returns how each run had ended when that was first seen. An end that changes is an
/// error.
fn watch(commands: &Server, over: &AtomicBool) -> Result<BTreeMap<i64, Row>> {
    let mut seen = BTreeMap::new();
    while !over.load(Ordering::SeqCst) {
        note(&mut seen, evidence::rows(&commands.fixture_runs_brief()?)?)?;
        thread::sleep(AGAIN);
    }
    Ok(seen)
}

fn note(seen: &mut BTreeMap<i64, Row>, rows: Vec<Row>) -> Result<()> {
    let is_final = |row: &Row| !matches!(row.state.as_str(), "waiting" | "sending" | "running" | "unknown");
    for row in rows {
        if let Some(Row { id, state, reason, .. }) = seen.get(&row.id) {
            let is_same = (state, reason) == (&row.state, &row.reason);
            ensure!(is_same, "run {id} was {state} ({reason}) and is {} ({})", row.state, row.reason);
        } else if is_final(&row) {
            seen.insert(row.id, row);
        }
    }
    Ok(())
}

/// Whoever was told that a run is killed is right, one for each; each way to end has come about.
fn compare(rows: &[Row], seen: &BTreeMap<i64, Row>, answers: &Answers) -> Result<()> {
    note(&mut seen.clone(), rows.to_vec())?;
    for Row { id, state, reason, .. } in rows {
        let killed =
            answers.get(id).into_iter().flatten().filter(|answer| **answer == Answer::Killed).count();
        ensure!(
            killed == usize::from(state == "killed"),
            "{killed} kills of {id}, which is {state} ({reason})"
        );
    }
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    let [succeeded, killed, timed_out] = ["succeeded", "killed", "timed_out"].map(count);
    let late_kills = answers.values().flatten().filter(|answer| **answer == Answer::Late).count();
    let late_results = rows.iter().filter(|row| row.late_code.is_some()).count();
    println!("  {succeeded} succeeded, {killed} were killed, {timed_out} timed out");
    println!("  {late_kills} kills and {late_results} results came late");
    let all = [succeeded, killed, timed_out, late_kills, late_results];
    ensure!(all.iter().all(|count| *count > 0), "the ends did not meet");
    Ok(())
}
