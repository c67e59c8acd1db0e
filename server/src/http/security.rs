//! What protects a browser: security headers, and the refusal of requests that another site sent.

use crate::http::access;
use crate::state::ServerState;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode, Uri};

const FETCH_SITE: &str = "sec-fetch-site";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of a page whose scripts carry `nonce`.
pub fn page_policy(nonce: &str) -> String {
    // cargo-leptos' reload of a page under development uses a socket on another port.
    let connect = if cfg!(debug_assertions) { "'self' ws:" } else { "'self'" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src {connect}; \
         manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Adds the headers that every answer carries. A page's own policy stays.
pub async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    // Pages and data are for one person; only files of the site say something else.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses a change that another site's page asks for in the name of whoever is signed in here.
pub async fn refuse_cross_site(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // No other site's page can send a token without asking first, and where one is sent no cookie counts.
    let may_come_from_anywhere = access::api_token(&request).is_some();
    if changes
        && !may_come_from_anywhere
        && !is_same_site(request.headers(), state.settings.public_url.as_deref())
    {
        tracing::warn!("refused a request from another site");
        return (StatusCode::FORBIDDEN, "requests from other sites are refused\n").into_response();
    }
    next.run(request).await
}

/// Decides by `Sec-Fetch-Site`, which no page can forge, else by `Origin`. Programs send neither.
fn is_same_site(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(FETCH_SITE) {
        return matches!(text(FETCH_SITE), Some("same-origin" | "none"));
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some(origin) = text("origin").and_then(authority) else { return false };
    let own = [text("host").map(str::to_owned), public_url.and_then(authority)];
    own.into_iter().flatten().any(|host| host.eq_ignore_ascii_case(&origin))
}

/// `host:port` of an address.
fn authority(address: &str) -> Option<String> {
    Some(address.parse::<Uri>().ok()?.authority()?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_site(pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_same_site(&headers.collect(), public_url)
    }

    #[test]
    fn a_change_asked_for_by_another_site_is_told_apart() {
        let host = ("host", "jobs.example:8080");
        assert!(same_site(&[host, (FETCH_SITE, "same-origin")], None));
        assert!(same_site(&[host, (FETCH_SITE, "none")], None));
        assert!(!same_site(&[host, (FETCH_SITE, "cross-site")], None));
        assert!(!same_site(&[host, (FETCH_SITE, "same-site"), ("origin", "http://jobs.example:8080")], None));
        assert!(same_site(&[host, ("origin", "http://jobs.example:8080")], None));
        assert!(!same_site(&[host, ("origin", "http://evil.example")], None));
        assert!(!same_site(&[host, ("origin", "null")], None));
        assert!(same_site(&[host, ("origin", "https://public.example")], Some("https://public.example/")));
        assert!(same_site(&[host], None));
    }

    #[test]
    fn scripts_run_only_with_the_nonce() {
        let policy = page_policy("n0nce");
        assert!(policy.contains("script-src 'nonce-n0nce' 'strict-dynamic' 'wasm-unsafe-eval';"));
        assert!(!policy.contains("unsafe-inline"));
    }
}
