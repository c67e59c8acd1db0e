//! `POST /run` (G4: `/trigger`): the server hands a run to an executor.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::{self, BodyError};
use crate::words::{BlockStrategy, RunMode, UnknownWord};

/// A run to carry out. All twelve fields of XXL-JOB's are sent, none of them null: some clients insist on
/// either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerRequest {
    /// The job; runs of one job are carried out one after the other by an instance.
    pub job_id: i32,
    /// Name of the handler, for [`RunMode::Bean`]; else empty.
    pub executor_handler: String,
    /// The job's parameter: free text.
    pub executor_params: String,
    /// What to do while the job is busy on this instance.
    pub executor_block_strategy: BlockStrategy,
    /// Seconds the run may take; 0 is without limit.
    pub executor_timeout: i32,
    /// The run's id, at most 2^53 − 1; key of callback and log.
    pub log_id: i64,
    /// The trigger's time, milliseconds UTC. Keep it: a log request must repeat it exactly.
    pub log_date_time: i64,
    /// Handler or script.
    pub glue_type: RunMode,
    /// The script; empty for [`RunMode::Bean`].
    pub glue_source: String,
    /// Version of the script, milliseconds UTC; a change makes executors reload it.
    #[serde(rename = "glueUpdatetime")]
    pub glue_updated_at: i64,
    /// Number of this shard, from 0.
    pub broadcast_index: i32,
    /// Number of shards, at least 1.
    pub broadcast_total: i32,
    /// Which attempt of the run it is, from 1; said only to executors of our own, no field of XXL-JOB's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
}

/// Why a trigger cannot be understood. Its text is the answer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerError {
    /// The body is not a trigger.
    Body(BodyError),
    /// A run mode this protocol does not have.
    RunMode(UnknownWord),
}

impl fmt::Display for TriggerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::RunMode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TriggerError {}

impl From<BodyError> for TriggerError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

/// Reads a trigger as executors do: what is missing or null is empty, 0, or one shard of one; an unknown
/// block strategy means waiting in line. Job, run and run mode have to be there.
pub fn parse_trigger(body: &[u8]) -> Result<TriggerRequest, TriggerError> {
    let object = json::parse_object(body)?;
    let positive = |name, number: Option<i64>| {
        number
            .filter(|number| *number > 0)
            .ok_or_else(|| BodyError::Field { name, problem: "missing or not positive".to_owned() })
    };
    positive("jobId", json::small_integer_field(&object, "jobId")?.map(i64::from))?;
    let log_id = positive("logId", json::integer_field(&object, "logId")?)?;
    let small = |name| json::small_integer_field(&object, name).map(Option::unwrap_or_default);
    let large = |name| json::integer_field(&object, name).map(Option::unwrap_or_default);
    let text = |name| json::text_field(&object, name);
    Ok(TriggerRequest {
        job_id: small("jobId")?,
        executor_handler: text("executorHandler"),
        executor_params: text("executorParams"),
        executor_block_strategy: text("executorBlockStrategy").parse().unwrap_or_default(),
        executor_timeout: small("executorTimeout")?.max(0),
        log_id,
        log_date_time: large("logDateTime")?,
        glue_type: text("glueType").parse().map_err(TriggerError::RunMode)?,
        glue_source: text("glueSource"),
        glue_updated_at: large("glueUpdatetime")?,
        broadcast_index: small("broadcastIndex")?.max(0),
        broadcast_total: small("broadcastTotal")?.max(1),
        attempt: json::small_integer_field(&object, "attempt")?.filter(|attempt| *attempt > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> TriggerRequest {
        TriggerRequest {
            job_id: 71,
            executor_handler: "nightlyInvoice".to_owned(),
            executor_params: r#"{"tenant":"a"}"#.to_owned(),
            executor_block_strategy: BlockStrategy::SerialExecution,
            executor_timeout: 0,
            log_id: 9001,
            log_date_time: 1_781_000_000_000,
            glue_type: RunMode::Bean,
            glue_source: String::new(),
            glue_updated_at: 1_780_000_000_000,
            broadcast_index: 0,
            broadcast_total: 1,
            attempt: None,
        }
    }

    #[test]
    fn a_trigger_has_all_twelve_fields_under_their_names() {
        let body = serde_json::to_string(&request()).unwrap();
        assert_eq!(
            body,
            r#"{"jobId":71,"executorHandler":"nightlyInvoice","executorParams":"{\"tenant\":\"a\"}","executorBlockStrategy":"SERIAL_EXECUTION","executorTimeout":0,"logId":9001,"logDateTime":1781000000000,"glueType":"BEAN","glueSource":"","glueUpdatetime":1780000000000,"broadcastIndex":0,"broadcastTotal":1}"#
        );
        assert_eq!(parse_trigger(body.as_bytes()), Ok(request()));
    }

    #[test]
    fn the_attempt_is_read_where_it_is_sent() {
        let third = TriggerRequest { attempt: Some(3), ..request() };
        let body = serde_json::to_vec(&third).unwrap();
        assert_eq!(parse_trigger(&body), Ok(third));
        let nonsense = br#"{"jobId":71,"logId":9001,"glueType":"BEAN","attempt":0}"#;
        assert_eq!(parse_trigger(nonsense).unwrap().attempt, None);
    }

    #[test]
    fn what_other_servers_leave_out_has_a_default() {
        let sparse = br#"{"jobId":"71","logId":9001,"glueType":"GLUE_SHELL","executorParams":null,
            "executorBlockStrategy":"SOMETHING","executorTimeout":null,"broadcastTotal":0}"#;
        let parsed = parse_trigger(sparse).unwrap();
        assert_eq!(
            parsed,
            TriggerRequest {
                executor_handler: String::new(),
                executor_params: String::new(),
                log_date_time: 0,
                glue_type: RunMode::Shell,
                glue_updated_at: 0,
                ..request()
            }
        );
    }

    #[test]
    fn a_trigger_without_what_it_needs_is_refused_by_name() {
        let cases = [
            (r#"{"logId":1,"glueType":"BEAN"}"#, "jobId: missing or not positive"),
            (r#"{"jobId":3000000000,"logId":1,"glueType":"BEAN"}"#, "jobId: 3000000000 exceeds 32 bits"),
            (r#"{"jobId":1,"glueType":"BEAN"}"#, "logId: missing or not positive"),
            (r#"{"jobId":1,"logId":1}"#, "glueType[] is not valid."),
            (r#"{"jobId":1,"logId":1,"glueType":"X"}"#, "glueType[X] is not valid."),
            (
                r#"{"jobId":1,"logId":1,"glueType":"BEAN","executorTimeout":1.5}"#,
                "executorTimeout: 1.5 is not a whole number",
            ),
            ("[]", "the body is not a JSON object"),
        ];
        for (body, text) in cases {
            assert_eq!(parse_trigger(body.as_bytes()).unwrap_err().to_string(), text, "{body}");
        }
        assert!(parse_trigger(b"").is_err());
    }
}
