//! Requests over HTTP/1.1, as XXL-JOB's executors expect them.

use super::{Call, CallFailure, Dispatcher};
use crate::addresses;
use crate::engine::directory::Target;
use crate::engine::failpoint::{self, Place};
use crate::engine::gate::Gate;
use crate::{Error, Result};
use async_trait::async_trait;
use bytes::BytesMut;
use entity::instance::Client;
use protocol::words::{APP_NAME_HEADER, CONTENT_TYPE, TOKEN_HEADER, path};
use protocol::{IdleBeatRequest, KillRequest, RemoteReply, parse_reply};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE as CONTENT_TYPE_HEADER, HeaderValue};
use reqwest::{Response, Url, redirect};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The answer to a run is awaited longer than an executor may be silent: it may still say what
/// became of the request.
const RUN_ANSWER: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(5);
/// Java closes a connection that is idle for 90 s, others earlier.
const IDLE: Duration = Duration::from_secs(55);
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
const MAX_ANSWER: usize = 64 << 10;
const MAX_LOG_ANSWER: usize = 16 << 20;

/// The real one.
pub struct HttpDispatcher {
    client: reqwest::Client,
    gate: Arc<Gate>,
    /// Connecting takes no longer. Whoever begins to connect with the gate open for this long
    /// writes the first byte while it still is.
    connect: Duration,
    /// Addresses that answered to the other name of `/run` than their client's kind suggests.
    run_paths: Mutex<HashMap<String, &'static str>>,
}

impl HttpDispatcher {
    /// Passes `gate` before each run, and gives up connecting after `connect`.
    ///
    /// # Errors
    /// [`Error::Internal`] when no TLS can be set up.
    pub fn new(gate: Arc<Gate>, connect: Duration) -> Result<Self> {
        // Some other part of the process may have chosen already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .http1_only()
            .connect_timeout(connect)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .dns_resolver(Arc::new(CheckedResolver))
            .build()
            .map_err(|error| Error::Internal(format!("no HTTP client: {error}")))?;
        Ok(Self { client, gate, connect, run_paths: Mutex::default() })
    }

    async fn send(&self, target: &Target, method: &str, body: Vec<u8>, limits: Limits) -> Answer {
        let url = url(&target.address, method)?;
        let header = |value: &str| {
            HeaderValue::from_str(value)
                .map_err(|_| CallFailure::NeverArrived("a header cannot carry the credentials".to_owned()))
        };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE_HEADER, CONTENT_TYPE)
            .header(TOKEN_HEADER, header(&target.token)?)
            .header(APP_NAME_HEADER, header(&target.app_name)?)
            .timeout(limits.answer)
            .body(body);
        if limits.gated {
            failpoint::reach(Place::RequestReady);
            if !self.gate.is_open_for(self.connect) {
                return Err(CallFailure::GateShut);
            }
            failpoint::reach(Place::GatePassed);
        }
        let response = request.send().await.map_err(failure)?;
        let body = read(response, limits.bytes).await?;
        if limits.gated {
            failpoint::reach(Place::RequestAnswered);
        }
        if is_of_protocol(&body) {
            Ok(parse_reply(&body))
        } else {
            Err(CallFailure::Garbage(parse_reply(&body).text))
        }
    }

    /// `/run`, or `/trigger` for those that know only that; learnt per address.
    async fn run(&self, target: &Target, body: Vec<u8>) -> Answer {
        let known = self.run_paths().get(&target.address).copied();
        let usual = if target.client == Client::JavaTrigger { path::TRIGGER } else { path::RUN };
        let first = known.unwrap_or(usual);
        let limits = Limits { answer: RUN_ANSWER, bytes: MAX_ANSWER, gated: true };
        let reply = self.send(target, first, body.clone(), limits).await?;
        if !reply.is_unknown_mapping() {
            return Ok(reply);
        }
        let other = if first == path::RUN { path::TRIGGER } else { path::RUN };
        let reply = self.send(target, other, body, limits).await?;
        if !reply.is_unknown_mapping() {
            self.run_paths().insert(target.address.clone(), other);
        }
        Ok(reply)
    }

    fn run_paths(&self) -> std::sync::MutexGuard<'_, HashMap<String, &'static str>> {
        self.run_paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = Result<RemoteReply, CallFailure>;

#[derive(Clone, Copy)]
struct Limits {
    answer: Duration,
    bytes: usize,
    gated: bool,
}

#[async_trait]
impl Dispatcher for HttpDispatcher {
    async fn call(&self, target: &Target, call: Call) -> Answer {
        let limits = Limits { answer: ANSWER, bytes: MAX_ANSWER, gated: false };
        match call {
            Call::Run(request) => self.run(target, body(&*request)?).await,
            // An empty object: the one body that every client takes.
            Call::Beat => self.send(target, path::BEAT, b"{}".to_vec(), limits).await,
            Call::IdleBeat { job_id } => {
                self.send(target, path::IDLE_BEAT, body(&IdleBeatRequest { job_id })?, limits).await
            }
            Call::Kill { job_id } => {
                self.send(target, path::KILL, body(&KillRequest { job_id })?, limits).await
            }
            Call::Log(request) => {
                let limits = Limits { bytes: MAX_LOG_ANSWER, ..limits };
                self.send(target, path::LOG, body(&request)?, limits).await
            }
        }
    }
}

fn body(message: &impl serde::Serialize) -> Result<Vec<u8>, CallFailure> {
    serde_json::to_vec(message).map_err(|error| CallFailure::NeverArrived(error.to_string()))
}

/// The address, which may have a path of its own, and the method; nothing that may not be called.
fn url(address: &str, method: &str) -> Result<Url, CallFailure> {
    let never = |text: String| CallFailure::NeverArrived(text);
    let url = format!("{}/{method}", address.trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| never(error.to_string()))?;
    match literal(&url) {
        Some(ip) if !addresses::may_call(ip) => Err(never(format!("{ip} may not be called"))),
        _ => Ok(url),
    }
}

/// The host as an IP address, if it is written as one: such hosts pass no resolver.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Only a connection that was never made proves that nothing arrived.
fn failure(error: reqwest::Error) -> CallFailure {
    let text = with_sources(&error);
    if error.is_connect() || error.is_builder() {
        CallFailure::NeverArrived(text)
    } else {
        CallFailure::NoAnswer(text)
    }
}

/// The error with its causes, without the URL, which people see beside it anyway.
fn with_sources(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = if error.is_timeout() { "time-out".to_owned() } else { String::new() };
    while let Some(cause) = source {
        text = if text.is_empty() { cause.to_string() } else { format!("{text}: {cause}") };
        source = cause.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}

async fn read(mut response: Response, limit: usize) -> Result<BytesMut, CallFailure> {
    let mut body = BytesMut::new();
    while let Some(part) = response.chunk().await.map_err(failure)? {
        if body.len() + part.len() > limit {
            return Err(CallFailure::Garbage(format!("the answer is longer than {limit} bytes")));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Whether an answer is one of the protocol's: an object that says how it went, or Go's array.
fn is_of_protocol(body: &[u8]) -> bool {
    use serde_json::Value;
    let says = |object: &serde_json::Map<String, Value>| {
        ["code", "handleCode", "executeResult"].iter().any(|name| object.contains_key(*name))
    };
    match serde_json::from_str(&String::from_utf8_lossy(body)) {
        Ok(Value::Object(object)) => says(&object),
        Ok(Value::Array(list)) => list.first().and_then(Value::as_object).is_some_and(says),
        _ => false,
    }
}

/// The system's resolver, less what may not be called.
struct CheckedResolver;

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| addresses::may_call(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no address that may be called", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
