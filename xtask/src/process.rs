//! Child processes: each in a process group of its own, so that all its descendants end with it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::unistd::Pid;

/// How long a process group may take between SIGTERM and SIGKILL; the server promises to leave within 10 s.
const PATIENCE: Duration = Duration::from_secs(12);

/// Groups that run now, oldest first.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Set when a signal has begun to end this process.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Takes away what `cargo run` tells this program about its own package. Build scripts watch such
/// variables: a cargo below us would compile `ring`, and all that stands on it, anew each time.
fn forget_our_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// A running child with its descendants; stopped when dropped.
pub struct Group {
    name: String,
    child: Child,
    group: Pid,
}

impl Group {
    /// Starts `command` without standard input.
    pub fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        forget_our_package(command);
        // A child inherits the mask of the thread that starts it: with our signals blocked, neither it
        // nor any descendant could be told to stop.
        let blocked = SigSet::thread_get_mask()?;
        SigSet::empty().thread_set_mask()?;
        let spawned = command.process_group(0).stdin(Stdio::null()).spawn();
        blocked.thread_set_mask()?;
        let child =
            spawned.with_context(|| format!("cannot start {name} ({})", command.get_program().display()))?;
        let group = Pid::from_raw(i32::try_from(child.id()).context("process id out of range")?);
        running().push(group);
        Ok(Self { name: name.to_owned(), child, group })
    }

    /// The name given to [`Group::spawn`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Process id of the child itself.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child, for taking its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Fails when the child has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself: {status}", self.name),
        }
    }

    /// Whether the child has ended, however.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends a signal to the child and its descendants.
    pub fn signal(&self, what: Signal) {
        signal(self.group, what);
    }

    /// Ends the group at once, as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        signal(self.group, Signal::SIGKILL);
        self.child.wait()?;
        running().retain(|group| *group != self.group);
        Ok(())
    }

    /// The same with the child's own children, also where they have left the group. It is stopped first, so that it
    /// gets no more of them meanwhile. Linux only.
    pub fn kill_with_children(&mut self) -> Result<()> {
        self.signal(Signal::SIGSTOP);
        let id = self.id();
        for child in std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?.split_whitespace() {
            let sent = kill(Pid::from_raw(child.parse()?), Signal::SIGKILL);
            ensure!(matches!(sent, Ok(()) | Err(Errno::ESRCH)), "cannot end a child of {}", self.name);
        }
        self.kill()
    }

    /// Waits for the child's own end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Asks the group to end, waits, then kills what is left.
    pub fn stop(&mut self) -> Result<()> {
        signal(self.group, Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                eprintln!("note: {} does not end within {} s and is killed", self.name, PATIENCE.as_secs());
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.kill()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("note: cannot stop {}: {error:#}", self.name);
        }
    }
}

/// Runs `command` with its output shown; fails unless it succeeds.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    let status = Group::spawn(name, command)?.wait()?;
    if status.success() { Ok(()) } else { bail!("{name}: {status}") }
}

/// Runs `command` and returns its standard output; its standard error is shown only when it fails.
pub fn output(name: &str, command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when `command` can be started and succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command`, shows each line of both its outputs and hands it to `see`.
pub fn watch_lines(name: &str, command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut group = Group::spawn(name, command)?;
    // The command holds the pipe's other end: without letting go of it the reading below never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        println!("{line}");
        see(&line);
        bytes.clear();
    }
    group.wait()
}

/// From now on Ctrl-C, SIGTERM and SIGHUP end every running group before this process.
///
/// Must be called before any thread starts, so that all of them leave these signals to one thread.
pub fn stop_children_on_interrupt() -> Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGHUP);
    signals.thread_block()?;
    thread::spawn(move || {
        let received = signals.wait();
        INTERRUPTED.store(true, Ordering::SeqCst);
        println!("\nstopping ...");
        stop_all();
        crate::paths::remove_scratch_folders();
        let number = received.map_or(1, |signal| signal as i32);
        std::process::exit(128 + number);
    });
    Ok(())
}

/// Once a signal has come, leaves the rest of this process's life to the thread that stops the children.
pub fn rest_if_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// Ends the groups one after another, the youngest first: an executor can still sign off at its server.
fn stop_all() {
    let groups: Vec<Pid> = running().iter().rev().copied().collect();
    let deadline = Instant::now() + PATIENCE;
    for group in groups {
        signal(group, Signal::SIGTERM);
        while killpg(group, None).is_ok() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        signal(group, Signal::SIGKILL);
    }
}

/// Sends `what` to a group; one that is gone is what we want.
fn signal(group: Pid, what: Signal) {
    if let Err(error) = killpg(group, what)
        && error != Errno::ESRCH
    {
        eprintln!("note: cannot send {what} to process group {group}: {error}");
    }
}

fn running() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
