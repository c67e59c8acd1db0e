//! A server that dies at each step of a run, and the next life that goes on.

use crate::rows::{START, job};
use crate::world::{JavaExecutor, Server, World};
use entity::job::Model as Job;
use entity::run::{Model as Run, RunState};

/// Where the server dies.
#[derive(Clone, Copy, Debug)]
enum Crash {
    BeforeClaim,
    AfterClaim,
    AfterSend,
    AfterRecord,
}

/// Fires for three seconds and reports, dies in the fourth, and is back a second later.
async fn crashed(world: &World, crash: Crash) -> Server {
    let mut server = world.server().await;
    for _ in 0..3 {
        server.turn().await;
        finish_all(world, &mut server).await;
        world.clock.advance(1_000);
    }
    if !matches!(crash, Crash::BeforeClaim) {
        server.plan().await;
    }
    if matches!(crash, Crash::AfterSend | Crash::AfterRecord) {
        server.send(0).await;
    }
    if matches!(crash, Crash::AfterRecord) {
        server.record().await;
    }
    drop(server);
    world.clock.advance(1_000);
    world.server().await
}

/// Results of everything that runs.
async fn finish_all(world: &World, server: &mut Server) {
    let running = world.runs().await.into_iter().filter(|run| run.state == RunState::Running);
    let fact = |run: Run| scheduler::engine::ResultFact {
        run_id: run.id,
        executor_id: run.executor_id,
        code: 200,
        text: String::new(),
    };
    let facts = running.map(fact).collect();
    server.report(facts).await;
}

async fn after(crash: Crash) {
    let executor = JavaExecutor::default();
    let world = World::with(executor.dispatcher(), &[job(1, 1)]).await;
    let mut server = crashed(&world, crash).await;
    // A minute goes on: what is in doubt is asked for, twice, and decided.
    for _ in 0..60 {
        server.turn().await;
        server.rescue().await;
        let newer = |run: &Run| run.nominal_at > START + 3_000;
        let facts = world.runs().await.into_iter().filter(newer);
        let facts = facts.filter(|run| run.state == RunState::Running).map(|run| {
            scheduler::engine::ResultFact { run_id: run.id, executor_id: 1, code: 200, text: String::new() }
        });
        let facts = facts.collect();
        server.report(facts).await;
        world.clock.advance(1_000);
    }
    let runs = world.runs().await;
    let times: Vec<i64> = runs.iter().map(|run| run.nominal_at).collect();
    let expected: Vec<i64> = (0..64).map(|second| START + second * 1_000).collect();
    assert_eq!(times, expected, "{crash:?}: each second has one row");
    // The executor itself refuses to start a run twice; each has been started once.
    let mut started = world.executors.runs();
    started.sort_unstable();
    let mut ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
    ids.sort_unstable();
    assert_eq!(started, ids, "{crash:?}: each run was started once");
    let open = runs.iter().filter(|run| run.state != RunState::Succeeded);
    let open: Vec<_> = open.map(|run| (run.nominal_at - START, run.state)).collect();
    match crash {
        // Its end is read from the executor's log, for it was asked about.
        Crash::AfterSend => assert!(open.is_empty(), "{open:?}"),
        // It runs, as far as anybody knows, until its result or its limit comes.
        _ => assert_eq!(open, [(3_000, RunState::Running)], "{crash:?}"),
    }
}

#[tokio::test]
async fn a_fire_that_was_not_claimed_is_claimed_by_the_next_life() {
    after(Crash::BeforeClaim).await;
}

#[tokio::test]
async fn a_claimed_run_that_was_never_sent_is_asked_for_and_sent_once() {
    after(Crash::AfterClaim).await;
}

#[tokio::test]
async fn a_run_whose_answer_was_lost_is_asked_for_and_not_sent_again() {
    after(Crash::AfterSend).await;
}

#[tokio::test]
async fn a_recorded_run_is_left_alone() {
    after(Crash::AfterRecord).await;
}

/// Of the first run nothing can be known where no older one left a log: nothing else of its job goes there until it
/// is lost. Of the next ones it can.
#[tokio::test]
async fn a_first_run_in_doubt_is_lost_before_another_goes_and_a_later_one_is_sent_again() {
    let executor = JavaExecutor::default();
    let each_minute = Job { schedule: "0 * * * * ?".to_owned(), ..job(1, 1) };
    let world = World::with(executor.dispatcher(), &[each_minute]).await;
    world.server().await.plan().await;
    world.clock.advance(1_000);
    let mut server = world.server().await;
    while world.states().await[0] != RunState::Lost {
        assert_eq!(world.executors.runs(), [] as [i64; 0], "it went beside the one in doubt");
        server.turn().await;
        server.rescue().await;
        world.clock.advance(1_000);
    }
    server.turn().await;
    finish_all(&world, &mut server).await;
    let before = world.runs().await.len();
    while world.runs().await.len() == before {
        world.clock.advance(1_000);
        server.plan().await;
    }
    world.clock.advance(1_000);
    let mut server = world.server().await;
    for _ in 0..30 {
        server.turn().await;
        server.rescue().await;
        world.clock.advance(1_000);
    }
    assert_eq!(world.states().await[before], RunState::Running);
}

#[tokio::test]
async fn a_claim_whose_commit_brought_no_answer_is_read_back_and_sent_on_time() {
    let executor = JavaExecutor::default();
    let world = World::with(executor.dispatcher(), &[job(1, 1), job(2, 1)]).await;
    let mut server = world.server().await;
    world.loses_answer.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(server.planner.tick().await.is_err());
    let report = server.plan().await;
    assert_eq!((report.claimed, report.lost), (2, 2));
    assert_eq!(server.send(0).await, 2);
    server.record().await;
    assert_eq!(world.states().await, [RunState::Running, RunState::Running]);
    // And the cursors go on from where they are on disk.
    world.clock.advance(1_000);
    server.plan().await;
    server.turn().await;
    assert_eq!(world.runs().await.len(), 4);
    assert_eq!(world.executors.runs().len(), 4);
}
