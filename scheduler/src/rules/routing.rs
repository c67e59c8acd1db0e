//! Which instance of an executor gets a run.

use entity::job::Routing;

/// An instance that may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub instance_id: i32,
    pub address: &'a str,
}

/// The index of the chosen candidate; none where there are no candidates.
///
/// The order of the candidates does not matter: "first" and "next" go by address as text, and by
/// id where two share one. `route_seq` is the job's count of routed runs, for
/// [`Routing::Round`]; `draw` is any random number, for [`Routing::Random`].
pub fn choose(routing: Routing, route_seq: i64, draw: u64, candidates: &[Candidate<'_>]) -> Option<usize> {
    if candidates.is_empty() {
        return None;
    }
    let place = |index: &usize| (candidates[*index].address, candidates[*index].instance_id);
    match routing {
        Routing::First => (0..candidates.len()).min_by_key(place),
        Routing::Round => {
            let mut in_order: Vec<usize> = (0..candidates.len()).collect();
            in_order.sort_unstable_by_key(place);
            in_order.get(route_seq.rem_euclid(candidates.len() as i64) as usize).copied()
        }
        Routing::Random => Some((draw % candidates.len() as u64) as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANDIDATES: [Candidate<'static>; 3] = [
        Candidate { instance_id: 7, address: "http://10.0.0.9:9999/" },
        Candidate { instance_id: 9, address: "http://10.0.0.10:9999/" },
        Candidate { instance_id: 8, address: "http://10.0.0.2:9999/" },
    ];

    #[test]
    fn first_is_the_smallest_address_as_text_in_whatever_order_they_come() {
        let mut candidates = CANDIDATES;
        for _ in 0..3 {
            candidates.rotate_left(1);
            let chosen = choose(Routing::First, 5, 5, &candidates).unwrap();
            assert_eq!(candidates[chosen].address, "http://10.0.0.10:9999/");
        }
    }

    #[test]
    fn round_takes_one_after_the_other_by_address() {
        let chosen = |seq| CANDIDATES[choose(Routing::Round, seq, 0, &CANDIDATES).unwrap()].instance_id;
        assert_eq!([0, 1, 2, 3, i64::MAX].map(chosen), [9, 8, 7, 9, 8]);
    }

    #[test]
    fn random_reaches_everyone() {
        let chosen = |draw| choose(Routing::Random, 0, draw, &CANDIDATES).unwrap();
        assert_eq!([0, 1, 2, u64::MAX].map(chosen), [0, 1, 2, 0]);
    }

    #[test]
    fn nobody_is_chosen_from_nobody() {
        for routing in [Routing::First, Routing::Round, Routing::Random] {
            assert_eq!(choose(routing, 1, 1, &[]), None);
        }
    }
}
