//! Results and people's words.

use crate::rows::{START, job};
use crate::run_rows::waiting;
use crate::world::World;
use entity::run::{Reason, RunState};
use scheduler::engine::dispatcher::{Call, ScriptedDispatcher};
use scheduler::engine::{Recorded, ResultFact};
use scheduler::{Error, Refusal};

fn fact(run_id: i64, executor_id: i32, code: i32) -> ResultFact {
    ResultFact { run_id, executor_id, code, text: "text".to_owned() }
}

#[tokio::test]
async fn the_first_result_wins_and_every_other_is_told_apart() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let id = world.runs().await[0].id;
    assert_eq!(server.report(vec![fact(id, 9, 200)]).await, [Recorded::Foreign]);
    assert_eq!(world.states().await, [RunState::Running]);
    let facts = vec![fact(id, 1, 200), fact(id, 1, 200), fact(id, 1, 500), fact(4_711, 1, 200)];
    let expected = [Recorded::Recorded, Recorded::Duplicate, Recorded::Late, Recorded::UnknownRun];
    assert_eq!(server.report(facts).await, expected);
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.code, run.late_code), (RunState::Succeeded, 200, Some(500)));
}

#[tokio::test]
async fn a_result_that_overtakes_the_answer_is_written_together_with_it() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.plan().await;
    server.send(0).await;
    let id = server.shared.store.waiting(&[], 0, &[], 1).await.unwrap().first().copied();
    assert_eq!(id, None);
    let id = world.runs().await[0].id;
    assert_eq!(world.states().await, [RunState::Sending]);
    assert_eq!(server.report(vec![fact(id, 1, 502)]).await, [Recorded::Recorded]);
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason), (RunState::TimedOut, Reason::ExecutorTimeout));
    assert_eq!(run.accepted_at, Some(START));
}

#[tokio::test]
async fn a_killed_run_stays_killed_and_its_executor_is_told() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let id = world.runs().await[0].id;
    let handle = server.handle.clone();
    let killing = tokio::spawn(async move { handle.kill(id, Some(7)).await });
    while !killing.is_finished() {
        tokio::task::yield_now().await;
        server.record().await;
    }
    killing.await.unwrap().unwrap();
    assert_eq!(
        world.executors.diary().last().map(|asked| asked.call.clone()),
        Some(Call::Kill { job_id: 1 })
    );
    assert_eq!(server.report(vec![fact(id, 1, 500)]).await, [Recorded::Late]);
    assert_eq!(world.states().await, [RunState::Killed]);
}

#[tokio::test]
async fn a_waiting_run_is_killed_without_a_request_and_only_once() {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let mut server = world.server().await;
    world.fresh.put_run(waiting(10_001, &job(1, 1), START + 60_000), None).await;
    for expected_end in [true, false] {
        let handle = server.handle.clone();
        let killing = tokio::spawn(async move { handle.kill(10_001, None).await });
        while !killing.is_finished() {
            tokio::task::yield_now().await;
            server.record().await;
        }
        let killed = killing.await.unwrap();
        match expected_end {
            true => killed.unwrap(),
            false => assert!(matches!(killed, Err(Error::Refused(Refusal::RunEnded)))),
        }
    }
    assert!(world.executors.diary().is_empty());
    assert!(matches!(server.handle.kill(4_711, None).await, Err(Error::NotFound("run"))));
}

#[tokio::test]
async fn settled_runs_are_found_by_their_job() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    server.settler.tick().await.unwrap();
    world.clock.advance(60_000);
    assert_eq!(server.settler.tick().await.unwrap().runs, 1);
    assert_eq!(server.settler.tick().await.unwrap().blocks, 0);
    // Nobody takes ids from so old a block: it is closed.
    world.clock.advance(2 * 3_600_000);
    assert_eq!(server.settler.tick().await.unwrap().blocks, 1);
    assert!(server.shared.store.open_blocks().await.unwrap().is_empty());
}
