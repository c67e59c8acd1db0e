//! The executor's calls to its servers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protocol::metrics::{HostSample, MetricsReport};
use protocol::words::{self, path};
use protocol::{Callback, RegistryRequest, RemoteReply};
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::settings::{Error, Settings};

/// Connecting and the whole exchange may each take this long.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How much of an answer is read; a good one has a hundred bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// No server took what was sent.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct NotTaken {
    text: String,
    why: Why,
}

/// Why not. Of several servers the last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// It did not answer, or with something that says nothing about the message.
    Unreachable,
    /// It answered that it does not know such a message.
    Unknown,
    /// It answered with this code.
    Code(i32),
}

impl NotTaken {
    pub fn why(&self) -> Why {
        self.why
    }

    #[cfg(test)]
    pub fn because(why: Why) -> Self {
        Self { text: String::new(), why }
    }
}

/// Talks to the servers of an executor: to the one that answered last, and if it fails to the others.
pub(crate) struct Client {
    http: reqwest::Client,
    bases: Vec<String>,
    headers: HeaderMap,
    registration: RegistryRequest,
    preferred: AtomicUsize,
}

impl Client {
    /// A client that registers in these words.
    pub fn new(settings: &Settings, registration: RegistryRequest) -> Result<Self, Error> {
        Ok(Self {
            http: http_client(TIMEOUT)?,
            bases: settings.servers.iter().map(|server| api_base(server)).collect(),
            headers: headers(settings)?,
            registration,
            preferred: AtomicUsize::new(0),
        })
    }

    /// Tells a server that this instance is alive.
    pub async fn register(&self) -> Result<(), NotTaken> {
        self.send(path::REGISTRY, &self.registration).await
    }

    /// Tells a server that this instance is leaving.
    pub async fn unregister(&self) -> Result<(), NotTaken> {
        self.send(path::REGISTRY_REMOVE, &self.registration).await
    }

    /// Delivers results.
    pub async fn callback(&self, results: &[Callback]) -> Result<(), NotTaken> {
        self.send(path::CALLBACK, results).await
    }

    /// Tells how the host of this instance is doing.
    pub async fn metrics(&self, sample: HostSample) -> Result<(), NotTaken> {
        let RegistryRequest { registry_key, registry_value, life, .. } = self.registration.clone();
        self.send(path::METRICS, &MetricsReport { registry_key, registry_value, life, sample }).await
    }

    async fn send<T: Serialize + ?Sized>(&self, name: &str, message: &T) -> Result<(), NotTaken> {
        let unsent = |text| NotTaken { text, why: Why::Unreachable };
        let body = serde_json::to_vec(message).map_err(|error| unsent(error.to_string()))?;
        let first = self.preferred.load(Ordering::Relaxed);
        let mut refused = unsent(String::new());
        for offset in 0..self.bases.len() {
            let index = (first + offset) % self.bases.len();
            let url = format!("{}/{name}", self.bases[index]);
            match self.post(&url, body.clone()).await {
                Ok(()) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(());
                }
                Err(NotTaken { text, why }) => {
                    let gap = if refused.text.is_empty() { "" } else { "; " };
                    refused.text.push_str(&format!("{gap}{url}: {text}"));
                    refused.why = refused.why.max(why);
                }
            }
        }
        Err(refused)
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<(), NotTaken> {
        let broken = |error| NotTaken { text: with_causes(error), why: Why::Unreachable };
        let request = self.http.post(url).headers(self.headers.clone()).body(body);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > ANSWER_LIMIT {
                let text = format!("HTTP {status} with an answer that is none of the protocol's");
                return Err(NotTaken { text, why: why(status.as_u16(), None) });
            }
        }
        taken(status.as_u16(), protocol::parse_reply(&answer))
    }
}

