//! `POST /api/callback`: results of runs, on their way from an executor to the server.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json::{self, BodyError};
use crate::words::FAILURE;

/// How many characters of an item that cannot be read are kept for the log.
const EXCERPT: usize = 200;

/// How a run ended, in the protocol's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackOutcome {
    /// Result code, see [`crate::Verdict::of`]. Never 0 or below: no code is a failure.
    pub code: i32,
    /// What the executor says about it; may be empty.
    pub text: String,
}

/// One result as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackItem {
    /// The run's id, as sent with the trigger.
    pub run_id: i64,
    /// Milliseconds UTC. Echo of the trigger's time for Java, the client's own clock for others.
    pub logged_at: Option<i64>,
    /// How the run ended.
    pub outcome: CallbackOutcome,
}

/// An item that cannot be read. It must not spoil the others, nor the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedCallback {
    /// Its place in the list, from 0.
    pub position: usize,
    /// Why it cannot be read.
    pub reason: String,
    /// Its beginning, for the log.
    pub excerpt: String,
}

/// What a callback body contains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedCallbacks {
    /// The results.
    pub items: Vec<CallbackItem>,
    /// What was found between them and is none.
    pub rejected: Vec<RejectedCallback>,
}

/// Reads a callback body: an array (G1 to G3), an object with `callbackList` (G4), or a single object.
///
/// Both spellings of the time field, both forms of the result, numbers as strings and any JSON type for the
/// text are accepted. An error means that the body as a whole is not JSON or a different thing altogether.
pub fn parse_callbacks(body: &[u8]) -> Result<ParsedCallbacks, BodyError> {
    let text = json::text_of(body);
    let mut parsed = ParsedCallbacks::default();
    for (position, source) in sources(text.trim())?.into_iter().enumerate() {
        match parse_item(source) {
            Ok(item) => parsed.items.push(item),
            Err(reason) => parsed.rejected.push(RejectedCallback {
                position,
                reason: reason.to_string(),
                excerpt: json::shorten(source, EXCERPT),
            }),
        }
    }
    Ok(parsed)
}

/// The source text of each item. They are separated before they are parsed, so that one item with, say, a
/// broken escape does not take the rest of its batch along.
fn sources(text: &str) -> Result<Vec<&str>, BodyError> {
    let not_json = |error: serde_json::Error| BodyError::NotJson(error.to_string());
    if text.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(not_json)?;
        return Ok(items.into_iter().map(RawValue::get).collect());
    }
    if !text.starts_with('{') {
        serde_json::from_str::<&RawValue>(text).map_err(not_json)?;
        return Err(BodyError::Shape("a list of callbacks"));
    }
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text).map_err(not_json)?;
    match fields.get("callbackList").map(|list| list.get()) {
        None => Ok(vec![text]),
        Some("null") => Ok(Vec::new()),
        Some(list) if list.starts_with('[') => sources(list),
        Some(single) => Ok(vec![single]),
    }
}

fn parse_item(source: &str) -> Result<CallbackItem, BodyError> {
    let Value::Object(object) = json::parse(source)? else {
        return Err(BodyError::Shape("a JSON object"));
    };
    let run_id = json::integer_field(&object, "logId")?
        .filter(|id| *id > 0)
        .ok_or_else(|| BodyError::Field { name: "logId", problem: "missing or not positive".to_owned() })?;
    let time = |name| object.get(name).and_then(json::integer).filter(|at| *at > 0);
    Ok(CallbackItem {
        run_id,
        logged_at: time("logDateTim").or_else(|| time("logDateTime")),
        outcome: outcome(&object),
    })
}

/// The result of an item: `handleCode` when positive, else `executeResult.code`, else a failure; the text
/// from `handleMsg`, else `executeResult.msg`. Also the form in which Go executors refuse a trigger.
pub(crate) fn outcome(object: &Map<String, Value>) -> CallbackOutcome {
    let nested = object.get("executeResult").and_then(Value::as_object);
    let code = |object: &Map<String, Value>, name: &str| {
        let code = object.get(name).and_then(json::integer)?;
        i32::try_from(code).ok().filter(|code| *code > 0)
    };
    CallbackOutcome {
        code: code(object, "handleCode").or_else(|| code(nested?, "code")).unwrap_or(FAILURE),
        text: object
            .get("handleMsg")
            .and_then(json::text)
            .or_else(|| json::text(nested?.get("msg")?))
            .unwrap_or_default(),
    }
}

/// One result to send. It serialises with both spellings of the time and both forms of the result; send a
/// JSON array of them, which every generation up to G3 and every Orrery server reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The run's id, as received with the trigger.
    pub run_id: i64,
    /// The trigger's time, as received, milliseconds UTC.
    pub logged_at: i64,
    /// How the run ended.
    pub outcome: CallbackOutcome,
}

impl Serialize for Callback {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct ExecuteResult<'a> {
            code: i32,
            msg: &'a str,
        }
        let CallbackOutcome { code, text } = &self.outcome;
        let mut object = serializer.serialize_struct("Callback", 6)?;
        object.serialize_field("logId", &self.run_id)?;
        object.serialize_field("logDateTim", &self.logged_at)?;
        object.serialize_field("logDateTime", &self.logged_at)?;
        object.serialize_field("handleCode", code)?;
        object.serialize_field("handleMsg", text)?;
        object.serialize_field("executeResult", &ExecuteResult { code: *code, msg: text })?;
        object.end()
    }
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
