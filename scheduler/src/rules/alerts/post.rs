//! What is sent to a hook, and what its answer means.

use super::mentions::Mentions;
use crate::rules::digest::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Characters of an answer that are kept.
const KEPT: usize = 300;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    pub url: String,
    /// Empty = nothing is signed.
    pub secret: String,
    pub mentions: Mentions,
}

/// One request: a `POST` of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub url: String,
    /// Beside the type of the content.
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Post {
    pub fn json(url: String, body: &Value) -> Self {
        Self { url, headers: Vec::new(), body: body.to_string() }
    }
}

/// HMAC-SHA256 in base64.
pub fn hmac_base64(key: &[u8], text: &[u8]) -> String {
    STANDARD.encode(hmac(key, text))
}

/// Adds parameters to a URL that may have some; their values are encoded.
pub fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mut whole = url.to_owned();
    for (name, value) in pairs {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(name);
        whole.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    whole.push(char::from(byte));
                }
                _ => whole.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    whole
}

/// Whether an answer with this status says that the request arrived.
///
/// # Errors
/// What to tell people.
pub fn check_status(status: u16, body: &str) -> Result<(), String> {
    match status {
        200..=299 => Ok(()),
        300..=399 => Err(format!("HTTP {status}: redirects are not followed")),
        _ => Err(format!("HTTP {status}: {}", beginning(body))),
    }
}

/// Whether a robot's answer, with its code in the first of these fields that is there, says that the message
/// was taken: robots answer errors with status 200.
///
/// # Errors
/// Its words.
pub fn check_code(body: &str, codes: &[&str], words: &str) -> Result<(), String> {
    let answer: Value = serde_json::from_str(body).map_err(|_| unexpected(body))?;
    let code = codes.iter().find_map(|code| answer.get(code)?.as_i64());
    match code {
        Some(0) => Ok(()),
        Some(code) => {
            let said = answer.get(words).and_then(Value::as_str).unwrap_or_default();
            Err(format!("{code}: {}", beginning(said)))
        }
        None => Err(unexpected(body)),
    }
}

/// An answer that none of the receiver's kind gives.
pub fn unexpected(body: &str) -> String {
    format!("unexpected answer: {}", beginning(body))
}

/// What is kept of an answer.
pub fn beginning(text: &str) -> String {
    super::message::one_line(text).chars().take(KEPT).collect()
}

/// Text that cannot be read as Markdown or as a mention: what would be, is replaced by its full-width twin, for
/// neither WeCom nor DingTalk knows an escape.
pub fn without_markup(text: &str) -> String {
    let twin = |c: char| match c {
        '[' => '［',
        ']' => '］',
        '<' => '＜',
        '>' => '＞',
        '*' => '＊',
        '_' => '＿',
        '`' => '｀',
        '#' => '＃',
        '!' => '！',
        '~' => '～',
        '|' => '｜',
        '\\' => '＼',
        other => other,
    };
    text.chars().map(twin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_join_those_that_are_there() {
        assert_eq!(with_query("http://h/x?a=1", &[("sign", "a+/=")]), "http://h/x?a=1&sign=a%2B%2F%3D");
        assert_eq!(with_query("http://h/x", &[("a", "1"), ("b", "2")]), "http://h/x?a=1&b=2");
    }

    #[test]
    fn an_error_with_status_200_is_an_error() {
        let code = |body: &str| check_code(body, &["code", "StatusCode"], "msg");
        assert_eq!(code(r#"{"code":0}"#), Ok(()));
        assert_eq!(code(r#"{"StatusCode":0,"StatusMessage":"success"}"#), Ok(()));
        assert_eq!(code(r#"{"code":19021,"msg":"sign match fail"}"#), Err("19021: sign match fail".into()));
        assert_eq!(code("<html>"), Err("unexpected answer: <html>".into()));
        assert_eq!(code(r#"{"ok":true}"#), Err(r#"unexpected answer: {"ok":true}"#.into()));
        assert!(check_status(302, "").is_err_and(|said| said.contains("not followed")));
        assert_eq!(check_status(500, "a\nb"), Err("HTTP 500: a b".to_owned()));
    }
}
