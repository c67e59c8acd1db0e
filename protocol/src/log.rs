//! `POST /log`: the server reads a run's log from the instance that ran it, piece by piece.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{self, BodyError};
use crate::reply::RemoteReply;

/// Which part of which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRequest {
    /// The run's id.
    pub run_id: i64,
    /// The trigger's time exactly as it was sent, milliseconds UTC: executors find the log's folder by its day.
    pub triggered_at: i64,
    /// The first line wanted, from 1.
    pub from_line: i32,
}

impl Serialize for LogRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("LogRequest", 4)?;
        object.serialize_field("logId", &self.run_id)?;
        object.serialize_field("logDateTim", &self.triggered_at)?;
        object.serialize_field("logDateTime", &self.triggered_at)?;
        object.serialize_field("fromLineNum", &self.from_line)?;
        object.end()
    }
}

/// Reads a log request: either time field, 0 when there is none; a missing or lower first line is 1.
pub fn parse_log_request(body: &[u8]) -> Result<LogRequest, BodyError> {
    let object = json::parse_object(body)?;
    let run_id = json::integer_field(&object, "logId")?
        .ok_or_else(|| BodyError::Field { name: "logId", problem: "missing".to_owned() })?;
    let triggered_at = match json::integer_field(&object, "logDateTim")? {
        Some(at) if at != 0 => Some(at),
        _ => json::integer_field(&object, "logDateTime")?,
    };
    let from_line = json::small_integer_field(&object, "fromLineNum")?.unwrap_or(1).max(1);
    Ok(LogRequest { run_id, triggered_at: triggered_at.unwrap_or(0), from_line })
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogChunk {
    /// The first line asked for.
    #[serde(rename = "fromLineNum")]
    pub from_line: i32,
    /// The last line delivered. Executors differ in what they write here when there was none.
    #[serde(rename = "toLineNum")]
    pub to_line: i32,
    /// The lines, each ended by `\n`. May contain HTML the job wrote: escape it before it is shown.
    #[serde(rename = "logContent")]
    pub content: String,
    /// Whether the executor says that no more will come. Java never says so, others say so too early: it
    /// counts only together with the end of the run.
    #[serde(rename = "isEnd")]
    pub is_end: bool,
}

impl LogChunk {
    /// The chunk inside an answer to a [`LogRequest`]; `None` when there is none (the answer's text says why).
    pub fn from_reply(reply: &RemoteReply) -> Option<Self> {
        if !reply.is_ok() {
            return None;
        }
        let object = reply.payload.as_ref()?.as_object()?;
        let line = |name| object.get(name).and_then(json::integer).and_then(|line| i32::try_from(line).ok());
        Some(Self {
            from_line: line("fromLineNum").unwrap_or(0),
            to_line: line("toLineNum").unwrap_or(0),
            content: json::text_field(object, "logContent"),
            is_end: object.get("isEnd").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// Whether the chunk has lines from `asked_from` on. Without this check the fixed text that some
    /// executors answer with would be shown again at every poll.
    pub fn brings_lines(&self, asked_from: i32) -> bool {
        !self.content.is_empty() && self.to_line >= asked_from
    }

    /// The line to ask for next, after having asked for `asked_from`.
    pub fn next_line(&self, asked_from: i32) -> i32 {
        if self.brings_lines(asked_from) { self.to_line.saturating_add(1) } else { asked_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reply, parse_reply};

    fn chunk(body: &str) -> Option<LogChunk> {
        parse_reply(body.as_bytes()).ok().as_ref().and_then(LogChunk::from_reply)
    }

    #[test]
    fn a_request_carries_both_spellings_of_the_time_and_either_is_read() {
        let request = LogRequest { run_id: 9001, triggered_at: 1_781_000_000_000, from_line: 6 };
        let body = serde_json::to_string(&request).unwrap();
        assert_eq!(
            body,
            r#"{"logId":9001,"logDateTim":1781000000000,"logDateTime":1781000000000,"fromLineNum":6}"#
        );
        assert_eq!(parse_log_request(body.as_bytes()), Ok(request));
        for body in [
            r#"{"logId":9001,"logDateTim":1781000000000,"fromLineNum":6}"#,
            r#"{"logId":"9001","logDateTime":1781000000000,"fromLineNum":"6"}"#,
            r#"{"logId":9001,"logDateTim":0,"logDateTime":1781000000000,"fromLineNum":6}"#,
        ] {
            assert_eq!(parse_log_request(body.as_bytes()), Ok(request), "{body}");
        }
    }

    #[test]
    fn the_first_line_is_1_whatever_is_asked_below_it() {
        for body in [r#"{"logId":1}"#, r#"{"logId":1,"fromLineNum":0}"#, r#"{"logId":1,"fromLineNum":-5}"#] {
            let expected = LogRequest { run_id: 1, triggered_at: 0, from_line: 1 };
            assert_eq!(parse_log_request(body.as_bytes()), Ok(expected), "{body}");
        }
        for body in ["", "[]", "{}", r#"{"logId":"x"}"#, r#"{"logId":1,"fromLineNum":3000000000}"#] {
            assert!(parse_log_request(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_chunk_is_read_from_content_or_data_with_or_without_an_end_mark() {
        let plain = r#"{"fromLineNum":1,"toLineNum":2,"logContent":"a\nb\n"}"#;
        let ended = r#"{"fromLineNum":1,"toLineNum":2,"logContent":"a\nb\n","isEnd":true}"#;
        let expected =
            |is_end| Some(LogChunk { from_line: 1, to_line: 2, content: "a\nb\n".to_owned(), is_end });
        assert_eq!(chunk(&format!(r#"{{"code":200,"content":{plain}}}"#)), expected(false));
        assert_eq!(chunk(&format!(r#"{{"code":200,"data":{ended}}}"#)), expected(true));
        assert_eq!(chunk(&format!(r#"{{"code":200,"data":{ended},"content":{ended}}}"#)), expected(true));
    }

    #[test]
    fn an_answer_without_a_chunk_gives_none() {
        for body in [
            r#"{"code":200,"content":null}"#,
            r#"{"code":200,"content":"text"}"#,
            r#"{"code":500,"msg":"Log not found, logId: 5"}"#,
            "<html><body>502</body></html>",
            "",
        ] {
            assert_eq!(chunk(body), None, "{body}");
        }
    }

    #[test]
    fn a_viewer_moves_on_only_when_lines_came() {
        let with = |to_line, content: &str| LogChunk {
            from_line: 3,
            to_line,
            content: content.to_owned(),
            is_end: false,
        };
        assert_eq!(with(5, "a\nb\nc\n").next_line(3), 6);
        assert_eq!(with(0, "").next_line(3), 3);
        assert_eq!(with(2, "").next_line(3), 3);
        assert_eq!(with(3, "").next_line(3), 3);
        assert_eq!(with(2, "the same fixed text").next_line(3), 3);
        assert_eq!(with(i32::MAX, "x\n").next_line(3), i32::MAX);
    }

    #[test]
    fn a_chunk_survives_the_wire() {
        let sent = LogChunk { from_line: 1, to_line: 1, content: "a\n".to_owned(), is_end: true };
        let body = serde_json::to_string(&Reply::with_payload(sent.clone())).unwrap();
        assert!(
            body.contains(r#""content":{"fromLineNum":1,"toLineNum":1,"logContent":"a\n","isEnd":true}"#)
        );
        assert_eq!(chunk(&body), Some(sent));
    }
}
