use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn jobs_take_turns_where_there_are_fewer_workers() {
    let it = fixture_with(|builder| builder.workers(1)).await;
    it.caller.run(1, 1, "polite").await;
    it.caller.logged(1, "started").await;
    it.caller.run(2, 2, "echo").await;
    it.caller.run(3, 3, "echo").await;
    // It waits, and counts as busy; what waits can be killed.
    assert_eq!(it.caller.call("idleBeat", json!({"jobId": 2})).await["code"], 500);
    assert_eq!(it.caller.call("kill", json!({"jobId": 3})).await["code"], 200);
    assert!(it.server.result(3).await.1.contains("never started"));
    it.server.with(|record| assert!(!record.results.contains_key(&2)));
    it.caller.call("kill", json!({"jobId": 1})).await;
    assert_eq!(it.server.result(2).await, (200, "run 2 of job 2".to_owned()));
}

#[tokio::test]
async fn a_run_beyond_the_queue_of_its_job_is_refused_and_may_come_again() {
    let it = fixture_with(|builder| builder.queue_length(1)).await;
    it.caller.run(1, 1, "polite").await;
    it.caller.logged(1, "started").await;
    assert_eq!(it.caller.run(1, 2, "echo").await.0, 200);
    let (code, text) = it.caller.run(1, 3, "echo").await;
    assert_eq!(code, 500);
    assert!(text.contains("queue of this job is full") && text.contains("1 runs wait"), "{text}");
    assert_eq!(it.caller.run(2, 4, "echo").await.0, 200);
    it.caller.call("kill", json!({"jobId": 1})).await;
    it.server.result(2).await;
    assert_eq!(it.caller.run(1, 3, "echo").await.0, 200);
    assert_eq!(it.server.result(3).await.0, 200);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_runs_that_have_no_worker() {
    let it = fixture_with(|builder| builder.workers(1)).await;
    it.caller.run_with(changed(trigger(1, 1, "sleep"), json!({"executorParams": "300ms"}))).await;
    it.caller.logged(1, "Sleeping").await;
    it.caller.run(2, 2, "echo").await;
    it.executor.stop().await;
    it.server.with(|record| {
        assert_eq!(record.results[&1][0], (200, "Slept for 300ms.".to_owned()));
        assert!(record.results[&2][0].1.contains("never started"));
    });
}
