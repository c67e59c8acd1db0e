//! How fast requests can be at all on this machine: `wrk`, on one thread, against the same executor.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::programs::{Executor, ExecutorOptions, Programs};
use crate::paths::{self, ScratchFolder};
use crate::process;
use crate::tools::system;

/// A trigger as a server sends it.
const REQUEST: &str = r#"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json;charset=UTF-8"
wrk.headers["XXL-JOB-ACCESS-TOKEN"] = "0123456789abcdef0123456789abcdef"
wrk.body = '{"jobId":71,"executorHandler":"bench","executorParams":"","executorBlockStrategy":"SERIAL_EXECUTION","executorTimeout":0,"logId":9001,"logDateTime":1781000000000,"glueType":"BEAN","glueSource":"","glueUpdatetime":1780000000000,"broadcastIndex":0,"broadcastTotal":1}'
"#;

/// Requests a second; none where `wrk` is not to be had.
pub fn posts_per_second(programs: &Programs) -> Result<Option<f64>> {
    if paths::find_on_path(&["wrk"]).is_none() && system::can_install() {
        system::install(&["wrk"], "it tells how fast requests can be at all")?;
    }
    if paths::find_on_path(&["wrk"]).is_none() {
        println!("note: there is no wrk here: what the machine could do is not measured");
        return Ok(None);
    }
    let port = paths::free_port()?;
    let options = ExecutorOptions { port, jobs: 0, warm_up: 0, seconds: 1, more: Vec::new(), server: None };
    let mut executor = Executor::start(programs, options)?;
    thread::sleep(Duration::from_millis(300));
    let scratch = ScratchFolder::create("bench-raw")?;
    let script = scratch.path().join("post.lua");
    fs::write(&script, REQUEST)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", "-d5s", "-s"]).arg(&script).arg(format!("http://127.0.0.1:{port}/run"));
    let printed = process::output("wrk", &mut wrk)?;
    executor.group.stop()?;
    Ok(rate(&printed))
}

fn rate(printed: &str) -> Option<f64> {
    printed.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_stands_in_a_line_of_its_own() {
        assert_eq!(
            rate("  50 requests in 5.0s\nRequests/sec:  54321.09\nTransfer/sec: 1MB\n"),
            Some(54_321.09)
        );
        assert_eq!(rate("unable to connect"), None);
    }
}
