//! Asking instances before a run is claimed, for the strategies that do. Planning does not wait: the
//! run waits as a row, its instances are asked at the same time, and it is claimed with what was
//! found. So a hanging address delays the runs of the jobs that ask it, by no more than the time an
//! answer may take, and nothing else.

use crate::engine::directory::{JobBody, Target};
use crate::engine::dispatcher::{Call, CallFailure};
use crate::engine::shared::Shared;
use crate::rules::routing;
use entity::job::Routing;
use entity::run::{Model as Run, Reason};
use entity::run_text::{Try, TryOutcome};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use protocol::RemoteReply;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

/// Runs whose instances are asked at the same time; the others wait for the next poll.
const MOST_RUNS: usize = 2_000;
/// Questions to one instance at the same time. One that hangs holds up no other: waiting for a place
/// here counts as waiting for its answer.
const MOST_QUESTIONS: usize = 64;
/// Instances asked for one run.
const MOST_INSTANCES: usize = 100;
/// By so much less time is given to an instance that did not answer the last time, until it answers:
/// one that hangs for hours does not delay each run by the whole time, and a job that fires as often
/// as that does not fall behind.
const IMPATIENCE: u32 = 4;
/// Characters kept of what an instance said.
const TEXT: usize = 200;

/// What asking came to.
pub struct Found {
    /// In the order of the addresses, up to the one that was chosen.
    pub tries: Vec<Try>,
    /// The ids of the instances that were tried.
    tried: Vec<i32>,
    pub target: Option<Arc<Target>>,
    /// Why there is none.
    pub reason: Reason,
}

/// The askings under way.
#[derive(Default)]
pub struct Prober {
    tasks: JoinSet<Found>,
    asked: HashMap<Id, (i64, i32)>,
    runs: HashSet<i64>,
    /// Jobs of which one run asks who is idle, and its other runs: they ask when it has gone out, for
    /// it makes an instance busy.
    turns: HashMap<i32, Vec<i64>>,
    /// Runs whose turn it is.
    next: Vec<i64>,
    doors: HashMap<i32, Arc<Semaphore>>,
    /// Instances that did not answer the last time.
    silent: HashSet<i32>,
    found: HashMap<i64, Found>,
}

impl Prober {
    /// Begins to ask `instances` for a run, unless they are being asked, or another run of the job goes
    /// first.
    pub fn ask(&mut self, shared: &Arc<Shared>, run: &Run, body: &JobBody, instances: &[Arc<Target>]) {
        if self.runs.contains(&run.id) || self.runs.len() >= MOST_RUNS {
            return;
        }
        if body.job.routing == Routing::Busyover {
            if let Some(others) = self.turns.get_mut(&run.job_id) {
                if !others.contains(&run.id) {
                    others.push(run.id);
                }
                return;
            }
            self.turns.insert(run.job_id, Vec::new());
        }
        let questions = self.questions(shared, run, body, instances);
        let shared = shared.clone();
        let reason = match body.job.routing {
            Routing::Busyover => Reason::NoneIdle,
            _ => Reason::NoneAlive,
        };
        let task = self.tasks.spawn(async move {
            let asking = questions.into_iter().map(|question| question.ask(&shared));
            first_in_order(asking.collect(), reason).await
        });
        self.asked.insert(task.id(), (run.id, run.job_id));
        self.runs.insert(run.id);
    }

    /// Whether answers are awaited.
    pub fn is_asking(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Waits for the next answer; for ever where nobody is asked.
    pub async fn answered(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(answer) => self.note(answer),
            None => std::future::pending().await,
        }
    }

    /// What was found since the last time, by run.
    pub fn take_found(&mut self) -> HashMap<i64, Found> {
        while let Some(answer) = self.tasks.try_join_next_with_id() {
            self.note(answer);
        }
        std::mem::take(&mut self.found)
    }

