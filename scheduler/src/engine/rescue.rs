//! Rescuing: runs past their limit, runs whose instance is gone, runs nobody knows about. Asks
//! before it decides, and gives up after the stated time, so that no run stays live for ever.

mod ask;
mod evidence;

pub use evidence::{Evidence, read as read_evidence};

pub(super) use ask::{fast, log_of};
pub(super) use evidence::{Idle, has_started, idle_means};

use super::dispatch::Order;
use super::holdings::Holdings;
use super::settings::EngineSettings;
use super::shared::Shared;
use super::step::{Applied, Step, What};
use super::stop;
use crate::rules::doubt::Site;
use crate::{Error, Result};
use entity::Millis;
use entity::run::{Model as Run, Reason, RunState};
use protocol::native::SENDS;
use protocol::words::SUCCESS;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Runs looked at in one tick.
const BATCH: u64 = 2_000;
/// Runs younger than this need no rescue yet; it spares the look at the short ones.
const YOUNG_MS: Millis = 3_000;
/// The answer to a request is waited for so long, and then some.
const ANSWER_MS: Millis = 40_000;
const EVERY: Duration = Duration::from_secs(1);

/// The rescuing loop's state: what it knows of the doubtful runs.
pub struct Rescuer {
    shared: Arc<Shared>,
    inquiries: HashMap<i64, Inquiry>,
}

/// What is known of one doubtful run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// In which state it is doubtful, and since when this server sees it.
    pub state: RunState,
    pub since: Millis,
    pub asked_at: Option<Millis>,
    /// What the last asking brought, and since when every asking brings the same.
    pub evidence: Option<(Evidence, Millis)>,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RescueReport {
    pub doubtful: usize,
    pub asked: usize,
    pub decided: usize,
    pub resent: usize,
}

/// What to do about a doubtful run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Leave,
    Ask,
    Decide(What),
}

/// What a decision rests on, beside the row.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub now: Millis,
    pub settings: &'a EngineSettings,
    pub holdings: &'a Holdings,
    /// The run is in a lane of this server, or under way.
    pub in_hand: bool,
    /// Its instance is there and can be asked.
    pub askable: bool,
    pub inquiry: &'a Inquiry,
}

/// Decides about one doubtful run.
pub fn decide(run: &Run, view: View<'_>) -> Verdict {
    match run.state {
        RunState::Sending => unsent(run, view),
        RunState::Running if run.deadline_at.is_some_and(|deadline| deadline <= view.now) => {
            overdue(run, view)
        }
        // Its last results are still on their way: an executor that leaves in good order reports
        // after it has signed off.
        RunState::Running if view.now - view.inquiry.since >= view.settings.farewell_ms => {
            Verdict::Decide(What::Doubt {
                claim: run.claim,
                from: RunState::Running,
                reason: Reason::InstanceGone,
            })
        }
        RunState::Unknown => unknown(run, view),
        _ => Verdict::Leave,
    }
}

/// A run past its limit. One that an earlier life sent may have ended while no server was there to be
/// told: its executor first gets the time to repeat the result.
fn overdue(run: &Run, view: View<'_>) -> Verdict {
    let is_own = run.claim == view.holdings.claim();
    let quiet_since = view.holdings.quiet_since(run.bucket, run.claim);
    let was_heard = is_own || view.now - quiet_since >= view.settings.result_wait_ms;
    if was_heard { Verdict::Decide(What::Expire) } else { Verdict::Leave }
}

/// A claimed run without an answer. One's own is in hand, or was dropped; so is that of another server,
/// which gave the bucket away; that of a life that has ended is left alone until nothing of it can be on its
/// way any more.
fn unsent(run: &Run, view: View<'_>) -> Verdict {
    let doubt = |reason| Verdict::Decide(What::Doubt { claim: run.claim, from: RunState::Sending, reason });
    if run.claim != view.holdings.claim() && !view.holdings.is_of_another(run.claim) {
        let quiet_since = view.holdings.quiet_since(run.bucket, run.claim);
        let is_quiet = view.now - quiet_since >= view.settings.quarantine_ms;
        return if is_quiet { doubt(Reason::ServerGone) } else { Verdict::Leave };
    }
    let forgotten = !view.in_hand && view.now - run.due_at >= ANSWER_MS;
    if forgotten { doubt(Reason::NoAnswer) } else { Verdict::Leave }
}

