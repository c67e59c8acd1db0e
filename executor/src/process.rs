//! Programs that a run starts: in a process group of their own, so that all of them can be stopped together.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::handler::{Context, HandlerResult};
use crate::run_log::{LINE_LIMIT, RunLog};

/// How long a cancelled program may take to end by itself.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long output is still read after the program's end: a child it left behind may keep the pipe open.
const DRAIN: Duration = Duration::from_secs(1);
/// Variables of this process that programs must not see.
const SECRETS: [&str; 1] = ["ORRERY_EXECUTOR_TOKEN"];

/// Runs a program to its end, its output going to the run's log. Exit value 0 is success. When the run is
/// cancelled the whole group is asked to end, and killed if it does not.
pub(crate) async fn run(ctx: &Context, mut command: Command) -> HandlerResult {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command.env("ORRERY_JOB_ID", ctx.job_id().to_string());
    command.env("ORRERY_RUN_ID", ctx.run_id().to_string());
    for name in SECRETS {
        command.env_remove(name);
    }
    let mut child = command.spawn()?;
    let mut group = Group::of(&child);
    let mut output = JoinSet::new();
    if let Some(stdout) = child.stdout.take() {
        output.spawn(copy_lines(stdout, ctx.run_log().clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        output.spawn(copy_lines(stderr, ctx.run_log().clone()));
    }
    let status = tokio::select! {
        status = child.wait() => status?,
        () = ctx.cancelled() => {
            group.signal(Signal::SIGTERM);
            let _ended_in_time = tokio::time::timeout(TERM_GRACE, child.wait()).await;
            group.signal(Signal::SIGKILL);
            child.wait().await?
        }
    };
    group.release();
    // What is still open after this belongs to a process the program left behind; its output is not the run's.
    let _drained = tokio::time::timeout(DRAIN, async { while output.join_next().await.is_some() {} }).await;
    verdict(status)
}

fn verdict(status: ExitStatus) -> HandlerResult {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(String::new()),
        (Some(code), _) => Err(format!("script exit value({code}) is failed").into()),
        (None, signal) => Err(format!("the program was ended by signal {}", signal.unwrap_or(0)).into()),
    }
}

/// A process group that does not outlive the run: dropped while the program runs, it is killed.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // The only error worth expecting is that nobody is left.
            let _ = killpg(group, signal);
        }
    }

    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

async fn copy_lines(mut source: impl AsyncRead + Unpin, log: RunLog) {
    let mut splitter = LineSplitter::default();
    let mut buffer = vec![0; 16 * 1024];
    // An error of a pipe is its end.
    while let Ok(count @ 1..) = source.read(&mut buffer).await {
        if let Some(lines) = splitter.push(&buffer[..count]) {
            log.raw(&lines);
        }
    }
    if let Some(rest) = splitter.finish() {
        log.raw(&rest);
    }
}

/// Collects output into whole lines.
#[derive(Default)]
struct LineSplitter {
    partial: Vec<u8>,
}

impl LineSplitter {
    /// The lines that are complete now.
    fn push(&mut self, bytes: &[u8]) -> Option<String> {
        self.partial.extend_from_slice(bytes);
        let end = match self.partial.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => at + 1,
            None if self.partial.len() >= LINE_LIMIT => self.partial.len(),
            None => return None,
        };
        let rest = self.partial.split_off(end);
        let complete = std::mem::replace(&mut self.partial, rest);
        Some(String::from_utf8_lossy(&complete).into_owned())
    }

    /// What has no end of line at the end of the output.
    fn finish(self) -> Option<String> {
        (!self.partial.is_empty()).then(|| String::from_utf8_lossy(&self.partial).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_whole_lines_wherever_the_pipe_cuts_it() {
        let mut splitter = LineSplitter::default();
        assert_eq!(splitter.push(b"a\nb"), Some("a\n".to_owned()));
        assert_eq!(splitter.push("ä".as_bytes().split_at(1).0), None);
        assert_eq!(splitter.push("ä\nc\n".as_bytes().split_at(1).1), Some("bä\nc\n".to_owned()));
        assert_eq!(splitter.push(b"end"), None);
        assert_eq!(splitter.finish(), Some("end".to_owned()));
    }

    #[test]
    fn output_without_line_ends_does_not_pile_up() {
        let mut splitter = LineSplitter::default();
        assert_eq!(splitter.push(&vec![b'x'; LINE_LIMIT]).map(|line| line.len()), Some(LINE_LIMIT));
        assert!(splitter.partial.is_empty());
    }
}
