//! `POST /idleBeat`: has an executor nothing of this job running or waiting?

use serde::Serialize;

use crate::BodyError;
use crate::kill::required_job_id;

/// The job asked about. Code 200 means idle (also for a job never seen), 500 busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdleBeatRequest {
    /// The job's number.
    pub job_id: i32,
}

/// Reads an idle-beat request; a missing `jobId` is an error.
pub fn parse_idle_beat(body: &[u8]) -> Result<IdleBeatRequest, BodyError> {
    required_job_id(body).map(|job_id| IdleBeatRequest { job_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_beat_survives_the_wire() {
        let request = IdleBeatRequest { job_id: 71 };
        assert_eq!(parse_idle_beat(&serde_json::to_vec(&request).unwrap()), Ok(request));
        assert!(parse_idle_beat(b"{}").is_err());
    }
}