/// What an answer says about what was sent.
fn taken(status: u16, answer: Result<RemoteReply, String>) -> Result<(), NotTaken> {
    let why = why(status, answer.as_ref().ok());
    let text = match (status, answer) {
        (200, Ok(reply)) if reply.is_ok() => return Ok(()),
        (200, Ok(reply)) => format!("code {}: {}", reply.code, reply.text),
        (200, Err(foreign)) => format!("an answer that is none of the protocol's: {foreign}"),
        (status, Ok(RemoteReply { text, .. }) | Err(text)) => format!("HTTP {status}: {text}"),
    };
    Err(NotTaken { text, why })
}

/// Servers of others say that they do not know a message by a text of the protocol, or as the framework does
/// that they are written in: by 404, 405 or 500. Other numbers are a proxy's.
fn why(status: u16, reply: Option<&RemoteReply>) -> Why {
    match (status, reply) {
        (_, Some(reply)) if reply.is_unknown_mapping() => Why::Unknown,
        (200, Some(reply)) => Why::Code(reply.code),
        (404 | 405 | 500, _) => Why::Unknown,
        _ => Why::Unreachable,
    }
}

/// An HTTP client that goes straight to where it is sent: no proxy of the environment, no redirects, which
/// would carry the token elsewhere.
pub(crate) fn http_client(timeout: Duration) -> Result<reqwest::Client, Error> {
    client_builder(timeout).build().map_err(Error::HttpClient)
}

/// See [`http_client`].
pub(crate) fn client_builder(timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        // By this a server knows how to ask whether a run began.
        .user_agent(concat!("orrery-executor/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout.min(TIMEOUT))
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(50))
}

/// An error of the HTTP client together with what caused it: its own text alone says very little.
pub(crate) fn with_causes(error: reqwest::Error) -> String {
    format!("{:#}", anyhow::Error::new(error.without_url()))
}

/// Where a server's API is. Some configurations already name it.
fn api_base(server: &str) -> String {
    let base = protocol::normal_address(server);
    if base.ends_with("/api") { base.to_owned() } else { format!("{base}/api") }
}

fn headers(settings: &Settings) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(words::CONTENT_TYPE));
    let mut add = |header: &'static str, text: &str, what, secret| {
        let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Error::Header(what))?;
        value.set_sensitive(secret);
        headers.insert(header, value);
        Ok(())
    };
    add(words::APP_NAME_HEADER, &settings.app_name, "application name", false)?;
    if let Some(token) = &settings.token {
        add(words::TOKEN_HEADER, token, "token", true)?;
    }
    if let Some(namespace) = &settings.namespace {
        add(words::NAMESPACE_HEADER, namespace, "namespace", false)?;
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_found_from_every_form_of_base_address_in_use() {
        for (server, base) in [
            ("http://h:8080", "http://h:8080/api"),
            ("http://h:8080/", "http://h:8080/api"),
            ("http://h:8080/xxl-job-admin", "http://h:8080/xxl-job-admin/api"),
            ("http://h:8080/xxl-job-admin/api/", "http://h:8080/xxl-job-admin/api"),
        ] {
            assert_eq!(api_base(server), base);
        }
    }

    #[test]
    fn an_answer_tells_a_refusal_from_a_server_that_does_not_know_the_message() {
        let why =
            |status, body: &str| taken(status, protocol::parse_reply(body.as_bytes())).map_err(|it| it.why);
        let unknown = r#"{"code":500,"msg":"invalid request, uri-mapping(metrics) not found."}"#;
        assert_eq!(why(200, r#"{"code":200,"msg":"Success"}"#), Ok(()));
        assert_eq!(why(200, unknown), Err(Why::Unknown));
        assert_eq!(why(404, "<html>"), Err(Why::Unknown));
        assert_eq!(why(500, r#"{"code":500,"msg":"system error"}"#), Err(Why::Unknown));
        assert_eq!(why(200, r#"{"code":404,"msg":"register first"}"#), Err(Why::Code(404)));
        assert_eq!(why(502, "bad gateway"), Err(Why::Unreachable));
        assert_eq!(why(200, "hello"), Err(Why::Unreachable));
        assert!(Why::Code(500) > Why::Unknown && Why::Unknown > Why::Unreachable);
    }
}
