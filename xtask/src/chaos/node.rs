//! A server as a process that can be killed, stopped and started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;

use super::world::is_stopped;
use crate::orrery::Server;
use crate::process::Group;

/// How long a server may take until it is ready, on a machine that has other things to do.
const START: Duration = Duration::from_secs(40);

/// One server with a data folder of its own.
pub struct Node {
    server: Server,
    data: PathBuf,
    log: PathBuf,
    process: Option<Group>,
}

impl Node {
    /// One that is not started yet, and writes what it says into `folder`.
    pub fn new(server: Server, folder: &Path, number: usize) -> Self {
        let data = folder.join(format!("server-{number}"));
        let server = server.set("ORRERY_DATA_DIR", &data.to_string_lossy());
        Self { server, data, log: folder.join(format!("server-{number}.log")), process: None }
    }

    /// Its command line.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where it writes what it says.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it has said something with these words.
    pub fn has_said(&self, words: &str) -> Result<bool> {
        Ok(self.times_said(words)? > 0)
    }

    /// How often it has.
    pub fn times_said(&self, words: &str) -> Result<usize> {
        Ok(fs::read_to_string(&self.log)?.matches(words).count())
    }

    /// Whether it keeps callbacks that the database has not taken.
    pub fn keeps_callbacks(&self) -> bool {
        fs::metadata(self.data.join("callbacks.spool")).is_ok_and(|spool| spool.len() > 0)
    }

    /// The most memory that it has had, MiB. Linux only.
    pub fn peak_memory(&self) -> Result<u64> {
        let id = self.id().context("no server runs")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kib.context("a process without a peak of its memory")? / 1_024)
    }

    /// The process's id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Group::id)
    }

    /// Starts it, unless it runs.
    pub fn start(&mut self) -> Result<()> {
        if self.has_ended()? {
            self.process = Some(self.server.serve_to(&self.log)?);
        }
        Ok(())
    }

    /// Starts it so that it fails at a place, as `claim.committed:kill:3`.
    pub fn start_failing(&mut self, failpoint: &str) -> Result<()> {
        ensure!(self.has_ended()?, "a server that runs cannot be told where to fail");
        let failing = self.server.clone().set("ORRERY_FAILPOINT", failpoint);
        self.process = Some(failing.serve_to(&self.log)?);
        Ok(())
    }

    /// Waits until it may fire.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        while !self.server.is_ready() {
            ensure!(!self.has_ended()?, "the server ended by itself; see {}", self.log.display());
            if Instant::now() > deadline {
                bail!("the server is not ready; see {}", self.log.display());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// True once it has ended or was never started.
    pub fn has_ended(&mut self) -> Result<bool> {
        self.process.as_mut().map_or(Ok(true), Group::has_ended)
    }

    /// Waits until it ends by itself; false when it does not.
    pub fn ends_within(&mut self, time: Duration) -> Result<bool> {
        let deadline = Instant::now() + time;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(true)
    }

    /// Waits until a failpoint stops it; false when none does.
    pub fn stops_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while !self.id().is_some_and(is_stopped) {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// SIGSTOP or SIGCONT.
    pub fn signal(&self, what: Signal) {
        if let Some(process) = &self.process {
            process.signal(what);
        }
    }
}
