//! Runs that nobody knows about, and runs that take too long.

use crate::rows::{START, executor, instance, job};
use crate::world::{JavaExecutor, World, reply};
use entity::instance::{Client, Model as Instance};
use entity::job::Model as Job;
use entity::run::{Reason, RunState};
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::engine::silence;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

#[tokio::test]
async fn a_run_ends_at_its_limit_and_a_later_result_is_kept_beside_it() {
    let minute = Job { schedule: "0 * * * * ?".to_owned(), timeout_s: 10, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[minute]).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.set(START + 39_999);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::Running]);
    world.clock.set(START + 40_000);
    assert_eq!(server.rescue().await.decided, 1);
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason, run.attention), (RunState::TimedOut, Reason::Deadline, Some(1)));
    tokio::task::yield_now().await;
    let last = world.executors.diary().last().map(|asked| asked.call.clone());
    assert_eq!(last, Some(Call::Kill { job_id: 1 }), "its executor is told to stop it");
}

#[tokio::test]
async fn a_server_that_was_away_waits_for_the_results_of_its_absence_before_it_ends_runs() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), timeout_s: 10, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    world.server().await.turn().await;
    world.clock.set(START + 600_000);
    let mut server = world.server().await;
    server.rescue().await;
    world.clock.advance(34_999);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::Running]);
    world.clock.advance(1);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::TimedOut]);
}

#[tokio::test]
async fn a_run_that_is_sent_again_after_an_outage_has_its_whole_time() {
    let minutes = Job { schedule: "0 * * * * ?".to_owned(), timeout_s: 10, ..job(1, 1) };
    let world = World::with(JavaExecutor::default().dispatcher(), &[minutes]).await;
    let mut server = world.server().await;
    server.turn().await;
    let first = &world.runs().await[0];
    server
        .report(vec![ResultFact { run_id: first.id, executor_id: 1, code: 200, text: String::new() }])
        .await;
    world.clock.advance(60_000);
    server.plan().await;
    drop(server);
    world.clock.advance(600_000);
    let mut server = world.server().await;
    server.turn().await;
    while world.states().await[1] != RunState::Running {
        server.rescue().await;
        server.turn().await;
        world.clock.advance(1_000);
    }
    let sent_at = world.runs().await[1].sent_at.unwrap();
    world.clock.set(sent_at + 39_999);
    server.rescue().await;
    assert_eq!(world.states().await[1], RunState::Running);
    world.clock.set(sent_at + 40_000);
    server.rescue().await;
    assert_eq!(world.states().await[1], RunState::TimedOut);
}

#[tokio::test]
async fn a_run_that_is_claimed_long_before_it_is_sent_has_its_whole_time() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), timeout_s: 10, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    let mut server = world.server().await;
    server.plan().await;
    world.clock.set(START + 600_000);
    server.send(0).await;
    server.record().await;
    world.clock.advance(39_999);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::Running]);
    world.clock.advance(1);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::TimedOut]);
}

#[tokio::test]
async fn a_run_without_a_limit_ends_after_a_day() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.set(START + 24 * 3_600_000);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::TimedOut]);
}

#[tokio::test]
async fn an_instance_that_falls_silent_is_gone_and_its_runs_are_lost_in_the_end() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.set(START + 89_999);
    assert!(silence::tick(&server.shared, START).await.unwrap().is_empty());
    world.clock.set(START + 90_000);
    assert_eq!(silence::tick(&server.shared, START).await.unwrap(), [1]);
    server.plan().await;
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::Running]);
    world.clock.advance(10_000);
    server.rescue().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason), (RunState::Unknown, Reason::InstanceGone));
    server.rescue().await;
    world.clock.advance(300_000);
    server.rescue().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason, run.attention), (RunState::Lost, Reason::InstanceGone, Some(1)));
}

#[tokio::test]
async fn silence_before_the_server_listened_means_nothing() {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.clock.set(START + 3_600_000);
    let server = world.server().await;
    assert!(silence::tick(&server.shared, START + 3_600_000).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_client_that_proves_nothing_is_not_asked_and_not_sent_to_again() {
    let broken = ScriptedDispatcher::new(|_, _| Some(Err(CallFailure::NoAnswer("broken".to_owned()))));
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 2) };
    let world = World::with(broken, &[once]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(Instance { client: Client::Go, ..instance(2, 2) }).await;
    let mut server = world.server().await;
    server.turn().await;
    for _ in 0..=60 {
        world.clock.advance(5_000);
        assert_eq!(server.rescue().await.asked, 0);
    }
    assert_eq!(world.states().await, [RunState::Lost]);
    assert_eq!(world.executors.diary().len(), 1);
}

#[tokio::test]
async fn a_result_read_from_the_log_counts_when_no_callback_brings_it() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let world = World::with(JavaExecutor::default().mute_dispatcher(), &[once]).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(world.states().await, [RunState::Unknown]);
    for _ in 0..10 {
        world.clock.advance(5_000);
        server.rescue().await;
    }
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.code), (RunState::Succeeded, 200));
    assert_eq!(world.executors.runs().len(), 1);
}

#[tokio::test]
async fn missing_logs_prove_nothing_where_all_logs_are_missing() {
    // Idle, and no log at all: the folder may be new.
    let forgetful = ScriptedDispatcher::new(|_, call| match call {
        Call::Run(_) => Some(Err(CallFailure::NoAnswer("broken".to_owned()))),
        Call::Log(_) => Some(Ok(reply(500, "readLog fail, logFile not exists"))),
        _ => Some(Ok(reply(200, ""))),
    });
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let world = World::with(forgetful, &[once]).await;
    let mut server = world.server().await;
    server.turn().await;
    for _ in 0..=61 {
        world.clock.advance(5_000);
        server.rescue().await;
    }
    assert_eq!(world.states().await, [RunState::Lost]);
    assert_eq!(world.executors.runs().len(), 1);
}

#[tokio::test]
async fn an_instance_that_came_back_does_not_keep_the_runs_of_its_life_before() {
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[once]).await;
    let mut server = world.server().await;
    server.turn().await;
    let mut back = instance(1, 1).into_active_model();
    back.generation = Set(2);
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    back.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.clock.advance(5_000);
    server.rescue().await;
    world.clock.advance(10_000);
    server.rescue().await;
    assert_eq!(world.states().await, [RunState::Unknown]);
}

#[tokio::test]
async fn a_run_is_not_asked_about_while_its_answer_may_still_come() {
    // Never answers a run, and would say "idle, none" when asked.
    let slow = ScriptedDispatcher::new(|_, call| match call {
        Call::Run(_) => None,
        _ => Some(Ok(reply(200, ""))),
    });
    let once = Job { schedule: "0 0 0 1 1 ? 2026".to_owned(), ..job(1, 1) };
    let mut world = World::with(slow, &[once]).await;
    world.settings.answer_within = std::time::Duration::from_millis(1);
    let mut server = world.server().await;
    server.plan().await;
    server.send(1).await;
    while world.states().await != [RunState::Unknown] {
        server.record().await;
    }
    for _ in 0..5 {
        world.clock.advance(5_000);
        let report = server.rescue().await;
        assert_eq!((report.doubtful, report.asked, report.decided), (1, 0, 0));
    }
}
