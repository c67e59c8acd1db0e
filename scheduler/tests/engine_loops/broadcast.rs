//! Runs that are split into shards, one for each instance.

use crate::rows::{START, cursor, instance, job};
use crate::run_rows::waiting;
use crate::world::{Server, World};
use entity::job::{Model as Job, Routing, ScheduleKind};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use entity::{instance as instances, stat_hour};
use scheduler::engine::dispatcher::{Asked, Call, ScriptedDispatcher};
use scheduler::engine::{Recorded, ResultFact};
use scheduler::rules::shards::last_attempts;
use scheduler::signals::Change;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::sync::atomic::Ordering;

/// Runs of the job by hand, so that nothing else is due.
const PARENT: i64 = 500;

fn broadcast() -> Job {
    Job {
        routing: Routing::Broadcast,
        schedule_kind: ScheduleKind::Manual,
        schedule: String::new(),
        ..job(1, 1)
    }
}

/// A job that runs on one instance when another succeeds.
fn child(id: i32) -> Job {
    Job { routing: Routing::First, id, name: format!("child {id}"), ..broadcast() }
}

/// Three instances, and run 500 of a job, which is started by hand with "typed".
async fn started(job: Job, children: &[Job]) -> (World, Server) {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    for id in 2..=3 {
        world.fresh.put_instance(instance(id, 1)).await;
    }
    world.fresh.put_job(job.clone(), cursor(&job, None)).await;
    for child in children {
        world.fresh.put_job(child.clone(), cursor(child, None)).await;
        world.fresh.put_child(job.id, child.id).await;
    }
    let server = world.server().await;
    let run = Run { follow_ok: !children.is_empty(), ..waiting(PARENT, &job, START) };
    world.start_by_hand(run, "typed").await;
    (world, server)
}

/// The shards in all their attempts, by index and attempt.
async fn shards(world: &World) -> Vec<Run> {
    let mut shards = world.runs().await;
    shards.retain(|run| run.parent_id == Some(PARENT));
    shards.sort_by_key(|run| (run.shard_index, run.attempt));
    shards
}

async fn parent(world: &World) -> Run {
    world.runs().await.into_iter().find(|run| run.id == PARENT).unwrap()
}

fn fact(run: &Run, code: i32) -> ResultFact {
    ResultFact { run_id: run.id, executor_id: 1, code, text: String::new() }
}

/// Reports these codes for the last attempts of the shards, in order.
async fn finish(world: &World, server: &mut Server, codes: &[i32]) {
    let shards = shards(world).await;
    let facts = last_attempts(&shards).into_iter().zip(codes).map(|(run, code)| fact(run, *code));
    server.report(facts.collect()).await;
}

fn requests(world: &World) -> Vec<(String, i32, i32, String)> {
    let sent = |asked: Asked| match asked.call {
        Call::Run(request) => {
            let (index, total) = (request.broadcast_index, request.broadcast_total);
            Some((asked.address, index, total, request.executor_params))
        }
        _ => None,
    };
    world.executors.diary().into_iter().filter_map(sent).collect()
}

async fn leaves(world: &World, instance_id: i32) {
    let transaction = world.fresh.databases.web.begin().await.unwrap();
    let gone = instances::Entity::update_many().col_expr(instances::Column::GoneAt, Expr::value(START));
    gone.filter(instances::Column::Id.eq(instance_id)).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world.signals.publish(Change::Executor(1));
}

#[tokio::test]
async fn every_instance_gets_a_shard_with_its_index_and_the_total() {
    let (world, mut server) = started(broadcast(), &[]).await;
    server.turn().await;
    let mut sent = requests(&world);
    sent.sort();
    let expected = |id: i32| (format!("http://10.0.0.{id}:9999"), id - 1, 3, "typed".to_owned());
    assert_eq!(sent, [1, 2, 3].map(expected));
    let whole = parent(&world).await;
    assert_eq!((whole.state, whole.instance_id, whole.claim), (RunState::Running, None, 0));
    assert!(whole.is_split() && whole.shard_total == 3);
    finish(&world, &mut server, &[200, 200]).await;
    server.follow().await;
    assert_eq!(parent(&world).await.state, RunState::Running, "one shard is under way");
    world.clock.advance(700);
    finish(&world, &mut server, &[200, 200, 200]).await;
    server.follow().await;
    let whole = parent(&world).await;
    assert_eq!((whole.state, whole.code, whole.live_bucket), (RunState::Succeeded, 200, None));
    assert_eq!(whole.ended_at, Some(START + 700), "when its last shard did");
    assert!(shards(&world).await.iter().all(|run| run.kind == RunKind::Shard && run.live_bucket.is_none()));
}

