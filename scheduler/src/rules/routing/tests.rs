use super::*;
use proptest::prelude::*;
use sea_orm::Iterable;

const CANDIDATES: [Candidate<'static>; 3] = [
    Candidate { instance_id: 7, address: "http://10.0.0.9:9999/" },
    Candidate { instance_id: 9, address: "http://10.0.0.10:9999/" },
    Candidate { instance_id: 8, address: "http://10.0.0.2:9999/" },
];

/// The id of the chosen one, for a job that used nothing yet.
fn chosen(routing: Routing, route_seq: i64, draw: u64) -> i32 {
    let basis = Basis { job_id: 1, route_seq, draw, uses: &Uses::new() };
    CANDIDATES[choose(routing, basis, &CANDIDATES).unwrap()].instance_id
}

/// The ids of the chosen ones of so many runs, one each second.
fn sequence(
    routing: Routing,
    uses: &mut Uses,
    candidates: &[Candidate<'_>],
    runs: std::ops::Range<i64>,
) -> Vec<i32> {
    let mut ids = Vec::new();
    for run in runs {
        let basis = Basis { job_id: 1, route_seq: run, draw: 0, uses };
        let id = candidates[choose(routing, basis, candidates).unwrap()].instance_id;
        let used = used_once_more(basis, candidates, id, run * 1_000);
        uses.insert(id, used);
        ids.push(id);
    }
    ids
}

/// Instances 0, 1, 2 … at addresses of their own.
fn many(addresses: &[String]) -> Vec<Candidate<'_>> {
    addresses.iter().enumerate().map(|(id, address)| Candidate { instance_id: id as i32, address }).collect()
}

fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|host| format!("http://10.0.0.{host}:9999")).collect()
}

#[test]
fn first_and_last_are_by_address_as_text_in_whatever_order_they_come() {
    let mut candidates = CANDIDATES;
    let basis = Basis { job_id: 1, route_seq: 5, draw: 5, uses: &Uses::new() };
    for _ in 0..3 {
        candidates.rotate_left(1);
        let address = |routing| candidates[choose(routing, basis, &candidates).unwrap()].address;
        assert_eq!(address(Routing::First), "http://10.0.0.10:9999/");
        assert_eq!(address(Routing::Last), "http://10.0.0.9:9999/");
    }
}

#[test]
fn round_takes_one_after_the_other_by_address() {
    assert_eq!([0, 1, 2, 3, i64::MAX].map(|seq| chosen(Routing::Round, seq, 0)), [9, 8, 7, 9, 8]);
}

#[test]
fn random_reaches_everyone() {
    assert_eq!([0, 1, 2, u64::MAX].map(|draw| chosen(Routing::Random, 0, draw)), [7, 9, 8, 7]);
}

#[test]
fn of_those_that_gave_the_right_answer_the_first_by_address_is_taken() {
    assert_eq!(in_order(&CANDIDATES), [1, 2, 0]);
    assert_eq!(chosen(Routing::Failover, 4, 4), 9);
    assert_eq!(chosen(Routing::Busyover, 4, 4), 9);
}

#[test]
fn nobody_is_chosen_from_nobody() {
    let basis = Basis { job_id: 1, route_seq: 1, draw: 1, uses: &Uses::new() };
    for routing in Routing::iter() {
        assert_eq!(choose(routing, basis, &[]), None, "{routing:?}");
    }
}

#[test]
fn a_job_stays_at_its_address_for_ever() {
    let addresses = addresses(8);
    let candidates = many(&addresses);
    let of = |job_id| {
        let basis = Basis { job_id, route_seq: 0, draw: 0, uses: &Uses::new() };
        choose(Routing::ConsistentHash, basis, &candidates).unwrap()
    };
    assert_eq!([1, 2, 3, 4, 5, i32::MAX].map(of), [3, 1, 5, 6, 7, 6]);
}

#[test]
fn jobs_spread_about_evenly_over_the_addresses() {
    let addresses = addresses(5);
    let candidates = many(&addresses);
    let mut jobs = [0; 5];
    for job_id in 1..=5_000 {
        let basis = Basis { job_id, route_seq: 0, draw: 0, uses: &Uses::new() };
        jobs[choose(Routing::ConsistentHash, basis, &candidates).unwrap()] += 1;
    }
    assert!(jobs.iter().all(|count| (900..=1_100).contains(count)), "{jobs:?}");
}

#[test]
fn the_least_used_gets_the_next_run_and_among_equals_the_one_unused_for_longest() {
    let mut uses = Uses::new();
    let order = sequence(Routing::LeastFrequentlyUsed, &mut uses, &CANDIDATES, 0..6);
    assert_eq!(order, [9, 8, 7, 9, 8, 7]);
    uses.entry(9).and_modify(|used| used.uses -= 2);
    let order = sequence(Routing::LeastFrequentlyUsed, &mut uses, &CANDIDATES, 6..9);
    assert_eq!(order, [9, 9, 8]);
}

#[test]
fn the_one_unused_for_longest_gets_the_next_run_however_often_it_was_used() {
    let mut uses = Uses::new();
    sequence(Routing::LeastRecentlyUsed, &mut uses, &CANDIDATES, 0..3);
    uses.entry(9).and_modify(|used| used.uses += 100);
    let order = sequence(Routing::LeastRecentlyUsed, &mut uses, &CANDIDATES, 3..6);
    assert_eq!(order, [9, 8, 7]);
}

#[test]
fn a_newcomer_goes_first_and_is_not_flooded() {
    let addresses = addresses(3);
    let candidates = many(&addresses);
    for routing in [Routing::LeastFrequentlyUsed, Routing::LeastRecentlyUsed] {
        let mut uses = Uses::new();
        sequence(routing, &mut uses, &candidates[..2], 0..1_000);
        let order = sequence(routing, &mut uses, &candidates, 1_000..1_009);
        assert_eq!(order[0], 2, "{routing:?}");
        assert_eq!(order.iter().filter(|id| **id == 2).count(), 3, "{routing:?}: {order:?}");
    }
}

proptest! {
    #[test]
    fn removing_an_address_moves_only_its_own_jobs(
        count in 2..12usize, removed in 0..12usize, job_id in 1..i32::MAX, rotation in 0..12usize,
    ) {
        let removed = removed % count;
        let addresses = addresses(count);
        let mut candidates = many(&addresses);
        let basis = Basis { job_id, route_seq: 0, draw: 0, uses: &Uses::new() };
        let at = |candidates: &[Candidate<'_>]| {
            candidates[choose(Routing::ConsistentHash, basis, candidates).unwrap()].instance_id
        };
        let before = at(&candidates);
        candidates.retain(|candidate| candidate.instance_id != removed as i32);
        let left = candidates.len();
        candidates.rotate_left(rotation % left);
        let after = at(&candidates);
        prop_assert!(after == before || before == removed as i32);
        prop_assert_ne!(after, removed as i32);
    }

    #[test]
    fn uses_stay_balanced(count in 1..8usize, runs in 1..200i64, least_recently: bool) {
        let addresses = addresses(count);
        let candidates = many(&addresses);
        let routing = match least_recently {
            true => Routing::LeastRecentlyUsed,
            false => Routing::LeastFrequentlyUsed,
        };
        let mut uses = Uses::new();
        let order = sequence(routing, &mut uses, &candidates, 0..runs);
        let of = |id: i32| order.iter().filter(|chosen| **chosen == id).count();
        let counts: Vec<usize> = (0..count as i32).map(of).collect();
        prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{:?}", counts);
        prop_assert!(uses.values().all(|used| of(used.instance_id) as i64 == used.uses));
    }
}