    /// Runs whose turn to ask has come, to be looked at again.
    pub fn take_next(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.next)
    }

    fn note(&mut self, answer: Result<(Id, Found), JoinError>) {
        let (id, found) = match answer {
            Ok((id, found)) => (id, Some(found)),
            Err(error) => (error.id(), None),
        };
        let Some((run_id, job_id)) = self.asked.remove(&id) else { return };
        self.runs.remove(&run_id);
        self.next.extend(self.turns.remove(&job_id).unwrap_or_default());
        match found {
            Some(found) => {
                self.note_silence(&found);
                self.found.insert(run_id, found);
            }
            None => tracing::error!(run = run_id, "asking its instances failed; they are asked again"),
        }
        if self.runs.is_empty() {
            self.doors.clear();
        }
    }

    fn note_silence(&mut self, found: &Found) {
        for (instance_id, tried) in found.tried.iter().zip(&found.tries) {
            match tried.outcome {
                TryOutcome::NoAnswer => self.silent.insert(*instance_id),
                _ => self.silent.remove(instance_id),
            };
        }
    }

    /// One for each instance, in the order of the addresses.
    fn questions(
        &mut self,
        shared: &Shared,
        run: &Run,
        body: &JobBody,
        instances: &[Arc<Target>],
    ) -> Vec<Question> {
        let candidates: Vec<_> = instances.iter().map(|target| target.candidate()).collect();
        let order = routing::in_order(&candidates).into_iter().take(MOST_INSTANCES);
        let busy_with = match body.job.routing {
            Routing::Busyover => shared.lanes.bound_for(run.executor_id, run.job_id),
            _ => HashSet::new(),
        };
        let in_doubt = shared.doubts.seen();
        let known = |target: &Target| match in_doubt.at(&target.site(run.job_id)) {
            true => Some(TryOutcome::InDoubt),
            false => busy_with.contains(&target.instance_id).then_some(TryOutcome::Busy),
        };
        let within = shared.settings.probe_within;
        let question = |target: &Arc<Target>| {
            let door = self.doors.entry(target.instance_id);
            Question {
                door: door.or_insert_with(|| Arc::new(Semaphore::new(MOST_QUESTIONS))).clone(),
                within: match self.silent.contains(&target.instance_id) {
                    true => within / IMPATIENCE,
                    false => within,
                },
                job_id: run.job_id,
                routing: body.job.routing,
                known: known(target),
                target: target.clone(),
            }
        };
        order.filter_map(|index| instances.get(index)).map(question).collect()
    }
}

/// Whether one instance may get a run.
struct Question {
    target: Arc<Target>,
    door: Arc<Semaphore>,
    within: Duration,
    job_id: i32,
    routing: Routing,
    /// What is known without asking: a run of the job is in doubt there, or on its way there, of which it
    /// need not know yet.
    known: Option<TryOutcome>,
}

impl Question {
    async fn ask(self, shared: &Shared) -> (Arc<Target>, Try) {
        let (outcome, text) = match self.known {
            Some(outcome) => (outcome, String::new()),
            None => {
                let answer = tokio::time::timeout(self.within, self.answer(shared)).await;
                outcome(self.routing, answer.unwrap_or(Err(CallFailure::NoAnswer(String::new()))))
            }
        };
        let text = text.chars().take(TEXT).collect();
        let tried = Try { address: self.target.address.clone(), outcome, text };
        (self.target, tried)
    }

    async fn answer(&self, shared: &Shared) -> Result<RemoteReply, CallFailure> {
        // Nobody closes the door.
        let _place = self.door.acquire().await;
        let call = match self.routing {
            Routing::Busyover => Call::IdleBeat { job_id: self.job_id },
            _ => Call::Beat,
        };
        shared.dispatcher.call(&self.target, call).await
    }
}

/// What an answer says, and its words.
fn outcome(routing: Routing, answer: Result<RemoteReply, CallFailure>) -> (TryOutcome, String) {
    match answer {
        Ok(reply) if reply.is_ok() => (TryOutcome::Chosen, String::new()),
        Ok(reply) if routing == Routing::Busyover => (TryOutcome::Busy, reply.text),
        Ok(reply) => (TryOutcome::Refused, reply.text),
        Err(CallFailure::Garbage(text)) => (TryOutcome::Refused, text),
        Err(CallFailure::NeverArrived(text)) => (TryOutcome::Unreachable, text),
        Err(CallFailure::NoAnswer(text)) => (TryOutcome::NoAnswer, text),
        Err(CallFailure::GateShut | CallFailure::Restarted) => (TryOutcome::NoAnswer, String::new()),
    }
}

/// All are asked at once; the first in order that may get the run is taken, as soon as those before it
/// have answered or may no longer. `reason` is why there is none, if there is none.
async fn first_in_order<A>(mut asking: FuturesOrdered<A>, reason: Reason) -> Found
where
    A: Future<Output = (Arc<Target>, Try)>,
{
    let mut found = Found { tries: Vec::new(), tried: Vec::new(), target: None, reason };
    while let Some((target, tried)) = asking.next().await {
        let is_chosen = tried.outcome == TryOutcome::Chosen;
        found.tries.push(tried);
        found.tried.push(target.instance_id);
        if is_chosen {
            found.target = Some(target);
            return found;
        }
    }
    found
}
