//! A dispatcher that answers from a script and keeps a diary: executors for tests and simulations.

use super::{Call, CallFailure, Dispatcher, LogBody};
use crate::engine::directory::Target;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use protocol::native::{AskedRun, FencedRun, RefusedRun, Standing, Whereabouts};
use protocol::{LogRequest, RemoteReply, words};
use serde_json::json;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub address: String,
    pub call: Call,
}

type Script = dyn Fn(&Target, &Call) -> Option<Result<RemoteReply, CallFailure>> + Send + Sync;

/// Answers each request by the script; where that says nothing, it never answers.
#[derive(Clone)]
pub struct ScriptedDispatcher {
    script: Arc<Script>,
    diary: Arc<Mutex<Vec<Asked>>>,
    arrived: Arc<Notify>,
}

impl ScriptedDispatcher {
    pub fn new(
        script: impl Fn(&Target, &Call) -> Option<Result<RemoteReply, CallFailure>> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Arc::new(script), diary: Arc::default(), arrived: Arc::default() }
    }

    /// Executors that accept everything, and know of nothing when asked.
    pub fn accepting() -> Self {
        Self::new(|_, _| Some(Ok(reply(words::SUCCESS, ""))))
    }

    /// Everything that arrived, in order.
    pub fn diary(&self) -> Vec<Asked> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ids of the runs that were requested, in order.
    pub fn runs(&self) -> Vec<i64> {
        let run = |asked: &Asked| match &asked.call {
            Call::Run(request) => Some(request.log_id),
            _ => None,
        };
        self.diary().iter().filter_map(run).collect()
    }

    /// Waits until at least `count` runs have been requested.
    pub async fn reached(&self, count: usize) {
        loop {
            let next = self.arrived.notified();
            tokio::pin!(next);
            next.as_mut().enable();
            if self.runs().len() >= count {
                return;
            }
            next.await;
        }
    }
}

#[async_trait]
impl Dispatcher for ScriptedDispatcher {
    async fn call(&self, target: &Target, call: Call) -> Result<RemoteReply, CallFailure> {
        let answer = (self.script)(target, &call);
        let asked = Asked { address: target.address.clone(), call };
        self.diary.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        self.arrived.notify_waiters();
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    /// Each run as a request of its own, in the diary too.
    async fn hand_over(&self, target: &Target, runs: Vec<FencedRun>) -> Result<Vec<RefusedRun>, CallFailure> {
        let mut refused = Vec::new();
        for fenced in runs {
            let run_id = fenced.run.log_id;
            let reply = self.call(target, Call::Run(Box::new(fenced.run))).await?;
            if !reply.is_ok() {
                refused.push(RefusedRun { run_id, code: reply.code, text: reply.text });
            }
        }
        Ok(refused)
    }

    /// It has what it was sent.
    async fn ask(&self, _: &Target, runs: &[AskedRun]) -> Result<Vec<Whereabouts>, CallFailure> {
        let sent = self.runs();
        let standing = |run_id| if sent.contains(&run_id) { Standing::Live } else { Standing::Never };
        let of = |asked: &AskedRun| Whereabouts { run_id: asked.run_id, state: standing(asked.run_id) };
        Ok(runs.iter().map(of).collect())
    }

    /// As the script answers [`Call::Log`].
    async fn open_log(&self, target: &Target, request: LogRequest) -> Result<LogBody, CallFailure> {
        let reply = self.call(target, Call::Log(request)).await?;
        let answer = json!({ "code": reply.code, "msg": reply.text, "content": reply.payload });
        Ok(futures::stream::iter([Ok(Bytes::from(answer.to_string()))]).boxed())
    }
}

fn reply(code: i32, text: &str) -> RemoteReply {
    RemoteReply { code, text: text.to_owned(), payload: None }
}
