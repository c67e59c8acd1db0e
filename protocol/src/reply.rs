//! The envelope around every answer, in both directions.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::callback;
use crate::json;
use crate::words::{FAILURE, SUCCESS, TEXT_SUCCESS};

/// How many characters of an answer that is not of the protocol are kept as its text.
const EXCERPT: usize = 300;

/// An answer to send. It serialises as `{"code","msg","content","data","success"}`, where `content` (read by
/// G1 and G2) and `data` (read by G3 and G4) are the same payload or null: the one form every client reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T = String> {
    /// [`SUCCESS`], [`FAILURE`] or another code.
    pub code: i32,
    /// For people; clients only log it.
    pub text: String,
    /// What was asked for. The server's own answers have none or a string: the Rust SDK reads nothing else.
    pub payload: Option<T>,
}

impl<T> Reply<T> {
    /// Code 200 without a payload.
    pub fn ok() -> Self {
        Self { code: SUCCESS, text: TEXT_SUCCESS.to_owned(), payload: None }
    }

    /// Code 200 with a payload.
    pub fn with_payload(payload: T) -> Self {
        Self { payload: Some(payload), ..Self::ok() }
    }

    /// Code 500 with a text.
    pub fn failure(text: impl Into<String>) -> Self {
        Self { code: FAILURE, text: text.into(), payload: None }
    }
}

impl<T: Serialize> Serialize for Reply<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Reply", 5)?;
        object.serialize_field("code", &self.code)?;
        object.serialize_field("msg", &self.text)?;
        object.serialize_field("content", &self.payload)?;
        object.serialize_field("data", &self.payload)?;
        object.serialize_field("success", &(self.code == SUCCESS))?;
        object.end()
    }
}

/// An answer as received.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteReply {
    /// Its code; [`FAILURE`] when it has none.
    pub code: i32,
    /// `msg`, else a payload that is a string.
    pub text: String,
    /// `data`, else `content`.
    pub payload: Option<Value>,
}

impl RemoteReply {
    /// Whether the request succeeded: `code` is 200. `success` is never looked at.
    pub fn is_ok(&self) -> bool {
        self.code == SUCCESS
    }

    /// Whether the other side does not know the path: a G4 executor asked for `/run`, or an older one asked
    /// for `/trigger`.
    pub fn is_unknown_mapping(&self) -> bool {
        !self.is_ok() && self.text.contains("uri-mapping(") && self.text.contains("not found")
    }
}

/// Reads an answer, whatever its content type or HTTP status said: an object, or an array of which the
/// first element counts (Go executors refuse a trigger that way).
///
/// # Errors
/// Anything else is not of the protocol; the text is its beginning, and says so where it is empty.
pub fn parse_reply(body: &[u8]) -> Result<RemoteReply, String> {
    let text = json::text_of(body);
    let reply = match json::parse(&text) {
        Ok(Value::Object(object)) => from_object(&object),
        Ok(Value::Array(list)) => list.first().and_then(Value::as_object).and_then(from_object),
        _ => None,
    };
    reply.ok_or_else(|| match text.trim() {
        "" => "The answer is empty.".to_owned(),
        foreign => json::shorten(foreign, EXCERPT),
    })
}