#[tokio::test]
async fn a_fire_of_the_schedule_is_split_and_an_executor_without_instance_skips_it() {
    let scheduled = job(1, 1);
    let world = World::with(
        ScriptedDispatcher::accepting(),
        &[Job { routing: Routing::Broadcast, ..scheduled.clone() }],
    )
    .await;
    let mut server = world.server().await;
    assert_eq!(server.plan().await.claimed, 1, "with the fire itself");
    leaves(&world, 1).await;
    world.clock.advance(1_000);
    server.plan().await;
    let runs = world.runs().await;
    let facts = runs.iter().map(|run| (run.kind, run.state, run.reason, run.nominal_at - START));
    let facts: Vec<_> = facts.collect();
    let expected = [
        (RunKind::Schedule, RunState::Running, Reason::None, 0),
        (RunKind::Shard, RunState::Sending, Reason::None, 0),
        (RunKind::Schedule, RunState::Skipped, Reason::NoInstance, 1_000),
    ];
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn a_broadcast_reaches_only_the_instances_that_the_job_may_run_on() {
    let some = Job { only_on: "10.0.0.3\n10.0.0.1:9999".to_owned(), ..broadcast() };
    let (world, mut server) = started(some, &[]).await;
    server.turn().await;
    let mut sent: Vec<_> =
        requests(&world).into_iter().map(|(at, index, total, _)| (at, index, total)).collect();
    sent.sort();
    let expected = |id: i32, index| (format!("http://10.0.0.{id}:9999"), index, 2);
    assert_eq!(sent, [expected(1, 0), expected(3, 1)]);
}

#[tokio::test]
async fn a_shard_is_retried_alone_and_where_it_was() {
    let (world, mut server) = started(Job { retries: 2, retry_delay_s: 5, ..broadcast() }, &[]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 500, 200]).await;
    assert_eq!(server.follow().await.retries, 1);
    assert_eq!(parent(&world).await.state, RunState::Running);
    world.clock.advance(5_000);
    server.turn().await;
    assert_eq!(requests(&world)[3], ("http://10.0.0.2:9999".to_owned(), 1, 3, "typed".to_owned()));
    finish(&world, &mut server, &[200, 500, 200]).await;
    server.follow().await;
    // Its instance has left: what was begun is to be done, so another one gets it.
    leaves(&world, 2).await;
    world.clock.advance(5_000);
    server.turn().await;
    let (address, index, total, _) = requests(&world)[4].clone();
    assert!(address != "http://10.0.0.2:9999" && (index, total) == (1, 3));
    finish(&world, &mut server, &[200, 500, 200]).await;
    assert_eq!(server.follow().await.retries, 0, "there were three attempts");
    let whole = parent(&world).await;
    assert_eq!((whole.state, whole.reason, whole.code), (RunState::Failed, Reason::Handler, 500));
    assert_eq!(whole.attention, Some(1));
    let shards = shards(&world).await;
    assert_eq!(shards.len(), 5);
    assert!(shards.iter().all(|run| run.attention.is_none()), "the whole asks for a look, once");
    assert_eq!(server.follow().await.ended, 0);
}

#[tokio::test]
async fn children_start_once_after_all_shards_and_not_after_a_bad_end() {
    for (codes, children) in [([200, 200, 200], 2), ([200, 500, 200], 0)] {
        let (world, mut server) = started(broadcast(), &[child(2), child(3)]).await;
        server.turn().await;
        for (index, code) in codes.into_iter().enumerate() {
            server.report(vec![fact(&shards(&world).await[index], code)]).await;
            let report = server.follow().await;
            assert_eq!(report.children, if index == 2 { children } else { 0 });
        }
        let started = world.runs().await.into_iter().filter(|run| run.kind == RunKind::Child);
        let started: Vec<_> = started.map(|run| (run.job_id, run.slot)).collect();
        assert_eq!(started, [(2, PARENT), (3, PARENT)][..children]);
        assert_eq!(server.follow().await.ended, 0);
    }
}

#[tokio::test]
async fn a_child_is_told_what_every_shard_reported_in_its_last_attempt() {
    let parameter = "{{parent.code}} of {{parent.run_id}}: {{parent.result}}".to_owned();
    let child = Job { parameter, ..child(2) };
    let (world, mut server) = started(Job { retries: 1, ..broadcast() }, &[child]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 500, 200]).await;
    server.follow().await;
    server.turn().await;
    let whole = shards(&world).await;
    let told = last_attempts(&whole).into_iter().zip(["one", "two \"2\"", ""]);
    let facts = told.map(|(run, text)| ResultFact { text: text.to_owned(), ..fact(run, 200) });
    server.report(facts.collect()).await;
    server.follow().await;
    server.turn().await;
    let sent = requests(&world).pop().unwrap();
    // The first and the third had reported before, without a text.
    assert_eq!(sent.3, r#"200 of 500: ["","two \"2\"",""]"#);
}

