//! Recognising the client library from what its requests carry, as far as that goes.

use entity::instance::Client;

/// What a registration carries besides its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHints<'a> {
    /// `XXL-JOB-APPNAME` is present.
    pub has_app_name: bool,
    /// `XXL-JOB-ACCESS-TOKEN` is present.
    pub has_job_token: bool,
    /// `XXL-RPC-ACCESS-TOKEN` is present.
    pub has_rpc_token: bool,
    pub user_agent: Option<&'a str>,
}

/// Which client it is. Where this is wrong, a crash is asked about in the wrong words: what is not
/// certain is [`Client::Other`], of which nothing is believed.
///
/// Facts from XXL-JOB's protocol: Java's own HTTP client announces itself as `Java/<version>`;
/// version 3.5 adds the app name; 2.1.1 and 2.1.2 send the old header alone; pyxxl sends both.
pub fn recognise(hints: ClientHints<'_>) -> Client {
    let agent = hints.user_agent.unwrap_or_default().to_ascii_lowercase();
    let agent_is = |names: &[&str]| names.iter().any(|name| agent.starts_with(name));
    if agent_is(&["orrery-executor/"]) {
        Client::Orrery
    } else if hints.has_app_name {
        Client::JavaTrigger
    } else if hints.has_rpc_token {
        if hints.has_job_token { Client::Pyxxl } else { Client::TooOld }
    } else if agent_is(&["java/"]) {
        Client::Java
    } else if agent_is(&["axios/", "node", "undici"]) {
        Client::Node
    } else if agent_is(&["go-http-client/"]) {
        Client::Go
    } else if agent_is(&["reqwest/", "hyper/", "xxljob-sdk-rs"]) {
        Client::Rust
    } else {
        Client::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_their_headers() {
        let job = ClientHints { has_job_token: true, ..Default::default() };
        let agent = |user_agent| ClientHints { user_agent: Some(user_agent), ..job };
        for (hints, client) in [
            (agent("Java/17.0.9"), Client::Java),
            (ClientHints { has_app_name: true, ..agent("Java/17.0.9") }, Client::JavaTrigger),
            (ClientHints { has_rpc_token: true, ..agent("Python/3.12 aiohttp/3.9.5") }, Client::Pyxxl),
            (ClientHints { has_rpc_token: true, ..Default::default() }, Client::TooOld),
            (agent("axios/1.6.0"), Client::Node),
            (agent("Go-http-client/1.1"), Client::Go),
            (ClientHints { has_app_name: true, ..agent("orrery-executor/0.1.0") }, Client::Orrery),
            (agent("curl/8.5.0"), Client::Other),
            (job, Client::Other),
        ] {
            assert_eq!(recognise(hints), client, "{hints:?}");
        }
    }
}
