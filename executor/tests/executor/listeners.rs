use std::sync::{Arc, Mutex};

use orrery_executor::{Context, Outcome, RunEnd, RunListener};
use serde_json::json;

use crate::support::*;

type Told = Arc<Mutex<Vec<String>>>;

/// Writes down what it is told.
struct Recording(Told);

impl Recording {
    fn note(&self, what: &str, ctx: &Context, end: Option<&RunEnd>) {
        let end = end.map(|end| format!(" {:?} {}", end.outcome, end.text)).unwrap_or_default();
        let shard = (ctx.shard_index(), ctx.shard_total());
        let line = format!("{what} {} {}/{}{end}", ctx.run_id(), shard.0, shard.1);
        self.0.lock().expect("nobody panics here").push(line);
    }
}

impl RunListener for Recording {
    fn before(&self, ctx: &Context) {
        self.note("before", ctx, None);
    }

    fn success(&self, ctx: &Context, end: &RunEnd) {
        assert_eq!(end.outcome, Outcome::Success);
        self.note("success", ctx, Some(end));
    }

    fn failure(&self, ctx: &Context, end: &RunEnd) {
        assert_ne!(end.outcome, Outcome::Success);
        self.note("failure", ctx, Some(end));
    }

    fn after(&self, ctx: &Context, end: &RunEnd) {
        self.note("after", ctx, Some(end));
    }
}

/// Panics whenever it is told something.
struct Panicking;

impl RunListener for Panicking {
    fn before(&self, _: &Context) {
        panic!("before");
    }

    fn after(&self, _: &Context, _: &RunEnd) {
        panic!("after");
    }
}

async fn recorded() -> (Fixture, Told) {
    let told = Told::default();
    let listener = Recording(told.clone());
    (fixture_with(|builder| builder.listener(Panicking).listener(listener)).await, told)
}

fn taken(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().expect("nobody panics here"))
}

#[tokio::test]
async fn each_shard_is_told_once_before_and_after_and_once_how_it_ended() {
    let (it, told) = recorded().await;
    let shard = json!({"broadcastIndex": 1, "broadcastTotal": 3});
    it.caller.run_with(changed(trigger(1, 1, "echo"), shard)).await;
    it.server.result(1).await;
    let end = "1 1/3 Success run 1 of job 1";
    assert_eq!(taken(&told), ["before 1 1/3".to_owned(), format!("success {end}"), format!("after {end}")]);
    it.caller.run(1, 2, "failing").await;
    it.server.result(2).await;
    let end = "2 0/1 Failed no money left";
    assert_eq!(taken(&told), ["before 2 0/1".to_owned(), format!("failure {end}"), format!("after {end}")]);
}

#[tokio::test]
async fn a_kill_a_timeout_and_a_panic_are_failures_and_what_never_began_is_not_told() {
    let (it, told) = recorded().await;
    it.caller.run(1, 1, "polite").await;
    it.caller.run(1, 2, "echo").await;
    it.caller.logged(1, "started").await;
    it.caller.call("kill", json!({"jobId": 1})).await;
    it.server.result(1).await;
    it.server.result(2).await;
    let end = "1 0/1 Stopped Killed by the server. [running, stopped]";
    assert_eq!(taken(&told), ["before 1 0/1".to_owned(), format!("failure {end}"), format!("after {end}")]);
    it.caller.run_with(changed(trigger(1, 3, "polite"), json!({"executorTimeout": 1}))).await;
    it.caller.run(2, 4, "panicking").await;
    it.server.result(4).await;
    it.server.result(3).await;
    let lines = taken(&told);
    assert_eq!(lines.iter().filter(|line| line.starts_with("failure")).count(), 2, "{lines:?}");
    assert!(lines.contains(&"failure 3 0/1 TimedOut job execute timeout".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn a_listener_that_panics_ends_neither_the_run_nor_the_worker() {
    let (it, _) = recorded().await;
    for run_id in 1..=2 {
        it.caller.run(1, run_id, "echo").await;
        assert_eq!(it.server.result(run_id).await.0, 200);
        assert!(it.caller.logged(run_id, "run ends").await.contains("a listener panicked"));
    }
}
