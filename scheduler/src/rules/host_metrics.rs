//! How hosts are doing: which reports make sense, what is kept of them, and what a chart draws.

use entity::host_state::{Disk, HostSample};
use entity::{Millis, host_minute, host_sample};
use protocol::metrics::{MOST_DISKS, NAME_LENGTH};
use std::collections::BTreeMap;

/// How often executors report.
pub const EVERY: Millis = 15_000;
/// What is older is no longer how a host is doing: two reports are missing.
pub const STALE: Millis = 45_000;
/// What is added up.
pub const MINUTE: Millis = 60_000;
/// Sizes beyond this (8 PiB) are no memory and no disk, and would not fit when they are added up.
const MOST_BYTES: u64 = 1 << 53;
const MOST_CORES: u32 = 1 << 16;
/// Ten thousand years.
const MOST_SECONDS: u64 = 315_576_000_000;
const MOST_LOAD: f64 = 1e6;

/// Which number of a report makes no sense, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insane {
    /// Its name on the wire.
    pub field: &'static str,
    pub problem: String,
}

/// Checks every number of a report.
///
/// # Errors
/// The first that cannot be.
pub fn check(sample: &HostSample) -> Result<(), Insane> {
    let HostSample { cpu, process, memory, load, network, disks, uptime_s } = sample;
    within("cpu.cores", f64::from(cpu.cores), 1.0, f64::from(MOST_CORES))?;
    within("cpu.total", cpu.total, 0.0, 100.0)?;
    within("cpu.user", cpu.user.unwrap_or(0.0), 0.0, 100.0)?;
    within("cpu.system", cpu.system.unwrap_or(0.0), 0.0, 100.0)?;
    within("process.cpu", process.cpu, 0.0, 100.0)?;
    size("process.memory", process.memory, MOST_BYTES)?;
    size("process.memoryLimit", process.memory_limit, MOST_BYTES)?;
    size("process.uptimeS", process.uptime_s, MOST_SECONDS)?;
    size("memory.total", memory.total, MOST_BYTES)?;
    size("memory.used", memory.used, memory.total)?;
    for average in load.iter().flatten() {
        within("load", *average, 0.0, MOST_LOAD)?;
    }
    within("network.received", network.received, 0.0, MOST_BYTES as f64)?;
    within("network.sent", network.sent, 0.0, MOST_BYTES as f64)?;
    size("disks", disks.len() as u64, MOST_DISKS as u64)?;
    disks.iter().try_for_each(check_disk)?;
    size("uptimeS", *uptime_s, MOST_SECONDS)
}

fn check_disk(disk: &Disk) -> Result<(), Insane> {
    for (field, text) in [("disks.name", &disk.name), ("disks.mount", &disk.mount)] {
        size(field, text.chars().count() as u64, NAME_LENGTH as u64)?;
    }
    size("disks.total", disk.total, MOST_BYTES)?;
    size("disks.used", disk.used, disk.total)?;
    size("disks.free", disk.free, disk.total)
}

fn within(field: &'static str, value: f64, least: f64, most: f64) -> Result<(), Insane> {
    if value.is_finite() && (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Insane { field, problem: format!("{value} is not between {least} and {most}") })
}

fn size(field: &'static str, value: u64, most: u64) -> Result<(), Insane> {
    if value <= most {
        return Ok(());
    }
    Err(Insane { field, problem: format!("{value} is more than {most}") })
}

/// What is kept of a report that passed [`check`].
pub fn figures(instance_id: i32, at: Millis, sample: &HostSample) -> host_sample::Model {
    let hundredths = |share: f64| (share * 100.0).round() as i64;
    let bytes = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    host_sample::Model {
        instance_id,
        at,
        cpu: hundredths(sample.cpu.total),
        cpu_user: sample.cpu.user.map(hundredths),
        cpu_system: sample.cpu.system.map(hundredths),
        process_memory: bytes(sample.process.memory),
        memory: bytes(sample.memory.used),
    }
}

/// The samples added up by instance and minute, sorted, so that servers lock alike.
pub fn minutes(samples: &[host_sample::Model]) -> Vec<host_minute::Model> {
    let mut minutes: BTreeMap<(i32, Millis), host_minute::Model> = BTreeMap::new();
    for sample in samples {
        let at = sample.at - sample.at.rem_euclid(MINUTE);
        let minute = minutes.entry((sample.instance_id, at)).or_insert_with(|| host_minute::Model {
            instance_id: sample.instance_id,
            at,
            samples: 0,
            cpu: 0,
            cpu_user: Some(0),
            cpu_system: Some(0),
            process_memory: 0,
            memory: 0,
        });
        minute.samples += 1;
        minute.cpu += sample.cpu;
        minute.cpu_user = minute.cpu_user.zip(sample.cpu_user).map(|(sum, one)| sum + one);
        minute.cpu_system = minute.cpu_system.zip(sample.cpu_system).map(|(sum, one)| sum + one);
        minute.process_memory += sample.process_memory;
        minute.memory += sample.memory;
    }
    minutes.into_values().collect()
}

/// What a chart draws at one moment. Shares are per cent of all processors, sizes bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: Millis,
    pub cpu: f64,
    pub cpu_user: Option<f64>,
    pub cpu_system: Option<f64>,
    pub process_memory: i64,
    pub memory: i64,
}

/// The points of a time: single samples where there are some for all of it, else whole minutes. Points that
/// stand in one part are connected; between parts nothing was reported.
pub fn parts(samples: &[host_sample::Model], minutes: &[host_minute::Model]) -> Vec<Vec<Point>> {
    let begins = |samples: Option<&host_sample::Model>, minutes: Option<&host_minute::Model>| {
        samples.is_some_and(|sample| minutes.is_none_or(|minute| sample.at < minute.at + MINUTE))
    };
    let is_whole = begins(samples.first(), minutes.first());
    let (points, apart): (Vec<Point>, Millis) = match is_whole {
        true => (samples.iter().map(single).collect(), STALE),
        false => (minutes.iter().map(average).collect(), MINUTE),
    };
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for point in points {
        match parts.last_mut() {
            Some(part) if part.last().is_some_and(|last| point.at - last.at <= apart) => part.push(point),
            _ => parts.push(vec![point]),
        }
    }
    parts
}

fn single(sample: &host_sample::Model) -> Point {
    let percent = |hundredths: i64| hundredths as f64 / 100.0;
    Point {
        at: sample.at,
        cpu: percent(sample.cpu),
        cpu_user: sample.cpu_user.map(percent),
        cpu_system: sample.cpu_system.map(percent),
        process_memory: sample.process_memory,
        memory: sample.memory,
    }
}

fn average(minute: &host_minute::Model) -> Point {
    let samples = minute.samples.max(1);
    let percent = |sum: i64| sum as f64 / samples as f64 / 100.0;
    Point {
        at: minute.at,
        cpu: percent(minute.cpu),
        cpu_user: minute.cpu_user.map(percent),
        cpu_system: minute.cpu_system.map(percent),
        process_memory: minute.process_memory / samples,
        memory: minute.memory / samples,
    }
}

#[cfg(test)]
mod tests;
