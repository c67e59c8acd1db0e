//! Which changes wait for approval, who may approve one, and when it is too late.

use entity::approval::{ApprovalState, Model};
use entity::audit_entry::{Noun, Verb};
use entity::{Millis, namespace};

/// How long a change waits before nobody can approve it any more.
pub const WAITS: Millis = 7 * 24 * 3_600_000;
/// Wrong codes after which nobody can approve it any more.
pub const TRIES: i32 = 5;
/// Between two codes of one approval that somebody asks for (ms).
pub const CODE_PAUSE_MS: Millis = 60_000;
/// Of a code, ≈ 5.8 bits each.
pub const CODE_LENGTH: usize = 10;

/// What a namespace may have approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Executors, jobs with their code and children, calendars.
    Definitions,
    /// Starting, stopping, disabling and enabling a job.
    Switching,
    /// Running a job now, for past times or once more, and killing a run.
    Runs,
    /// What is approved, and who is told: as soon as anything is.
    Approval,
}

/// What covers a change; none for what nobody has to approve.
pub fn cover(noun: Noun, verb: Verb) -> Option<Cover> {
    match (noun, verb) {
        (Noun::Executor | Noun::Job | Noun::Calendar, Verb::Create | Verb::Edit | Verb::Delete)
        | (Noun::Job, Verb::SaveSource) => Some(Cover::Definitions),
        (Noun::Job, Verb::Start | Verb::Stop | Verb::Disable | Verb::Enable) => Some(Cover::Switching),
        (Noun::Job, Verb::Run | Verb::Backfill | Verb::Replay) | (Noun::Run, Verb::Kill) => Some(Cover::Runs),
        (Noun::Namespace, Verb::Edit) => Some(Cover::Approval),
        _ => None,
    }
}

/// Whether a change in this namespace, as it is stored, waits for approval.
pub fn is_needed(namespace: &namespace::Model, noun: Noun, verb: Verb) -> bool {
    match cover(noun, verb) {
        Some(Cover::Definitions) => namespace.approve_definitions,
        Some(Cover::Switching) => namespace.approve_switching,
        Some(Cover::Runs) => namespace.approve_runs,
        Some(Cover::Approval) => namespace.approves(),
        None => false,
    }
}

/// Why somebody cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It does not wait any more.
    Decided(ApprovalState),
    /// Its time is up.
    Expired,
    /// Nobody approves what he submitted himself.
    Own,
    /// Only the submitter takes it back.
    NotOwn,
    /// The hook has not been told a code yet.
    NoCode,
}

/// Whether it still waits `now`.
pub fn check_waiting(approval: &Model, now: Millis) -> Result<(), Hindrance> {
    match approval.state {
        ApprovalState::Waiting if now < approval.expires_at => Ok(()),
        ApprovalState::Waiting => Err(Hindrance::Expired),
        state => Err(Hindrance::Decided(state)),
    }
}

/// Whether this person, who has the right to approve, may approve or reject it `now`.
pub fn check_decider(approval: &Model, user_id: i32, now: Millis) -> Result<(), Hindrance> {
    check_waiting(approval, now)?;
    if approval.submitted_by == user_id { Err(Hindrance::Own) } else { Ok(()) }
}

/// Whether this person may take it back `now`.
pub fn check_submitter(approval: &Model, user_id: i32, now: Millis) -> Result<(), Hindrance> {
    check_waiting(approval, now)?;
    if approval.submitted_by == user_id { Ok(()) } else { Err(Hindrance::NotOwn) }
}

/// How many codes may still be entered.
pub fn tries_left(approval: &Model) -> i32 {
    (TRIES - approval.tries).max(0)
}

#[cfg(test)]
mod tests;
