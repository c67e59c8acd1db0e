//! Handlers that need no code of one's own. The program `orrery-executor` registers them all.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::client::{client_builder, with_causes};
use crate::handler::{Context, HandlerResult};
use crate::process;

/// How long an HTTP request may take if its parameter does not say.
const HTTP_TIMEOUT_MS: u64 = 30_000;
/// How much of an answer goes to the log.
const HTTP_EXCERPT: usize = 4096;

/// Writes a few lines and succeeds.
pub async fn demo(ctx: Context) -> HandlerResult {
    ctx.log(format!("Hello from run {} of job {}.", ctx.run_id(), ctx.job_id()));
    ctx.log(format!("Shard {} of {}.", ctx.shard_index(), ctx.shard_total()));
    match ctx.parameter() {
        "" => ctx.log("There is no parameter."),
        parameter => ctx.log(format!("The parameter is: {parameter}")),
    }
    Ok("Done.".to_owned())
}

/// Waits as long as its parameter says: `1500` (milliseconds), `500ms`, `2s`, `3m`.
pub async fn sleep(ctx: Context) -> HandlerResult {
    let duration = parse_duration(ctx.parameter())
        .ok_or_else(|| format!("{:?} is no duration such as 1500, 500ms, 2s or 3m", ctx.parameter()))?;
    ctx.log(format!("Sleeping for {duration:?}."));
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(format!("Slept for {duration:?}.")),
        () = ctx.cancelled() => Err("cancelled while asleep".into()),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_millis)
}

/// Runs its parameter as a command line of the shell. Register it only where whoever edits jobs may do
/// anything that this process may.
pub async fn command(ctx: Context) -> HandlerResult {
    if ctx.parameter().trim().is_empty() {
        return Err("the parameter is empty: it is the command line to run".into());
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(ctx.parameter());
    process::run(&ctx, command).await
}

/// The parameter of [`http`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HttpParameter {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default = "http_timeout")]
    timeout_ms: u64,
}

fn get() -> String {
    "GET".to_owned()
}

fn http_timeout() -> u64 {
    HTTP_TIMEOUT_MS
}

/// Sends an HTTP request. The parameter is JSON: `{"method":"POST","url":"…","headers":{…},"body":"…",
/// "timeoutMs":30000}`, of which only `url` is needed. Status and the beginning of the answer go to the log;
/// a status other than 2xx is a failure. Redirects are not followed; link-local addresses, where clouds keep
/// their credentials, are refused.
pub async fn http(ctx: Context) -> HandlerResult {
    let parameter: HttpParameter = serde_json::from_str(ctx.parameter())
        .map_err(|error| format!("the parameter is not JSON such as {{\"url\":\"http://…\"}}: {error}"))?;
    tokio::select! {
        result = exchange(&ctx, parameter) => result,
        () = ctx.cancelled() => Err("cancelled during the request".into()),
    }
}

async fn exchange(ctx: &Context, parameter: HttpParameter) -> HandlerResult {
    let url: reqwest::Url = parameter.url.parse().map_err(|error| format!("url: {error}"))?;
    let method: reqwest::Method = parameter.method.parse().map_err(|error| format!("method: {error}"))?;
    let host = url.host_str().ok_or("url: it has no host")?.to_owned();
    let addresses = allowed_addresses(&url).await?;
    // The addresses that were checked are the ones used: a second look-up could say something else.
    let client = client_builder(Duration::from_millis(parameter.timeout_ms))
        .resolve_to_addrs(&host, &addresses)
        .build()?;
    let mut request = client.request(method, url).body(parameter.body);
    for (name, value) in &parameter.headers {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(with_causes)?;
    let status = response.status();
    ctx.log(format!("HTTP {status}"));
    let mut excerpt = Vec::new();
    while excerpt.len() < HTTP_EXCERPT
        && let Some(chunk) = response.chunk().await.map_err(with_causes)?
    {
        excerpt.extend_from_slice(&chunk);
    }
    excerpt.truncate(HTTP_EXCERPT);
    if !excerpt.is_empty() {
        ctx.log(String::from_utf8_lossy(&excerpt));
    }
    if status.is_success() { Ok(format!("HTTP {status}")) } else { Err(format!("HTTP {status}").into()) }
}

async fn allowed_addresses(url: &reqwest::Url) -> Result<Vec<std::net::SocketAddr>, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or("url: it has no port")?;
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let addresses: Vec<_> = found.map_err(|error| format!("{host}: {error}"))?.collect();
    match addresses.iter().find(|address| is_link_local(address.ip())) {
        Some(address) => {
            Err(format!("{host} is at the link-local address {}, which is refused", address.ip()))
        }
        None => Ok(addresses),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_stated_form() {
        for (text, milliseconds) in
            [("1500", 1500), ("500ms", 500), (" 2s ", 2000), ("2 s", 2000), ("3m", 180_000), ("0", 0)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "-1", "2h", "1.5s", "99999999999999999999", "18446744073709551615m"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_where_clouds_keep_credentials_are_link_local() {
        for address in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1"] {
            assert!(is_link_local(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "::1", "2001:db8::1"] {
            assert!(!is_link_local(address.parse().unwrap()), "{address}");
        }
    }
}
