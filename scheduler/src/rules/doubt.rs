//! Runs in doubt: nobody knows whether they run at their instance. Until that is decided no other run of
//! the job goes there. It might run beside the one in doubt, and an instance that is busy with it could
//! not be believed about the one that is asked about.

use super::routing::{self, Basis, Candidate};
use entity::job::Routing;
use entity::run::{Model as Run, RunState};

/// A job at an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    pub executor_id: i32,
    pub job_id: i32,
    pub instance_id: i32,
}

impl Site {
    /// Where a run is, or is to go; none as long as that is open.
    pub fn of(run: &Run) -> Option<Self> {
        Some(Self { executor_id: run.executor_id, job_id: run.job_id, instance_id: run.instance_id? })
    }
}

/// Whether a run that was not answered may be in doubt, as its row says: it is, or the row does not know
/// yet.
pub fn may_be_in_doubt(state: RunState) -> bool {
    matches!(state, RunState::Unknown | RunState::Sending)
}

/// What comes of a choice where some of the instances are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The index of the candidate.
    Candidate(usize),
    /// It waits until the doubt is settled.
    Wait,
    /// There are no candidates.
    None,
}

/// Chooses among the candidates where no run of the job `is_in_doubt`, by their index. A strategy that stands for one
/// certain instance waits for that one: the doubt is over within minutes, and a job that is bound to an
/// instance may find nothing to work on at another.
pub fn choose(
    routing: Routing,
    basis: Basis<'_>,
    candidates: &[Candidate<'_>],
    is_in_doubt: impl Fn(usize) -> bool,
) -> Choice {
    if candidates.is_empty() {
        return Choice::None;
    }
    let is_open = |index: &usize| !is_in_doubt(*index);
    if routing.is_fixed() {
        let own = routing::choose(routing, basis, candidates).filter(is_open);
        return own.map_or(Choice::Wait, Choice::Candidate);
    }
    let open: Vec<usize> = (0..candidates.len()).filter(is_open).collect();
    let among: Vec<Candidate<'_>> = open.iter().map(|index| candidates[*index]).collect();
    let chosen = routing::choose(routing, basis, &among).map(|index| open[index]);
    chosen.map_or(Choice::Wait, Choice::Candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::routing::Uses;
    use sea_orm::Iterable;

    const CANDIDATES: [Candidate<'static>; 3] = [
        Candidate { instance_id: 7, address: "http://10.0.0.1:9999" },
        Candidate { instance_id: 8, address: "http://10.0.0.2:9999" },
        Candidate { instance_id: 9, address: "http://10.0.0.3:9999" },
    ];

    /// The candidate that the run with this turn gets while runs are in doubt at some.
    fn chosen(routing: Routing, route_seq: i64, in_doubt: &[i32]) -> Choice {
        let draw = route_seq.unsigned_abs();
        let basis = Basis { job_id: 1, route_seq, draw, uses: &Uses::new() };
        choose(routing, basis, &CANDIDATES, |index| in_doubt.contains(&CANDIDATES[index].instance_id))
    }

    #[test]
    fn without_doubt_each_strategy_chooses_as_it_does() {
        for routing in Routing::iter() {
            for route_seq in 0..4 {
                let basis =
                    Basis { job_id: 1, route_seq, draw: route_seq.unsigned_abs(), uses: &Uses::new() };
                let usual = routing::choose(routing, basis, &CANDIDATES).unwrap();
                assert_eq!(chosen(routing, route_seq, &[]), Choice::Candidate(usual), "{routing:?}");
            }
        }
    }

    #[test]
    fn a_run_goes_past_an_instance_in_doubt_and_waits_where_there_is_no_other() {
        for routing in Routing::iter().filter(|routing| !routing.is_fixed()) {
            for route_seq in 0..9 {
                let Choice::Candidate(index) = chosen(routing, route_seq, &[7, 9]) else {
                    panic!("{routing:?} waits although an instance is free")
                };
                assert_eq!(CANDIDATES[index].instance_id, 8, "{routing:?}");
                assert_eq!(chosen(routing, route_seq, &[7, 8, 9]), Choice::Wait, "{routing:?}");
            }
        }
    }

    #[test]
    fn a_run_that_belongs_to_one_instance_waits_for_it_and_for_no_other() {
        assert_eq!(chosen(Routing::First, 0, &[7]), Choice::Wait);
        assert_eq!(chosen(Routing::First, 0, &[8, 9]), Choice::Candidate(0));
        assert_eq!(chosen(Routing::Last, 0, &[9]), Choice::Wait);
        assert_eq!(chosen(Routing::Last, 0, &[7, 8]), Choice::Candidate(2));
        let Choice::Candidate(own) = chosen(Routing::ConsistentHash, 0, &[]) else { panic!("no candidate") };
        for (index, candidate) in CANDIDATES.iter().enumerate() {
            let expected = if index == own { Choice::Wait } else { Choice::Candidate(own) };
            assert_eq!(chosen(Routing::ConsistentHash, 0, &[candidate.instance_id]), expected);
        }
    }

    #[test]
    fn without_instances_nothing_waits() {
        let basis = Basis { job_id: 1, route_seq: 0, draw: 0, uses: &Uses::new() };
        for routing in Routing::iter() {
            assert_eq!(choose(routing, basis, &[], |_| true), Choice::None);
        }
    }

    #[test]
    fn a_run_that_was_answered_for_is_in_doubt_no_more() {
        for state in RunState::iter() {
            let expected = matches!(state, RunState::Sending | RunState::Unknown);
            assert_eq!(may_be_in_doubt(state), expected, "{state:?}");
        }
    }
}
