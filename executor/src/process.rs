//! Programs that a run starts: in a process group of their own, so that all of them can be stopped together, and
//! with an environment that tells nothing of this process.

mod tree;

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::handler::{Context, HandlerResult};
use crate::run_log::{LINE_LIMIT, RunLog};
use tree::Tree;

/// How long a cancelled program may take to end by itself.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long output is still read after the program's end: a child it left behind may keep the pipe open.
const DRAIN: Duration = Duration::from_secs(1);
/// Variables of this process that programs see, besides `LC_*`: where things are, who runs them, and in which
/// language and zone. Others may hold secrets, such as the executor's token.
const PASSED_ON: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"];

/// Runs a program to its end, its output going to the run's log. Exit value 0 is success. When the run is
/// cancelled the program and all that it started are asked to end, and killed if they do not.
pub(crate) async fn run(ctx: &Context, mut command: Command) -> HandlerResult {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command.env_clear().envs(passed_on(std::env::vars_os()));
    command.env("ORRERY_JOB_ID", ctx.job_id().to_string());
    command.env("ORRERY_RUN_ID", ctx.run_id().to_string());
    let mut child = command.spawn()?;
    let mut tree = Tree::of(&child);
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
            tree.signal(Signal::SIGTERM);
            let _ended_in_time = tokio::time::timeout(TERM_GRACE, child.wait()).await;
            tree.kill();
            child.wait().await?
        }
    };
    tree.release();
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

/// Those of the variables that a program may see.
fn passed_on(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    let may_be_seen = |name: &str| PASSED_ON.contains(&name) || name.starts_with("LC_");
    variables.filter(move |(name, _)| name.to_str().is_some_and(may_be_seen))
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
    fn only_harmless_variables_are_passed_on() {
        let present = ["PATH", "LC_ALL", "ORRERY_EXECUTOR_TOKEN", "AWS_SECRET_ACCESS_KEY", "TZ", "PATHS"];
        let variables = present.map(|name| (OsString::from(name), OsString::from("x")));
        let names: Vec<_> = passed_on(variables.into_iter()).map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "TZ"]);
    }

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
