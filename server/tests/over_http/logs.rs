//! The log of a run as a browser follows and downloads it.

use crate::support::{MockExecutor, TestServer};
use entity::user::UserRole;
use reqwest::Response;
use scheduler::authority::Caller;
use scheduler::runs;
use serde_json::json;
use std::time::{Duration, Instant};

/// A server with a run that goes on, at an executor with a log.
struct Running {
    test: TestServer,
    executor: MockExecutor,
    token: String,
    run: i64,
    cookie: String,
}

impl Running {
    async fn start() -> Self {
        let test = TestServer::start().await;
        let (view, token) = test.executor("billing").await;
        let mut executor = MockExecutor::start().await;
        let body = json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": executor.address });
        assert_eq!(test.call("registry", &token, body.to_string()).await["code"], 200);
        let job = test.job(view.id, "invoice").await;
        let run = runs::run_now(&test.services, &Caller::operator(), job, None).await.unwrap();
        assert_eq!(executor.next_trigger().await.log_id, run);
        let cookie = test.signed_in("ada", UserRole::SuperAdmin).await;
        Self { test, executor, token, run, cookie }
    }

    fn write(&self, line: &str) {
        self.executor.log.lock().unwrap().push(line.to_owned());
    }

    async fn get(&self, what: &str, cookie: &str) -> Response {
        let path = format!("/runs/{}/log/{what}", self.run);
        self.test.get(&path).header("cookie", cookie).send().await.unwrap()
    }

    async fn follow(&self, last_event: Option<i32>) -> Events {
        let path = format!("/runs/{}/log/events?from=1", self.run);
        let mut request = self.test.get(&path).header("cookie", &self.cookie);
        if let Some(last) = last_event {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, text: String::new() }
    }
}

/// A stream of events, read as far as it is wanted.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    /// Reads until the stream has said this; everything it said.
    async fn until(&mut self, expected: &str) -> &str {
        while !self.text.contains(expected) {
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {expected:?} in {}", self.text)).unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("it ended without {expected:?}: {}", self.text));
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        &self.text
    }

    /// What comes until the end of the stream.
    async fn rest(mut self) -> String {
        while let Some(chunk) = self.response.chunk().await.unwrap() {
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        self.text
    }
}

#[tokio::test]
async fn new_lines_come_as_events_and_the_end_says_that_it_is_one() {
    let running = Running::start().await;
    running.write("one <b>");
    let mut events = running.follow(None).await;
    let text = events.until(r#""lines":["one <b>"]"#).await;
    assert!(text.contains("event: lines") && text.contains("id: 1"), "{text}");
    running.write("two");
    events.until(r#""first":2,"lines":["two"]"#).await;
    let result = json!([{ "logId": running.run, "handleCode": 200, "handleMsg": "" }]).to_string();
    assert_eq!(running.test.call("callback", &running.token, result).await["code"], 200);
    events.until(r#"{"state":"succeeded"}"#).await;
    let text = events.rest().await;
    assert!(text.trim_end().ends_with("event: over\ndata: {\"trouble\":null}"), "{text}");
}

#[tokio::test]
async fn a_browser_that_comes_again_goes_on_behind_the_last_line_it_had() {
    let running = Running::start().await;
    (1..=5).for_each(|line| running.write(&format!("line {line}")));
    let mut events = running.follow(Some(3)).await;
    let text = events.until("line 5").await;
    assert!(text.contains(r#""first":4"#) && !text.contains("line 3"), "{text}");
}

#[tokio::test]
async fn open_streams_do_not_hold_up_the_stop_of_the_server() {
    let running = Running::start().await;
    let mut events = running.follow(None).await;
    events.until("running").await;
    let begun = Instant::now();
    let Running { test, .. } = running;
    let (text, ()) = tokio::join!(events.rest(), test.server.stop());
    assert!(!text.contains("event: over"), "the browser is to come again: {text}");
    assert!(begun.elapsed() < Duration::from_secs(8), "cut off instead of ended");
}

#[tokio::test]
async fn all_of_a_log_is_downloaded_as_a_text() {
    let running = Running::start().await;
    running.write("one <b>");
    running.write("二");
    let answer = running.get("text", &running.cookie).await;
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    let expected = format!("attachment; filename=\"run-{}.log\"", running.run);
    assert_eq!(answer.headers()["content-disposition"], expected.as_str());
    assert_eq!(answer.text().await.unwrap(), "one <b>\n二\n");
}

#[tokio::test]
async fn a_log_is_read_by_those_only_who_may_see_its_run() {
    let running = Running::start().await;
    running.write("secret");
    let stranger = running.test.signed_in("mallory", UserRole::Ordinary).await;
    for what in ["events?from=1", "text"] {
        let anonymous = running.get(what, "").await;
        assert_eq!(anonymous.status(), 303, "{what}");
        assert!(anonymous.headers()["location"].to_str().unwrap().starts_with("/login"));
        let foreign = running.get(what, &stranger).await;
        assert_eq!(foreign.status(), 404, "{what}");
        assert!(!foreign.text().await.unwrap().contains("secret"));
        let missing = format!("/runs/9007199254740991/log/{what}");
        let missing = running.test.get(&missing).header("cookie", &running.cookie).send().await.unwrap();
        assert_eq!(missing.status(), 404, "{what}");
    }
}
