//! What follows a run: retries and children.

use crate::rows::{START, cursor, job};
use crate::run_rows::waiting;
use crate::world::{Server, World, reply};
use entity::job::{JobState, Model as Job, RetryBackoff, RetryOn, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use scheduler::engine::ResultFact;
use scheduler::engine::dispatcher::{Asked, Call, CallFailure, ScriptedDispatcher};
use scheduler::engine::effects::EffectsReport;
use sea_orm::EntityTrait;
use std::sync::atomic::Ordering;

/// A job that only people, retries and parents start.
fn by_hand(id: i32) -> Job {
    Job { schedule_kind: ScheduleKind::Manual, schedule: String::new(), ..job(id, 1) }
}

/// Jobs without a schedule, and run 5,000 of job 1 by hand, due at [`START`] and followed by what
/// `follows` says of success and failure.
async fn started(jobs: &[Job], follows: (bool, bool)) -> (World, Server) {
    started_on(ScriptedDispatcher::accepting(), jobs, follows).await
}

async fn started_on(executors: ScriptedDispatcher, jobs: &[Job], follows: (bool, bool)) -> (World, Server) {
    let world = World::with(executors, &[]).await;
    for job in jobs {
        world.fresh.put_job(job.clone(), cursor(job, None)).await;
    }
    let server = world.server().await;
    let (follow_ok, follow_fail) = follows;
    let run = Run { follow_ok, follow_fail, ..waiting(5_000, &jobs[0], START) };
    world.start_by_hand(run, "typed").await;
    (world, server)
}

fn fact(run_id: i64, code: i32) -> ResultFact {
    ResultFact { run_id, executor_id: 1, code, text: String::new() }
}

/// Sends what waits and may go, and reports this code for all that runs; how many that were.
async fn finish(world: &World, server: &mut Server, code: i32) -> usize {
    server.turn().await;
    let running = world.runs().await.into_iter().filter(|run| run.state == RunState::Running);
    let facts: Vec<ResultFact> = running.map(|run| fact(run.id, code)).collect();
    let count = facts.len();
    server.report(facts).await;
    count
}

async fn by_kind(world: &World, kind: RunKind) -> Vec<Run> {
    world.runs().await.into_iter().filter(|run| run.kind == kind).collect()
}

async fn by_id(world: &World, id: i64) -> Run {
    world.runs().await.into_iter().find(|run| run.id == id).unwrap()
}

/// What the runs that went out were given, in order.
fn parameters(world: &World) -> Vec<String> {
    let parameter = |asked: Asked| match asked.call {
        Call::Run(request) => Some(request.executor_params),
        _ => None,
    };
    world.executors.diary().into_iter().filter_map(parameter).collect()
}

const NOTHING: EffectsReport = EffectsReport { ended: 0, retries: 0, children: 0 };
const ONE_RETRY: EffectsReport = EffectsReport { ended: 1, retries: 1, children: 0 };

#[tokio::test]
async fn retries_come_at_their_times_until_one_succeeds_and_repeat_the_parameter() {
    let retried =
        Job { retries: 5, retry_delay_s: 10, retry_backoff: RetryBackoff::Exponential, ..by_hand(1) };
    let (world, mut server) = started(&[retried], (false, true)).await;
    for (attempt, delay_s) in [(1, 10), (2, 20), (3, 40)] {
        assert_eq!(finish(&world, &mut server, 500).await, 1, "attempt {attempt}");
        assert_eq!(server.follow().await, ONE_RETRY);
        // It waits for its time and not a second less.
        world.clock.advance(delay_s * 1_000 - 1_000);
        assert_eq!(finish(&world, &mut server, 200).await, 0, "attempt {attempt}");
        world.clock.advance(1_000);
    }
    assert_eq!(finish(&world, &mut server, 200).await, 1);
    assert_eq!(server.follow().await, NOTHING);
    let retries = by_kind(&world, RunKind::Retry).await;
    let facts: Vec<_> = retries.iter().map(|run| (run.attempt, run.due_at - START, run.state)).collect();
    let expected =
        [(2, 10_000, RunState::Failed), (3, 30_000, RunState::Failed), (4, 70_000, RunState::Succeeded)];
    assert_eq!(facts, expected);
    let causes: Vec<i64> = retries.iter().map(|run| run.slot).collect();
    assert_eq!(causes, [5_000, retries[0].id, retries[1].id], "each names the run that it repeats");
    assert!(retries.iter().all(|run| run.nominal_at == START && run.live_bucket.is_none()));
    assert_eq!(parameters(&world), ["typed"; 4]);
}

#[tokio::test]
async fn retries_run_out() {
    let twice = Job { retries: 2, ..by_hand(1) };
    let (world, mut server) = started(&[twice], (false, true)).await;
    for expected in [ONE_RETRY, ONE_RETRY, NOTHING] {
        assert_eq!(finish(&world, &mut server, 500).await, 1);
        assert_eq!(server.follow().await, expected);
    }
    let runs = world.runs().await;
    assert_eq!(runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(runs.iter().all(|run| run.state == RunState::Failed && run.live_bucket.is_none()));
    // Only the last one is for a person to look at.
    assert_eq!(runs.iter().map(|run| run.attention).collect::<Vec<_>>(), [None, None, Some(1)]);
}

#[tokio::test]
async fn a_fire_of_the_schedule_is_retried_too_and_so_is_a_refused_request() {
    let refusing = ScriptedDispatcher::new(|_, call| {
        Some(if matches!(call, Call::Run(_)) {
            Ok(reply(500, "no such handler"))
        } else {
            Ok(reply(200, ""))
        })
    });
    let world = World::with(refusing, &[Job { retries: 1, ..job(1, 1) }]).await;
    let mut server = world.server().await;
    server.turn().await;
    assert_eq!(world.states().await, [RunState::Failed]);
    assert_eq!(server.follow().await, ONE_RETRY);
    let retry = &by_kind(&world, RunKind::Retry).await[0];
    assert_eq!((retry.nominal_at, retry.due_at, retry.attempt), (START, START, 2));
}

#[tokio::test]
async fn a_time_out_is_retried_only_where_the_job_says_so() {
    for (timed_out, expected) in [(true, 1), (false, 0)] {
        let retry_on = RetryOn { timed_out, ..RetryOn::USUAL };
        let (world, mut server) = started(&[Job { retries: 3, retry_on, ..by_hand(1) }], (false, true)).await;
        finish(&world, &mut server, 502).await;
        let report = server.follow().await;
        assert_eq!((report.ended, report.retries), (1, expected));
        assert_eq!(by_id(&world, 5_000).await.state, RunState::TimedOut);
    }
}

/// Kills a run while the recorder runs.
async fn kill(server: &mut Server, id: i64) {
    let handle = server.handle.clone();
    let killing = tokio::spawn(async move { handle.kill(id, Some(7)).await });
    while !killing.is_finished() {
        tokio::task::yield_now().await;
        server.record().await;
    }
    killing.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_person_killed_is_not_retried() {
    let (world, mut server) = started(&[Job { retries: 3, ..by_hand(1) }], (false, true)).await;
    server.turn().await;
    kill(&mut server, 5_000).await;
    let report = server.follow().await;
    assert_eq!((report.ended, report.retries), (1, 0));
    assert_eq!(by_id(&world, 5_000).await.live_bucket, None);
    // Nor is a retry that is killed while it waits for its time.
    let (world, mut server) =
        started(&[Job { retries: 3, retry_delay_s: 60, ..by_hand(1) }], (false, true)).await;
    finish(&world, &mut server, 500).await;
    server.follow().await;
    let retry = by_kind(&world, RunKind::Retry).await[0].id;
    kill(&mut server, retry).await;
    assert_eq!(server.follow().await.retries, 0);
    assert_eq!(world.states().await, [RunState::Failed, RunState::Killed]);
}

#[tokio::test]
async fn a_server_that_dies_after_the_result_leaves_one_retry_to_the_next_life() {
    let (world, mut server) = started(&[Job { retries: 1, ..by_hand(1) }], (false, true)).await;
    finish(&world, &mut server, 500).await;
    drop(server);
    let mut server = world.server().await;
    assert_eq!(server.follow().await, ONE_RETRY);
    assert_eq!(server.follow().await, NOTHING);
    assert_eq!(by_kind(&world, RunKind::Retry).await.len(), 1);
}

#[tokio::test]
async fn a_retry_whose_commit_brought_no_answer_is_not_inserted_again() {
    let (world, mut server) = started(&[Job { retries: 1, ..by_hand(1) }], (false, true)).await;
    finish(&world, &mut server, 500).await;
    world.loses_answer.store(true, Ordering::SeqCst);
    assert!(server.effects.tick().await.is_err());
    assert_eq!(server.follow().await, NOTHING);
    // Nobody told the planner: it finds the row when it looks for itself.
    world.clock.advance(1_000);
    assert_eq!(finish(&world, &mut server, 200).await, 1);
    assert_eq!(by_kind(&world, RunKind::Retry).await.len(), 1);
}

#[tokio::test]
async fn a_run_without_answer_is_lost_and_retried_only_where_the_job_chose_it() {
    for (lost, expected) in [(true, 1), (false, 0)] {
        let retry_on = RetryOn { lost, ..RetryOn::USUAL };
        let silent = || Some(Err(CallFailure::NoAnswer("silence".to_owned())));
        let executors = ScriptedDispatcher::new(move |_, _| silent());
        let retried = Job { retries: 1, retry_on, ..by_hand(1) };
        let (world, mut server) = started_on(executors, &[retried], (false, true)).await;
        server.turn().await;
        for _ in 0..400 {
            server.rescue().await;
            server.record().await;
            world.clock.advance(1_000);
        }
        assert_eq!(by_id(&world, 5_000).await.state, RunState::Lost);
        assert_eq!(server.follow().await.retries, expected);
    }
}

#[tokio::test]
async fn children_run_once_after_a_success_however_often_it_is_reported_and_whatever_their_state() {
    let stopped = Job { state: JobState::Stopped, ..by_hand(3) };
    let (world, mut server) = started(&[by_hand(1), by_hand(2), stopped], (true, false)).await;
    world.fresh.put_child(1, 2).await;
    world.fresh.put_child(1, 3).await;
    world.clock.advance(2_000);
    finish(&world, &mut server, 200).await;
    server.report(vec![fact(5_000, 200), fact(5_000, 200)]).await;
    assert_eq!(server.follow().await, EffectsReport { ended: 1, retries: 0, children: 2 });
    server.report(vec![fact(5_000, 200), fact(5_000, 500)]).await;
    assert_eq!(server.follow().await, NOTHING);
    let children = by_kind(&world, RunKind::Child).await;
    let facts: Vec<_> = children.iter().map(|run| (run.job_id, run.slot, run.nominal_at - START)).collect();
    assert_eq!(facts, [(2, 5_000, 2_000), (3, 5_000, 2_000)]);
    assert_eq!(finish(&world, &mut server, 200).await, 2, "both go out");
    assert_eq!(parameters(&world), ["typed", "of the job", "of the job"], "a child has its own");
}

#[tokio::test]
async fn a_disabled_child_is_skipped_and_counted_once() {
    let disabled = Job { state: JobState::Disabled, ..by_hand(2) };
    let (world, mut server) = started(&[by_hand(1), disabled], (true, false)).await;
    world.fresh.put_child(1, 2).await;
    finish(&world, &mut server, 200).await;
    assert_eq!(server.follow().await.children, 1);
    assert_eq!(server.follow().await, NOTHING);
    let [child] = &by_kind(&world, RunKind::Child).await[..] else { panic!() };
    assert_eq!((child.state, child.reason), (RunState::Skipped, Reason::Disabled));
    assert_eq!((child.live_bucket, child.attention), (None, None));
    assert_eq!(finish(&world, &mut server, 200).await, 0, "nothing goes out");
}

#[tokio::test]
async fn a_run_that_waits_for_a_job_that_is_disabled_meanwhile_does_not_go_out() {
    let disabled = Job { state: JobState::Disabled, ..by_hand(1) };
    let (world, mut server) = started(&[disabled], (false, false)).await;
    server.turn().await;
    assert!(world.executors.runs().is_empty());
    let run = by_id(&world, 5_000).await;
    assert_eq!((run.state, run.reason), (RunState::Skipped, Reason::Disabled));
}

#[tokio::test]
async fn a_child_is_told_what_its_parent_reported_and_its_retry_is_told_the_same() {
    let parameter = "{{parent.run_id}} {{parent.code}} {{parent.result}}".to_owned();
    let child = Job { parameter, retries: 1, ..by_hand(2) };
    let (world, mut server) = started(&[by_hand(1), child], (true, false)).await;
    world.fresh.put_child(1, 2).await;
    server.turn().await;
    server.report(vec![ResultFact { text: "42 rows".to_owned(), ..fact(5_000, 200) }]).await;
    assert_eq!(server.follow().await.children, 1);
    assert_eq!(finish(&world, &mut server, 500).await, 1);
    assert_eq!(server.follow().await.retries, 1);
    assert_eq!(finish(&world, &mut server, 200).await, 1);
    assert_eq!(parameters(&world), ["typed", "5000 200 42 rows", "5000 200 42 rows"]);
}

#[tokio::test]
async fn children_do_not_run_after_a_failure_but_after_the_retry_that_succeeds() {
    let parent = Job { retries: 1, ..by_hand(1) };
    let (world, mut server) = started(&[parent, by_hand(2)], (true, true)).await;
    world.fresh.put_child(1, 2).await;
    finish(&world, &mut server, 500).await;
    assert_eq!(server.follow().await, ONE_RETRY);
    finish(&world, &mut server, 200).await;
    assert_eq!(server.follow().await.children, 1);
    let retry = by_kind(&world, RunKind::Retry).await[0].id;
    assert_eq!(by_kind(&world, RunKind::Child).await[0].slot, retry);
}

#[tokio::test]
async fn a_child_that_was_deleted_meanwhile_does_not_run() {
    let (world, mut server) = started(&[by_hand(1), by_hand(2)], (true, false)).await;
    world.fresh.put_child(1, 2).await;
    finish(&world, &mut server, 200).await;
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    entity::job_cursor::Entity::delete_by_id(2).exec(&transaction).await.unwrap();
    entity::job::Entity::delete_by_id(2).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(server.follow().await, EffectsReport { ended: 1, ..NOTHING });
}

#[tokio::test]
async fn an_end_that_was_watched_is_followed_without_a_look_at_all_others() {
    let (world, mut server) = started(&[Job { retries: 1, ..by_hand(1) }], (false, true)).await;
    server.turn().await;
    assert_eq!(server.effects.tick_changed().await.unwrap(), NOTHING, "it only began to run");
    server.report(vec![fact(5_000, 500)]).await;
    assert_eq!(server.effects.tick_changed().await.unwrap(), ONE_RETRY);
    assert_eq!(world.runs().await.len(), 2);
}

#[tokio::test]
async fn a_run_that_nothing_follows_is_closed_with_its_result() {
    let (world, mut server) = started(&[by_hand(1)], (false, false)).await;
    finish(&world, &mut server, 500).await;
    assert_eq!(by_id(&world, 5_000).await.live_bucket, None);
    assert_eq!(server.follow().await, NOTHING);
}
