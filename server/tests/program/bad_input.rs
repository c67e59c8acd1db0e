//! What reaches the executor API that should not.

use crate::executor::{Behaviour, Executor};
use crate::support::{Installation, Run, SOON, Serving, job};
use serde_json::{Value, json};

/// A server with an executor whose runs stay open until a test reports them.
struct Scene {
    installation: Installation,
    serving: Serving,
    executor: Executor,
    own: String,
    foreign: String,
    used: usize,
}

impl Scene {
    async fn start() -> Self {
        let installation = Installation::new();
        let tokens = installation.apply(&["own", "foreign"], &[job("held", "own", 0)]).await;
        let serving = installation.serve().await;
        let executor = Executor::start("own", &tokens["own"], Behaviour::Hold);
        executor.register(&serving).await;
        let (own, foreign) = (tokens["own"].clone(), tokens["foreign"].clone());
        Self { installation, serving, executor, own, foreign, used: 0 }
    }

    /// A run that the server knows to be running, another one each time.
    async fn open_run(&mut self) -> i64 {
        self.used += 1;
        let used = self.used;
        self.executor.until(SOON, "a run arrives", |account| account.received.len() >= used).await;
        let id = self.executor.account().received[used - 1].run_id;
        let runs = |runs: &[Run]| runs.iter().any(|run| run.id == id && run.state == "running");
        self.installation.runs_when(SOON, "it is known to run", runs).await;
        id
    }

    async fn callback(&self, token: &str, run: i64, code: i32, text: &str) -> Value {
        let body = json!([{ "logId": run, "handleCode": code, "handleMsg": text }]).to_string();
        self.serving.call("callback", token, body).await
    }

    async fn stored(&self, run: i64) -> Run {
        let runs = self.installation.runs_with_texts().await;
        runs.into_iter().find(|stored| stored.id == run).unwrap()
    }
}

#[tokio::test]
async fn only_the_executor_of_a_run_ends_it_and_only_once() {
    let mut scene = Scene::start().await;
    let run = scene.open_run().await;
    for token in [scene.foreign.as_str(), "wrong", ""] {
        let answer = scene.callback(token, run, 200, "stolen").await;
        assert_eq!(answer["code"], 500, "{answer}");
        assert_eq!(answer["msg"], "The access token is wrong.");
    }
    assert_eq!(scene.stored(run).await.state, "running");

    for (code, text) in [(200, "first"), (200, "first"), (500, "second")] {
        assert_eq!(scene.callback(&scene.own, run, code, text).await["code"], 200);
    }
    let stored = scene.stored(run).await;
    assert_eq!((stored.end(), stored.code), (("succeeded", "none"), 200));
    assert_eq!((stored.message.as_deref(), stored.late_code), (Some("first"), Some(500)));

    let body = json!({
        "registryGroup": "EXECUTOR", "registryKey": "own", "registryValue": "http://127.0.0.1:9"
    });
    let refused = scene.serving.call("registry", &scene.foreign, body.to_string()).await;
    assert_eq!((&refused["code"], &refused["msg"]), (&json!(500), &json!("The access token is wrong.")));
}

#[tokio::test]
async fn what_cannot_be_understood_is_answered_and_what_is_large_is_taken() {
    let mut scene = Scene::start().await;
    let unknown = scene.callback(&scene.own, 4_000_000_000_000, 200, "").await;
    assert_eq!(unknown["code"], 200, "the client can do nothing about it: {unknown}");
    for body in ["{\"registryGroup\":", "", "[]", "null", "\u{feff}", "{\"registryGroup\":7}"] {
        let answer = scene.serving.call("registry", &scene.own, body).await;
        assert_eq!(answer["code"], 500, "{body}: {answer}");
    }
    // A client would send a callback that is answered with a failure for ever.
    let answer = scene.serving.call("callback", &scene.own, "[{\"logId\":").await;
    assert_eq!(answer["code"], 200, "{answer}");
    let answer = scene.serving.call("addJob", &scene.own, "{}").await;
    assert_eq!(answer["code"], 500, "{answer}");

    let run = scene.open_run().await;
    let text = "x".repeat(6 << 20);
    assert_eq!(scene.callback(&scene.own, run, 500, &text).await["code"], 200);
    let stored = scene.stored(run).await;
    assert_eq!(stored.end(), ("failed", "handler"));
    let kept = stored.message.unwrap_or_default();
    assert!(kept.len() >= 1_000 && text.starts_with(&kept), "{} characters", kept.len());
}
