use std::time::Duration;

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_result_is_kept_while_the_server_refuses_it() {
    let it = fixture().await;
    it.server.with(|record| record.refusing = true);
    it.caller.run(1, 1, "echo").await;
    eventually(|| it.server.with(|record| (record.refused >= 2).then_some(()))).await;
    it.server.with(|record| record.refusing = false);
    assert_eq!(it.server.result(1).await.0, 200);
}

#[tokio::test]
async fn results_survive_an_outage_and_a_crash_and_come_in_batches() {
    let it = fixture().await;
    it.server.with(|record| record.refusing = true);
    for run_id in 1..=120 {
        it.caller.run(run_id as i32, run_id, "echo").await;
    }
    for run_id in 1..=120 {
        it.caller.logged(run_id, "run ends").await;
    }
    // What is logged as ended is on disk once its job is idle.
    for job_id in 1..=120 {
        it.caller.idle(job_id).await;
    }
    drop(it.executor);
    it.server.with(|record| {
        assert!(record.results.is_empty());
        record.refusing = false;
    });
    let again = start(builder(&it.server, it.data.path())).await;
    eventually(|| it.server.with(|record| (record.results.len() == 120).then_some(()))).await;
    it.server.with(|record| {
        assert_eq!(record.batches, [100, 20]);
        assert!(record.results.values().all(|results| results.len() == 1));
    });
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_replaced_by_the_next_one() {
    let gone = {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", socket.local_addr().unwrap())
    };
    let server = Server::start().await;
    let data = tempfile::tempdir().unwrap();
    let first = orrery_executor::Executor::builder()
        .server(gone)
        .server(&server.url)
        .app_name(APP)
        .listen(([127, 0, 0, 1], 0).into())
        .data_dir(data.path());
    let _running = start(first).await;
    eventually(|| server.with(|record| record.registered.first().cloned())).await;
}

#[tokio::test]
async fn an_orderly_stop_leaves_the_list_waits_for_what_runs_and_reports_what_waits() {
    let it = fixture().await;
    it.caller.run_with(changed(trigger(1, 1, "sleep"), json!({"executorParams": "300ms"}))).await;
    it.caller.run(1, 2, "echo").await;
    it.caller.logged(1, "Sleeping").await;
    let address = it.executor.advertised().to_owned();
    it.executor.stop().await;
    it.server.with(|record| {
        assert_eq!(record.removed.len(), 1);
        assert_eq!(record.removed[0]["registryValue"], address.as_str());
        assert_eq!(record.results[&1][0], (200, "Slept for 300ms.".to_owned()));
        assert_eq!(
            record.results[&2][0].1,
            "The executor is stopping. [never started, removed from the queue]"
        );
    });
}

#[tokio::test]
async fn a_stop_cancels_what_outlasts_the_grace() {
    let it = fixture_with(|builder| builder.stop_grace(Duration::from_millis(50))).await;
    it.caller.run(1, 1, "stubborn").await;
    it.caller.logged(1, "started").await;
    it.executor.stop().await;
    let result = it.server.with(|record| record.results[&1][0].clone());
    assert_eq!(result, (500, "The executor is stopping. [running, stopped]".to_owned()));
}
