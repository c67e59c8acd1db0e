//! Two people who decide about the same change in the same instant, each at another server.

use std::sync::Barrier;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{joined, read};
use crate::chaos::load::{Job, mixed};
use crate::chaos::oracle::Verdict;
use crate::chaos::scenarios::Stage;
use crate::chaos::world::{Plan, World};
use crate::visitor::Visitor;

/// The job that people want to change and to run.
const ASKED: &str = "asked";
/// What somebody is told who comes second.
const ENDED: &str = "approval_ended";
/// A minute as the job's form has it, ms.
const MINUTE: i64 = 60_000;
/// Who wants changes, and two others who decide.
struct People {
    submitter: Visitor,
    deciders: [Visitor; 2],
}

/// What waits for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Another description of the job.
    Edit,
    /// A run by hand.
    Run,
}

/// What somebody does about it, and what it is called in the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Approve,
    Reject,
    Cancel,
}

/// How a change ended.
struct Decided {
    approval: i64,
    change: Change,
    deed: Deed,
}

pub fn given_twice(stage: Stage<'_>) -> Result<Verdict> {
    let mut jobs = mixed("spoilt");
    jobs.push(Job { every_s: None, ..Job::new(ASKED, "spoilt", 1) });
    stage.run(Plan { servers: 2, jobs, seconds: 15, networks: false, clock: None }, |world| {
        let people = People {
            submitter: world.person("ada")?,
            deciders: [world.person("bob")?, world.person("eve")?],
        };
        ask_for_approval(&people.submitter)?;
        let mut decided = Vec::new();
        while world.fires() {
            decided.push(decide_at_once(world, &people, decided.len())?);
        }
        let applied = decided.iter().filter(|decided| decided.deed == Deed::Approve).count();
        println!("  of {} changes on which two decided at once {applied} were made", decided.len());
        ensure!(applied > 0 && applied < decided.len(), "they always decided the same");
        check_audit(world, &decided)?;
        check_runs(world, &decided)
    })
}

/// From now on changes of definitions and runs by hand wait.
fn ask_for_approval(person: &Visitor) -> Result<()> {
    let namespaces = read(person, "namespaces/list_namespaces", &[("query[business]", "default")])?;
    let id = namespaces[0]["id"].as_i64().context("no namespace")?.to_string();
    let version = read(person, "namespaces/namespace", &[("id", &id)])?["version"].to_string();
    let switches = [("form[approve_definitions]", "true"), ("form[approve_runs]", "true")];
    let arguments = [&[("id", id.as_str()), ("version", &version)][..], &switches].concat();
    read(person, "namespaces/edit_namespace", &arguments).map(drop)
}

/// Submits a change, on which two decide in the same instant at two servers: one of both does, and the other is
/// told so; the change is made once or not at all.
fn decide_at_once(world: &mut World, people: &People, number: usize) -> Result<Decided> {
    let job = world.job_id(ASKED)?.to_string();
    let change = *world.dice.pick(&[Change::Edit, Change::Run]);
    let before = version(&people.submitter, &job)?;
    let approval = submit(&people.submitter, change, &job, number)?;
    let second = *world.dice.pick(&[Deed::Approve, Deed::Approve, Deed::Reject, Deed::Cancel]);
    let [one, other] = &people.deciders;
    let other = if second == Deed::Cancel { &people.submitter } else { other };
    let place = world.any_server();
    let next = (place + 1) % world.nodes.len();
    let deeds = [Deed::Approve, second];
    let visitors = [world.at_server(one, place)?, world.at_server(other, next)?];
    let winner = race(&visitors, deeds, approval)?;
    let after = version(&people.submitter, &job)?;
    let is_made = deeds[winner] == Deed::Approve && change == Change::Edit;
    ensure!(after == before + i64::from(is_made), "version {before} became {after} by {:?}", deeds[winner]);
    Ok(Decided { approval, change, deed: deeds[winner] })
}

/// Asks for a change, which waits; the number of its approval.
fn submit(person: &Visitor, change: Change, job: &str, number: usize) -> Result<i64> {
    let (status, told) = match change {
        Change::Run => person.call("jobs/run_job", &[("id", job)])?,
        Change::Edit => edit(person, job, &format!("change {number}"))?,
    };
    ensure!(status == 409 && told["kind"] == "held", "{change:?} does not wait: {status} {told}");
    told["approval"].as_i64().context("a change that waits without an approval")
}

