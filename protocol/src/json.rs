//! Reading JSON the way the protocol's many clients write it.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

/// Why a request body could not be understood. Its text may be shown to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyError {
    /// Not JSON at all; the text is the parser's.
    NotJson(String),
    /// JSON, but not of the shape this message has.
    Shape(&'static str),
    /// A field is missing or has a value it cannot have.
    Field {
        /// The field's name on the wire.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(problem) => write!(f, "the body is not JSON: {problem}"),
            Self::Shape(expected) => write!(f, "the body is not {expected}"),
            Self::Field { name, problem } => write!(f, "{name}: {problem}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// The body as text: invalid UTF-8 is replaced rather than refused, a byte order mark is dropped.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes)
}

/// Parses JSON. Half of a surrogate pair, which JavaScript and Python write when they cut a text in the
/// middle of an emoji, becomes U+FFFD instead of spoiling the whole message.
pub(crate) fn parse(text: &str) -> Result<Value, BodyError> {
    serde_json::from_str(text)
        .or_else(|first| serde_json::from_str(&replace_lone_surrogates(text)).map_err(|_| first))
        .map_err(|error| BodyError::NotJson(error.to_string()))
}

/// Parses a body that has to be an object.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, BodyError> {
    match parse(&text_of(bytes))? {
        Value::Object(object) => Ok(object),
        _ => Err(BodyError::Shape("a JSON object")),
    }
}

/// A whole number: a JSON integer, a float without a fraction, or either as a string.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

/// A float as an integer, if it is exactly one: beyond 2^53 a float no longer names one integer.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// An integer field. Missing and null are `None`, as they are 0 for XXL-JOB's own parser.
pub(crate) fn integer_field(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, BodyError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => integer(value)
            .map(Some)
            .ok_or_else(|| BodyError::Field { name, problem: format!("{value} is not a whole number") }),
    }
}

/// A 32-bit integer field, as [`integer_field`].
pub(crate) fn small_integer_field(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i32>, BodyError> {
    integer_field(object, name)?
        .map(|number| {
            i32::try_from(number)
                .map_err(|_| BodyError::Field { name, problem: format!("{number} exceeds 32 bits") })
        })
        .transpose()
}

/// A text field: missing and null are empty, anything that is not a string is its JSON text.
pub(crate) fn text_field(object: &Map<String, Value>, name: &str) -> String {
    object.get(name).and_then(text).unwrap_or_default()
}

/// A value as text: null is `None`, anything that is not a string is its JSON text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The first `limit` characters, followed by an ellipsis if any were left out.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Replaces `\uD800`…`\uDFFF` escapes that have no partner by `\ufffd`.
fn replace_lone_surrogates(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        repaired.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                repaired.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            // Any other escape: the backslash and the whole character after it.
            (None, _) => rest.chars().take(2).map(char::len_utf8).sum(),
        };
        repaired.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    repaired.push_str(rest);
    repaired
}

/// The UTF-16 unit of the `\uXXXX` escape at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_are_read_from_every_notation() {
        let cases = [
            (json!(7), Some(7)),
            (json!(7.0), Some(7)),
            (json!("7"), Some(7)),
            (json!(" 7 "), Some(7)),
            (json!("7.0"), Some(7)),
            (json!(-7), Some(-7)),
            (json!("9007199254740993"), Some(9_007_199_254_740_993)),
            (json!(1e300), None),
            (json!(1.5), None),
            (json!("seven"), None),
            (json!(""), None),
            (json!(true), None),
            (json!([7]), None),
        ];
        for (value, expected) in cases {
            assert_eq!(integer(&value), expected, "{value}");
        }
    }

    #[test]
    fn half_an_emoji_spoils_nothing_but_itself() {
        let cases = [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ude00b""#, "\u{fffd}b"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n\\ud83d""#, "\u{fffd}\n\\ud83d"),
            (r#""\ud83d é\"""#, "\u{fffd} é\""),
        ];
        for (source, expected) in cases {
            assert_eq!(parse(source), Ok(json!(expected)), "{source}");
        }
    }

    #[test]
    fn broken_text_is_an_error_and_never_a_panic() {
        for source in ["", "{", r#""\"#, r#""\u"#, r#""\ud8"#, "\\", "\\é", "nul", &"[".repeat(5000)] {
            assert!(matches!(parse(source), Err(BodyError::NotJson(_))), "{source:.10}");
        }
    }

    #[test]
    fn a_body_may_begin_with_a_byte_order_mark_and_hold_invalid_utf8() {
        assert_eq!(parse(&text_of(b"\xef\xbb\xbf\"a\xffb\"")), Ok(json!("a\u{fffd}b")));
    }

    #[test]
    fn shortening_counts_characters_not_bytes() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äöü…");
    }
}
