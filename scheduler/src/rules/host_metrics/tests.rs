use super::*;
use entity::host_state::{Cpu, Memory, Network, Process};

/// 2026-11-21T00:00:00Z.
const START: Millis = 1_795_219_200_000;

fn sane() -> HostSample {
    HostSample {
        cpu: Cpu { cores: 4, total: 40.0, user: Some(30.0), system: Some(10.0) },
        process: Process { cpu: 2.0, memory: 1_000, memory_limit: 8_000, uptime_s: 9 },
        memory: Memory { total: 8_000, used: 5_000 },
        load: Some([0.5, 0.25, 0.0]),
        network: Network { received: 1.0, sent: 0.0 },
        disks: vec![Disk { name: "a".into(), mount: "/".into(), total: 90, used: 50, free: 35 }],
        uptime_s: 100,
    }
}

fn sample(at: Millis, cpu: i64) -> host_sample::Model {
    let figures = figures(7, at, &sane());
    host_sample::Model { cpu, ..figures }
}

fn ats(parts: &[Vec<Point>]) -> Vec<Vec<Millis>> {
    parts.iter().map(|part| part.iter().map(|point| point.at - START).collect()).collect()
}

#[test]
fn a_number_that_cannot_be_is_named() {
    type Change = fn(&mut HostSample);
    let cases: [(&str, Change); 15] = [
        ("cpu.cores", |s| s.cpu.cores = 0),
        ("cpu.total", |s| s.cpu.total = 100.1),
        ("cpu.user", |s| s.cpu.user = Some(f64::NAN)),
        ("cpu.system", |s| s.cpu.system = Some(-1.0)),
        ("process.cpu", |s| s.process.cpu = f64::INFINITY),
        ("process.memory", |s| s.process.memory = u64::MAX),
        ("process.memoryLimit", |s| s.process.memory_limit = u64::MAX),
        ("memory.used", |s| s.memory.used = 8_001),
        ("load", |s| s.load = Some([0.0, -0.1, 0.0])),
        ("network.sent", |s| s.network.sent = f64::NAN),
        ("disks", |s| s.disks = vec![s.disks[0].clone(); MOST_DISKS + 1]),
        ("disks.name", |s| s.disks[0].name = "x".repeat(NAME_LENGTH + 1)),
        ("disks.used", |s| s.disks[0].used = 91),
        ("disks.free", |s| s.disks[0].free = 91),
        ("uptimeS", |s| s.uptime_s = u64::MAX),
    ];
    assert_eq!(check(&sane()), Ok(()));
    for (field, change) in cases {
        let mut sample = sane();
        change(&mut sample);
        assert_eq!(check(&sample).map_err(|insane| insane.field), Err(field));
    }
}

#[test]
fn what_a_system_does_not_tell_makes_sense() {
    let mut sample = sane();
    (sample.load, sample.disks) = (None, Vec::new());
    (sample.cpu.user, sample.cpu.system) = (None, None);
    assert_eq!(check(&sample), Ok(()));
    assert_eq!(figures(7, START, &sample).cpu_user, None);
}

#[test]
fn samples_are_added_up_by_the_minute() {
    let samples = [sample(START, 1_000), sample(START + 59_999, 3_000), sample(START + 60_000, 5_000)];
    let minutes = minutes(&samples);
    assert_eq!(
        minutes.iter().map(|it| (it.at - START, it.samples, it.cpu)).collect::<Vec<_>>(),
        [(0, 2, 4_000), (60_000, 1, 5_000)]
    );
    let points = parts(&[], &minutes);
    assert_eq!((points[0][0].cpu, points[0][0].cpu_user, points[0][0].memory), (20.0, Some(30.0), 5_000));
    let untold = host_sample::Model { cpu_user: None, ..sample(START + 1, 0) };
    assert_eq!(super::minutes(&[sample(START, 0), untold])[0].cpu_user, None);
}

#[test]
fn where_nothing_was_reported_the_line_ends() {
    let samples = [0, 15_000, 60_000, 120_000].map(|after| sample(START + after, 0));
    assert_eq!(ats(&parts(&samples, &minutes(&samples))), [vec![0, 15_000, 60_000], vec![120_000]]);
    let later = [0, 60_000, 180_000].map(|after| sample(START + after, 0));
    assert_eq!(ats(&parts(&[], &minutes(&later))), [vec![0, 60_000], vec![180_000]]);
    assert_eq!(parts(&[], &[]), [] as [Vec<Point>; 0]);
}

#[test]
fn single_samples_are_drawn_only_where_there_are_some_for_all_of_the_time() {
    let all = [0, 20_000, 70_000].map(|after| sample(START + after, 0));
    assert_eq!(
        ats(&parts(&all, &minutes(&all)))[0],
        [0, 20_000],
        "the first minute is still there as samples"
    );
    assert_eq!(ats(&parts(&all[2..], &minutes(&all))), [vec![0, 60_000]], "it is not any more");
}