/// Sends the job's form with another description.
fn edit(person: &Visitor, job: &str, description: &str) -> Result<(u16, Value)> {
    let view = read(person, "jobs/job", &[("id", job)])?;
    // The form has the same names; what it does not know it leaves alone.
    let mut stored = view["job"].as_object().context("a job that is none")?.clone();
    let late_by = stored["catch_up_ms"].as_i64().context("a job without catch_up_ms")?;
    stored.insert("catch_up_ms".to_owned(), (late_by / MINUTE).into());
    stored.insert("description".to_owned(), description.into());
    let typed = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let known = stored.iter().filter(|(_, value)| !value.is_null());
    let fields: Vec<(String, String)> =
        known.map(|(name, value)| (format!("form[{name}]"), typed(value))).collect();
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    person.call("jobs/save_job", &[("id", job)].into_iter().chain(fields).collect::<Vec<_>>())
}

/// Lets both decide at the same moment; returns which of both did.
fn race(visitors: &[Visitor; 2], deeds: [Deed; 2], approval: i64) -> Result<usize> {
    let start = &Barrier::new(2);
    let answers = thread::scope(|scope| {
        let both = visitors.iter().zip(deeds).map(|(visitor, deed)| {
            scope.spawn(move || {
                start.wait();
                deed.done_by(visitor, approval)
            })
        });
        let both: Vec<_> = both.collect();
        both.into_iter().map(joined).collect::<Result<Vec<_>>>()
    })?;
    let is_done = |(status, _): &(u16, Value)| *status == 200;
    let is_late = |(status, told): &(u16, Value)| *status == 409 && told["message"]["code"] == ENDED;
    match &answers[..] {
        [one, other] if is_done(one) && is_late(other) => Ok(0),
        [one, other] if is_done(other) && is_late(one) => Ok(1),
        _ => bail!("{deeds:?} at once about {approval} were answered with {answers:?}"),
    }
}

impl Deed {
    fn done_by(self, visitor: &Visitor, approval: i64) -> Result<(u16, Value)> {
        let id = approval.to_string();
        let id = ("id", id.as_str());
        match self {
            Self::Approve => visitor.call("approvals/approve", &[id]),
            Self::Reject => visitor.call("approvals/reject_approval", &[id, ("remark", "not now")]),
            Self::Cancel => visitor.call("approvals/cancel_approval", &[id]),
        }
    }

    /// The word of the audit.
    fn verb(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
        }
    }
}

/// The audit has each decision once, and each change that was made.
fn check_audit(world: &World, decided: &[Decided]) -> Result<()> {
    let entries = world.commands().audit()?;
    let count = |noun: &str, verb: &str, id: i64| {
        let same = |entry: &&Value| {
            entry["noun"] == noun && entry["verb"] == verb && entry["object_id"].as_i64() == Some(id)
        };
        entries.iter().filter(same).count()
    };
    for Decided { approval, deed, .. } in decided {
        for each in [Deed::Approve, Deed::Reject, Deed::Cancel] {
            let (found, expected) = (count("approval", each.verb(), *approval), usize::from(each == *deed));
            ensure!(found == expected, "the audit says {found} times that {approval} ended by {each:?}");
        }
    }
    let job = world.job_id(ASKED)?;
    for (change, verb) in [(Change::Edit, "edit"), (Change::Run, "run")] {
        let (found, expected) = (count("job", verb, job), made(decided, change));
        ensure!(found == expected, "the audit has {found} of {expected} changes ({verb})");
    }
    Ok(())
}

/// Each run that was approved is there once; whether it started once is for the oracle.
fn check_runs(world: &World, decided: &[Decided]) -> Result<()> {
    let (found, expected) =
        (world.rows()?.iter().filter(|row| row.job == ASKED).count(), made(decided, Change::Run));
    ensure!(found == expected, "{found} runs by hand, and {expected} were approved");
    Ok(())
}

/// How many changes of a kind were made.
fn made(decided: &[Decided], change: Change) -> usize {
    decided.iter().filter(|decided| decided.change == change && decided.deed == Deed::Approve).count()
}

fn version(person: &Visitor, job: &str) -> Result<i64> {
    read(person, "jobs/job", &[("id", job)])?["job"]["version"].as_i64().context("a job without a version")
}
