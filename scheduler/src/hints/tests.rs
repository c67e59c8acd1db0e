use super::*;
use crate::signals::Change;
use crate::store::engine::Told;
use entity::bucket;
use entity::server::{Model as Server, ServerState};
use futures::FutureExt;
use std::time::Instant;

const JOB: Hint = Hint::Changed(Change::Job(7));
const RUN: Hint = Hint::Changed(Change::Run(5));

fn server(id: i32, state: ServerState, cluster_url: &str) -> Server {
    Server {
        id,
        identity: id.to_string(),
        incarnation: i64::from(id),
        counter: 1,
        state,
        address: String::new(),
        cluster_url: cluster_url.to_owned(),
        lease_ms: 0,
        version: String::new(),
        freeze_seen: 0,
        started_at: 0,
        beat_at: 0,
        lateness_ms: 0,
        waiting: 0,
    }
}

fn renewal(servers: Vec<Server>, owners: &[(i16, Option<i32>)]) -> Renewal {
    let buckets = owners.iter().map(|(id, owner)| bucket::Model { id: *id, owner: *owner, epoch: 1 });
    let told = Told { time: 0, asked: Instant::now(), answered: Instant::now() };
    Renewal { servers, buckets: buckets.collect(), told }
}

/// Server 1 beside 2, which has bucket 20, and 3, which has 30. Nobody has 40.
fn outbox() -> Outbox {
    let live = |id, url| server(id, ServerState::Live, url);
    let servers = vec![live(1, "http://one"), live(2, "http://two"), live(3, "http://three")];
    let owners = [(10, Some(1)), (20, Some(2)), (30, Some(3)), (40, None)];
    let outbox = Outbox::default();
    outbox.know(Others::beside(1, &renewal(servers, &owners)));
    outbox
}

/// Who is told what.
fn told(outbox: &Outbox) -> Vec<(i32, Vec<Hint>)> {
    let letters = outbox.take(|_| true);
    letters.iter().map(|letter| (letter.server_id, letter.hints.iter().collect())).collect()
}

fn is_news(outbox: &Outbox) -> bool {
    outbox.news().now_or_never().is_some()
}

fn over(run_id: i64, bucket: i16, is_open: bool) -> Over {
    Over { run_id, executor_id: 1, bucket, is_open }
}

#[test]
fn the_owner_alone_is_told_of_what_it_decides_for_and_everybody_of_the_rest() {
    let outbox = outbox();
    outbox.tell_owner(20, RUN);
    assert!(is_news(&outbox));
    assert_eq!(told(&outbox), [(2, vec![RUN])]);
    outbox.tell_all(JOB);
    assert!(is_news(&outbox));
    assert_eq!(told(&outbox), [(2, vec![JOB]), (3, vec![JOB])]);
    for bucket in [10, 40, 99] {
        outbox.tell_owner(bucket, RUN);
    }
    assert!(!is_news(&outbox) && told(&outbox).is_empty(), "its own, nobody's, and an unknown one");
}

#[test]
fn whoever_is_alone_puts_nothing_there_and_wakes_nobody() {
    let gone = server(2, ServerState::Dead, "http://two");
    let unreachable = server(3, ServerState::Live, "");
    let alone =
        renewal(vec![server(1, ServerState::Live, "http://one"), gone, unreachable], &[(20, Some(3))]);
    let outbox = outbox();
    outbox.know(Others::beside(1, &alone));
    outbox.tell_all(JOB);
    outbox.tell_owner(20, RUN);
    outbox.note_over(&[over(5, 20, true)], 0);
    outbox.await_ends([1].into_iter(), 0);
    assert!(!is_news(&outbox) && told(&outbox).is_empty());
    assert_eq!(outbox.state().told.len(), 0);
}

#[test]
fn what_comes_while_a_server_is_being_told_goes_along_the_next_time() {
    let outbox = outbox();
    (0..5).for_each(|_| outbox.tell_all(JOB));
    outbox.tell_owner(20, RUN);
    let to_three = outbox.take(|id| id != 2);
    assert_eq!((to_three.len(), to_three[0].url.as_str()), (1, "http://three"));
    assert_eq!(told(&outbox), [(2, vec![JOB, RUN])]);
    assert!(told(&outbox).is_empty());
}

#[test]
fn what_a_server_was_to_be_told_goes_with_it() {
    let outbox = outbox();
    outbox.tell_all(JOB);
    let servers =
        vec![server(2, ServerState::Dead, "http://two"), server(3, ServerState::Draining, "http://3")];
    outbox.know(Others::beside(1, &renewal(servers, &[])));
    assert_eq!(outbox.state().pending.len(), 1);
    let letters = outbox.take(|_| true);
    assert_eq!(letters.iter().map(|letter| letter.url.as_str()).collect::<Vec<_>>(), ["http://3"]);
}

#[test]
fn of_runs_that_are_over_only_those_are_told_that_something_follows_or_waits_for() {
    let outbox = outbox();
    outbox.note_over(&[over(5, 20, false), over(6, 10, true)], 0);
    assert!(!is_news(&outbox) && told(&outbox).is_empty(), "an ordinary one, and one of its own");
    outbox.note_over(&[over(5, 20, false), over(7, 20, true)], 0);
    assert!(is_news(&outbox));
    assert_eq!(told(&outbox), [(2, vec![Hint::Over(7)])]);
    outbox.note_awaited(1, 1_000);
    outbox.note_over(&[over(8, 30, false), Over { executor_id: 2, ..over(9, 30, false) }], 2_000);
    assert_eq!(told(&outbox), [(3, vec![Hint::Over(8)])]);
    outbox.note_over(&[over(8, 30, false)], 1_000 + AWAITED_MS);
    assert!(told(&outbox).is_empty(), "nobody said it again");
}

#[test]
fn that_runs_wait_is_told_once_and_again_while_they_do() {
    let outbox = outbox();
    let wait = |executors: &[i32], now| {
        outbox.await_ends(executors.iter().copied(), now);
        told(&outbox).into_iter().find(|(server_id, _)| *server_id == 3).map(|(_, hints)| hints)
    };
    let awaited = |ids: &[i32]| Some(ids.iter().map(|id| Hint::Awaited(*id)).collect::<Vec<_>>());
    assert_eq!(wait(&[1], 0), awaited(&[1]));
    assert_eq!(wait(&[1, 2], 100), awaited(&[2]));
    assert_eq!(wait(&[1, 2], TELL_AGAIN_MS), awaited(&[1]));
    assert_eq!(wait(&[], TELL_AGAIN_MS + 1), None);
    assert_eq!(wait(&[1], TELL_AGAIN_MS + 2), awaited(&[1]), "it waits anew");
    assert_eq!(wait(&[1], 0), awaited(&[1]), "the clock went back");
}

#[test]
fn what_is_remembered_of_others_is_bounded() {
    let outbox = outbox();
    (0..=MOST_AWAITED as i32).for_each(|id| outbox.note_awaited(id, 0));
    assert_eq!(outbox.state().awaited.len(), MOST_AWAITED);
    outbox.note_awaited(-1, AWAITED_MS);
    assert_eq!(outbox.state().awaited.len(), 1, "those that hold no more make room");
}
