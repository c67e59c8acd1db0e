//! How this host and this process are doing. Measured on a thread of its own: whatever the system makes it wait
//! for, a disk that does not answer for instance, keeps nobody else waiting.

mod cpu;
mod disk;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use protocol::metrics::{Cpu, HostSample, Memory, Network, Process};
use sysinfo::{Disks, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::sync::oneshot;

/// Its traffic never leaves the host.
const LOOPBACKS: [&str; 2] = ["lo", "lo0"];

/// The way to the thread that measures; it ends with this.
pub(crate) struct Probe {
    ask: mpsc::Sender<oneshot::Sender<HostSample>>,
}

impl Probe {
    /// Starts to measure: what is counted since the sample before is counted since now in the first one. The
    /// folder is the one whose disk is named first.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(data_dir: &Path) -> std::io::Result<Self> {
        let (ask, asked) = mpsc::channel::<oneshot::Sender<HostSample>>();
        let data_dir = data_dir.to_owned();
        let work = move || {
            let mut host = Host::look_at(data_dir);
            while let Ok(answer) = asked.recv() {
                // Nobody waits for it any more when the executor stops.
                let _ = answer.send(host.sample());
            }
        };
        std::thread::Builder::new().name("host metrics".to_owned()).spawn(work)?;
        Ok(Self { ask })
    }

    /// How things are now. None when the thread has ended, which only a panic does.
    pub async fn sample(&self) -> Option<HostSample> {
        let (answer, answered) = oneshot::channel();
        self.ask.send(answer).ok()?;
        answered.await.ok()
    }
}

/// What is measured, and what it was the last time.
struct Host {
    system: System,
    networks: Networks,
    data_dir: PathBuf,
    process: Option<Pid>,
    times: Option<cpu::Times>,
    at: Instant,
}

impl Host {
    fn look_at(data_dir: PathBuf) -> Self {
        let mut host = Self {
            system: System::new(),
            networks: Networks::new_with_refreshed_list(),
            data_dir: data_dir.canonicalize().unwrap_or(data_dir),
            process: sysinfo::get_current_pid().ok(),
            times: cpu::Times::now(),
            at: Instant::now(),
        };
        host.refresh();
        host
    }

    fn refresh(&mut self) {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        if let Some(process) = self.process {
            let wanted = ProcessRefreshKind::nothing().without_tasks().with_cpu().with_memory();
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), false, wanted);
        }
    }

    fn sample(&mut self) -> HostSample {
        self.refresh();
        let cpu = self.cpu();
        HostSample {
            cpu,
            process: self.process(cpu.cores),
            memory: Memory { total: self.system.total_memory(), used: self.system.used_memory() },
            load: load(),
            network: self.network(),
            disks: disk::of_all(&Disks::new_with_refreshed_list(), &self.data_dir),
            uptime_s: System::uptime(),
        }
    }

    /// By the system's own counters where it shows them, for they tell user and system apart; else as `sysinfo`
    /// has it.
    fn cpu(&mut self) -> Cpu {
        let cores = u32::try_from(self.system.cpus().len()).unwrap_or(u32::MAX).max(1);
        let now = cpu::Times::now();
        let shares = self.times.zip(now).and_then(|(before, now)| now.since(before));
        self.times = now;
        match shares {
            Some(shares) => {
                Cpu { cores, total: shares.total, user: Some(shares.user), system: Some(shares.system) }
            }
            None => Cpu { cores, total: percent(self.system.global_cpu_usage()), user: None, system: None },
        }
    }

    fn process(&self, cores: u32) -> Process {
        let limit = self.system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
        let memory_limit = match self.system.total_memory().min(limit) {
            // A container without a limit may say so by a nought.
            0 => self.system.total_memory(),
            limit => limit,
        };
        let found = self.process.and_then(|process| self.system.process(process));
        Process {
            // `sysinfo` counts per core.
            cpu: found.map_or(0.0, |process| percent(process.cpu_usage() / cores as f32)),
            memory: found.map_or(0, |process| process.memory()),
            memory_limit,
            uptime_s: found.map_or(0, |process| process.run_time()),
        }
    }

    fn network(&mut self) -> Network {
        let now = Instant::now();
        let seconds = (now - std::mem::replace(&mut self.at, now)).as_secs_f64();
        self.networks.refresh(true);
        let real = || self.networks.iter().filter(|(name, _)| !LOOPBACKS.contains(&name.as_str()));
        let rate = |bytes: u64| if seconds > 0.0 { bytes as f64 / seconds } else { 0.0 };
        Network {
            received: rate(real().map(|(_, found)| found.received()).sum()),
            sent: rate(real().map(|(_, found)| found.transmitted()).sum()),
        }
    }
}

/// None on systems that count no load, which all say nought.
fn load() -> Option<[f64; 3]> {
    let load = System::load_average();
    let averages = [load.one, load.five, load.fifteen];
    (!cfg!(windows) && averages.iter().all(|average| average.is_finite())).then_some(averages)
}

fn percent(share: f32) -> f64 {
    if share.is_finite() { f64::from(share).clamp(0.0, 100.0) } else { 0.0 }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
