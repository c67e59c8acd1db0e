//! Connections to executors that are kept open between requests. Whoever asks drives the connection itself until
//! the answer is there: a client that hands each request to a task of the connection, and gets the answer back from
//! it, spends as much on that as on the request.

use super::CallFailure;
use super::gated::{GatedConnector, GatedStream, is_shut};
use super::http::with_sources;
use bytes::Bytes;
use futures::future::{pending, poll_immediate};
use http::header::{HOST, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tower_service::Service;

/// Java closes a connection that is idle for 90 s, others earlier.
pub const IDLE: Duration = Duration::from_secs(55);

/// Connections by where they lead.
pub struct Connections {
    connector: HttpsConnector<GatedConnector>,
    kept: Mutex<Kept>,
}

struct Kept {
    /// Those that were used last at the end.
    idle: HashMap<Place, Vec<(Open, Instant)>>,
    swept_at: Instant,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    is_https: bool,
    authority: Authority,
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
    pub fn new(connector: HttpsConnector<GatedConnector>) -> Self {
        let kept = Kept { idle: HashMap::new(), swept_at: Instant::now() };
        Self { connector, kept: Mutex::new(kept) }
    }

    /// Sends a request to an absolute address, and reads the answer's body up to a limit (bytes).
    pub async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Bytes, CallFailure> {
        let uri = std::mem::take(request.uri_mut());
        let place = Place::of(&uri)?;
        *request.uri_mut() = uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        request.headers_mut().insert(HOST, place.host()?);
        loop {
            let (mut open, was_kept) = match self.take(&place).await {
                Some(kept) => (kept, true),
                None => (self.connect(&uri).await?, false),
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
                self.keep(place, open);
            }
            return Ok(body);
        }
    }

    async fn connect(&self, uri: &Uri) -> Result<Open, CallFailure> {
        let failure = |error: &(dyn StdError + 'static)| match is_shut(error) {
            true => CallFailure::GateShut,
            false => CallFailure::NeverArrived(with_sources(error)),
        };
        let mut connector = self.connector.clone();
        let ready = poll_fn(|context| connector.poll_ready(context)).await;
        ready.map_err(|error| failure(error.as_ref()))?;
        let stream = connector.call(uri.clone()).await.map_err(|error| failure(error.as_ref()))?;
        let (sender, connection) = http1::handshake(stream).await.map_err(|error| failure(&error))?;
        Ok(Open { sender, driven: Driven { connection, end: None } })
    }

    /// The one that was used last, of those that the other side has not closed.
    async fn take(&self, place: &Place) -> Option<Open> {
        loop {
            let (mut open, since) = self.kept().idle.get_mut(place)?.pop()?;
            if since.elapsed() < IDLE && open.is_alive().await {
                return Some(open);
            }
        }
    }

    fn keep(&self, place: Place, open: Open) {
        let now = Instant::now();
        let mut kept = self.kept();
        if now - kept.swept_at >= IDLE {
            kept.idle.retain(|_, open| {
                open.retain(|(_, since)| now - *since < IDLE);
                !open.is_empty()
            });
            kept.swept_at = now;
        }
        kept.idle.entry(place).or_default().push((open, now));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn of(uri: &Uri) -> Result<Self, CallFailure> {
        let authority = uri.authority().cloned();
        let authority = authority.ok_or_else(|| CallFailure::NeverArrived("no host".to_owned()))?;
        Ok(Self { is_https: uri.scheme() == Some(&Scheme::HTTPS), authority })
    }

    /// Without a port where it is the usual one (RFC 9110, 7.2).
    fn host(&self) -> Result<HeaderValue, CallFailure> {
        let usual = if self.is_https { 443 } else { 80 };
        let host = self.authority.host();
        let value = match self.authority.port_u16() {
            Some(port) if port != usual => HeaderValue::from_str(&format!("{host}:{port}")),
            _ => HeaderValue::from_str(host),
        };
        value.map_err(|error| CallFailure::NeverArrived(error.to_string()))
    }
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
        let host = |uri: &str| Place::of(&uri.parse().unwrap()).unwrap().host().unwrap();
        assert_eq!(host("http://one:9999/run"), "one:9999");
        assert_eq!(host("http://one:80/run"), "one");
        assert_eq!(host("https://one:443/"), "one");
        assert_eq!(host("https://one:80/"), "one:80");
        assert_eq!(host("http://[::1]:9999/"), "[::1]:9999");
    }
}
