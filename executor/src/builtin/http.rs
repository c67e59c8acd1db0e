//! The handler that sends an HTTP request.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Response, StatusCode, Url};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use super::Destinations;
use crate::client::{client_builder, with_causes};
use crate::handler::{Context, HandlerResult};

/// How long a request may take at most, 1 day.
const LONGEST_MS: u64 = 24 * 3_600_000;
/// How much of an answer goes to the log.
const EXCERPT: usize = 16 * 1024;
/// Headers that the request has of itself.
const OWN_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];
/// Parts of the names of headers whose values are secrets.
const SECRET_WORDS: [&str; 8] =
    ["auth", "cookie", "token", "secret", "key", "password", "credential", "signature"];

/// The parameter of [`http`], as JSON. Only `url` is needed.
///
/// ```json
/// {
///   "method": "POST",
///   "url": "https://api.example.com/invoices",
///   "headers": { "authorization": "Bearer …", "content-type": "application/json" },
///   "body": "{\"tenant\":\"a\"}",
///   "expectedStatus": [200, "202-204"],
///   "timeoutMs": 30000
/// }
/// ```
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpRequest {
    /// `GET`, as by default, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    #[serde(default = "get")]
    method: String,
    /// `http://…` or `https://…`.
    url: String,
    /// Values of headers that look like secrets by their names are masked in the log.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Sent as it is.
    #[serde(default)]
    body: String,
    /// What counts as a success; `"200-299"` by default.
    #[serde(default)]
    expected_status: ExpectedStatus,
    /// Milliseconds until there has to be a whole answer, 1 to 86,400,000.
    #[serde(default = "thirty_seconds")]
    timeout_ms: u64,
}

/// What counts as a success: one status, a range (`"200-299"`), or a list of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedStatus(Vec<(u16, u16)>);

fn get() -> String {
    "GET".to_owned()
}

fn thirty_seconds() -> u64 {
    30_000
}

/// A handler that sends HTTP requests to the `allowed` destinations. Its parameter is an [`HttpRequest`].
///
/// Status and the beginning of the answer, 16 KiB, go to the run's log; a status that is not expected is a
/// failure. Redirects are not followed, proxies not used. The host is looked up once, and the addresses that
/// were checked are the ones used.
///
/// ```
/// use orrery_executor::{Executor, builtin};
///
/// let allowed = ["api.example.com", "10.0.0.0/8"].into_iter().map(|text| text.parse());
/// let builder = Executor::builder().handler("http", builtin::http(allowed.collect::<Result<_, _>>()?));
/// # Ok::<(), builtin::DestinationError>(())
/// ```
pub fn http(
    allowed: Destinations,
) -> impl Fn(Context, HttpRequest) -> std::pin::Pin<Box<dyn Future<Output = HandlerResult> + Send>>
+ Send
+ Sync
+ 'static {
    let allowed = Arc::new(allowed);
    move |ctx, request| {
        let allowed = allowed.clone();
        Box::pin(async move {
            tokio::select! {
                result = exchange(&ctx, &allowed, request) => result,
                () = ctx.cancelled() => Err("cancelled during the request".into()),
            }
        })
    }
}

async fn exchange(ctx: &Context, allowed: &Destinations, asked: HttpRequest) -> HandlerResult {
    let url = asked.checked_url()?;
    let method = asked.checked_method()?;
    if !(1..=LONGEST_MS).contains(&asked.timeout_ms) {
        return Err(format!("timeoutMs: {} is not from 1 to {LONGEST_MS}", asked.timeout_ms).into());
    }
    if let Some(own) = asked.headers.keys().find(|name| is_one_of(name, &OWN_HEADERS)) {
        return Err(format!("headers: {own} is set by the request itself").into());
    }
    let addresses = allowed.resolve(&url).await?;
    ctx.log(format!("{method} {}", shown(&url)));
    let host = url.host_str().unwrap_or_default().to_owned();
    let client = client_builder(Duration::from_millis(asked.timeout_ms))
        .resolve_to_addrs(&host, &addresses)
        .build()?;
    let began = Instant::now();
    let mut request = client.request(method, url).body(asked.body.clone());
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(with_causes)?;
    let status = response.status();
    ctx.log(format!("HTTP {status} after {} ms", began.elapsed().as_millis()));
    let excerpt = excerpt(&mut response).await.map_err(with_causes)?;
    if !excerpt.is_empty() {
        ctx.log(asked.masked(excerpt));
    }
    match asked.expected_status.contains(status) {
        true => Ok(format!("HTTP {status}")),
        false => Err(format!("HTTP {status}, expected {}", asked.expected_status).into()),
    }
}

