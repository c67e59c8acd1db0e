//! `POST /kill`: an executor stops everything of one job that runs or waits on it.

use serde::Serialize;

use crate::BodyError;
use crate::json;

/// The job to stop. The protocol knows no way to stop a single run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KillRequest {
    /// The job's number.
    pub job_id: i32,
}

/// Reads a kill request; a missing `jobId` is an error.
pub fn parse_kill(body: &[u8]) -> Result<KillRequest, BodyError> {
    required_job_id(body).map(|job_id| KillRequest { job_id })
}

/// The `jobId` of a request that consists of nothing else.
pub(crate) fn required_job_id(body: &[u8]) -> Result<i32, BodyError> {
    json::small_integer_field(&json::parse_object(body)?, "jobId")?
        .ok_or_else(|| BodyError::Field { name: "jobId", problem: "missing".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_survives_the_wire_and_tolerates_a_number_as_text() {
        let request = KillRequest { job_id: 71 };
        assert_eq!(serde_json::to_string(&request).unwrap(), r#"{"jobId":71}"#);
        assert_eq!(parse_kill(br#"{"jobId":71}"#), Ok(request));
        assert_eq!(parse_kill(br#"{"jobId":"71","more":1}"#), Ok(request));
    }

    #[test]
    fn a_kill_without_a_usable_job_is_refused() {
        for body in ["{}", r#"{"jobId":null}"#, r#"{"jobId":3000000000}"#, r#"{"jobId":1.5}"#, "[]", ""] {
            assert!(parse_kill(body.as_bytes()).is_err(), "{body}");
        }
    }
}
