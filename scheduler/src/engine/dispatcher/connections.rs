//! Connections to executors that are kept open between requests. Whoever asks drives the connection itself until
//! the answer is there: a client that hands each request to a task of the connection, and gets the answer back from
//! it, spends as much on that as on the request.

use super::CallFailure;
use super::gated::{GatedConnector, GatedStream, is_shut};
use super::http::{headers, uri, with_sources};
use crate::engine::directory::Target;
use crate::rules::networks::Networks;
use bytes::Bytes;
use futures::future::{pending, poll_immediate};
use http::header::{HOST, HeaderValue};
use http::uri::Scheme;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tower_service::Service;

/// Java closes a connection that is idle for 90 s, others earlier.
pub const IDLE: Duration = Duration::from_secs(55);

/// Connections by where they lead.
pub struct Connections {
    connector: HttpsConnector<GatedConnector>,
    networks: Arc<Networks>,
    endpoints: Mutex<Endpoints>,
}

struct Endpoints {
    by_address: HashMap<String, Vec<Arc<Endpoint>>>,
    swept_at: Instant,
}

/// Where requests of one kind go, what is the same of all of them, and the connections there that are open.
pub struct Endpoint {
    method: &'static str,
    token: String,
    app_name: String,
    /// With scheme and host; what is sent names the path alone.
    absolute: Uri,
    path: Uri,
    headers: HeaderMap,
    /// Those that were used last at the end. Boxed, for with its buffers each is as large as some kilobytes.
    idle: Mutex<Vec<(Box<Open>, Instant)>>,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    driven: Driven,
}

/// What reads and writes, for as long as somebody drives it.
struct Driven {
    connection: http1::Connection<MaybeHttpsStream<GatedStream>, Full<Bytes>>,
    /// With what it came to its end; it is driven no further.
    end: Option<hyper::Result<()>>,
}

impl Connections {
    /// Nothing goes to an address outside of `networks`.
    pub fn new(connector: HttpsConnector<GatedConnector>, networks: Arc<Networks>) -> Self {
        let endpoints = Endpoints { by_address: HashMap::new(), swept_at: Instant::now() };
        Self { connector, networks, endpoints: Mutex::new(endpoints) }
    }

    /// Where this method of a target is found.
    ///
    /// # Errors
    /// [`CallFailure::NeverArrived`] where its address, or what is to be said of the caller, cannot be written.
    pub fn endpoint(&self, target: &Target, method: &'static str) -> Result<Arc<Endpoint>, CallFailure> {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.sweep(Instant::now());
        let there = endpoints.by_address.get(&target.address);
        if let Some(known) = there.and_then(|there| there.iter().find(|one| one.is_for(target, method))) {
            return Ok(known.clone());
        }
        let endpoint = Arc::new(Endpoint::new(target, method, &self.networks)?);
        endpoints.by_address.entry(target.address.clone()).or_default().push(endpoint.clone());
        Ok(endpoint)
    }

    /// Posts a body, and reads the answer's up to a limit (bytes).
    pub async fn exchange(
        &self,
        endpoint: &Endpoint,
        body: Bytes,
        limit: usize,
    ) -> Result<Bytes, CallFailure> {
        let mut request = endpoint.request(body);
        loop {
            let (mut open, was_kept) = match endpoint.take().await {
                Some(kept) => (kept, true),
                // Boxed, for it is seldom done and takes the most room.
                None => (Box::pin(self.connect(&endpoint.absolute)).await?, false),
            };
            let answer = open.sender.try_send_request(request);
            let response = match open.driven.until(answer).await {
                Some(Ok(response)) => response,
                Some(Err(mut error)) => match error.take_message() {
                    // It was closed at this moment, and nothing was written.
                    Some(unsent) if was_kept => {
                        request = unsent;
                        continue;
                    }
                    Some(_) => return Err(CallFailure::NeverArrived(with_sources(&error.into_error()))),
                    None => return Err(open.driven.failure(&error.into_error())),
                },
                None => return Err(open.driven.failure_of_end()),
            };
            let body = Limited::new(response.into_body(), limit).collect();
            let body = match open.driven.until(body).await {
                Some(Ok(body)) => body.to_bytes(),
                Some(Err(error)) if error.is::<LengthLimitError>() => {
                    return Err(CallFailure::Garbage(format!("the answer is longer than {limit} bytes")));
                }
                Some(Err(error)) => return Err(open.driven.failure(error.as_ref())),
                None => return Err(open.driven.failure_of_end()),
            };
            if open.takes_another().await {
                endpoint.idle().push((open, Instant::now()));
            }
            return Ok(body);
        }
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<Open>, CallFailure> {
        let failure = |error: &(dyn StdError + 'static)| match is_shut(error) {
            true => CallFailure::GateShut,
            false => CallFailure::NeverArrived(with_sources(error)),
        };
        let mut connector = self.connector.clone();
        let ready = poll_fn(|context| connector.poll_ready(context)).await;
        ready.map_err(|error| failure(error.as_ref()))?;
        let stream = connector.call(uri.clone()).await.map_err(|error| failure(error.as_ref()))?;
        let (sender, connection) = http1::handshake(stream).await.map_err(|error| failure(&error))?;
        Ok(Box::new(Open { sender, driven: Driven { connection, end: None } }))
    }
}

impl Endpoints {
    /// Now and then forgets what has not been used for long.
    fn sweep(&mut self, now: Instant) {
        if now - self.swept_at < IDLE {
            return;
        }
        self.swept_at = now;
        self.by_address.retain(|_, there| {
            there.retain(|endpoint| Arc::strong_count(endpoint) > 1 || endpoint.is_used(now));
            !there.is_empty()
        });
    }
}

impl Endpoint {
    fn new(target: &Target, method: &'static str, networks: &Networks) -> Result<Self, CallFailure> {
        let absolute = uri(&target.address, method, networks)?;
        let mut headers = headers(target)?;
        headers.insert(HOST, host(&absolute)?);
        Ok(Self {
            method,
            token: target.token.clone(),
            app_name: target.app_name.clone(),
            path: absolute.path_and_query().cloned().map_or_else(Uri::default, Uri::from),
            absolute,
            headers,
            idle: Mutex::default(),
        })
    }