impl HttpRequest {
    fn checked_url(&self) -> Result<Url, String> {
        let url: Url = self.url.parse().map_err(|error| format!("url: {error}"))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            other => Err(format!("url: {other}: is neither http: nor https:")),
        }
    }

    fn checked_method(&self) -> Result<Method, String> {
        let known = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ];
        let wanted = self.method.trim().to_ascii_uppercase();
        let found = known.into_iter().find(|method| method.as_str() == wanted);
        found.ok_or_else(|| {
            format!("method: {:?} is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", self.method)
        })
    }

    /// A text without the secrets of this request's headers, which some servers send back.
    fn masked(&self, text: String) -> String {
        let secret = |(name, value): (&String, &String)| {
            let name = name.to_ascii_lowercase();
            let is_secret = SECRET_WORDS.iter().any(|word| name.contains(word));
            // The scheme before a credential, `Bearer`, is none.
            let value = value.trim().rsplit(' ').next().unwrap_or_default().to_owned();
            (is_secret && !value.is_empty()).then_some(value)
        };
        self.headers.iter().filter_map(secret).fold(text, |text, secret| text.replace(&secret, "***"))
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// A URL without what may be secret in it: user, password and query.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for URLs without a host, which have neither.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    let has_query = shown.query().is_some();
    shown.set_query(None);
    format!("{shown}{}", if has_query { "?…" } else { "" })
}

/// The beginning of an answer; says so when there is more.
async fn excerpt(response: &mut Response) -> reqwest::Result<String> {
    let mut bytes = Vec::new();
    while bytes.len() <= EXCERPT
        && let Some(chunk) = response.chunk().await?
    {
        bytes.extend_from_slice(&chunk);
    }
    let is_cut = bytes.len() > EXCERPT;
    bytes.truncate(EXCERPT);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if is_cut {
        text.push_str(&format!("\n… the answer goes on after {EXCERPT} bytes"));
    }
    Ok(text)
}

impl ExpectedStatus {
    fn contains(&self, status: StatusCode) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&status.as_u16()))
    }
}

impl Default for ExpectedStatus {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl fmt::Display for ExpectedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { ", " };
            match first == last {
                true => write!(f, "{gap}{first}")?,
                false => write!(f, "{gap}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for ExpectedStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Typed {
            Many(Vec<One>),
            One(One),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum One {
            Status(u16),
            Text(String),
        }
        let wrong = || {
            serde::de::Error::custom(
                "neither a status such as 200, nor a range such as \"200-299\", nor a list of them",
            )
        };
        let typed = match Typed::deserialize(deserializer).map_err(|_| wrong())? {
            Typed::Many(many) => many,
            Typed::One(one) => vec![one],
        };
        let range = |one: &One| match one {
            One::Status(status) => Some((*status, *status)),
            One::Text(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
            }
        };
        let is_range = |(first, last): &(u16, u16)| (100..=*last).contains(first) && *last <= 999;
        let ranges: Option<Vec<_>> = typed.iter().map(|one| range(one).filter(is_range)).collect();
        ranges.filter(|ranges| !ranges.is_empty()).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(json: &str) -> Result<ExpectedStatus, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_status_is_expected_alone_in_a_range_or_in_a_list() {
        for (json, good, bad) in
            [("204", 204, 200), (r#""200-299""#, 299, 300), (r#"[200, "404", "500 - 599"]"#, 503, 403)]
        {
            let expected = expected(json).unwrap();
            assert!(expected.contains(StatusCode::from_u16(good).unwrap()), "{json}");
            assert!(!expected.contains(StatusCode::from_u16(bad).unwrap()), "{json}");
        }
        for json in ["[]", "99", r#""299-200""#, r#""ok""#, "{}", "1.5", "null"] {
            let problem = expected(json).unwrap_err().to_string();
            assert!(problem.starts_with("neither a status"), "{json}: {problem}");
        }
        assert_eq!(expected(r#"[200, "202-204"]"#).unwrap().to_string(), "200, 202-204");
    }

    #[test]
    fn secrets_are_neither_in_the_address_nor_in_the_answer_that_is_logged() {
        let url = "https://user:pass@api.example.com/a?key=s3cret#x".parse().unwrap();
        assert_eq!(shown(&url), "https://api.example.com/a?…");
        let request: HttpRequest = serde_json::from_str(
            r#"{"url":"http://h","headers":{"Authorization":"Bearer s3cret","accept":"text/plain","x-api-key":""}}"#,
        )
        .unwrap();
        let echoed = "you sent s3cret and text/plain".to_owned();
        assert_eq!(request.masked(echoed), "you sent *** and text/plain");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let request = |json| serde_json::from_str::<HttpRequest>(json).unwrap();
        assert!(
            request(r#"{"url":"ftp://h"}"#).checked_url().unwrap_err().contains("neither http: nor https:")
        );
        assert!(request(r#"{"url":"h"}"#).checked_url().unwrap_err().starts_with("url: "));
        let connect = request(r#"{"url":"http://h","method":"CONNECT"}"#);
        assert!(connect.checked_method().unwrap_err().starts_with("method: \"CONNECT\""));
        assert_eq!(request(r#"{"url":"http://h","method":"post"}"#).checked_method(), Ok(Method::POST));
    }
}
