//! What an executor's request carries to show who it is.

use http::HeaderMap;
use http::header::USER_AGENT;
use protocol::words;
use scheduler::instances::ClientHints;

/// The headers of one request; empty ones count as missing.
pub struct Credentials<'a> {
    pub token: Option<&'a str>,
    pub namespace: Option<&'a str>,
    job_token: Option<&'a str>,
    rpc_token: Option<&'a str>,
    app_name: Option<&'a str>,
    /// The header is there, even if it is empty.
    has_app_name: bool,
    user_agent: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    /// All headers that are looked at.
    pub const HEADERS: [&'static str; 5] = [
        words::TOKEN_HEADER,
        words::LEGACY_TOKEN_HEADER,
        words::NAMESPACE_HEADER,
        words::APP_NAME_HEADER,
        "user-agent",
    ];

    pub fn of(headers: &'a HeaderMap) -> Self {
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let (job_token, rpc_token) = (text(words::TOKEN_HEADER), text(words::LEGACY_TOKEN_HEADER));
        Self {
            token: job_token.or(rpc_token),
            namespace: text(words::NAMESPACE_HEADER),
            job_token,
            rpc_token,
            app_name: text(words::APP_NAME_HEADER),
            has_app_name: headers.contains_key(words::APP_NAME_HEADER),
            user_agent: text(USER_AGENT.as_str()),
        }
    }

    /// Whether one of the two headers is missing of which the newest generation needs both.
    pub fn are_incomplete(&self) -> bool {
        self.has_app_name && (self.app_name.is_none() || self.token.is_none())
    }

    /// What is answered when the token is wrong or missing, in the words of the client's generation.
    pub fn refusal(&self) -> &'static str {
        match (self.has_app_name, self.are_incomplete()) {
            (false, _) => words::TEXT_WRONG_TOKEN,
            (true, true) => words::TEXT_EMPTY_CREDENTIALS,
            (true, false) => words::TEXT_WRONG_CREDENTIALS,
        }
    }

    /// By which the client library is recognised.
    pub fn hints(&self) -> ClientHints<'a> {
        ClientHints {
            has_app_name: self.app_name.is_some(),
            has_job_token: self.job_token.is_some(),
            has_rpc_token: self.rpc_token.is_some(),
            user_agent: self.user_agent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_old_header_stands_in_for_the_new_one() {
        let both = headers(&[("xxl-job-access-token", "new"), ("xxl-rpc-access-token", "old")]);
        assert_eq!(Credentials::of(&both).token, Some("new"));
        let old = headers(&[("xxl-rpc-access-token", "old")]);
        assert_eq!(Credentials::of(&old).token, Some("old"));
        assert_eq!(Credentials::of(&headers(&[("xxl-job-access-token", " ")])).token, None);
    }

    #[test]
    fn each_generation_is_refused_in_its_own_words() {
        assert_eq!(Credentials::of(&headers(&[])).refusal(), words::TEXT_WRONG_TOKEN);
        let blank = headers(&[("xxl-job-appname", "")]);
        assert_eq!(Credentials::of(&blank).refusal(), words::TEXT_EMPTY_CREDENTIALS);
        let wrong = headers(&[("xxl-job-appname", "a"), ("xxl-job-access-token", "t")]);
        assert_eq!(Credentials::of(&wrong).refusal(), words::TEXT_WRONG_CREDENTIALS);
    }
}
