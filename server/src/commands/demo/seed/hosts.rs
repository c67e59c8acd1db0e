//! How the hosts of the demonstration are doing.

use anyhow::Result;
use entity::host_state::{Cpu, Disk, HostSample, Memory, Network, Process};
use entity::{Millis, host_minute, host_state, instance};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const MINUTE: Millis = 60_000;
/// Minutes that are made up: what a chart covers, and a step back.
const MINUTES: i64 = 360;
/// Reports in a minute.
const REPORTS: i64 = 4;
const GIB: u64 = 1 << 30;
const CORES: u32 = 8;

/// The last report of each instance, and the minutes before it.
pub fn reports(
    seed: u64,
    instances: &[&instance::Model],
    now: Millis,
) -> Result<(Vec<host_state::Model>, Vec<host_minute::Model>)> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut instances = instances.to_vec();
    instances.sort_by_key(|instance| instance.id);
    let (mut states, mut minutes) = (Vec::new(), Vec::new());
    for instance in instances {
        let mut busy = dice.random_range(10.0..60.0_f64);
        let last = now - now.rem_euclid(MINUTE);
        for minute in (0..MINUTES).rev() {
            // Load drifts rather than leaps.
            busy = (busy + dice.random_range(-6.0..6.0)).clamp(3.0, 94.0);
            minutes.push(minute_of(instance.id, last - minute * MINUTE, busy));
        }
        let sample = serde_json::to_string(&sample(busy))?;
        states.push(host_state::Model { instance_id: instance.id, at: now, sample });
    }
    Ok((states, minutes))
}

/// Sums of a minute's reports, shares in hundredths of a per cent.
fn minute_of(instance_id: i32, at: Millis, busy: f64) -> host_minute::Model {
    let hundredths = |share: f64| (share * 100.0) as i64 * REPORTS;
    let bytes = |gib: f64| (gib * GIB as f64) as i64 * REPORTS;
    host_minute::Model {
        instance_id,
        at,
        samples: REPORTS,
        cpu: hundredths(busy * 0.75) + hundredths(busy * 0.25),
        cpu_user: Some(hundredths(busy * 0.75)),
        cpu_system: Some(hundredths(busy * 0.25)),
        process_memory: bytes(1.0 + busy / 40.0),
        memory: bytes(6.0 + busy / 12.0),
    }
}

fn sample(busy: f64) -> HostSample {
    let gib = |gib: f64| (gib * GIB as f64) as u64;
    let load = busy / 100.0 * f64::from(CORES);
    HostSample {
        cpu: Cpu { cores: CORES, total: busy, user: Some(busy * 0.75), system: Some(busy * 0.25) },
        process: Process {
            cpu: busy * 0.6,
            memory: gib(1.0 + busy / 40.0),
            memory_limit: 8 * GIB,
            uptime_s: 5 * 86_400,
        },
        memory: Memory { total: 16 * GIB, used: gib(6.0 + busy / 12.0) },
        load: Some([load, load * 0.9, load * 0.8]),
        network: Network { received: busy * 40_000.0, sent: busy * 25_000.0 },
        disks: vec![Disk {
            name: "vda1".to_owned(),
            mount: "/".to_owned(),
            total: 200 * GIB,
            used: 130 * GIB,
            free: 60 * GIB,
        }],
        uptime_s: 41 * 86_400,
    }
}
