//! How executors of our own tell how their hosts are doing.

use crate::support::{TestServer, envelope};
use scheduler::authority::Caller;
use scheduler::{executors, host_metrics};
use serde_json::{Value, json};
use std::time::Duration;

fn registration() -> String {
    json!({
        "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": "http://10.0.0.9:9", "life": "5f",
    })
    .to_string()
}

fn report(total: f64) -> Value {
    json!({
        "registryKey": "billing", "registryValue": "http://10.0.0.9:9/", "life": "5f",
        "sample": {
            "cpu": {"cores": 4, "total": total, "user": 20.0, "system": 10.0},
            "process": {"cpu": 1.0, "memory": 1000, "memoryLimit": 9000, "uptimeS": 5},
            "memory": {"total": 9000, "used": 4000},
            "load": [0.1, 0.2, 0.3],
            "network": {"received": 5.5, "sent": 0.0},
            "disks": [{"name": "vda", "mount": "/", "total": 100, "used": 50, "free": 40}],
            "uptimeS": 500,
        },
    })
}

#[tokio::test]
async fn a_report_is_taken_on_both_mounts_and_is_in_the_database_a_moment_later() {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    let unregistered = test.call("metrics", &token, report(30.0).to_string()).await;
    assert_eq!(unregistered["code"], 404, "{unregistered}");
    assert_eq!(test.call("registry", &token, registration()).await["code"], 200);
    let other_mount = test.post("/xxl-job-admin/api/metrics").header("XXL-JOB-ACCESS-TOKEN", &token);
    let taken = envelope(other_mount.body(report(30.0).to_string())).await;
    assert_eq!(taken["code"], 200, "{taken}");
    assert_eq!(test.call("metrics", &token, report(30.0).to_string()).await["code"], 429, "too soon");
    let found = eventually(&test, executor.id).await;
    assert_eq!((found.sample.cpu.total, found.sample.disks[0].used), (30.0, 50));
}

#[tokio::test]
async fn what_is_no_report_and_who_is_nobody_is_refused() {
    let test = TestServer::start().await;
    let (_, token) = test.executor("billing").await;
    assert_eq!(test.call("registry", &token, registration()).await["code"], 200);
    let wrong = test.call("metrics", "wrong", report(30.0).to_string()).await;
    assert_eq!(
        (wrong["code"].as_i64(), wrong["msg"].as_str()),
        (Some(500), Some("The access token is wrong."))
    );
    let insane = test.call("metrics", &token, report(130.0).to_string()).await;
    assert_eq!(insane["msg"], "cpu.total: 130 is not between 0 and 100");
    for body in ["{", "[]", r#"{"registryKey":"billing"}"#] {
        assert_eq!(test.call("metrics", &token, body).await["code"], 500, "{body}");
    }
}

/// The report, as soon as it is there.
async fn eventually(test: &TestServer, executor_id: i32) -> host_metrics::HostNow {
    for _ in 0..200 {
        let (services, operator) = (&test.services, Caller::operator());
        let detail = executors::get(services, &operator, executor_id).await.unwrap();
        let ids = detail.instances.iter().map(|instance| instance.id).collect();
        let found = host_metrics::current(services, &operator, executor_id, ids).await.unwrap();
        if let Some(found) = found.into_iter().next() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the report did not arrive");
}
