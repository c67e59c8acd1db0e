//! Connections to executors that are kept open between requests. Whoever asks writes and reads itself: a client that hands
//! each request to something that drives the connection, and gets the answer back from it, spends as much on that as on
//! the request.

use super::CallFailure;
use super::gated::{GatedConnector, GatedStream, is_shut};
use super::http::{headers, uri, with_sources};
use super::wire::{Unanswered, Wire};
use crate::engine::directory::Target;
use crate::rules::networks::Networks;
use bytes::Bytes;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// With scheme and host.
    uri: Uri,
    /// Every request's head, up to the length of its body.
    head: Vec<u8>,
    /// Those that were used last at the end. Boxed, for with TLS each is as large as a kilobyte.
    idle: Mutex<Vec<(Box<Open>, Instant)>>,
}

type Open = Wire<TokioIo<MaybeHttpsStream<GatedStream>>>;

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
        body: &[u8],
        limit: usize,
    ) -> Result<Bytes, CallFailure> {
        let request = endpoint.request(body);
        loop {
            let (mut open, was_kept) = match endpoint.take().await {
                Some(kept) => (kept, true),
                // Boxed, for it is seldom done and takes the most room.
                None => (Box::pin(self.connect(&endpoint.uri)).await?, false),
            };
            match open.exchange(&request, limit).await {
                Ok(answer) => {
                    // One that is closed without a word is left at once.
                    if answer.is_kept && open.is_alive().await {
                        endpoint.idle().push((open, Instant::now()));
                    }
                    return Ok(answer.body);
                }
                // It was closed at this moment.
                Err(Unanswered::Unsent(error)) if was_kept && !is_shut(&error) => {}
                Err(unanswered) => return Err(unanswered.into()),
            }
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
        Ok(Box::new(Wire::new(TokioIo::new(stream))))
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
        let uri = uri(&target.address, method, networks)?;
        Ok(Self {
            method,
            token: target.token.clone(),
            app_name: target.app_name.clone(),
            head: head(&uri, target)?,
            uri,
            idle: Mutex::default(),
        })
    }

    fn is_for(&self, target: &Target, method: &str) -> bool {
        self.method == method && self.token == target.token && self.app_name == target.app_name
    }

    fn request(&self, body: &[u8]) -> Vec<u8> {
        let length = format!("{}\r\n\r\n", body.len());
        [self.head.as_slice(), length.as_bytes(), body].concat()
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

/// What comes before the length of the body.
fn head(uri: &Uri, target: &Target) -> Result<Vec<u8>, CallFailure> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\n", host(uri)).into_bytes();
    for (name, value) in &headers(target)? {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"content-length: ");
    Ok(head)
}

/// Without a port where it is the usual one (RFC 9110, 7.2).
fn host(uri: &Uri) -> String {
    let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

impl From<Unanswered> for CallFailure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            // Without its end nobody carries a request out.
            Unanswered::Unsent(error) | Unanswered::Broken(error) if is_shut(&error) => Self::GateShut,
            Unanswered::Unsent(error) => Self::NeverArrived(with_sources(&error)),
            Unanswered::Broken(error) => Self::NoAnswer(with_sources(&error)),
            Unanswered::Garbage(text) => Self::Garbage(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_port_is_not_named_to_the_host() {
        let host = |uri: &str| host(&uri.parse().unwrap());
        assert_eq!(host("http://one:9999/run"), "one:9999");
        assert_eq!(host("http://one:80/run"), "one");
        assert_eq!(host("https://one:443/"), "one");
        assert_eq!(host("https://one:80/"), "one:80");
        assert_eq!(host("http://[::1]:9999/"), "[::1]:9999");
    }
}
