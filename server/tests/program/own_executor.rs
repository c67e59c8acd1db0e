//! A real executor of our own, in this process: it outlives the servers, and keeps an account of what it started.

use crate::support::SOON;
use orrery_executor::{Context, Executor, RunningExecutor};
use std::collections::BTreeSet;
use std::path::Path;
use tokio::sync::watch;
use tokio::time::timeout;

/// A run that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub run_id: i64,
    pub job_id: i32,
    pub due_at: i64,
    pub parameter: String,
}

pub struct OwnExecutor {
    _running: RunningExecutor,
    started: watch::Receiver<Vec<Started>>,
    released: watch::Sender<BTreeSet<String>>,
}

impl OwnExecutor {
    /// Has the handlers `any`, which succeeds at once, and `held`, which does when its parameter is released.
    pub async fn start(server: &str, token: &str, folder: &Path) -> Self {
        let (account, started) = watch::channel(Vec::new());
        let (released, gate) = watch::channel(BTreeSet::new());
        let note = move |ctx: &Context| {
            let (run_id, job_id, due_at) = (ctx.run_id(), ctx.job_id(), ctx.triggered_at());
            let parameter = ctx.parameter().to_owned();
            account.send_modify(|all: &mut Vec<_>| all.push(Started { run_id, job_id, due_at, parameter }));
        };
        let note_held = note.clone();
        let any = move |ctx: Context| {
            note(&ctx);
            async { Ok::<_, String>(()) }
        };
        let held = move |ctx: Context| {
            note_held(&ctx);
            let mut gate = gate.clone();
            async move {
                let opened = gate.wait_for(|released: &BTreeSet<String>| released.contains(ctx.parameter()));
                opened.await.map(drop).map_err(|error| error.to_string())
            }
        };
        let builder = Executor::builder().server(server).app_name("worker").token(token);
        let builder = builder.listen("127.0.0.1:0".parse().unwrap()).host_metrics(false);
        let builder = builder.data_dir(folder.join("executor")).log_dir(folder.join("executor-logs"));
        let executor = builder.handler("any", any).handler("held", held).build().unwrap();
        Self { _running: executor.start().await.unwrap(), started, released }
    }

    /// Everything that was started, in this order.
    pub fn started(&self) -> Vec<Started> {
        self.started.borrow().clone()
    }

    /// Waits until what was started is as expected.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Started]) -> bool) {
        let mut started = self.started.clone();
        let waited = timeout(SOON, started.wait_for(|all| holds(all))).await;
        assert!(waited.is_ok(), "not within {SOON:?}: {what}; {:?}", self.started());
    }

    /// Waits until so many more have been started.
    pub async fn starts(&self, more: usize) {
        let before = self.started().len();
        self.until("more runs start", |all| all.len() >= before + more).await;
    }

    /// Lets the held runs with this parameter succeed.
    pub fn release(&self, parameter: &str) {
        self.released.send_modify(|released| released.extend([parameter.to_owned()]));
    }
}
