//! Checks on what is running: executors that forgot their runs.

use crate::rows::{executor, instance, job};
use crate::world::{Server, World, log, reply};
use entity::instance::{Client, Model as Instance};
use entity::job::Model as Job;
use entity::run::{Reason, RunState};
use scheduler::engine::check::CheckReport;
use scheduler::engine::dispatcher::{Call, ScriptedDispatcher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MINUTE: i64 = 60_000;
const BEGUN: &str = "xxl-job job execute start";

/// Executors that accept everything and are busy as long as they are told to be; their logs have begun
/// with `begun`.
fn worker(begun: &'static str) -> (Arc<AtomicBool>, ScriptedDispatcher) {
    let is_busy = Arc::new(AtomicBool::new(true));
    let now = is_busy.clone();
    let script = move |_: &_, call: &Call| {
        Some(Ok(match call {
            Call::IdleBeat { .. } if now.load(Ordering::Relaxed) => reply(500, "job thread is running"),
            Call::Log(_) => log(begun),
            _ => reply(200, ""),
        }))
    };
    (is_busy, ScriptedDispatcher::new(script))
}

/// A server and a run that an instance of this client has been working on for a minute.
async fn running(client: Client, begun: &'static str) -> (World, Server, Arc<AtomicBool>) {
    let (is_busy, executors) = worker(begun);
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 2) };
    let world = World::with(executors, &[once]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(Instance { client, ..instance(2, 2) }).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.advance(MINUTE);
    assert_eq!(world.states().await, [RunState::Running]);
    (world, server, is_busy)
}

async fn check(world: &World, server: &mut Server) -> CheckReport {
    let report = server.check().await;
    world.clock.advance(MINUTE);
    report
}

const BUSY: CheckReport = CheckReport { asked: 1, doubted: 0 };

#[tokio::test]
async fn a_run_whose_executor_was_restarted_is_in_doubt_after_two_checks_and_lost_in_the_end() {
    let (world, mut server, is_busy) = running(Client::Java, BEGUN).await;
    assert_eq!(check(&world, &mut server).await, BUSY);
    is_busy.store(false, Ordering::Relaxed);
    assert_eq!(check(&world, &mut server).await, BUSY);
    assert_eq!(world.states().await, [RunState::Running]);
    assert_eq!(check(&world, &mut server).await, CheckReport { asked: 1, doubted: 1 });
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason), (RunState::Unknown, Reason::NotRunning));
    server.rescue().await;
    world.clock.advance(300_000);
    server.rescue().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason, run.attention), (RunState::Lost, Reason::NotRunning, Some(2)));
}

#[tokio::test]
async fn a_run_whose_executor_is_busy_again_stays_running() {
    let (world, mut server, is_busy) = running(Client::Go, "blind").await;
    for busy in [false, true, false, true] {
        is_busy.store(busy, Ordering::Relaxed);
        assert_eq!(check(&world, &mut server).await, BUSY);
    }
    assert_eq!(world.states().await, [RunState::Running]);
}

#[tokio::test]
async fn a_young_run_is_not_asked_about() {
    let (world, mut server, _) = running(Client::Java, BEGUN).await;
    world.clock.advance(-1);
    assert_eq!(server.check().await, CheckReport::default());
}

#[tokio::test]
async fn clients_whose_idleness_means_nothing_are_not_asked() {
    for client in [Client::Other, Client::Orrery] {
        let (_world, mut server, _) = running(client, BEGUN).await;
        assert_eq!(server.check().await, CheckReport::default(), "{client:?}");
    }
}

#[tokio::test]
async fn a_node_client_is_believed_only_beside_a_log_of_its_own_kind() {
    for (begun, end) in [("Job Task: 1 is running: 10001", RunState::Unknown), ("start", RunState::Running)] {
        let (world, mut server, is_busy) = running(Client::Node, begun).await;
        is_busy.store(false, Ordering::Relaxed);
        check(&world, &mut server).await;
        check(&world, &mut server).await;
        assert_eq!(world.states().await, [end], "{begun}");
        let asked = world.executors.diary();
        let lines = asked.iter().filter_map(|asked| match &asked.call {
            Call::Log(request) => Some(request.from_line),
            _ => None,
        });
        assert!(lines.into_iter().all(|line| line == 0), "its first line has the number 0");
    }
}
