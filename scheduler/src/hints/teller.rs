//! Carrying hints to the other servers: at most one request to each at a time, and what comes meanwhile goes along with
//! the next one. One that cannot be told is left to its poll.

use super::pace::Pace;
use super::{Figures, Key, Letter, Outbox};
use crate::Result;
use crate::clock::SharedClock;
use crate::engine::dispatcher::with_sources;
use crate::outgoing::secured;
use crate::signals::Signals;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Below the address of a server.
pub const PATH: &str = "/hints";
/// Headers: when it was signed (ms UTC), and the signature.
pub const AT: &str = "x-orrery-at";
pub const SIGNATURE: &str = "x-orrery-signature";

/// Longer than this, the poll is as quick.
const WITHIN: Duration = Duration::from_secs(1);
const CONNECTED_WITHIN: Duration = Duration::from_millis(500);
/// What is still to be told when the server stops: its end does not wait longer.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// A server that could not be told is left alone for so long.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Servers close what is idle for 75 s, proxies earlier.
const IDLE: Duration = Duration::from_secs(30);

/// Carries what lies in the outbox of one server.
pub struct Teller {
    outbox: Arc<Outbox>,
    key: Key,
    clock: SharedClock,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Teller {
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when no TLS can be set up.
    pub fn new(signals: &Signals, key: Key, clock: SharedClock) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTED_WITHIN));
        let connector = secured(tcp)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { outbox: signals.outbox().clone(), key, clock, client })
    }

    /// Tells whatever there is to be told until it is to stop, and then what is still there.
    pub async fn run(self, stop: CancellationToken) {
        let mut under_way = FuturesUnordered::new();
        let mut busy = BTreeSet::new();
        let mut silent = BTreeSet::new();
        let mut paces: BTreeMap<i32, Pace> = BTreeMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.outbox.news() => {}
                Some((server_id, told)) = under_way.next() => {
                    busy.remove(&server_id);
                    note(&mut silent, server_id, told);
                }
            }
            for letter in self.outbox.take(|server_id| !busy.contains(&server_id)) {
                busy.insert(letter.server_id);
                let rest = paces.entry(letter.server_id).or_default().take(Instant::now());
                under_way.push(self.tell(letter, rest));
            }
        }
        let last_words = async {
            let letters = self.outbox.take(|_| true);
            join_all(letters.iter().map(|letter| self.post(letter))).await;
            while under_way.next().await.is_some() {}
        };
        // Whoever does not hear them finds it by itself.
        drop(tokio::time::timeout(LAST_WORDS, last_words).await);
    }

    /// Tells one server, and rests until it may be told again: so long from the beginning.
    async fn tell(&self, letter: Letter, rest: Duration) -> (i32, Result<(), String>) {
        let rest = tokio::time::sleep(rest);
        let told = tokio::time::timeout(WITHIN, self.post(&letter)).await;
        let told = told.unwrap_or_else(|_| Err(format!("no answer within {WITHIN:?}")));
        Figures::count(&self.outbox.figures.sent);
        if told.is_err() {
            Figures::count(&self.outbox.figures.failed);
        }
        rest.await;
        if told.is_err() {
            tokio::time::sleep(REST_AFTER_FAILURE).await;
        }
        (letter.server_id, told)
    }

    /// Why it was not taken.
    async fn post(&self, letter: &Letter) -> Result<(), String> {
        let (at, hints) = (self.clock.now(), letter.hints.written());
        let request = Request::post(format!("{}{PATH}", letter.url))
            .header(AT, at)
            .header(SIGNATURE, self.key.signature(at, hints.as_bytes()))
            .body(Full::from(hints))
            .map_err(|error| error.to_string())?;
        let answer = self.client.request(request).await.map_err(|error| with_sources(&error))?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}

