//! What can happen to a stored run, and what it makes of the row: facts, a person's word, and the
//! decisions of the owner of its bucket. Pure: every store applies a step by calling [`apply`] ([`split`],
//! [`gather`]) on the row it holds locked, so that all of them agree.

use crate::rules::{run_state, shards};
use entity::run::{Model, Reason, RunState, SPLIT};
use entity::run_text::Try;
use entity::{Millis, route_use};
use protocol::Verdict;

/// Something that happens to one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub run_id: i64,
    pub at: Millis,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Fact: the executor took the request that this claim sent, from when on the run's time counts.
    Accepted { claim: i64, sent_at: Millis, deadline_at: Millis },
    /// Fact: the request of this claim ended without a run (refused, not understood, never
    /// arrived).
    Refused { claim: i64, reason: Reason, text: String },
    /// Fact: a result, from an instance of this executor.
    Result { executor_id: i32, code: i32, text: String },
    /// A person ends it.
    Kill { by: Option<i32> },
    /// Decision: `waiting` goes out.
    Claim(Claim),
    /// Decision: `sending` was not sent after all and waits again.
    HandBack { claim: i64 },
    /// Decision: nobody knows any more how it stands.
    Doubt { claim: i64, from: RunState, reason: Reason },
    /// Decision: asked, and it never started: sent again.
    Resend { seen: i64, claim: i64, fence: i64 },
    /// Decision: asked, and the executor has it.
    Found,
    /// Decision: not knowable in the stated time.
    Lose { reason: Reason },
    /// Decision: its limit passed.
    Expire,
    /// Decision: `waiting`, it is put into the queue, for this reason.
    Hold { reason: Reason },
    /// Decision: a later run of its job takes its place.
    Replace,
    /// Decision: it will not go out.
    Skip { reason: Reason, tries: Vec<Try> },
}

/// Where and as whose a run goes out; written before the request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub claim: i64,
    pub fence: i64,
    pub instance_id: i32,
    pub instance_generation: i32,
    pub deadline_at: Option<Millis>,
    /// Written along with the claim.
    pub mark: Option<RouteMark>,
    /// The instances that were asked first.
    pub tries: Vec<Try>,
}

/// What a choice leaves behind for the next of the same job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMark {
    /// How many of its runs were routed one after the other by now.
    Turn { job_id: i32, route_seq: i64 },
    /// The use of an instance, this one counted.
    Use(route_use::Model),
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Written.
    Done,
    /// It was known already.
    Duplicate,
    /// The run had ended; the result is kept beside the final state.
    Late,
    /// A result from an executor that the run does not belong to.
    Foreign,
    /// No run has this id.
    NoSuchRun,
    /// The run stands where this cannot happen (any more).
    Impossible,
}

impl Applied {
    pub fn changed_the_row(self) -> bool {
        matches!(self, Self::Done | Self::Late)
    }
}

/// The texts that a step adds to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    pub ended_by: Option<i32>,
    /// As JSON.
    pub tries: Option<String>,
    pub dispatch: Option<String>,
    pub result: Option<String>,
    pub late_result: Option<String>,
}

impl Texts {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds `later` to what is there. What is there stays, but for the tries: a run that was handed
    /// back is routed anew.
    pub fn merge(&mut self, later: Texts) {
        self.ended_by = self.ended_by.or(later.ended_by);
        self.tries = later.tries.or(self.tries.take());
        self.dispatch = self.dispatch.take().or(later.dispatch);
        self.result = self.result.take().or(later.result);
        self.late_result = self.late_result.take().or(later.late_result);
    }
}

impl What {
    /// What a claim leaves behind.
    pub fn mark(&self) -> Option<RouteMark> {
        match self {
            What::Claim(claim) => claim.mark,
            _ => None,
        }
    }

    /// Whether only the owner of the run's bucket may say this.
    pub fn is_decision(&self) -> bool {
        !matches!(
            self,
            What::Accepted { .. } | What::Refused { .. } | What::Result { .. } | What::Kill { .. }
        )
    }
}

