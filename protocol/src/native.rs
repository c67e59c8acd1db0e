//! What Orrery's own executors understand beyond XXL-JOB's protocol: many runs in one request, and the
//! question which runs they have. An executor announces it by the `life` in its registration, which also says
//! what the program is and can do ([`Announcement`]).
//!
//! *Life* names the process: what was meant for one process of an executor is refused by the next. *Fence*
//! is a number of a run's bucket that grows with every server that the bucket passes to ([`epoch`]) and with
//! every sending of the run: what a server sends that lost the bucket, or sent before it asked, is refused
//! however late it arrives.

use serde::{Deserialize, Serialize};

use crate::TriggerRequest;
use crate::words;

/// The most runs in one request; servers send no more, executors take no more.
pub const MOST_RUNS: usize = 500;
/// Fences per epoch: the last digits count the sendings.
pub const SENDS: i64 = 16;

/// `code` of an answer to runs that were meant for another process: none was taken.
pub const OTHER_LIFE: i32 = 410;
/// `code` of a run that was refused for its fence alone: sent anew with a later one it may be taken.
pub const FENCED: i32 = 409;

/// How often the bucket had passed on when this fence was made.
pub fn epoch(fence: i64) -> i64 {
    fence / SENDS
}

/// What a program says of itself when it registers. Every field may be missing, and others may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Announcement {
    /// Its version, in its own words; at most [`VERSION_LENGTH`] characters.
    pub version: String,
    /// How many runs it carries out at once, over all jobs; 0 = any number.
    pub workers: u32,
    /// How many runs of one job may wait there; 0 = any number.
    pub queue_length: u32,
    /// The names of its handlers; at most [`MOST_HANDLERS`].
    pub handlers: Vec<String>,
}

/// Handlers of one executor.
pub const MOST_HANDLERS: usize = 1000;
/// Characters of a handler's name; there are no blanks in it.
pub const HANDLER_LENGTH: usize = 255;
/// Characters of a program's version.
pub const VERSION_LENGTH: usize = 64;

/// Whether a job can name a handler so.
pub fn is_handler_name(name: &str) -> bool {
    (1..=HANDLER_LENGTH).contains(&name.chars().count())
        && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// `POST /runs`: the server hands over runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunsRequest {
    /// The process that they are for, as it registered.
    pub life: String,
    /// At most [`MOST_RUNS`].
    pub runs: Vec<FencedRun>,
}

/// A run with the right by which it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FencedRun {
    /// The share of all jobs that this one belongs to.
    pub bucket: i16,
    /// See the module.
    pub fence: i64,
    /// The run, as XXL-JOB's executors get it.
    pub run: TriggerRequest,
}

/// The answer to [`RunsRequest`]: everything that is not refused is accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunsReply {
    /// 200, [`OTHER_LIFE`], or another code where something is wrong with the request as a whole; then no run
    /// was taken.
    pub code: i32,
    /// For people; empty for success.
    #[serde(default)]
    pub msg: String,
    /// The runs that were not taken.
    #[serde(default)]
    pub refused: Vec<RefusedRun>,
}

/// A run that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedRun {
    /// The run's id.
    pub run_id: i64,
    /// [`FENCED`], or 500 for any other reason.
    #[serde(default = "other_reason")]
    pub code: i32,
    /// For people.
    pub text: String,
}

fn other_reason() -> i32 {
    words::FAILURE
}

/// `POST /ask`: the server asks which of these runs the executor has, and shuts out those that it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskRequest {
    /// The process that they were sent to.
    pub life: String,
    /// Those that are asked for; at most [`MOST_RUNS`].
    pub runs: Vec<AskedRun>,
}

/// A run that is asked for. One that never came is refused from then on below this fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedRun {
    /// The run's id.
    pub run_id: i64,
    /// The share of all jobs that its job belongs to.
    pub bucket: i16,
    /// Above every fence that it was sent with.
    pub fence: i64,
}

/// The answer to [`AskRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskReply {
    /// 200, or what went wrong with the request as a whole.
    pub code: i32,
    /// For people; empty for success.
    #[serde(default)]
    pub msg: String,
    /// In the order of the request.
    #[serde(default)]
    pub runs: Vec<Whereabouts>,
}

/// Where an asked run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Whereabouts {
    /// The run's id.
    pub run_id: i64,
    /// What the executor has of it.
    pub state: Standing,
}

/// What an executor has of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing: it never came, and does not get in any more.
    Never,
    /// It waits or runs.
    Live,
    /// It has ended, and its result is on its way or was taken by a server.
    Ended,
}

impl RunsReply {
    /// Takes everything but these.
    pub fn refusing(refused: Vec<RefusedRun>) -> Self {
        Self { code: words::SUCCESS, msg: String::new(), refused }
    }

    /// Takes nothing.
    pub fn failure(text: impl Into<String>) -> Self {
        Self { code: words::FAILURE, msg: text.into(), refused: Vec::new() }
    }

    /// Takes nothing, for it was meant for the process before.
    pub fn other_life(text: impl Into<String>) -> Self {
        Self { code: OTHER_LIFE, ..Self::failure(text) }
    }
}

impl AskReply {
    /// Says where the runs are.
    pub fn of(runs: Vec<Whereabouts>) -> Self {
        Self { code: words::SUCCESS, msg: String::new(), runs }
    }

    /// Says nothing about any run.
    pub fn failure(text: impl Into<String>) -> Self {
        Self { code: words::FAILURE, msg: text.into(), runs: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_look_like_this() {
        let ask = AskRequest {
            life: "5f".to_owned(),
            runs: vec![AskedRun { run_id: 9001, bucket: 12, fence: 49 }],
        };
        let json = r#"{"life":"5f","runs":[{"runId":9001,"bucket":12,"fence":49}]}"#;
        assert_eq!(serde_json::to_string(&ask).unwrap(), json);
        assert_eq!(serde_json::from_str::<AskRequest>(json).unwrap(), ask);
        let reply =
            RunsReply::refusing(vec![RefusedRun { run_id: 9001, code: FENCED, text: "no".to_owned() }]);
        let json = r#"{"code":200,"msg":"","refused":[{"runId":9001,"code":409,"text":"no"}]}"#;
        assert_eq!(serde_json::to_string(&reply).unwrap(), json);
        assert_eq!(serde_json::from_str::<RunsReply>(json).unwrap(), reply);
        let before = r#"{"code":200,"refused":[{"runId":9001,"text":"no"}]}"#;
        let refused = serde_json::from_str::<RunsReply>(before).unwrap().refused;
        assert_eq!(refused[0].code, 500, "executors of before codes were told apart say none");
    }

    #[test]
    fn an_epoch_has_room_for_all_sendings() {
        assert_eq!((epoch(47), epoch(48), epoch(63)), (2, 3, 3));
    }
}
