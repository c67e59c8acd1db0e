//! Requests to addresses that people typed: one client, which goes nowhere it should not.
//!
//! A name is resolved first, the addresses are checked ([`crate::rules::networks`]), and the connection goes
//! to one that passed: a name that resolves differently a moment later gains nothing. Redirects are not
//! followed, the whole exchange is bounded in time and its answer in bytes.

use crate::addresses::literal;
use crate::rules::networks::{Networks, fault_of};
use crate::{Error, Result};
use bytes::Bytes;
use entity::fault::Fault;
use http::header::CONTENT_TYPE;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use ipnet::IpNet;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// For the whole exchange.
const WHOLE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MOST: usize = 64 << 10;
/// Characters of a URL.
pub const URL_LENGTH: u32 = 2_000;

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    client: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>,
    allowed: Arc<Networks>,
    whole: Duration,
}

/// What was answered, of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As much of it as is read.
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Address(String),
    #[error("no answer within {0:?}")]
    TimeOut(Duration),
    #[error("{0}")]
    Connection(String),
}

/// The same connections, with TLS where an address begins with `https`, by what the machine trusts.
///
/// # Errors
/// [`Error::Internal`] when no TLS can be set up.
pub fn secured<C>(connector: C) -> Result<HttpsConnector<C>> {
    let builder = HttpsConnectorBuilder::new()
        .with_provider_and_platform_verifier(rustls::crypto::ring::default_provider())
        .map_err(|error| Error::Internal(format!("no HTTP client: {error}")))?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
}

impl Outgoing {
    /// A client that may also call what is not public in these networks.
    ///
    /// # Errors
    /// [`Error::Internal`] when no TLS can be set up.
    pub fn new(allowed: Vec<IpNet>) -> Result<Self> {
        let allowed: Arc<Networks> = allowed.into();
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver { allowed: allowed.clone() });
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(WHOLE));
        let connector = secured(tcp)?;
        // Messages are rare: a connection kept for the next one would only be stale then.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, allowed, whole: WHOLE })
    }

    /// The same with another bound on the whole exchange.
    #[must_use]
    pub fn within(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// Posts JSON.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answer, Failure> {
        let uri =
            parse(url).map_err(|_| Failure::Address("not an http:// or https:// address".to_owned()))?;
        if let Some(fault) = literal(&uri).and_then(|ip| fault_of(ip, &self.allowed)) {
            return Err(Failure::Address(format!("the address may not be called: {fault}")));
        }
        let mut request = Request::post(uri).header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::from(body)).map_err(|error| Failure::Address(error.to_string()))?;
        let exchange = tokio::time::timeout(self.whole, self.exchange(request)).await;
        exchange.unwrap_or(Err(Failure::TimeOut(self.whole)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let response = self.client.request(request).await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let (mut bytes, mut body) = (Vec::new(), response.into_body());
        while bytes.len() < MOST
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| failure(&error))?;
            bytes.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
        }
        bytes.truncate(MOST);
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// A typed URL as it is stored.
    ///
    /// # Errors
    /// [`Fault::Required`], [`Fault::TooLong`], or [`Fault::Url`] for what is no URL, or is one that may
    /// not be called.
    pub fn check(&self, typed: &str) -> Result<String, Fault> {
        let typed = typed.trim();
        let uri = parse(typed)?;
        match literal(&uri).and_then(|ip| fault_of(ip, &self.allowed)) {
            Some(_) => Err(Fault::Url),
            None => Ok(typed.to_owned()),
        }
    }
}

/// An `http://` or `https://` URL of a host, without credentials.
fn parse(url: &str) -> Result<Uri, Fault> {
    if url.is_empty() {
        return Err(Fault::Required);
    }
    if url.chars().count() > URL_LENGTH as usize {
        return Err(Fault::TooLong { max: URL_LENGTH });
    }
    let uri: Uri = url.parse().map_err(|_| Fault::Url)?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let has_credentials = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if is_web && has_host && !has_credentials { Ok(uri) } else { Err(Fault::Url) }
}

/// The innermost cause says most.
fn failure(error: &dyn StdError) -> Failure {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    Failure::Connection(text)
}

/// The system's resolver, less what may not be called.
#[derive(Clone)]
pub struct GuardedResolver {
    allowed: Arc<Networks>,
}

impl tower_service::Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            checked(name.as_str(), found, &allowed).map_err(std::io::Error::other)
        })
    }
}

/// Those of the addresses of a name that may be called.
fn checked(
    name: &str,
    found: impl Iterator<Item = SocketAddr>,
    allowed: &Networks,
) -> Result<std::vec::IntoIter<SocketAddr>, String> {
    let mut fault = None;
    let mut good = Vec::new();
    for address in found {
        match fault_of(address.ip(), allowed) {
            None => good.push(address),
            Some(found) => fault = Some(found),
        }
    }
    match (good.is_empty(), fault) {
        (false, _) => Ok(good.into_iter()),
        (true, Some(fault)) => Err(format!("{name} may not be called: {fault}")),
        (true, None) => Err(format!("{name} has no address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(allowed: &[&str]) -> Outgoing {
        Outgoing::new(allowed.iter().map(|network| network.parse().unwrap()).collect()).unwrap()
    }

    #[test]
    fn a_url_that_may_not_be_called_is_refused_when_it_is_typed() {
        let outgoing = outgoing(&[]);
        for url in [
            "ftp://h/x",
            "h/x",
            "http://",
            "http://u:p@h/x",
            "http://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:80/",
            "https://[::1]/",
            "http://10.0.0.8/hook",
        ] {
            assert_eq!(outgoing.check(url), Err(Fault::Url), "{url}");
        }
        assert_eq!(outgoing.check(" "), Err(Fault::Required));
        let long = format!("https://h/{}", "x".repeat(2_000));
        assert_eq!(outgoing.check(&long), Err(Fault::TooLong { max: 2_000 }));
        assert_eq!(outgoing.check(" https://h.example/x?key=1 ").unwrap(), "https://h.example/x?key=1");
    }

    #[test]
    fn of_a_name_only_the_addresses_that_may_be_called_are_left() {
        let addresses = |ips: &[&str]| {
            let parse = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), 0);
            ips.iter().map(parse).collect::<Vec<_>>().into_iter()
        };
        let good = checked("h", addresses(&["169.254.169.254", "93.184.215.14"]), &[]).unwrap();
        assert_eq!(good.collect::<Vec<_>>(), addresses(&["93.184.215.14"]).collect::<Vec<_>>());
        let rebound = checked("h", addresses(&["169.254.169.254"]), &["0.0.0.0/0".parse().unwrap()]);
        assert!(rebound.is_err_and(|text| text.contains("h may not be called")));
        assert!(checked("h", addresses(&[]), &[]).is_err_and(|text| text.contains("no address")));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_forbidden_address_is_not_called() {
        let post = |url: &'static str, outgoing: Outgoing| async move {
            outgoing.post(url, &[], "{}".to_owned()).await.unwrap_err().to_string()
        };
        let said = post("http://localhost:9/", outgoing(&[])).await;
        assert!(said.contains("localhost may not be called"), "{said}");
        let said = post("http://169.254.169.254/", outgoing(&["0.0.0.0/0"])).await;
        assert!(said.contains("may not be called"), "{said}");
    }
}
