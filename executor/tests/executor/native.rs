use serde_json::{Value, json};

use crate::support::*;

/// Runs as a server hands them over, by id, handler and fence.
fn handed_over(life: &Value, runs: &[(i64, &str, i64)]) -> Value {
    let fenced = |(run_id, handler, fence): &(i64, &str, i64)| {
        let run = changed(
            trigger(i32::try_from(*run_id).unwrap_or(1), *run_id, handler),
            json!({"executorBlockStrategy": "SERIAL_EXECUTION"}),
        );
        json!({"bucket": 7, "fence": fence, "run": run})
    };
    json!({"life": life, "runs": runs.iter().map(fenced).collect::<Vec<_>>()})
}

fn question(life: &Value, run_id: i64, fence: i64) -> Value {
    json!({"life": life, "runs": [{"runId": run_id, "bucket": 7, "fence": fence}]})
}

/// The name of the process, as it registers.
async fn life(it: &Fixture) -> Value {
    let registered = eventually(|| it.server.with(|record| record.registered.first().cloned())).await;
    registered["life"].clone()
}

#[tokio::test]
async fn many_runs_come_in_one_request_and_each_is_taken_or_refused_for_itself() {
    let it = fixture().await;
    let life = life(&it).await;
    let runs = [(1, "echo", 17), (2, "nobody", 17), (3, "failing", 17)];
    let answer = it.caller.call("runs", handed_over(&life, &runs)).await;
    assert_eq!(answer["code"], 200);
    assert_eq!(
        answer["refused"],
        json!([{"runId": 2, "code": 500, "text": "job handler [nobody] not found."}])
    );
    assert_eq!(it.server.result(1).await.0, 200);
    assert_eq!(it.server.result(3).await, (500, "no money left".to_owned()));
}

#[tokio::test]
async fn a_run_that_was_asked_for_and_had_not_come_does_not_come_in_late() {
    let it = fixture().await;
    let life = life(&it).await;
    let answer = it.caller.call("ask", question(&life, 1, 18)).await;
    assert_eq!(answer["runs"], json!([{"runId": 1, "state": "never"}]));
    let late = it.caller.call("runs", handed_over(&life, &[(1, "echo", 17)])).await;
    assert_eq!(late["refused"][0]["runId"], 1);
    let again = it.caller.call("runs", handed_over(&life, &[(1, "echo", 18)])).await;
    assert_eq!(again["refused"], json!([]));
    assert_eq!(it.server.result(1).await.0, 200);
    let answer = it.caller.call("ask", question(&life, 1, 19)).await;
    assert_eq!(answer["runs"], json!([{"runId": 1, "state": "ended"}]));
}

#[tokio::test]
async fn a_run_that_goes_on_is_known() {
    let it = fixture().await;
    let life = life(&it).await;
    it.caller.call("runs", handed_over(&life, &[(1, "stubborn", 17)])).await;
    let answer = it.caller.call("ask", question(&life, 1, 18)).await;
    assert_eq!(answer["runs"], json!([{"runId": 1, "state": "live"}]));
}

#[tokio::test]
async fn a_server_that_lost_its_share_gets_nothing_in_any_more() {
    let it = fixture().await;
    let life = life(&it).await;
    // Epoch 2 has spoken; what epoch 1 sends comes too late.
    it.caller.call("runs", handed_over(&life, &[(1, "echo", 33)])).await;
    let stale = it.caller.call("runs", handed_over(&life, &[(2, "echo", 17)])).await;
    assert_eq!(stale["refused"][0]["runId"], 2);
    // Nor does its question say anything.
    assert_eq!(it.caller.call("ask", question(&life, 3, 18)).await["runs"], json!([]));
}

#[tokio::test]
async fn what_was_meant_for_another_process_is_not_taken() {
    let it = fixture().await;
    let other = json!("0000");
    let answer = it.caller.call("runs", handed_over(&other, &[(1, "echo", 17)])).await;
    assert_eq!(answer["code"], 410);
    assert_eq!(it.caller.call("ask", question(&other, 1, 18)).await["code"], 500);
    let broken = it.caller.call("runs", json!({"runs": 3})).await;
    assert_eq!(broken["code"], 500);
    assert!(broken["msg"].as_str().is_some_and(|text| text.starts_with("the runs cannot be read")));
}
