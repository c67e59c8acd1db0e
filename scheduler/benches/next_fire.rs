//! When a schedule fires next: what every claim computes for its job.

use criterion::{Criterion, criterion_group, criterion_main};
use scheduler::rules::schedule::{Definition, Schedule};
use std::hint::black_box;

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;

/// From the next second to the next leap year, and in zones that change their clocks.
const SCHEDULES: [(&str, &str); 6] = [
    ("* * * * * ?", "UTC"),
    ("0 */5 * * * ?", "Asia/Shanghai"),
    ("0 30 2 * * ?", "Europe/Berlin"),
    ("0 0 9-17 ? * MON-FRI", "America/New_York"),
    ("0 0 12 L * ?", "UTC"),
    ("0 0 0 29 2 ?", "UTC"),
];

fn next_fire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next fire");
    for (text, zone) in SCHEDULES {
        let schedule = Schedule::parse(Definition::cron(text, zone)).expect("a schedule that can be read");
        let mut after = START;
        group.bench_function(format!("{text} {zone}"), |bencher| {
            bencher.iter(|| {
                // Each from the one before: no two searches are the same.
                after = schedule.next_after(black_box(after)).unwrap_or(START);
                after
            });
        });
    }
    group.finish();
}

criterion_group!(benches, next_fire);
criterion_main!(benches);
