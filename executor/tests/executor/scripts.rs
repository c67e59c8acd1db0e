use std::path::Path;

use serde_json::{Value, json};

use crate::support::*;

fn script(run_id: i64, mode: &str, source: &str) -> Value {
    changed(
        trigger(71, run_id, ""),
        json!({"glueType": mode, "glueSource": source, "glueUpdatetime": run_id}),
    )
}

async fn with_scripts() -> Fixture {
    fixture_with(|builder| builder.allow_scripts(true).handler("command", orrery_executor::builtin::command))
        .await
}

/// Whether a process runs: one that is dead and not yet collected does not.
fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

#[tokio::test]
async fn a_script_gets_three_arguments_and_its_output_is_the_log() {
    let it = with_scripts().await;
    let source = "echo \"arguments: $1 $2 $3, run $ORRERY_RUN_ID\"\r\necho trouble >&2\r\nprintf unfinished";
    let trigger = changed(
        script(1, "GLUE_SHELL", source),
        json!({"executorParams": "a b", "broadcastIndex": 2, "broadcastTotal": 5}),
    );
    assert_eq!(it.caller.run_with(trigger).await.0, 200);
    assert_eq!(it.server.result(1).await.0, 200);
    let log = it.caller.logged(1, "run ends").await;
    for line in ["arguments: a b 2 5, run 1\n", "trouble\n", "unfinished\n"] {
        assert!(log.contains(line), "{line:?} is missing: {log}");
    }
    assert!(it.data.path().join("scripts/71_1.sh").is_file());
}

#[tokio::test]
async fn a_python_script_runs_and_its_exit_value_decides() {
    let it = with_scripts().await;
    it.caller.run_with(script(1, "GLUE_PYTHON", "import sys\nprint('lines', len(sys.argv))")).await;
    assert_eq!(it.server.result(1).await.0, 200);
    assert!(it.caller.logged(1, "run ends").await.contains("lines 4"));
    it.caller.run_with(script(2, "GLUE_SHELL", "exit 3")).await;
    assert_eq!(it.server.result(2).await, (500, "script exit value(3) is failed".to_owned()));
}

#[tokio::test]
async fn scripts_are_refused_unless_the_operator_allows_them() {
    let it = fixture().await;
    let (code, text) = it.caller.run_with(script(1, "GLUE_SHELL", "touch /tmp/never")).await;
    assert_eq!(code, 500);
    assert!(text.contains("does not allow scripts"), "{text}");
    assert!(!it.data.path().join("scripts").exists());
    let it = with_scripts().await;
    let (_, text) = it.caller.run_with(script(1, "GLUE_GROOVY", "")).await;
    assert!(text.contains("not supported"), "{text}");
}

/// A script that starts a child, says both numbers, and ignores the polite request to end.
const FAMILY: &str = "trap '' TERM\nsleep 300 &\necho \"family $$ $!\"\nwait\nwait\nsleep 300\n";

async fn family(it: &Fixture, run_id: i64) -> Vec<String> {
    let log = it.caller.logged(run_id, "family ").await;
    let line = log.lines().find_map(|line| line.strip_prefix("family ")).expect("the text was waited for");
    let pids: Vec<_> = line.split(' ').map(str::to_owned).collect();
    assert!(pids.iter().all(|pid| is_running(pid)), "{line}");
    pids
}

#[tokio::test]
async fn a_kill_ends_a_script_with_all_its_children() {
    let it =
        fixture_with(|builder| builder.allow_scripts(true).kill_grace(std::time::Duration::from_secs(10)))
            .await;
    it.caller.run_with(script(1, "GLUE_SHELL", FAMILY)).await;
    let pids = family(&it, 1).await;
    it.caller.call("kill", json!({"jobId": 71})).await;
    assert_eq!(it.server.result(1).await.0, 500);
    eventually(|| (!pids.iter().any(|pid| is_running(pid))).then_some(())).await;
}

#[tokio::test]
async fn a_timeout_ends_a_script_with_all_its_children_even_when_its_task_is_aborted() {
    let it = with_scripts().await;
    it.caller.run_with(changed(script(1, "GLUE_SHELL", FAMILY), json!({"executorTimeout": 1}))).await;
    let pids = family(&it, 1).await;
    assert_eq!(it.server.result(1).await.0, 502);
    eventually(|| (!pids.iter().any(|pid| is_running(pid))).then_some(())).await;
}

#[tokio::test]
async fn a_script_that_leaves_a_child_behind_ends_all_the_same() {
    let it = with_scripts().await;
    it.caller.run_with(script(1, "GLUE_SHELL", "sleep 30 &\necho left")).await;
    assert_eq!(it.server.result(1).await.0, 200);
}

#[tokio::test]
async fn a_command_line_is_run_by_the_shell() {
    let it = with_scripts().await;
    it.caller
        .run_with(changed(trigger(1, 1, "command"), json!({"executorParams": "echo $((6*7)) | tr 4 X"})))
        .await;
    assert_eq!(it.server.result(1).await.0, 200);
    assert!(it.caller.logged(1, "run ends").await.contains("X2\n"));
}