/// Says once that a server cannot be told, and once that it can again.
fn note(silent: &mut BTreeSet<i32>, server_id: i32, told: Result<(), String>) {
    match told {
        Err(reason) if silent.insert(server_id) => tracing::warn!(
            server = server_id,
            reason,
            "another server cannot be told what it waits for: it finds that up to a second later"
        ),
        Ok(()) if silent.remove(&server_id) => {
            tracing::info!(server = server_id, "another server can be told again what it waits for");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::hints::{Hint, Hints, Others};
    use crate::rules::audit;
    use crate::signals::Change;
    use axum::Router;
    use axum::extract::State;
    use axum::routing::post;
    use http::HeaderMap;
    use std::sync::atomic::Ordering;
    use tokio::net::TcpListener;
    use tokio::sync::{Notify, mpsc};
    use tokio::task::JoinHandle;

    const NOW: i64 = 1_767_225_600_000;

    /// Another server: hands on what it is told, and answers when it may.
    #[derive(Clone)]
    struct Other {
        heard: mpsc::UnboundedSender<Hints>,
        may_answer: Arc<Notify>,
    }

    async fn hear(State(other): State<Other>, headers: HeaderMap, body: String) -> StatusCode {
        let at: i64 = headers[AT].to_str().unwrap().parse().unwrap();
        assert!(key().admits(at, body.as_bytes(), headers[SIGNATURE].as_bytes(), NOW));
        other.heard.send(Hints::read(&body)).unwrap();
        other.may_answer.notified().await;
        StatusCode::NO_CONTENT
    }

    fn key() -> Key {
        Key::of(&audit::Key::new([7; 32]))
    }

    async fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (listener, url)
    }

    /// A server that tells the one of this address.
    fn telling(url: &str) -> Signals {
        telling_until(url, CancellationToken::new()).0
    }

    fn telling_until(url: &str, stop: CancellationToken) -> (Signals, JoinHandle<()>) {
        let signals = Signals::default();
        signals.outbox().know(Others { urls: [(2, url.to_owned())].into(), owners: [(20, 2)].into() });
        let teller = Teller::new(&signals, key(), ManualClock::at(NOW)).unwrap();
        let telling = tokio::spawn(teller.run(stop));
        (signals, telling)
    }

    fn jobs(hints: &Hints) -> usize {
        hints.iter().filter(|hint| matches!(hint, Hint::Changed(Change::Job(_)))).count()
    }

    /// Its address, what it hears, and what lets it answer.
    async fn other() -> (String, mpsc::UnboundedReceiver<Hints>, Arc<Notify>) {
        let (listener, url) = listen().await;
        let (heard, hearing) = mpsc::unbounded_channel();
        let other = Other { heard, may_answer: Arc::default() };
        let may_answer = other.may_answer.clone();
        let app = Router::new().route(PATH, post(hear)).with_state(other);
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, hearing, may_answer)
    }

    #[tokio::test]
    async fn one_request_is_under_way_and_the_next_one_says_all_that_came_meanwhile() {
        let (url, mut hearing, may_answer) = other().await;
        let (beside, mut beside_hearing, beside_may_answer) = other().await;
        let signals = telling(&url);
        let urls = [(2, url), (3, beside)].into();
        signals.outbox().know(Others { urls, owners: [(20, 2)].into() });
        signals.publish(Change::Job(1));
        assert_eq!(jobs(&hearing.recv().await.unwrap()), 1);
        assert_eq!(jobs(&beside_hearing.recv().await.unwrap()), 1);
        for id in [2, 3, 4] {
            // The one that has answered is told at once.
            beside_may_answer.notify_one();
            signals.publish(Change::Job(id));
            assert_eq!(jobs(&beside_hearing.recv().await.unwrap()), 1);
        }
        signals.publish(Change::Job(2));
        signals.publish_in(20, Change::Run(9));
        assert!(hearing.try_recv().is_err(), "the first request is under way");
        may_answer.notify_one();
        let next = hearing.recv().await.unwrap();
        assert_eq!((jobs(&next), next.iter().count()), (3, 4));
        assert_eq!(signals.outbox().figures.failed.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_is_left_to_be_told_at_the_end_is_told_whoever_has_not_answered_yet() {
        let (url, mut hearing, _) = other().await;
        let stop = CancellationToken::new();
        let (signals, telling) = telling_until(&url, stop.clone());
        signals.publish(Change::Job(1));
        assert_eq!(jobs(&hearing.recv().await.unwrap()), 1);
        signals.publish(Change::Job(2));
        stop.cancel();
        assert_eq!(jobs(&hearing.recv().await.unwrap()), 1);
        telling.await.unwrap();
    }

    #[tokio::test]
    async fn who_cannot_be_told_holds_nobody_up_and_is_told_again_when_there_is_more() {
        // Who listens there takes the connection, and says nothing.
        let (listener, url) = listen().await;
        let signals = telling(&url);
        signals.publish(Change::Job(1));
        let (_open, _) = listener.accept().await.unwrap();
        failures(&signals, 1).await;
        // Then nobody listens.
        drop(listener);
        signals.publish(Change::Job(1));
        failures(&signals, 2).await;
        assert_eq!(signals.outbox().figures.sent.load(Ordering::Relaxed), 2);
    }

    async fn failures(signals: &Signals, count: u64) {
        let begin = Instant::now();
        while signals.outbox().figures.failed.load(Ordering::Relaxed) < count {
            assert!(begin.elapsed() < 10 * WITHIN, "it is still waited for");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
