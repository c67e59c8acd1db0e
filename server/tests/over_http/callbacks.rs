//! Results of runs, from a real run on an executor of the test's own.

use crate::support::{MockExecutor, TestServer, envelope};
use entity::run::RunState;
use scheduler::authority::Caller;
use scheduler::runs;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;

/// A server with an executor on which runs start, and end only when the test says so.
struct Running {
    test: TestServer,
    executor: MockExecutor,
    token: String,
    job: i32,
}

impl Running {
    async fn start() -> Self {
        let test = TestServer::start().await;
        let (view, token) = test.executor("billing").await;
        let executor = MockExecutor::start().await;
        let body = json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": executor.address });
        assert_eq!(test.call("registry", &token, body.to_string()).await["code"], 200);
        let job = test.job(view.id, "invoice").await;
        Self { test, executor, token, job }
    }

    /// The id of a new run that has arrived at the executor.
    async fn run(&mut self) -> i64 {
        let run = runs::run_now(&self.test.services, &Caller::operator(), self.job, None).await.unwrap();
        assert_eq!(self.executor.next_trigger().await.log_id, run);
        run
    }

    async fn callback(&self, body: Value) {
        let answer = self.test.call("callback", &self.token, body.to_string()).await;
        assert_eq!((answer["code"].as_i64(), answer["msg"].as_str()), (Some(200), Some("Success")));
    }

    /// State and text of a run as stored now.
    async fn stored(&self, run: i64) -> (RunState, String) {
        let detail = runs::get(&self.test.services, &Caller::operator(), run).await.unwrap();
        (detail.run.state, detail.text.and_then(|text| text.result).unwrap_or_default())
    }
}

#[tokio::test]
async fn the_callbacks_of_all_generations_close_their_runs_before_they_are_answered() {
    let mut running = Running::start().await;
    let forms: [fn(i64) -> Value; 4] = [
        |id| json!([{ "logId": id, "logDateTim": 1, "executeResult": { "code": 200, "msg": "42 rows" } }]),
        |id| json!([{ "logId": id, "logDateTim": 1, "handleCode": 200, "handleMsg": "42 rows" }]),
        |id| json!({ "callbackList": [{ "logId": id, "logDateTime": 1, "handleCode": 200, "handleMsg": "42 rows" }] }),
        |id| json!({ "logId": id.to_string(), "handleCode": "200", "handleMsg": "42 rows" }),
    ];
    for form in forms {
        let run = running.run().await;
        running.callback(form(run)).await;
        assert_eq!(running.stored(run).await, (RunState::Succeeded, "42 rows".to_owned()), "{}", form(run));
    }
}

#[tokio::test]
async fn the_first_callback_counts() {
    let mut running = Running::start().await;
    let run = running.run().await;
    running.callback(json!([{ "logId": run, "handleCode": 200, "handleMsg": "first" }])).await;
    running.callback(json!([{ "logId": run, "handleCode": 200, "handleMsg": "first" }])).await;
    running.callback(json!([{ "logId": run, "handleCode": 500, "handleMsg": "second" }])).await;
    assert_eq!(running.stored(run).await, (RunState::Succeeded, "first".to_owned()));
}

#[tokio::test]
async fn any_json_is_a_text_and_every_code_a_state() {
    let mut running = Running::start().await;
    for (result, state, text) in [
        (json!({ "handleCode": 200, "handleMsg": 42 }), RunState::Succeeded, "42"),
        (json!({ "handleCode": 200, "handleMsg": { "a": 1 } }), RunState::Succeeded, "{\"a\":1}"),
        (json!({ "handleCode": 200, "handleMsg": null }), RunState::Succeeded, ""),
        (json!({ "handleCode": 200 }), RunState::Succeeded, ""),
        (
            json!({ "handleCode": 502, "handleMsg": "job execute timeout " }),
            RunState::TimedOut,
            "job execute timeout ",
        ),
        (json!({ "handleCode": 405, "handleMsg": "x" }), RunState::Failed, "x"),
        (json!({}), RunState::Failed, ""),
    ] {
        let run = running.run().await;
        let mut item = result.clone();
        item["logId"] = json!(run);
        running.callback(json!([item])).await;
        assert_eq!(running.stored(run).await, (state, text.to_owned()), "{result}");
    }
}