/// Texts of executors are cut here (characters): enough for a stack trace, bounded for a page.
const MAX_TEXT: usize = 50_000;

/// Applies `step` to the row it names. The row and `texts` change only when the answer is
/// [`Applied::Done`] or [`Applied::Late`].
pub fn apply(row: &mut Model, texts: &mut Texts, step: &Step) -> Applied {
    let at = step.at;
    match &step.what {
        What::Accepted { claim, sent_at, deadline_at } => accepted(row, *claim, *sent_at, *deadline_at, at),
        What::Refused { claim, reason, text } if *claim == row.claim => {
            let applied = end(row, RunState::Failed, *reason, at);
            if applied == Applied::Done {
                texts.dispatch = some_text(text);
            }
            applied
        }
        What::Result { executor_id, code, text } => result(row, texts, *executor_id, *code, text, at),
        What::Kill { by } => {
            let applied = end(row, RunState::Killed, Reason::Person, at);
            if applied == Applied::Done {
                texts.ended_by = *by;
            }
            applied
        }
        What::Claim(claim) if row.state == RunState::Waiting => {
            row.instance_id = Some(claim.instance_id);
            row.instance_generation = claim.instance_generation;
            row.deadline_at = claim.deadline_at;
            (row.claim, row.fence) = (claim.claim, claim.fence);
            texts.tries = as_json(&claim.tries);
            go(row, RunState::Sending, Reason::None)
        }
        What::HandBack { claim } if *claim == row.claim && row.state == RunState::Sending => {
            // A shard stays pinned to its instance.
            if !row.is_shard() {
                row.instance_id = None;
            }
            go(row, RunState::Waiting, Reason::None)
        }
        What::Doubt { claim, from, reason } if *claim == row.claim && *from == row.state => {
            go(row, RunState::Unknown, *reason)
        }
        What::Resend { seen, claim, fence } if *seen == row.claim && row.state == RunState::Unknown => {
            (row.claim, row.fence) = (*claim, *fence);
            // It has its whole time from now on: by the old limit it might end as it begins.
            let late = (at - row.due_at).max(0);
            row.deadline_at = row.deadline_at.map(|deadline| deadline + late);
            go(row, RunState::Sending, Reason::None)
        }
        What::Found if row.state == RunState::Unknown => {
            row.accepted_at = row.accepted_at.or(Some(at));
            go(row, RunState::Running, Reason::None)
        }
        What::Hold { reason } if row.state == RunState::Waiting => match row.reason == *reason {
            true => Applied::Duplicate,
            false => {
                row.reason = *reason;
                Applied::Done
            }
        },
        What::Replace if row.state.is_out() => end(row, RunState::Killed, Reason::Replaced, at),
        What::Lose { reason } if row.state == RunState::Unknown => end(row, RunState::Lost, *reason, at),
        What::Expire if row.deadline_at.is_some_and(|deadline| deadline <= at) => {
            end(row, RunState::TimedOut, Reason::Deadline, at)
        }
        What::Skip { reason, tries } if row.state == RunState::Waiting => {
            let applied = end(row, RunState::Skipped, *reason, at);
            if applied == Applied::Done {
                texts.tries = as_json(tries);
            }
            applied
        }
        _ => Applied::Impossible,
    }
}

/// Splits a run that waits into `total` shards, which go out in its place: it runs until the last of
/// them ends.
pub fn split(row: &mut Model, total: i32, at: Millis) -> Applied {
    if row.state != RunState::Waiting || row.is_shard() {
        return Applied::Impossible;
    }
    (row.shard_index, row.shard_total, row.sent_at) = (SPLIT, total, Some(at));
    go(row, RunState::Running, Reason::None)
}