/// Nothing where it says nothing about how it went.
fn from_object(object: &Map<String, Value>) -> Option<RemoteReply> {
    let Some(code) = object.get("code").and_then(json::integer) else {
        let is_outcome = object.contains_key("handleCode") || object.contains_key("executeResult");
        return is_outcome.then(|| {
            let outcome = callback::outcome(object);
            RemoteReply { code: outcome.code, text: outcome.text, payload: None }
        });
    };
    let payload =
        ["data", "content"].iter().find_map(|name| object.get(*name).filter(|value| !value.is_null()));
    let text = object
        .get("msg")
        .and_then(json::text)
        .filter(|text| !text.is_empty())
        .or_else(|| payload?.as_str().map(str::to_owned))
        .unwrap_or_default();
    Some(RemoteReply { code: i32::try_from(code).unwrap_or(FAILURE), text, payload: payload.cloned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_all_five_fields_that_some_client_reads() {
        let reply: Reply = Reply::ok();
        assert_eq!(
            serde_json::to_string(&reply).unwrap(),
            r#"{"code":200,"msg":"Success","content":null,"data":null,"success":true}"#
        );
        assert_eq!(
            serde_json::to_string(&Reply::with_payload("17".to_owned())).unwrap(),
            r#"{"code":200,"msg":"Success","content":"17","data":"17","success":true}"#
        );
        assert_eq!(
            serde_json::to_string(&Reply::<String>::failure("no")).unwrap(),
            r#"{"code":500,"msg":"no","content":null,"data":null,"success":false}"#
        );
    }

    #[test]
    fn answers_of_every_generation_are_read() {
        let killed = "job thread already killed.";
        let cases = [
            (r#"{"code":200}"#, 200, "", None),
            (r#"{"code":"200"}"#, 200, "", None),
            (r#"{"code":200,"msg":"Success"}"#, 200, "Success", None),
            (r#"{"code":200,"msg":null,"content":null}"#, 200, "", None),
            (r#"{"code":200,"msg":"job thread already killed."}"#, 200, killed, None),
            (r#"{"code":200,"content":"job thread already killed."}"#, 200, killed, Some(json!(killed))),
            (r#"{"code":200,"data":"job thread already killed."}"#, 200, killed, Some(json!(killed))),
            (r#"{"code":200,"content":{"a":1},"data":null}"#, 200, "", Some(json!({"a":1}))),
            (r#"{"code":200,"content":1,"data":2}"#, 200, "", Some(json!(2))),
            (
                r#"{"content":null,"code":500,"msg":"access-token is error"}"#,
                500,
                "access-token is error",
                None,
            ),
            (r#"{"code":99999999999,"msg":"x","success":true}"#, 500, "x", None),
        ];
        for (body, code, text, payload) in cases {
            let reply = parse_reply(body.as_bytes()).unwrap();
            assert_eq!(reply, RemoteReply { code, text: text.to_owned(), payload }, "{body}");
            assert_eq!(reply.is_ok(), code == 200, "{body}");
        }
    }

    #[test]
    fn a_go_executor_s_refusal_is_the_first_element_of_an_array() {
        let body = br#"[{"logId":5,"logDateTim":1,"executeResult":{"code":500,"msg":"There are tasks running"},"handleCode":500,"handleMsg":"There are tasks running"}]"#;
        let reply = parse_reply(body).unwrap();
        assert_eq!((reply.code, reply.text.as_str()), (500, "There are tasks running"));
    }

    #[test]
    fn an_executor_that_does_not_know_run_is_recognised() {
        for (body, is_unknown) in [
            (r#"{"code":500,"msg":"invalid request, uri-mapping(/run) not found."}"#, true),
            (r#"{"code":500,"msg":"job handler [x] not found."}"#, false),
            (r#"{"code":200,"msg":"uri-mapping(x) not found"}"#, false),
        ] {
            let reply = parse_reply(body.as_bytes()).unwrap();
            assert_eq!(reply.is_unknown_mapping(), is_unknown, "{body}");
        }
    }

    #[test]
    fn anything_else_is_not_of_the_protocol_and_told_by_its_beginning() {
        for body in ["[]", "[7]", "null", "7", "Content type error", r#"{"error":"x"}"#, r#"{"code":"x"}"#] {
            assert_eq!(parse_reply(body.as_bytes()), Err(body.to_owned()));
        }
        assert_eq!(parse_reply(b" "), Err("The answer is empty.".to_owned()));
        assert!(parse_reply(b"\xff\xfe").is_err());
        let page = format!("<html>{}", "ä".repeat(5000));
        assert_eq!(parse_reply(page.as_bytes()).unwrap_err().chars().count(), 301);
    }
}
