//! What monitoring reads.

use crate::support::TestServer;
use std::time::Duration;

#[tokio::test]
async fn metrics_are_there_for_whoever_has_the_token() {
    let test = TestServer::start_with(&[("http.metrics_token", "scrape-me")]).await;
    let answer = test.get("/metrics").bearer_auth("scrape-me").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text().await.unwrap();
    for line in [
        "orrery_gate_open 1",
        "orrery_jobs_unreadable 0",
        "orrery_runs_sent_total 0",
        "orrery_violations_total 0",
        "orrery_requests_late_total 0",
        "orrery_lateness_seconds 0.0",
        "orrery_breaches{promise=\"every_fire_has_a_row\"} 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn the_logs_that_are_kept_are_counted_once_the_server_has_looked() {
    let test = TestServer::start_with(&[("http.metrics_token", "scrape-me")]).await;
    for _ in 0..200 {
        let answer = test.get("/metrics").bearer_auth("scrape-me").send().await.unwrap();
        let text = answer.text().await.unwrap();
        if text.lines().any(|found| found == "orrery_kept_logs 0") {
            assert!(text.lines().any(|found| found == "orrery_kept_logs_bytes 0"), "{text}");
            assert!(!text.contains("kept_logs_oldest"), "there is none: {text}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the logs are not counted");
}

#[tokio::test]
async fn without_the_token_there_are_no_metrics() {
    let test = TestServer::start_with(&[("http.metrics_token", "scrape-me")]).await;
    assert_eq!(test.get("/metrics").send().await.unwrap().status(), 401);
    assert_eq!(test.get("/metrics").bearer_auth("scrape").send().await.unwrap().status(), 401);
    let closed = TestServer::start().await;
    assert_eq!(closed.get("/metrics").bearer_auth("").send().await.unwrap().status(), 404);
}
