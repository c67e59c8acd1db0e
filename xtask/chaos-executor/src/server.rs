//! What is answered to the server.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};

use crate::Shared;
use crate::behaviour::{Behaviour, Run};
use crate::runner::Trigger;

/// Longer than the server waits for an answer before a run is in doubt.
const SLOW: Duration = Duration::from_secs(4);

type Answer = Response<Full<Bytes>>;

/// How the executor behaves at the moment.
pub fn behaviour(shared: &Shared) -> Behaviour {
    *shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request.
pub async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer> {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    if method == "chaos" {
        *shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::from_slice(&body)?;
        return success(&Value::Null);
    }
    if behaviour(&shared).run == Run::Hanging {
        return std::future::pending().await;
    }
    let body: Value = serde_json::from_slice(&body)?;
    match method.as_str() {
        "run" => run(&shared, &body).await,
        "idleBeat" if shared.runner.is_busy(job_of(&body)) => {
            failure("job thread is running or has trigger queue.")
        }
        "kill" => shared.runner.kill(job_of(&body)).and_then(|()| success(&Value::Null)),
        "log" => success(&log(&shared, number(&body, "logId"))),
        "beat" | "idleBeat" => success(&Value::Null),
        other => failure(&format!("invalid request, uri-mapping({other}) not found.")),
    }
}

async fn run(shared: &Shared, body: &Value) -> Result<Answer> {
    let parameter = body["executorParams"].as_str().unwrap_or_default();
    let trigger = Trigger::new(number(body, "logId"), job_of(body), number(body, "logDateTime"), parameter);
    match behaviour(shared).run {
        Run::Honest => shared.runner.take_up(trigger),
        Run::Slow => {
            shared.runner.take_up(trigger);
            tokio::time::sleep(SLOW).await;
        }
        Run::Silent => {
            shared.runner.take_up(trigger);
            return std::future::pending().await;
        }
        Run::Refusing => return failure("this executor takes nothing today"),
        Run::Garbled => return page("<html><body>Welcome</body></html>", "text/html"),
        Run::Forgetful | Run::Hanging => {}
    }
    success(&Value::Null)
}

/// A part of a log in Java's form and, where there is none, in Java's words.
fn log(shared: &Shared, run: i64) -> Value {
    let content = shared.disk.read_log(run).unwrap_or_else(|| "readLog fail, logFile not exists".to_owned());
    json!({"fromLineNum": 1, "toLineNum": content.lines().count(), "logContent": content, "isEnd": false})
}

fn job_of(body: &Value) -> i32 {
    i32::try_from(number(body, "jobId")).unwrap_or(0)
}

fn number(body: &Value, name: &str) -> i64 {
    body[name].as_i64().unwrap_or(0)
}

fn success(content: &Value) -> Result<Answer> {
    page(
        &json!({"code": 200, "msg": null, "content": content, "data": content}).to_string(),
        "application/json",
    )
}

fn failure(text: &str) -> Result<Answer> {
    page(&json!({"code": 500, "msg": text, "content": null}).to_string(), "application/json")
}

fn page(text: &str, kind: &str) -> Result<Answer> {
    Ok(Response::builder().header("content-type", kind).body(Full::new(Bytes::from(text.to_owned())))?)
}