#[tokio::test]
async fn unknown_runs_and_items_that_cannot_be_read_do_not_spoil_the_others() {
    let mut running = Running::start().await;
    let run = running.run().await;
    running.callback(json!([{ "logId": 4_000_000_000_000_i64, "handleCode": 200 }])).await;
    running.callback(json!([7, null, { "logId": "x" }, {}, { "logId": run, "handleCode": 200 }])).await;
    assert_eq!(running.stored(run).await.0, RunState::Succeeded);
    let nonsense = running.test.call("callback", &running.token, "{\"callbackList\":[").await;
    assert_eq!(nonsense["code"], 200, "the client could do nothing about it");
}

#[tokio::test]
async fn a_foreign_token_closes_nothing() {
    let mut running = Running::start().await;
    let (_, foreign) = running.test.executor("other").await;
    let run = running.run().await;
    let body = json!([{ "logId": run, "handleCode": 200 }]).to_string();
    for token in [foreign.as_str(), "wrong"] {
        let answer = running.test.call("callback", token, body.clone()).await;
        assert_eq!(
            (answer["code"].as_i64(), answer["msg"].as_str()),
            (Some(500), Some("The access token is wrong."))
        );
    }
    let anonymous = envelope(running.test.post("/api/callback").body(body)).await;
    assert_eq!(anonymous["code"], 500);
    assert!(!running.stored(run).await.0.is_final());
}

#[tokio::test]
async fn a_callback_after_the_instance_signed_off_is_accepted() {
    let mut running = Running::start().await;
    let run = running.run().await;
    let address = &running.executor.address;
    let body = json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": address });
    assert_eq!(running.test.call("registryRemove", &running.token, body.to_string()).await["code"], 200);
    running
        .callback(json!([{ "logId": run, "handleCode": 500, "handleMsg": "web container destroy" }]))
        .await;
    assert_eq!(running.stored(run).await, (RunState::Failed, "web container destroy".to_owned()));
}

#[tokio::test]
async fn a_callback_of_six_megabytes_is_taken() {
    let mut running = Running::start().await;
    let run = running.run().await;
    let text = "x".repeat(6_000_000);
    running.callback(json!([{ "logId": run, "handleCode": 200, "handleMsg": text }])).await;
    let (state, kept) = running.stored(run).await;
    assert_eq!(state, RunState::Succeeded);
    assert!(!kept.is_empty() && kept.len() < 100_000, "cut to {}", kept.len());
}

/// Whether anything is kept for later.
fn is_kept(test: &TestServer) -> bool {
    ["callbacks.spool", "callbacks.replay"].iter().any(|name| test.folder().join(name).exists())
}

#[tokio::test]
async fn a_callback_that_the_database_does_not_take_is_kept_and_recorded_when_it_does() {
    let mut running = Running::start().await;
    let (answered, unheard) = (running.run().await, running.run().await);
    let silence = running.test.services.db.begin().await.unwrap();
    running.callback(json!([{ "logId": answered, "handleCode": 200, "handleMsg": "once" }])).await;
    assert!(is_kept(&running.test));
    // What somebody unknown sends is not.
    let body = json!([{ "logId": unheard, "handleCode": 200 }]).to_string();
    assert_eq!(running.test.call("callback", "wrong", body).await["code"], 500);
    // As if this one had been the last thing a server did.
    let line = json!({
        "headers": [["xxl-job-access-token", running.token]],
        "body": json!([{ "logId": unheard, "handleCode": 500, "handleMsg": "after all" }]).to_string(),
    });
    let mut spool = OpenOptions::new()
        .append(true)
        .create(true)
        .open(running.test.folder().join("callbacks.spool"))
        .unwrap();
    writeln!(spool, "{line}").unwrap();
    silence.rollback().await.unwrap();
    while is_kept(&running.test) {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.stored(answered).await, (RunState::Succeeded, "once".to_owned()));
    assert_eq!(running.stored(unheard).await, (RunState::Failed, "after all".to_owned()));
}