    fn is_for(&self, target: &Target, method: &str) -> bool {
        self.method == method && self.token == target.token && self.app_name == target.app_name
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// The connection that was used last, of those that the other side has not closed.
    async fn take(&self) -> Option<Box<Open>> {
        loop {
            let (mut open, since) = self.idle().pop()?;
            if since.elapsed() < IDLE && open.is_alive().await {
                return Some(open);
            }
        }
    }

    /// Whether a connection there is open that was not idle for too long; those that were are closed.
    fn is_used(&self, now: Instant) -> bool {
        let mut idle = self.idle();
        idle.retain(|(_, since)| now - *since < IDLE);
        !idle.is_empty()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Box<Open>, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a port where it is the usual one (RFC 9110, 7.2).
fn host(uri: &Uri) -> Result<HeaderValue, CallFailure> {
    let authority = uri.authority().ok_or_else(|| CallFailure::NeverArrived("no host".to_owned()))?;
    let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let host = authority.host();
    let value = match authority.port_u16() {
        Some(port) if port != usual => HeaderValue::from_str(&format!("{host}:{port}")),
        _ => HeaderValue::from_str(host),
    };
    value.map_err(|error| CallFailure::NeverArrived(error.to_string()))
}

impl Open {
    /// Whether the other side has neither closed it nor said anything that nobody asked for.
    async fn is_alive(&mut self) -> bool {
        poll_immediate(self.driven.until(pending::<()>())).await.is_none() && self.sender.is_ready()
    }

    /// Whether the answer was read to its end and both sides keep it open.
    async fn takes_another(&mut self) -> bool {
        let Self { sender, driven } = self;
        let ready = driven.until(poll_fn(|context| sender.poll_ready(context)));
        matches!(poll_immediate(ready).await, Some(Some(Ok(()))))
    }
}

impl Driven {
    /// Reads and writes until `work` is done; none where that cannot be any more.
    async fn until<F: Future>(&mut self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.end.is_none()
                && let Poll::Ready(end) = Pin::new(&mut self.connection).poll(context)
            {
                self.end = Some(end);
            }
            match work.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if self.end.is_some() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Something may have arrived, unless the gate was shut before all of it was written.
    fn failure(&self, error: &(dyn StdError + 'static)) -> CallFailure {
        let end = self.end.as_ref().and_then(|end| end.as_ref().err());
        match is_shut(error) || end.is_some_and(|end| is_shut(end)) {
            true => CallFailure::GateShut,
            false => CallFailure::NoAnswer(with_sources(error)),
        }
    }

    fn failure_of_end(&self) -> CallFailure {
        match &self.end {
            Some(Err(error)) => self.failure(error),
            _ => CallFailure::NoAnswer("the connection was closed before the answer".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_port_is_not_named_to_the_host() {
        let host = |uri: &str| host(&uri.parse().unwrap()).unwrap();
        assert_eq!(host("http://one:9999/run"), "one:9999");
        assert_eq!(host("http://one:80/run"), "one");
        assert_eq!(host("https://one:443/"), "one");
        assert_eq!(host("https://one:80/"), "one:80");
        assert_eq!(host("http://[::1]:9999/"), "[::1]:9999");
    }
}
