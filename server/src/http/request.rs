//! What every request gets, whatever it asks for: an id, a log span, an answer even after a panic,
//! and the address of the client.

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, StatusCode};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: &str = "x-forwarded-for";
const LONGEST_ID: usize = 64;

/// Gives the request an id (the sender's, if it is a sane one), a span with it, and returns it.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = sent.filter(|id| is_sane(id)).map_or_else(new_id, str::to_owned);
    let Ok(value) = HeaderValue::from_str(&id) else { return next.run(request).await };
    request.headers_mut().insert(REQUEST_ID, value.clone());
    // The path only: a query may hold what somebody typed.
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = answer(request, next).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, value);
    response
}

async fn answer(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
    if response.status().is_server_error() {
        tracing::warn!(status, ms, "answered");
    } else {
        tracing::debug!(status, ms, "answered");
    }
    response
}

/// The answer after a panic; the panic itself is logged where it happens.
pub fn after_panic(_panic: Box<dyn std::any::Any + Send>) -> Response {
    let mut response = Response::new(Body::from("internal error\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Letters, digits and `-_.` only, so that an id can stand in a log line and in a page.
fn is_sane(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(plain)
}

fn new_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Replaces the connection's address by the client's, when the connection comes from a proxy that
/// is trusted. Handlers read `ConnectInfo<SocketAddr>`.
pub async fn find_client(
    State(trusted): State<Arc<Vec<IpNet>>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let client = client_address(peer.ip(), request.headers(), &trusted);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

/// Walks `X-Forwarded-For` from its end, where the nearest proxy wrote, past the trusted ones: what
/// stands further to the left is only what the client claims.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted =
        |address: &IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    let forwarded = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Ok(address) = hop.parse() else { break };
        client = address;
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_from(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        assert_eq!(seen_from("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(seen_from("10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen_from("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(seen_from("10.0.0.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen_from("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(seen_from("::ffff:127.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen_from("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn only_a_sane_request_id_is_taken_over() {
        assert!(is_sane("a-1_b.C"));
        for id in ["", "a b", "a\"b", "<script>", &"x".repeat(65)] {
            assert!(!is_sane(id), "{id}");
        }
    }
}
