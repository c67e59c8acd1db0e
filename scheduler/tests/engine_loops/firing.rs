//! From a cursor to a request.

use crate::rows::{START, cursor, executor, instance, job};
use crate::run_rows::waiting;
use crate::world::{World, reply};
use entity::job::{MisfirePolicy, Model as Job, Routing};
use entity::job_cursor;
use entity::run::{Reason, RunState};
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::signals::Change;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

#[tokio::test]
async fn a_run_is_claimed_a_lead_early_and_sent_on_time() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    world.clock.set(START - 151);
    let mut server = world.server().await;
    assert_eq!(server.plan().await.claimed, 0);
    world.clock.advance(1);
    assert_eq!(server.plan().await.claimed, 1);
    assert_eq!(server.send(0).await, 0);
    world.clock.set(START);
    assert_eq!(server.send(0).await, 1);
    server.record().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.nominal_at, run.sent_at), (RunState::Running, START, Some(START)));
    let asked = &world.executors.diary()[0];
    let Call::Run(request) = &asked.call else { panic!("{asked:?}") };
    assert_eq!(asked.address, "http://10.0.0.1:9999");
    assert_eq!((request.job_id, request.log_id, request.log_date_time), (1, run.id, START));
    assert_eq!((request.executor_params.as_str(), request.broadcast_total), ("of the job", 1));
}

#[tokio::test]
async fn every_second_has_one_row_and_one_request() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1), job(2, 1)]).await;
    let mut server = world.server().await;
    for _ in 0..10 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    let runs = world.runs().await;
    assert_eq!(runs.len(), 20);
    let mut times: Vec<_> = runs.iter().map(|run| (run.job_id, run.nominal_at)).collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times.len(), 20);
    assert_eq!(world.executors.runs().len(), 20);
}

#[tokio::test]
async fn an_outage_costs_one_row_and_the_last_fire_is_made_up_for() {
    let hourly = Job { schedule: "0 0 * * * ?".to_owned(), catch_up_ms: 10 * 3_600_000, ..job(1, 1) };
    let skipping =
        Job { id: 2, name: "two".to_owned(), misfire_policy: MisfirePolicy::Skip, ..hourly.clone() };
    let world = World::with(ScriptedDispatcher::accepting(), &[hourly, skipping]).await;
    world.clock.set(START + 5 * 3_600_000 + 1_800_000);
    let mut server = world.server().await;
    server.turn().await;
    let runs = world.runs().await;
    let of = |job: i32| runs.iter().filter(|run| run.job_id == job).collect::<Vec<_>>();
    let (made_up, skipped) = (of(1), of(2));
    assert_eq!(made_up.len(), 2);
    assert_eq!(
        (made_up[0].state, made_up[0].reason, made_up[0].span_count),
        (RunState::Skipped, Reason::Misfire, 5)
    );
    assert_eq!(made_up[0].span_last, Some(START + 4 * 3_600_000));
    assert_eq!(made_up[0].attention, Some(1));
    assert_eq!((made_up[1].state, made_up[1].nominal_at), (RunState::Running, START + 5 * 3_600_000));
    assert_eq!((skipped.len(), skipped[0].span_count), (1, 6));
    assert_eq!(world.executors.runs().len(), 1);
}

#[tokio::test]
async fn without_an_instance_a_fire_is_a_skipped_row_that_wants_attention() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 7)]).await;
    world.fresh.put_executor(executor(7)).await;
    let mut server = world.server().await;
    server.turn().await;
    let run = &world.runs().await[0];
    assert_eq!((run.state, run.reason), (RunState::Skipped, Reason::NoInstance));
    assert_eq!((run.attention, run.live_bucket), (Some(7), None));
    assert!(world.executors.runs().is_empty());
}

#[tokio::test]
async fn a_stopped_job_fires_no_more_and_an_edited_one_fires_by_its_new_definition() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1), job(2, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let stopped = job_cursor::Model { version: 2, next_at: None, ..cursor(&job(1, 1), None) };
    let edited = Job { version: 2, parameter: "new".to_owned(), ..job(2, 1) };
    let moved = cursor(&edited, Some(START + 1_000));
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    stopped.into_active_model().reset_all().update(&transaction).await.unwrap();
    moved.into_active_model().reset_all().update(&transaction).await.unwrap();
    edited.into_active_model().reset_all().update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.signals.publish(Change::Job(1));
    // Of the second job's edit no signal came: the stale claim is refused, and its row read again.
    world.clock.set(START + 900);
    let report = server.plan().await;
    assert_eq!((report.planned, report.lost), (0, 1));
    server.plan().await;
    world.clock.set(START + 1_000);
    server.turn().await;
    let runs = world.runs().await;
    assert_eq!(runs.iter().filter(|run| run.job_id == 1).count(), 1);
    let second: Vec<_> = runs.iter().filter(|run| run.job_id == 2).map(|run| run.job_version).collect();
    assert_eq!(second, [1, 2]);
    let Some(Call::Run(request)) = world.executors.diary().pop().map(|asked| asked.call) else { panic!() };
    assert_eq!(request.executor_params, "new");
}

#[tokio::test]
async fn an_edit_of_which_no_signal_came_is_noticed_by_the_poll() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let mut server = world.server().await;
    server.turn().await;
    let edited = Job { version: 2, ..job(1, 1) };
    let sooner = cursor(&edited, Some(START + 1_500));
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    sooner.into_active_model().reset_all().update(&transaction).await.unwrap();
    edited.into_active_model().reset_all().update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    // The poll comes before the claim, which otherwise would be refused.
    world.clock.set(START + 1_000);
    let report = server.plan().await;
    assert_eq!((report.planned, report.lost), (0, 0));
    world.clock.set(START + 1_500);
    let report = server.plan().await;
    assert_eq!((report.planned, report.lost), (1, 0));
}

