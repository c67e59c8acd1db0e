//! Results and people's words.

use crate::rows::{START, job};
use crate::run_rows::waiting;
use crate::world::{Server, World, reply};
use entity::job_cursor;
use entity::run::{Reason, RunState};
use protocol::words;
use scheduler::engine::dispatcher::{Call, ScriptedDispatcher};
use scheduler::engine::step::{Applied, Step, What};
use scheduler::engine::{Recorded, ResultFact};
use scheduler::store::engine::{SqlStore, Store};
use scheduler::{Error, Refusal};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio_util::sync::CancellationToken;

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
async fn a_run_that_another_server_has_ended_meanwhile_is_read_again() {
    let jobs = [job(1, 1), job(2, 1)];
    let world = World::with(ScriptedDispatcher::accepting(), &jobs).await;
    let mut server = world.server().await;
    server.turn().await;
    let ids: Vec<i64> = world.runs().await.iter().map(|run| run.id).collect();
    // This server remembers both as running.
    let other = SqlStore::new(world.fresh.databases.engine.clone());
    let killed = Step { run_id: ids[0], at: START, what: What::Kill { by: Some(7) } };
    assert_eq!(other.apply(None, &[killed]).await.unwrap(), [Applied::Done]);
    let facts = vec![fact(ids[0], 1, 200), fact(ids[1], 1, 200)];
    assert_eq!(server.report(facts).await, [Recorded::Late, Recorded::Recorded]);
    let runs = world.runs().await;
    assert_eq!((runs[0].state, runs[0].late_code), (RunState::Killed, Some(200)));
    assert_eq!(runs[1].state, RunState::Succeeded);
}

#[tokio::test]
async fn a_cursor_that_another_server_has_moved_keeps_no_other_from_firing() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1), job(2, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    // Behind this server's back one of the two moves on.
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let later =
        job_cursor::Entity::update_many().col_expr(job_cursor::Column::NextAt, Expr::value(START + 5_000));
    later.filter(job_cursor::Column::JobId.eq(1)).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.clock.advance(900);
    let report = server.plan().await;
    assert_eq!((report.planned, report.lost), (1, 1));
    let fired: Vec<i32> = world.runs().await.iter().map(|run| run.job_id).collect();
    assert_eq!(fired, [1, 2, 2]);
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
async fn an_acceptance_does_not_wait_for_a_clock_that_went_back() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.plan().await;
    server.send(0).await;
    server.recorder.tick().await.unwrap();
    assert_eq!(world.states().await, [RunState::Sending], "its result may come along");
    world.clock.set(START - 3_600_000);
    server.recorder.tick().await.unwrap();
    assert_eq!(world.states().await, [RunState::Running]);
}

#[tokio::test]
async fn what_is_being_written_when_the_server_stops_is_written() {
    let mut world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    world.settings.coalesce_ms = 0;
    let mut server = world.server().await;
    server.plan().await;
    let writer = world.fresh.databases.web.begin().await.unwrap();
    server.send(0).await;
    let stop = CancellationToken::new();
    let stopping = async {
        world.is_applying.notified().await;
        stop.cancel();
        writer.rollback().await.unwrap();
    };
    tokio::join!(server.recorder.run(&stop), stopping);
    assert_eq!(world.states().await, [RunState::Running]);
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

/// Kills the only run; what its executor said.
async fn kill_only(world: &World, server: &mut Server) -> scheduler::Result<Option<String>> {
    let (id, handle) = (world.runs().await[0].id, server.handle.clone());
    let killing = tokio::spawn(async move { handle.kill(id, Some(7)).await });
    while !killing.is_finished() {
        tokio::task::yield_now().await;
        server.record().await;
    }
    killing.await.unwrap()
}

/// An executor that takes every run, and answers a kill so.
fn answering_kills(code: i32, text: &'static str) -> ScriptedDispatcher {
    ScriptedDispatcher::new(move |_, call| match call {
        Call::Kill { .. } => Some(Ok(reply(code, text))),
        _ => Some(Ok(reply(words::SUCCESS, ""))),
    })
}

#[tokio::test]
async fn an_executor_that_no_longer_has_a_run_says_so_to_who_kills_it() {
    let executors = answering_kills(words::SUCCESS, "job thread already killed.");
    let world = World::with(executors, &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let said = kill_only(&world, &mut server).await.unwrap();
    assert_eq!(said.as_deref(), Some("job thread already killed."));
    assert_eq!(world.states().await, [RunState::Killed]);
}

#[tokio::test]
async fn a_run_whose_executor_refuses_the_kill_is_killed_all_the_same_and_why_is_told() {
    let world = World::with(answering_kills(words::FAILURE, "no such job"), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let refused = kill_only(&world, &mut server).await;
    let is_told =
        matches!(&refused, Err(Error::Refused(Refusal::KillNotDelivered(why))) if why == "no such job");
    assert!(is_told, "{refused:?}");
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
            true => assert_eq!(killed.unwrap(), None),
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
