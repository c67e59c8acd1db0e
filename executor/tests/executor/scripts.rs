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

/// Whether a program is on the search path and answers.
fn answers(program: &str) -> bool {
    let mut command = std::process::Command::new(program);
    command.arg("--version").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Each language with its programs, and a script that writes its arguments and exits with 7 if the last is `7`.
const LANGUAGES: [(&str, &[&str], &str); 6] = [
    ("GLUE_SHELL", &["bash"], "echo \"[$1|$2|$3]\"\nif [ \"$1\" = fail ]; then exit 7; fi"),
    (
        "GLUE_PYTHON",
        &["python3", "python"],
        "import sys\nprint('[' + '|'.join(sys.argv[1:]) + ']', flush=True)\nsys.exit(7 if sys.argv[1] == 'fail' else 0)",
    ),
    (
        "GLUE_PYTHON2",
        &["python2", "python"],
        "import sys\nprint('[' + '|'.join(sys.argv[1:]) + ']')\nsys.exit(7 if sys.argv[1] == 'fail' else 0)",
    ),
    (
        "GLUE_NODEJS",
        &["node"],
        "const a = process.argv.slice(2);\nconsole.log(`[${a.join('|')}]`);\nprocess.exitCode = a[0] === 'fail' ? 7 : 0;",
    ),
    (
        "GLUE_PHP",
        &["php"],
        "<?php echo '[' . implode('|', array_slice($argv, 1)) . \"]\\n\"; exit($argv[1] === 'fail' ? 7 : 0);",
    ),
    (
        "GLUE_POWERSHELL",
        &["pwsh", "powershell"],
        "param($a, $b, $c)\nWrite-Output \"[$a|$b|$c]\"\nif ($a -eq 'fail') { exit 7 }",
    ),
];

#[tokio::test]
async fn every_language_gets_its_arguments_and_ends_by_its_exit_value_and_a_missing_one_is_named() {
    let it = with_scripts().await;
    for (run_id, (mode, programs, source)) in (1..).step_by(2).zip(LANGUAGES) {
        let send = |run_id: i64, parameter: &str| {
            let shard = json!({"executorParams": parameter, "broadcastIndex": 1, "broadcastTotal": 3});
            it.caller.run_with(changed(script(run_id, mode, source), shard))
        };
        assert_eq!(send(run_id, "a b").await.0, 200, "{mode}");
        let (code, text) = it.server.result(run_id).await;
        let chosen = programs.iter().find(|program| is_on_path(program));
        match chosen {
            None => {
                assert_eq!(code, 500, "{mode}");
                assert_eq!(
                    text,
                    format!("{mode} needs {}, which this machine does not have.", programs.join(" or "))
                );
            }
            Some(program) if answers(program) => {
                assert_eq!(code, 200, "{mode}: {text}");
                assert!(it.caller.logged(run_id, "run ends").await.contains("[a b|1|3]\n"), "{mode}");
                send(run_id + 1, "fail").await;
                let failed = it.server.result(run_id + 1).await;
                assert_eq!(failed, (500, "script exit value(7) is failed".to_owned()), "{mode}");
            }
            // A stand-in for programs that are not installed, as some version managers have.
            Some(_) => assert_eq!(code, 500, "{mode}"),
        }
    }
}

#[tokio::test]
async fn a_script_sees_nothing_of_the_executor_s_environment() {
    let it = with_scripts().await;
    it.caller.run_with(script(1, "GLUE_SHELL", "env | sort\necho \"done $PATH\"")).await;
    assert_eq!(it.server.result(1).await.0, 200);
    let log = it.caller.logged(1, "run ends").await;
    // Cargo sets it for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !log.contains("CARGO"), "{log}");
    for line in ["ORRERY_JOB_ID=71\n", "ORRERY_RUN_ID=1\n", "PATH=/"] {
        assert!(log.contains(line), "{line:?} is missing: {log}");
    }
}

#[tokio::test]
async fn a_script_that_writes_without_end_fills_its_log_and_no_more() {
    let it = with_scripts().await;
    let source = "import sys\nfor _ in range(3000): sys.stdout.write('x' * 9999 + '\\n')";
    it.caller.run_with(script(1, "GLUE_PYTHON", source)).await;
    assert_eq!(it.server.result(1).await.0, 200);
    let folder = it.data.path().join("logs");
    let file = eventually(|| {
        let day = std::fs::read_dir(&folder).ok()?.next()?.ok()?.path();
        let text = std::fs::read_to_string(day.join("1.log")).ok()?;
        text.contains("run ends").then_some(text)
    })
    .await;
    assert!(file.len() < (10 << 20) + 1000, "{}", file.len());
    let tail: Vec<&str> = file.lines().rev().take(3).collect();
    assert!(
        tail[1].starts_with("[left out: ") && tail[1].ends_with(" a run's log holds 10485760 bytes]"),
        "{tail:?}"
    );
    assert_eq!(tail[2], "[the log is full: what follows is left out]");
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

/// As [`FAMILY`], whose child leaves the process group and has a child of its own there.
const STRAY: &str = "setsid bash -c 'sleep 300 & echo \"family $$ $!\"; wait' &\nwait\n";

#[tokio::test]
async fn a_kill_ends_grandchildren_that_left_the_process_group() {
    let it = with_scripts().await;
    it.caller.run_with(script(1, "GLUE_SHELL", STRAY)).await;
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
