//! Deciding a batch of cursors: which nominal times fire, which were missed, and when the next one is.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use entity::Millis;
use entity::job::{BlackoutPolicy, MisfirePolicy};
use scheduler::rules::misfire::{self, Due, MAX_STEPS, TOLERANCE_MS};
use scheduler::rules::schedule;
use scheduler::rules::timetable::{Definition, Timetable};
use std::hint::black_box;

/// 2026-01-01T00:00:00Z.
const START: Millis = 1_767_225_600_000;
/// Cursors in one transaction.
const BATCH: usize = 1_000;
const LEAD: Millis = 150;
const HOUR: Millis = 3_600_000;

fn timetable(cron: &str) -> Timetable {
    let schedule = schedule::Definition::cron(cron, "UTC");
    let policy = BlackoutPolicy::Suppress;
    let definition = Definition { schedule, calendar: None, blackouts: "", blackout_policy: policy };
    Timetable::parse(definition).expect("a timetable that can be read")
}

/// Plans each once, with its first time so long ago.
fn plan_all(timetables: &[Timetable], late: Millis) -> usize {
    let now = START + late - LEAD;
    let plans = timetables.iter().map(|timetable| {
        misfire::plan(Due {
            timetable,
            first: START,
            now,
            until: now + LEAD,
            policy: MisfirePolicy::FireOnce,
            catch_up_ms: HOUR,
            tolerance_ms: TOLERANCE_MS,
            max_fires: 100,
            max_steps: MAX_STEPS,
        })
    });
    plans.map(|plan| black_box(plan).planned.len()).sum()
}

fn plan_batch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan of a batch of 1,000");
    group.throughput(Throughput::Elements(BATCH as u64));
    let cases = [
        ("in time, each second", "* * * * * ?", 0),
        ("in time, each hour", "0 0 * * * ?", 0),
        ("after an hour's outage, each second", "* * * * * ?", HOUR),
    ];
    for (name, cron, late) in cases {
        let timetables = vec![timetable(cron); BATCH];
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || late,
                |late| plan_all(&timetables, black_box(late)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, plan_batch);
criterion_main!(benches);
