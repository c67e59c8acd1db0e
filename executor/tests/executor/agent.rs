//! The program `orrery-executor` as its operator starts it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::*;

fn agent(server: &Server, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orrery-executor"));
    command
        .args(["--server", &server.url, "--app-name", APP, "--token", TOKEN])
        .args(["--listen", "127.0.0.1:0", "--label", "zone=a", "--label", "disk=ssd", "--workers", "3"])
        .arg("--data-dir")
        .arg(data)
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped());
    command
}

/// A started agent, ended with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _already_ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl Agent {
    fn start(server: &Server, data: &Path) -> Self {
        Self(agent(server, data).spawn().expect("the agent starts"))
    }

    async fn asked_to_end(mut self) -> (ExitStatus, String) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("the agent runs");
        let status = eventually(|| self.0.try_wait().expect("a child of ours")).await;
        let mut log = String::new();
        let stderr = self.0.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut log).expect("text");
        (status, log)
    }
}

/// The registrations of `count` different processes.
async fn registered(server: &Server, count: usize) -> Vec<Value> {
    let different = || {
        server.with(|record| {
            let mut found: Vec<Value> = Vec::new();
            for registration in &record.registered {
                if found.iter().all(|known| known["life"] != registration["life"]) {
                    found.push(registration.clone());
                }
            }
            (found.len() == count).then_some(found)
        })
    };
    eventually(different).await
}

#[tokio::test]
async fn two_agents_on_one_machine_are_two_instances_with_their_labels() {
    let server = Server::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let _agents = folders.each_ref().map(|folder| Agent::start(&server, folder.path()));
    let both = registered(&server, 2).await;
    assert_ne!(both[0]["registryValue"], both[1]["registryValue"]);
    for registration in both {
        assert!(registration["registryValue"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        assert_eq!(registration["labels"], "disk=ssd,zone=a");
        let announced = &registration["announces"];
        assert_eq!(announced["handlers"], serde_json::json!(["demo", "http", "sleep"]));
        assert_eq!(announced["workers"], 3);
    }
}

#[tokio::test]
async fn an_agent_does_not_share_its_data_folder() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _first = Agent::start(&server, folder.path());
    registered(&server, 1).await;
    let second = agent(&server, folder.path()).output().expect("it ends by itself");
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("belongs to another executor that is running"), "{told}");
}

#[tokio::test]
async fn sigterm_lets_a_run_finish_delivers_its_result_and_signs_off() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(&server, folder.path());
    let address = registered(&server, 1).await[0]["registryValue"].as_str().unwrap().to_owned();
    let caller = Caller::at(&address);
    let run = changed(trigger(1, 1, "sleep"), serde_json::json!({"executorParams": "500ms"}));
    assert_eq!(caller.run_with(run).await.0, 200);
    caller.logged(1, "Sleeping").await;
    let (status, log) = agent.asked_to_end().await;
    assert!(status.success(), "{log}");
    server.with(|record| {
        assert_eq!(record.results[&1], [(200, "Slept for 500ms.".to_owned())]);
        assert_eq!(record.removed[0]["registryValue"], address.as_str());
    });
}

#[test]
fn the_agent_says_what_it_can_be_told_and_what_is_wrong() {
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orrery-executor"));
        command.args(arguments).output().expect("the agent starts")
    };
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for part in
        ["--label <KEY=VALUE>", "--http-allow <HOST|NETWORK>", "--workers <RUNS>", "--data-dir <PATH>"]
    {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
    let base = ["--server", "http://h", "--app-name", "a"];
    for (wrong, part) in [
        (["--label", "zone"], "a label is key=value"),
        (["--http-allow", "http://h"], "is none of: a host"),
        (["--label", "a b=c"], "key and value have 1 to 63"),
    ] {
        let output = run(&[&base[..], &wrong[..]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(part), "{told}");
    }
}
