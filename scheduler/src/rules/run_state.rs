//! How a run may move from state to state.
//!
//! ```text
//!               claim                        accepted / pulled
//!  (none) ─────────────────▶ sending ─────────────────────────▶ running ──▶ succeeded | failed | timed_out | killed
//!    │ must wait              ▲  │ └─ refused ─▶ failed           │  ▲
//!    ├────────▶ waiting ──────┘  └─ no answer ─▶ unknown ◀────────┘  │      (running → unknown: instance gone)
//!    └▶ skipped   │ ▲                              ├─ asked: there ──┘
//!                 │ └─ handed back                 ├─ asked: never started ─▶ sending (same id, once)
//!                 └▶ skipped | killed              └─ result ─▶ final │ not knowable ─▶ lost
//! ```
//!
//! A result is a fact, and may arrive before the answer to the request, or while the run is being
//! asked about: so `sending` and `unknown` lead to the same final states as `running`. A final
//! state never changes; what comes later is kept beside it. A run that is split into shards goes from
//! `waiting` to `running` itself, and ends as the worst of its shards.

use entity::run::RunState::{self, *};

/// One way from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// None where the row is created.
    pub from: Option<RunState>,
    pub to: RunState,
    /// What makes it happen.
    pub when: &'static str,
}

const fn born(to: RunState, when: &'static str) -> Transition {
    Transition { from: None, to, when }
}

const fn moves(from: RunState, to: RunState, when: &'static str) -> Transition {
    Transition { from: Some(from), to, when }
}

/// Every way there is.
pub const TRANSITIONS: &[Transition] = &[
    born(Waiting, "it must wait for its time, a slot or a person"),
    born(Sending, "the schedule fires and the owner claims it at once"),
    born(Skipped, "its time was missed or held back, or there is no instance to run it"),
    moves(Waiting, Sending, "the owner claims it"),
    moves(Waiting, Running, "the owner splits it into shards, which go out in its place"),
    moves(
        Waiting,
        Skipped,
        "the job was stopped or deleted, no instance is left, or others of the job are out",
    ),
    moves(Waiting, Killed, "a person ends it before it goes out"),
    moves(Sending, Waiting, "the claim is handed back before the request was written"),
    moves(Sending, Running, "the executor accepts it"),
    moves(
        Sending,
        Unknown,
        "no answer comes, the server that sent it died, or the database was put back from a backup",
    ),
    moves(Sending, Succeeded, "the result comes before the answer"),
    moves(
        Sending,
        Failed,
        "the executor refuses it or cannot be reached, or the result comes before the answer",
    ),
    moves(Sending, TimedOut, "the result comes before the answer"),
    moves(
        Sending,
        Killed,
        "a person ends it, a later run takes its place, or the result comes before the answer",
    ),
    moves(Running, Waiting, "the worker hands it back, or died, and another may take it"),
    moves(Running, Unknown, "the instance is gone, or the database was put back from a backup"),
    moves(Running, Succeeded, "the executor reports success, or all its shards succeeded"),
    moves(Running, Failed, "the executor reports a failure, or the worst of its shards failed"),
    moves(
        Running,
        TimedOut,
        "the executor reports a time-out, the limit passes, or the worst of its shards timed out",
    ),
    moves(
        Running,
        Killed,
        "a person ends it, a later run takes its place, or the worst of its shards was killed",
    ),
    moves(Running, Skipped, "the worst of its shards was skipped"),
    moves(Running, Lost, "one of its shards is lost"),
    moves(Unknown, Sending, "the executor was asked and never started it: sent again, once"),
    moves(Unknown, Running, "the executor was asked and has it"),
    moves(Unknown, Succeeded, "the result comes after all"),
    moves(Unknown, Failed, "the result comes after all"),
    moves(Unknown, TimedOut, "the result comes after all"),
    moves(Unknown, Killed, "a person ends it, a later run takes its place, or the result comes after all"),
    moves(Unknown, Lost, "it cannot be known in the stated time, or it never came, twice"),
];

/// Whether a run may go from `from` to `to`; staying where it is is no transition.
pub fn may(from: RunState, to: RunState) -> bool {
    TRANSITIONS.iter().any(|transition| transition.from == Some(from) && transition.to == to)
}

/// Whether a run may be created in `state`.
pub fn may_begin(state: RunState) -> bool {
    TRANSITIONS.iter().any(|transition| transition.from.is_none() && transition.to == state)
}

/// The table for `docs/run-states.md`, which a test holds equal to it.
pub fn render() -> String {
    let mut table = String::from("| From | To | When |\n|---|---|---|\n");
    for Transition { from, to, when } in TRANSITIONS {
        let from = from.map_or("(none)", name);
        table.push_str(&format!("| {from} | {} | {when} |\n", name(*to)));
    }
    table
}

/// The state's name in the API and the documentation.
pub fn name(state: RunState) -> &'static str {
    match state {
        Waiting => "waiting",
        Sending => "sending",
        Running => "running",
        Unknown => "unknown",
        Succeeded => "succeeded",
        Failed => "failed",
        TimedOut => "timed_out",
        Killed => "killed",
        Skipped => "skipped",
        Lost => "lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn every_pair_of_states_is_as_the_diagram_has_it() {
        let reachable = |from| match from {
            Waiting => vec![Sending, Running, Killed, Skipped],
            Sending => vec![Waiting, Running, Unknown, Succeeded, Failed, TimedOut, Killed],
            Running => vec![Waiting, Unknown, Succeeded, Failed, TimedOut, Killed, Skipped, Lost],
            Unknown => vec![Sending, Running, Succeeded, Failed, TimedOut, Killed, Lost],
            Succeeded | Failed | TimedOut | Killed | Skipped | Lost => vec![],
        };
        for from in RunState::iter() {
            for to in RunState::iter() {
                assert_eq!(may(from, to), reachable(from).contains(&to), "{from:?} to {to:?}");
            }
            assert_eq!(may_begin(from), [Waiting, Sending, Skipped].contains(&from), "{from:?}");
        }
    }

    #[test]
    fn a_final_state_has_no_way_out_and_every_other_reaches_one() {
        for from in RunState::iter() {
            let ways_out = RunState::iter().filter(|to| may(from, *to)).count();
            assert_eq!(from.is_final(), ways_out == 0, "{from:?}");
            assert!(from.is_final() || RunState::iter().any(|to| to.is_final() && may(from, to)));
        }
    }

    #[test]
    fn no_transition_is_listed_twice_and_each_is_in_the_rendered_table() {
        let table = render();
        for (index, transition) in TRANSITIONS.iter().enumerate() {
            let twin = |other: &Transition| other.from == transition.from && other.to == transition.to;
            assert!(!TRANSITIONS[..index].iter().any(twin), "{transition:?}");
        }
        assert_eq!(table.lines().count(), 2 + TRANSITIONS.len());
        assert!(table.contains(
            "| unknown | sending | the executor was asked and never started it: sent again, once |"
        ));
    }

    #[test]
    fn a_name_is_the_one_that_serde_writes() {
        for state in RunState::iter() {
            assert_eq!(serde_json::to_value(state).unwrap(), name(state));
        }
    }
}
