//! The group-commit writer: results of runs, from the queue into SQLite on disk.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to hand its error to")]
#![allow(dead_code, reason = "the tests' helpers can do more than is measured here")]

#[path = "../tests/support/database.rs"]
mod database;
#[path = "../tests/support/filling.rs"]
mod filling;
#[path = "../tests/support/forgetful.rs"]
mod forgetful;
#[path = "../tests/support/rows.rs"]
mod rows;
#[path = "../tests/support/run_rows.rs"]
mod run_rows;
#[path = "../tests/support/world.rs"]
mod world;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use entity::run;
use rows::{START, job};
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::engine::step::{Step, What};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use std::time::{Duration, Instant};
use world::{Server, World};

const CLAIM: i64 = 1;
/// Rows in one statement: SQLite takes 32,766 values.
const ROWS: i64 = 500;

/// Runs that were sent and not answered, `first` the first one's id.
async fn send(world: &World, first: i64, count: i64) {
    let job = job(1, 1);
    let transaction = world.fresh.databases.engine.begin().await.unwrap();
    for from in (first..first + count).step_by(ROWS as usize) {
        let rows = (from..(from + ROWS).min(first + count))
            .map(|id| run_rows::sending(id, &job, START + id * 1_000, CLAIM).into_active_model().reset_all());
        run::Entity::insert_many(rows).exec_without_returning(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Notes that each was accepted and that it succeeded, and writes until all of that is on disk.
async fn record(server: &mut Server, first: i64, count: i64) {
    for id in first..first + count {
        let accepted = What::Accepted { claim: CLAIM, sent_at: START, deadline_at: START + 60_000 };
        let result = What::Result { executor_id: 1, code: 200, text: String::new() };
        for what in [accepted, result] {
            server.shared.facts.note(Step { run_id: id, at: START, what });
        }
    }
    while server.recorder.tick_all().await.unwrap().recorded > 0 {}
}

fn group_commit(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (world, mut server) = runtime.block_on(async {
        let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
        let server = world.server().await;
        (world, server)
    });
    let mut next = 1_000_000;
    let mut group = criterion.benchmark_group("group commit");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    for count in [1, 50, 500] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} runs accepted and succeeded"), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    runtime.block_on(send(&world, next, count));
                    let start = Instant::now();
                    runtime.block_on(record(&mut server, next, count));
                    spent += start.elapsed();
                    next += count;
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, group_commit);
criterion_main!(benches);