#[tokio::test]
async fn round_robin_reaches_one_instance_after_the_other() {
    let round = Job { routing: Routing::Round, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[round]).await;
    world.fresh.put_instance(instance(2, 1)).await;
    world.fresh.put_instance(instance(3, 1)).await;
    let mut server = world.server().await;
    for _ in 0..3 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    // The next server goes on where this one stopped.
    let mut server = world.server().await;
    for _ in 0..3 {
        server.turn().await;
        world.clock.advance(1_000);
    }
    let hosts: Vec<_> = world.executors.diary().iter().map(|asked| asked.address.clone()).collect();
    let expected: Vec<_> =
        [1, 2, 3, 1, 2, 3].iter().map(|host| format!("http://10.0.0.{host}:9999")).collect();
    assert_eq!(hosts, expected);
}

#[tokio::test]
async fn a_run_by_hand_goes_out_at_once_with_its_own_parameter() {
    let manual = Job { schedule_kind: entity::job::ScheduleKind::Manual, ..job(1, 1) };
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_job(manual.clone(), cursor(&manual, None)).await;
    let mut server = world.server().await;
    server.turn().await;
    world.start_by_hand(waiting(10_001, &manual, START), "typed").await;
    server.turn().await;
    let Some(Call::Run(request)) = world.executors.diary().pop().map(|asked| asked.call) else { panic!() };
    assert_eq!((request.log_id, request.executor_params.as_str()), (10_001, "typed"));
    assert_eq!(world.states().await, [RunState::Running]);
}

#[tokio::test]
async fn a_run_started_right_after_its_instance_came_in_finds_it() {
    let manual = Job { schedule_kind: entity::job::ScheduleKind::Manual, ..job(1, 2) };
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_job(manual.clone(), cursor(&manual, None)).await;
    let mut server = world.server().await;
    server.turn().await;
    world.clock.advance(1_000);
    // Both happen elsewhere, amid a poll: no signal tells of them.
    let come_and_start = async {
        world.fresh.put_instance(instance(2, 2)).await;
        world.fresh.put_run(waiting(10_001, &manual, START), None).await;
    };
    tokio::join!(server.plan(), world.pause.fill(come_and_start));
    world.clock.advance(1_000);
    server.turn().await;
    assert_eq!(world.states().await, [RunState::Running]);
}

#[tokio::test]
async fn a_hanging_executor_delays_only_its_own_runs() {
    let hanging = ScriptedDispatcher::new(|target, _| (target.executor_id == 1).then(|| Ok(reply(200, ""))));
    let healthy: Vec<Job> = (1..=50).map(|id| job(id, 1)).collect();
    let mut world = World::with(hanging, &healthy).await;
    world.settings.permits = 4;
    world.fresh.put_executor(executor(2)).await;
    world.fresh.put_instance(instance(2, 2)).await;
    for id in 51..=100 {
        world.fresh.put_job(job(id, 2), cursor(&job(id, 2), Some(START))).await;
    }
    let mut server = world.server().await;
    server.plan().await;
    // As many requests hang as there are permits; the other executor's go through one after the other.
    while server.send(4).await > 0 {}
    server.record().await;
    let runs = world.runs().await;
    let running = |executor| {
        let own = runs.iter().filter(|run| run.executor_id == executor);
        own.filter(|run| run.state == RunState::Running).count()
    };
    assert_eq!((running(1), running(2)), (50, 0));
    assert_eq!(world.executors.runs().len(), 54);
    // From the first silence on, what waits for the hanging one is handed back and goes nowhere.
    for order in server.shared.lanes.fell_silent(2, 4) {
        let what = scheduler::engine::step::What::HandBack { claim: order.claim };
        server.shared.facts.note(scheduler::engine::step::Step { run_id: order.run_id, at: START, what });
    }
    server.record().await;
    world.clock.advance(1_000);
    server.plan().await;
    let runs = world.runs().await;
    let waiting = runs.iter().filter(|run| run.executor_id == 2 && run.state == RunState::Waiting);
    assert_eq!(waiting.count(), 46 + 50);
}

#[tokio::test]
async fn refused_unreachable_and_garbled_requests_fail_with_their_reason() {
    let scripted = ScriptedDispatcher::new(|_, call| {
        let Call::Run(request) = call else { return Some(Ok(reply(200, ""))) };
        Some(match request.job_id {
            1 => Ok(reply(500, "job handler [demo] not found.")),
            2 => Err(CallFailure::NeverArrived("connection refused".to_owned())),
            3 => Err(CallFailure::Garbage("<html>".to_owned())),
            _ => Err(CallFailure::NoAnswer("time-out".to_owned())),
        })
    });
    let jobs: Vec<Job> = (1..=4).map(|id| job(id, 1)).collect();
    let world = World::with(scripted, &jobs).await;
    let mut server = world.server().await;
    server.turn().await;
    let mut found: Vec<_> =
        world.runs().await.iter().map(|run| (run.job_id, run.state, run.reason)).collect();
    found.sort_unstable_by_key(|found| found.0);
    let expected = [
        (1, RunState::Failed, Reason::Refused),
        (2, RunState::Failed, Reason::Unreachable),
        (3, RunState::Failed, Reason::Garbage),
        (4, RunState::Unknown, Reason::NoAnswer),
    ];
    assert_eq!(found, expected);
}
