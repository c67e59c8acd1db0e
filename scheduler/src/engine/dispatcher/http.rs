//! Requests over HTTP/1.1, as XXL-JOB's executors expect them.

use super::connections::{Connections, IDLE};
use super::gated::GatedConnector;
use super::{Call, CallFailure, Dispatcher, LogBody};
use crate::Result;
use crate::addresses::literal;
use crate::engine::directory::Target;
use crate::engine::failpoint::{self, Place};
use crate::engine::gate::Gate;
use crate::outgoing::secured;
use crate::rules::networks::{Networks, may_reach};
use async_trait::async_trait;
use bytes::Bytes;
use entity::instance::Client;
use futures::StreamExt;
use http::header::{CONTENT_TYPE as CONTENT_TYPE_HEADER, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyDataStream, BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{Client as HyperClient, Error as HyperError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use protocol::native::{
    AskReply, AskRequest, AskedRun, FencedRun, OTHER_LIFE, RefusedRun, RunsReply, RunsRequest, Whereabouts,
};
use protocol::words::{self, APP_NAME_HEADER, CONTENT_TYPE, TOKEN_HEADER, path};
use protocol::{IdleBeatRequest, KillRequest, LogRequest, RemoteReply, parse_reply};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

const ANSWER: Duration = Duration::from_secs(5);
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
const MAX_ANSWER: usize = 64 << 10;
const MAX_BATCH_ANSWER: usize = 4 << 20;
const MAX_LOG_ANSWER: usize = 16 << 20;

type HttpClient = HyperClient<HttpsConnector<GatedConnector>, Full<Bytes>>;

/// The real one.
pub struct HttpDispatcher {
    /// Runs have connections of their own, which live on the thread that sends runs.
    runs: Connections,
    others: HttpClient,
    /// Logs have theirs, which live where logs are read: on no thread of the engine.
    logs: HttpClient,
    gate: Arc<Gate>,
    networks: Arc<Networks>,
    /// Addresses that answered to the other name of `/run` than their client's kind suggests.
    run_paths: Mutex<HashMap<String, &'static str>>,
}

impl HttpDispatcher {
    /// Runs pass `gate`; connecting is given up after `connect`. Nothing goes to an address outside of
    /// `networks`, unless there are none.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when no TLS can be set up.
    pub fn new(gate: Arc<Gate>, connect: Duration, networks: Arc<Networks>) -> Result<Self> {
        let mut tcp = HttpConnector::new_with_resolver(CheckedResolver { networks: networks.clone() });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let connector = |gate| secured(GatedConnector { tcp: tcp.clone(), gate });
        let runs = Connections::new(connector(Some(gate.clone()))?, networks.clone());
        let (others, logs) = (client(connector(None)?), client(connector(None)?));
        Ok(Self { runs, others, logs, gate, networks, run_paths: Mutex::default() })
    }

    async fn ask_for(&self, target: &Target, method: &str, body: Bytes, most: usize) -> Answer {
        parse_reply(&self.answer(target, method, body, most).await?).map_err(CallFailure::Garbage)
    }

    /// The answer's body, of whatever shape, to a question; it has at most so many bytes.
    async fn answer(
        &self,
        target: &Target,
        method: &str,
        body: Bytes,
        most: usize,
    ) -> Result<Bytes, CallFailure> {
        let request = request(target, method, body, &self.networks)?;
        match tokio::time::timeout(ANSWER, exchange(&self.others, request, most)).await {
            Ok(body) => body,
            Err(_) => Err(CallFailure::NoAnswer("time-out".to_owned())),
        }
    }

    /// Sends runs, past the gate; the answer's body, however long it takes.
    async fn send(
        &self,
        target: &Target,
        method: &'static str,
        body: Bytes,
        most: usize,
    ) -> Result<Bytes, CallFailure> {
        let endpoint = self.runs.endpoint(target, method)?;
        failpoint::reach(Place::RequestReady);
        if !self.gate.is_open() {
            return Err(CallFailure::GateShut);
        }
        let answer = self.runs.exchange(&endpoint, &body, most).await?;
        failpoint::reach(Place::RequestAnswered);
        Ok(answer)
    }

    /// `/run`, or `/trigger` for those that know only that; learnt per address.
    async fn run(&self, target: &Target, body: Bytes) -> Answer {
        let known = self.run_paths().get(&target.address).copied();
        let usual = if target.client == Client::JavaTrigger { path::TRIGGER } else { path::RUN };
        let first = known.unwrap_or(usual);
        let reply = self.send(target, first, body.clone(), MAX_ANSWER).await?;
        let reply = parse_reply(&reply).map_err(CallFailure::Garbage)?;
        if !reply.is_unknown_mapping() {
            return Ok(reply);
        }
        let other = if first == path::RUN { path::TRIGGER } else { path::RUN };
        // Boxed: it happens once for an address, and every request would be as large as two.
        let reply = Box::pin(self.send(target, other, body, MAX_ANSWER)).await?;
        let reply = parse_reply(&reply).map_err(CallFailure::Garbage)?;
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

fn client(connector: HttpsConnector<GatedConnector>) -> HttpClient {
    let mut client = HyperClient::builder(TokioExecutor::new());
    client.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
    client.build(connector)
}

fn request(
    target: &Target,
    method: &str,
    body: Bytes,
    networks: &Networks,
) -> Result<Request<Full<Bytes>>, CallFailure> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri(&target.address, method, networks)?;
    *request.headers_mut() = headers(target)?;
    Ok(request)
}

/// What a request says of itself and of who sends it.
pub(super) fn headers(target: &Target) -> Result<HeaderMap, CallFailure> {
    let header = |value: &str| {
        HeaderValue::from_str(value)
            .map_err(|_| CallFailure::NeverArrived("a header cannot carry the credentials".to_owned()))
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(TOKEN_HEADER, header(&target.token)?);
    headers.insert(APP_NAME_HEADER, header(&target.app_name)?);
    Ok(headers)
}

/// Sends, and reads the answer's body up to a limit (bytes).
async fn exchange(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<Bytes, CallFailure> {
    let response = client.request(request).await.map_err(failure)?;
    let body =
        Limited::new(response.into_body(), limit).collect().await.map_err(|error| match error
            .is::<LengthLimitError>()
        {
            true => CallFailure::Garbage(format!("the answer is longer than {limit} bytes")),
            false => CallFailure::NoAnswer(with_sources(error.as_ref())),
        })?;
    Ok(body.to_bytes())
}

#[async_trait]
impl Dispatcher for HttpDispatcher {
    async fn call(&self, target: &Target, call: Call) -> Answer {
        let (method, body, most) = match call {
            Call::Run(request) => return self.run(target, body(&*request)?).await,
            // An empty object: the one body that every client takes.
            Call::Beat => (path::BEAT, Bytes::from_static(b"{}"), MAX_ANSWER),
            Call::IdleBeat { job_id } => (path::IDLE_BEAT, body(&IdleBeatRequest { job_id })?, MAX_ANSWER),
            Call::Kill { job_id } => (path::KILL, body(&KillRequest { job_id })?, MAX_ANSWER),
            Call::Log(request) => (path::LOG, body(&request)?, MAX_LOG_ANSWER),
        };
        Box::pin(self.ask_for(target, method, body, most)).await
    }

    async fn hand_over(&self, target: &Target, runs: Vec<FencedRun>) -> Result<Vec<RefusedRun>, CallFailure> {
        let everyone: Vec<i64> = runs.iter().map(|fenced| fenced.run.log_id).collect();
        let request = body(&RunsRequest { life: target.life.clone(), runs })?;
        let answer = self.send(target, path::RUNS, request, MAX_BATCH_ANSWER).await?;
        let reply: RunsReply = serde_json::from_slice(&answer).map_err(|_| garbage(&answer))?;
        match reply.code {
            words::SUCCESS => return Ok(reply.refused),
            OTHER_LIFE => return Err(CallFailure::Restarted),
            _ => {}
        }
        let refused = |run_id| RefusedRun { run_id, code: reply.code, text: reply.msg.clone() };
        Ok(everyone.into_iter().map(refused).collect())
    }

    async fn ask(&self, target: &Target, runs: &[AskedRun]) -> Result<Vec<Whereabouts>, CallFailure> {
        let request = body(&AskRequest { life: target.life.clone(), runs: runs.to_vec() })?;
        let answer = self.answer(target, path::ASK, request, MAX_BATCH_ANSWER).await?;
        let reply: AskReply = serde_json::from_slice(&answer).map_err(|_| garbage(&answer))?;
        match reply.code {
            words::SUCCESS => Ok(reply.runs),
            _ => Err(CallFailure::Garbage(reply.msg)),
        }
    }

    async fn open_log(&self, target: &Target, asked: LogRequest) -> Result<LogBody, CallFailure> {
        let request = request(target, path::LOG, body(&asked)?, &self.networks)?;
        let response = match tokio::time::timeout(ANSWER, self.logs.request(request)).await {
            Ok(response) => response.map_err(failure)?,
            Err(_) => return Err(CallFailure::NoAnswer("time-out".to_owned())),
        };
        let pieces = BodyDataStream::new(response.into_body());
        Ok(pieces.map(|piece| piece.map_err(failure_of_body)).boxed())
    }
}

fn failure_of_body(error: hyper::Error) -> CallFailure {
    CallFailure::NoAnswer(with_sources(&error))
}

fn garbage(answer: &[u8]) -> CallFailure {
    CallFailure::Garbage(parse_reply(answer).map_or_else(|foreign| foreign, |reply| reply.text))
}

fn body(message: &impl serde::Serialize) -> Result<Bytes, CallFailure> {
    let json = serde_json::to_vec(message);
    json.map(Bytes::from).map_err(|error| CallFailure::NeverArrived(error.to_string()))
}

/// The address, which may have a path of its own, and the method; nothing that may not be called.
pub(super) fn uri(address: &str, method: &str, networks: &Networks) -> Result<Uri, CallFailure> {
    let never = |text: String| CallFailure::NeverArrived(text);
    let uri = format!("{}/{method}", address.trim_end_matches('/'));
    let uri: Uri = uri.parse().map_err(|error: http::uri::InvalidUri| never(error.to_string()))?;
    match literal(&uri) {
        Some(ip) if !may_reach(ip, networks) => Err(never(format!("{ip} may not be called"))),
        _ => Ok(uri),
    }
}

/// Only a connection that was never made proves that nothing arrived.
fn failure(error: HyperError) -> CallFailure {
    let text = with_sources(&error);
    if error.is_connect() { CallFailure::NeverArrived(text) } else { CallFailure::NoAnswer(text) }
}

/// What lies below the outermost error, which says no more than that something failed.
pub(crate) fn with_sources(error: &dyn StdError) -> String {
    let mut texts = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

/// The system's resolver, less what may not be called.
#[derive(Clone)]
pub struct CheckedResolver {
    networks: Arc<Networks>,
}

impl tower_service::Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = self.networks.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| may_reach(address.ip(), &networks)).collect();
            if allowed.is_empty() {
                let text = format!("{} has no address that may be called", name.as_str());
                return Err(std::io::Error::other(text));
            }
            Ok(allowed.into_iter())
        })
    }
}