/// A run in doubt: what two askings that agree say, else another asking, and in the end *lost*.
fn unknown(run: &Run, view: View<'_>) -> Verdict {
    let View { now, settings, inquiry, .. } = view;
    // The answer to the request may still come, and the request itself may still be taken up.
    if view.in_hand {
        return Verdict::Leave;
    }
    let agreed = inquiry.evidence.filter(|(evidence, first)| {
        let is_confirmed = || inquiry.asked_at.is_some_and(|last| last - first >= settings.ask_again_ms);
        evidence.is_proof() || is_confirmed()
    });
    match agreed {
        Some((Evidence::NeverStarted | Evidence::ShutOut, _)) if run.instance_id.is_some() => {
            return Verdict::Decide(never_started(run, view.holdings));
        }
        // The result that a server took may be missing in the backup, and nobody says it again.
        Some((Evidence::Over, first)) if run.reason == Reason::Restored => {
            let is_gone = now - first >= settings.result_wait_ms;
            return if is_gone { Verdict::Decide(What::Lose { reason: run.reason }) } else { Verdict::Leave };
        }
        Some((Evidence::Running | Evidence::Known | Evidence::Over, _)) => {
            return Verdict::Decide(What::Found);
        }
        Some((Evidence::Ended { code }, first)) if now - first >= settings.result_wait_ms => {
            let text =
                if code == SUCCESS { String::new() } else { "read from the executor's log".to_owned() };
            return Verdict::Decide(What::Result { executor_id: run.executor_id, code, text });
        }
        _ => {}
    }
    if now - inquiry.since >= settings.unknown_for_ms {
        return Verdict::Decide(What::Lose { reason: run.reason });
    }
    let again = inquiry.asked_at.is_none_or(|last| now - last >= settings.ask_again_ms);
    if view.askable && again { Verdict::Ask } else { Verdict::Leave }
}

/// A run that never came is sent again, once. After a second silence nothing is to be waited for, and the
/// others of its job are not kept waiting for it. Of one that a backup has as being out nobody says that it never
/// came: its executor may have forgotten it since.
fn never_started(run: &Run, holdings: &Holdings) -> What {
    if run.fence % SENDS >= 2 || run.reason == Reason::Restored {
        return What::Lose { reason: run.reason };
    }
    What::Resend { seen: run.claim, claim: holdings.claim(), fence: next_fence(run, holdings) }
}

/// One sending more, in the present epoch: above everything that was sent so far.
fn next_fence(run: &Run, holdings: &Holdings) -> i64 {
    (run.fence + 1).max(holdings.fence(run.bucket) + 1)
}

