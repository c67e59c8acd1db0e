//! `POST /api/metrics`: how the host and the process of an executor of ours are doing. No message of XXL-JOB's:
//! its servers answer that they do not know it, see [`crate::RemoteReply::is_unknown_mapping`].

use serde::{Deserialize, Serialize};

use crate::BodyError;
use crate::json;

/// How often an executor reports, in seconds.
pub const EVERY_S: u64 = 15;
/// Disks in one report at most; executors leave out the rest.
pub const MOST_DISKS: usize = 32;
/// Characters of a disk's name and mount point at most; executors shorten.
pub const NAME_LENGTH: usize = 255;

/// `code` of an answer to a report of a process that is not registered (any more): it registers, and reports
/// again when the next report is due.
pub const NOT_REGISTERED: i32 = 404;
/// `code` of an answer to a report that came too soon after the one before, which stands.
pub const TOO_SOON: i32 = 429;

/// One report of one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricsReport {
    /// The executor's application name, as it registered.
    pub registry_key: String,
    /// The base address, as it registered.
    pub registry_value: String,
    /// Names the process, as it registered.
    pub life: String,
    /// What was found.
    pub sample: HostSample,
}

/// How a host, and the process on it, are doing. Sizes are bytes, shares are per cent from 0 to 100. It has no
/// time: the server's clock says when it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostSample {
    /// The processors, since the sample before.
    pub cpu: Cpu,
    /// The reporting process.
    pub process: Process,
    /// The memory of the host.
    pub memory: Memory,
    /// Runnable tasks, averaged over 1, 5 and 15 minutes; none where the system does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Over all interfaces but the loopback, since the sample before.
    pub network: Network,
    /// At most [`MOST_DISKS`]; the first is the one with the executor's data folder.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// Seconds since the host started.
    pub uptime_s: u64,
}

/// The processors of a host.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Logical processors.
    pub cores: u32,
    /// The share of all of them that is busy.
    pub total: f64,
    /// The share that works for programs; none where the system does not tell it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<f64>,
    /// The share that works for the kernel, interrupts included; none where the system does not tell it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<f64>,
}

/// The process of an executor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Its share of all processors.
    pub cpu: f64,
    /// What it holds in memory.
    pub memory: u64,
    /// What it may hold: the limit of its container where there is one, else the memory of the host.
    pub memory_limit: u64,
    /// Seconds since it started.
    pub uptime_s: u64,
}

/// The memory of a host.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What is not available to programs that ask for more.
    pub used: u64,
}

/// What goes over the network, in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// To the host.
    pub received: f64,
    /// From the host.
    pub sent: f64,
}

/// A disk, or what is mounted like one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// The device.
    pub name: String,
    /// Where it is mounted.
    pub mount: String,
    /// Its size.
    pub total: u64,
    /// What is written.
    pub used: u64,
    /// What programs without special rights may still write; with `used` it may be less than `total`.
    pub free: u64,
}

impl Process {
    /// The share of what it may hold in memory.
    pub fn memory_share(&self) -> f64 {
        share(self.memory, self.memory_limit)
    }
}

impl Memory {
    /// The share that is used.
    pub fn share(&self) -> f64 {
        share(self.used, self.total)
    }
}

impl Disk {
    /// The share that is used of what can be, as `df` counts it.
    pub fn share(&self) -> f64 {
        share(self.used, self.used.saturating_add(self.free))
    }
}

/// Per cent; a part of nothing is none.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 100.0).min(100.0) }
}

/// Reads a report. What its numbers say is not looked at.
pub fn parse_metrics(body: &[u8]) -> Result<MetricsReport, BodyError> {
    serde_json::from_str(&json::text_of(body)).map_err(|error| BodyError::NotJson(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> MetricsReport {
        MetricsReport {
            registry_key: "billing".to_owned(),
            registry_value: "http://10.0.4.17:9999".to_owned(),
            life: "5f".to_owned(),
            sample: HostSample {
                cpu: Cpu { cores: 16, total: 37.5, user: Some(30.25), system: Some(7.25) },
                process: Process { cpu: 1.5, memory: 41, memory_limit: 100, uptime_s: 60 },
                memory: Memory { total: 200, used: 124 },
                load: Some([1.5, 1.25, 1.0]),
                network: Network { received: 10.5, sent: 3.0 },
                disks: vec![Disk {
                    name: "/dev/vda1".to_owned(),
                    mount: "/".to_owned(),
                    total: 1_000,
                    used: 540,
                    free: 410,
                }],
                uptime_s: 3_600,
            },
        }
    }

    #[test]
    fn a_report_survives_the_wire_and_looks_like_this() {
        let json = concat!(
            r#"{"registryKey":"billing","registryValue":"http://10.0.4.17:9999","life":"5f","sample":{"#,
            r#""cpu":{"cores":16,"total":37.5,"user":30.25,"system":7.25},"#,
            r#""process":{"cpu":1.5,"memory":41,"memoryLimit":100,"uptimeS":60},"#,
            r#""memory":{"total":200,"used":124},"load":[1.5,1.25,1.0],"#,
            r#""network":{"received":10.5,"sent":3.0},"#,
            r#""disks":[{"name":"/dev/vda1","mount":"/","total":1000,"used":540,"free":410}],"uptimeS":3600}}"#,
        );
        assert_eq!(serde_json::to_string(&report()).unwrap(), json);
        assert_eq!(parse_metrics(json.as_bytes()), Ok(report()));
    }

    #[test]
    fn what_a_system_does_not_tell_may_be_left_out() {
        let mut report = report();
        report.sample.load = None;
        report.sample.cpu = Cpu { user: None, system: None, ..report.sample.cpu };
        let json = serde_json::to_string(&report).unwrap();
        assert!(!json.contains("load") && !json.contains("user"), "{json}");
        assert_eq!(parse_metrics(json.as_bytes()), Ok(report));
    }

    #[test]
    fn what_is_no_report_is_refused_with_the_place() {
        for (body, part) in [
            ("", "EOF"),
            ("[]", "invalid"),
            (r#"{"registryKey":"a"}"#, "registryValue"),
            (r#"{"registryKey":"a","registryValue":"b","life":"c","sample":{"cpu":{"cores":-1}}}"#, "-1"),
        ] {
            let refused = parse_metrics(body.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused:?} lacks {part:?}");
        }
        assert!(parse_metrics(&b"[".repeat(5_000)).is_err());
    }

    #[test]
    fn shares_are_of_what_can_be_used() {
        let sample = report().sample;
        assert_eq!(sample.process.memory_share(), 41.0);
        assert_eq!(sample.memory.share(), 62.0);
        assert!((sample.disks[0].share() - 56.84).abs() < 0.01);
        assert_eq!(Memory { total: 0, used: 7 }.share(), 0.0);
        assert_eq!(Process { memory: 200, ..sample.process }.memory_share(), 100.0);
    }
}