/// Notes that a shard of a split run was closed, and ends the run with the last one, as `shards` (all
/// its shards in all their attempts) say.
pub fn gather(row: &mut Model, shards: &[Model]) -> Applied {
    if !row.is_split() || row.state != RunState::Running {
        return Applied::Impossible;
    }
    row.fence += 1;
    let Some(worst) = shards::outcome(row.shard_total, shards) else {
        return Applied::Done;
    };
    row.code = worst.code;
    end(row, worst.state, worst.reason, worst.ended_at)
}

fn accepted(row: &mut Model, claim: i64, sent_at: Millis, deadline_at: Millis, at: Millis) -> Applied {
    if row.claim != claim || row.state == RunState::Waiting {
        return Applied::Impossible;
    }
    if row.accepted_at.is_some() {
        return Applied::Duplicate;
    }
    (row.sent_at, row.accepted_at) = (Some(sent_at), Some(at));
    // A result may have come first; that the executor accepted it remains a fact.
    if !run_state::may(row.state, RunState::Running) {
        return Applied::Done;
    }
    // Its time began when it was sent, however long it had been claimed before.
    row.deadline_at = Some(deadline_at);
    go(row, RunState::Running, Reason::None)
}

fn result(
    row: &mut Model,
    texts: &mut Texts,
    executor_id: i32,
    code: i32,
    text: &str,
    at: Millis,
) -> Applied {
    if row.executor_id != executor_id {
        return Applied::Foreign;
    }
    // It went to nobody: only its shards have results.
    if row.is_split() {
        return Applied::Impossible;
    }
    if row.state.is_final() {
        return late(row, texts, code, text, at);
    }
    let (state, reason) = match Verdict::of(code) {
        Verdict::Success => (RunState::Succeeded, Reason::None),
        Verdict::Timeout => (RunState::TimedOut, Reason::ExecutorTimeout),
        Verdict::Failure => (RunState::Failed, Reason::Handler),
    };
    let applied = end(row, state, reason, at);
    if applied == Applied::Done {
        row.code = code;
        texts.result = some_text(text);
    }
    applied
}

/// The first result counts. One that says the same again is a repeat; one more that says otherwise
/// is kept beside the final state.
fn late(row: &mut Model, texts: &mut Texts, code: i32, text: &str, at: Millis) -> Applied {
    if row.code == code || row.late_at.is_some() {
        return Applied::Duplicate;
    }
    (row.late_code, row.late_at) = (Some(code), Some(at));
    texts.late_result = some_text(text);
    Applied::Late
}

fn end(row: &mut Model, state: RunState, reason: Reason, at: Millis) -> Applied {
    let applied = go(row, state, reason);
    if applied == Applied::Done {
        row.ended_at = Some(at);
    }
    applied
}

/// Moves the row to a state, with everything that the state implies.
fn go(row: &mut Model, state: RunState, reason: Reason) -> Applied {
    if !run_state::may(row.state, state) {
        return Applied::Impossible;
    }
    (row.state, row.reason) = (state, reason);
    row.attention = wants_attention(state, reason).then_some(row.executor_id);
    let follows = if state == RunState::Succeeded { row.follow_ok } else { row.follow_fail };
    row.live_bucket = (!state.is_final() || follows).then_some(row.bucket);
    Applied::Done
}

/// Whether a person should look at a run in this state.
pub fn wants_attention(state: RunState, reason: Reason) -> bool {
    match state {
        RunState::Unknown | RunState::Failed | RunState::TimedOut | RunState::Lost => true,
        // What somebody asked for needs nobody.
        RunState::Skipped => !matches!(
            reason,
            Reason::Stopped
                | Reason::Disabled
                | Reason::Calendar
                | Reason::Blackout
                | Reason::Overlap
                | Reason::Frozen
        ),
        _ => false,
    }
}

/// Nothing where nobody was asked.
fn as_json(tries: &[Try]) -> Option<String> {
    (!tries.is_empty()).then(|| serde_json::to_string(tries).ok()).flatten()
}

/// What a database can store of an executor's text; nothing for an empty one.
fn some_text(text: &str) -> Option<String> {
    (!text.is_empty())
        .then(|| text.chars().take(MAX_TEXT).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect())
}