impl Rescuer {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, inquiries: HashMap::new() }
    }

    /// Looks at the doubtful runs, asks, decides, sends again.
    pub async fn tick(&mut self) -> Result<RescueReport> {
        let shared = self.shared.clone();
        let now = shared.now();
        let holdings = shared.holdings();
        if holdings.lease.is_none() {
            return Ok(RescueReport::default());
        }
        let runs = shared.store.doubtful(&holdings.buckets(), now - YOUNG_MS, now, BATCH).await?;
        shared.doubts.add_all(runs.iter().filter(|run| run.state == RunState::Unknown));
        self.keep_inquiries(&runs, now);
        let mut report = RescueReport { doubtful: runs.len(), ..RescueReport::default() };
        let to_ask: Vec<&Run> =
            runs.iter().filter(|run| self.verdict(run, &holdings, now) == Verdict::Ask).collect();
        report.asked = to_ask.len();
        for (run_id, evidence) in ask::ask(&shared, &holdings, &to_ask).await? {
            self.note(run_id, evidence);
        }
        let now = shared.now();
        let decided: Vec<(&Run, Step)> = runs
            .iter()
            .filter_map(|run| match self.verdict(run, &holdings, now) {
                Verdict::Decide(what) => Some((run, Step { run_id: run.id, at: now, what })),
                _ => None,
            })
            .collect();
        self.carry_out(&holdings, decided, &mut report).await?;
        Ok(report)
    }

    fn verdict(&self, run: &Run, holdings: &Holdings, now: Millis) -> Verdict {
        let Some(inquiry) = self.inquiries.get(&run.id) else {
            return Verdict::Leave;
        };
        let target = run.instance_id.and_then(|id| self.shared.directory.target(run.executor_id, id));
        let view = View {
            now,
            settings: &self.shared.settings,
            holdings,
            in_hand: self.shared.lanes.holds(run.executor_id, run.id, run.due_at),
            askable: target.is_some_and(|target| evidence::can_be_asked(target.client)),
            inquiry,
        };
        match decide(run, view) {
            Verdict::Decide(What::Resend { .. }) if self.is_frozen(run) => Verdict::Leave,
            verdict => verdict,
        }
    }

    /// Whether everything of its executor stands still.
    fn is_frozen(&self, run: &Run) -> bool {
        let namespace = self.shared.directory.namespace_of(run.executor_id);
        namespace.is_some_and(|id| self.shared.directory.freezes().is_frozen(id))
    }

    /// Forgets runs that are doubtful no more, and begins an inquiry for those that became so.
    fn keep_inquiries(&mut self, runs: &[Run], now: Millis) {
        let mut before = std::mem::take(&mut self.inquiries);
        for run in runs {
            let known = before.remove(&run.id).filter(|inquiry| inquiry.state == run.state);
            let fresh = Inquiry { state: run.state, since: now, asked_at: None, evidence: None };
            self.inquiries.insert(run.id, known.unwrap_or(fresh));
        }
    }

    fn note(&mut self, run_id: i64, evidence: Evidence) {
        let now = self.shared.now();
        if let Some(inquiry) = self.inquiries.get_mut(&run_id) {
            inquiry.asked_at = Some(now);
            inquiry.evidence = match inquiry.evidence {
                Some((same, first)) if same == evidence => Some((same, first)),
                _ => Some((evidence, now)),
            };
        }
    }

    /// Writes the decisions, and sends again what never started.
    async fn carry_out(
        &mut self,
        holdings: &Holdings,
        decided: Vec<(&Run, Step)>,
        report: &mut RescueReport,
    ) -> Result<()> {
        let Some(authority) = holdings.authority(decided.iter().map(|(run, _)| run.bucket)) else {
            return Ok(());
        };
        let steps: Vec<Step> = decided.iter().map(|(_, step)| step.clone()).collect();
        // Before the rows say so: from then on nothing else of their jobs is to go there. Where a row does not
        // come to say so, the planner notices.
        for (run, _) in decided.iter().filter(|(_, step)| matches!(step.what, What::Doubt { .. })) {
            Site::of(run).into_iter().for_each(|site| self.shared.doubts.add(run.id, site));
        }
        let applied = match self.shared.store.apply(Some(&authority), &steps).await {
            Err(Error::Conflict(_)) => return Ok(()),
            applied => applied?,
        };
        let mut resent = Vec::new();
        let mut overdue = Vec::new();
        for ((run, step), applied) in decided.iter().zip(applied) {
            if applied == Applied::Done {
                report.decided += 1;
                self.shared.ended.offer_after(step);
                match step.what {
                    What::Resend { claim, fence, .. } => {
                        self.shared.doubts.settle(run.id);
                        resent.push(Run { claim, fence, ..(*run).clone() });
                    }
                    What::Expire => overdue.push(*run),
                    _ => {}
                }
                self.shared.note_changed(run.id);
            }
        }
        self.stop(&overdue);
        report.resent = resent.len();
        self.send_again(resent).await
    }

    /// Tells their executors. They have ended whatever the answers are, so nobody waits for these.
    fn stop(&self, overdue: &[&Run]) {
        let calls = stop::calls(&self.shared, overdue);
        if !calls.is_empty() {
            tokio::spawn(stop::stop(self.shared.clone(), calls));
        }
    }

    /// To the same address, with the same id. An instance that left meanwhile is noticed as for any
    /// other run without an answer.
    async fn send_again(&self, runs: Vec<Run>) -> Result<()> {
        let shared = &self.shared;
        let jobs: Vec<i32> = runs.iter().map(|run| run.job_id).collect();
        let ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
        let bodies = shared.directory.jobs(shared.store.as_ref(), &jobs).await?;
        let parameters: HashMap<i64, Option<String>> =
            shared.store.runs(&ids).await?.into_iter().map(|found| (found.run.id, found.parameter)).collect();
        let order = |run: &Run| {
            let target = shared.directory.target(run.executor_id, run.instance_id?)?;
            let parameter = parameters.get(&run.id).cloned().flatten();
            Some(Order::new(run, target, bodies.get(&run.job_id)?.clone(), parameter))
        };
        shared.lanes.push(runs.iter().filter_map(order));
        Ok(())
    }

    /// Ticks every second.
    pub async fn run(&mut self) -> Result<()> {
        loop {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "doubtful runs cannot be looked after; trying again");
            }
            if !self.shared.rest(EVERY).await {
                return Ok(());
            }
        }
    }
}