#[tokio::test]
async fn a_killed_run_takes_its_shards_along() {
    let (world, mut server) = started(Job { retries: 3, ..broadcast() }, &[]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 500]).await;
    assert_eq!(server.follow().await.retries, 1);
    kill(&mut server, PARENT).await;
    let kills = world.executors.diary().into_iter().filter(|asked| asked.call == Call::Kill { job_id: 1 });
    let told: Vec<String> = kills.map(|asked| asked.address).collect();
    assert_eq!(told, ["http://10.0.0.3:9999"], "whoever runs a shard, and nobody else");
    server.follow().await;
    server.turn().await;
    let states: Vec<_> = shards(&world).await.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Succeeded, RunState::Failed, RunState::Killed, RunState::Killed]);
    assert!(world.runs().await.iter().all(|run| run.live_bucket.is_none()));
    assert_eq!(parent(&world).await.state, RunState::Killed);
    assert_eq!(requests(&world).len(), 3);
}

#[tokio::test]
async fn a_shard_that_waits_does_not_outlive_its_killed_run() {
    let (world, mut server) = started(broadcast(), &[]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 200, 200]).await;
    server.follow().await;
    // As after a server that died between killing the run and its shards.
    let over =
        Run { id: 600, slot: -600, state: RunState::Killed, live_bucket: None, ..parent(&world).await };
    world.fresh.put_run(over, None).await;
    let shard = Run { kind: RunKind::Shard, parent_id: Some(600), ..waiting(601, &broadcast(), START + 1) };
    world.start_by_hand(shard, "").await;
    server.turn().await;
    let states = world.runs().await.into_iter().find(|run| run.id == 601).map(|run| run.state);
    assert_eq!(states, Some(RunState::Killed));
    assert_eq!(requests(&world).len(), 3);
}

#[tokio::test]
async fn an_instance_gone_before_its_shard_is_claimed_skips_that_shard() {
    let (world, mut server) = started(broadcast(), &[]).await;
    world.loses_answer.store(true, Ordering::SeqCst);
    assert!(server.planner.tick().await.is_err(), "split, and the server heard nothing of it");
    leaves(&world, 2).await;
    world.clock.advance(1_000);
    server.turn().await;
    let facts: Vec<_> = shards(&world).await.iter().map(|run| (run.state, run.reason)).collect();
    let skipped = (RunState::Skipped, Reason::NoInstance);
    assert_eq!(facts, [(RunState::Running, Reason::None), skipped, (RunState::Running, Reason::None)]);
    assert_eq!(shards(&world).await.len(), 3, "it is not split again");
    finish(&world, &mut server, &[200, 200, 200]).await;
    server.follow().await;
    let whole = parent(&world).await;
    assert_eq!((whole.state, whole.reason), skipped);
}

#[tokio::test]
async fn a_server_that_dies_between_the_last_two_shards_leaves_the_end_to_the_next_life() {
    let (world, mut server) = started(broadcast(), &[child(2)]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 200]).await;
    server.follow().await;
    finish(&world, &mut server, &[200, 200, 200]).await;
    drop(server);
    let mut server = world.server().await;
    assert_eq!(server.follow().await.children, 1);
    assert_eq!(parent(&world).await.state, RunState::Succeeded);
}

#[tokio::test]
async fn an_end_whose_commit_brought_no_answer_starts_the_children_all_the_same() {
    let (world, mut server) = started(broadcast(), &[child(2)]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 200, 200]).await;
    world.loses_answer.store(true, Ordering::SeqCst);
    assert!(server.effects.tick().await.is_err());
    assert_eq!(parent(&world).await.state, RunState::Succeeded);
    assert_eq!(server.follow().await.children, 1);
    assert_eq!(server.follow().await.children, 0);
}

#[tokio::test]
async fn a_split_run_has_no_instance_and_is_never_in_doubt_nor_does_anybody_report_it() {
    let (world, mut server) = started(broadcast(), &[]).await;
    server.turn().await;
    let whole = parent(&world).await;
    assert_eq!(server.report(vec![fact(&whole, 200)]).await, [Recorded::UnknownRun]);
    for _ in 0..60 {
        world.clock.advance(10_000);
        server.rescue().await;
    }
    assert_eq!(parent(&world).await.state, RunState::Running);
    // Its shards have limits, so that it ends in any case.
    world.clock.advance(25 * 3_600_000);
    for _ in 0..3 {
        world.clock.advance(1_000);
        server.rescue().await;
        server.follow().await;
    }
    let whole = parent(&world).await;
    assert_eq!((whole.state, whole.reason), (RunState::TimedOut, Reason::Deadline));
}

#[tokio::test]
async fn a_broadcast_counts_by_its_shards() {
    let (world, mut server) = started(Job { retries: 1, ..broadcast() }, &[]).await;
    server.turn().await;
    finish(&world, &mut server, &[200, 500, 200]).await;
    server.follow().await;
    server.turn().await;
    finish(&world, &mut server, &[200, 200, 200]).await;
    server.follow().await;
    assert_eq!(parent(&world).await.state, RunState::Succeeded);
    let rows = stat_hour::Entity::find().all(world.fresh.databases.web.reader()).await.unwrap();
    let of = |state: RunState| rows.iter().find(|row| row.outcome == state as i16).map(|row| row.runs);
    assert_eq!((of(RunState::Succeeded), of(RunState::Failed)), (Some(3), Some(1)));
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
