//! Under which address people and executors reach this server.

use http::header::HOST;
use http::request::Parts;
use leptos::prelude::use_context;

/// The configured address, provided as context by the server where its operator named one.
#[derive(Clone, Debug)]
pub struct PublicUrl(pub String);

/// The server's base address without a trailing slash: the configured one, else the one that the
/// browser asked for.
pub fn public_url() -> String {
    if let Some(PublicUrl(url)) = use_context::<PublicUrl>() {
        return url.trim_end_matches('/').to_owned();
    }
    let parts = use_context::<Parts>();
    let host = parts.as_ref().and_then(|parts| parts.headers.get(HOST)?.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}
