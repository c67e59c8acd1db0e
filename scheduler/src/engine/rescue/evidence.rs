//! What an executor's answers say about a run, by client. The facts are those of each client's
//! behaviour on the wire; where a client proves nothing, nothing is read into its answer.

use entity::instance::Client;
use protocol::native::Standing;
use protocol::words::{FAILURE, SUCCESS};
use protocol::{LogChunk, RemoteReply};

/// What one asking brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Idle, and no log of the run: it never started and will not.
    NeverStarted,
    /// Busy, and the log of the run has begun.
    Running,
    /// The log says how it ended.
    Ended { code: i32 },
    /// It does not have the run, and refuses whatever of it was sent so far.
    ShutOut,
    /// It has the run, and reports how that ends.
    Known,
    /// It had the run, and how that ended is on its way, or was taken by a server.
    Over,
    /// Nothing that proves anything.
    Nothing,
}

impl Evidence {
    /// Whether one asking is enough: the executor says what it knows, instead of what can be read from its
    /// log.
    pub fn is_proof(self) -> bool {
        matches!(self, Self::ShutOut | Self::Known | Self::Over)
    }
}

/// What an executor of our own says.
pub fn of(standing: Standing) -> Evidence {
    match standing {
        Standing::Never => Evidence::ShutOut,
        Standing::Live => Evidence::Known,
        Standing::Ended => Evidence::Over,
    }
}

/// Whether asking a client can prove anything.
pub fn can_be_asked(client: Client) -> bool {
    marks(client).is_some()
}

/// What it means that an executor is idle for a job whose run is running, by its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Nothing: nobody has tried what it says when.
    Nothing,
    /// It works on none of the job's runs: they ended, or it was restarted.
    AllIsOver,
    /// The same of a run whose log has begun as this client's begin: another library of the kind says idle
    /// after any run that it refused.
    OverWithLog,
}

pub fn idle_means(client: Client) -> Idle {
    match client {
        Client::Java | Client::JavaTrigger | Client::Pyxxl | Client::Go | Client::Rust => Idle::AllIsOver,
        Client::Node => Idle::OverWithLog,
        Client::Orrery | Client::TooOld | Client::Other => Idle::Nothing,
    }
}

/// Which line of a log to ask for to get all of it: npm `xxl-job` counts from 0.
pub fn first_line(client: Client) -> i32 {
    if client == Client::Node { 0 } else { 1 }
}

/// What a client's library itself writes into the logs of runs.
struct Marks {
    /// The answer where there is no log.
    none: &'static str,
    /// In the first line.
    start: &'static str,
    /// How it ended, by the words in the last lines.
    end: fn(&str) -> Option<i32>,
    /// Runs wait in a queue there, without a log: only an idle executor has none.
    queues: bool,
}

/// Reads one asking: whether the executor is idle for the job, and its log of the run.
pub fn read(client: Client, is_idle: bool, log: &RemoteReply) -> Evidence {
    let Some(marks) = marks(client) else {
        return Evidence::Nothing;
    };
    let text = LogChunk::from_reply(log).map_or_else(|| log.text.clone(), |chunk| chunk.content);
    let started = text.contains(marks.start);
    match (marks.end)(&text) {
        Some(code) if started => Evidence::Ended { code },
        _ if started && !is_idle => Evidence::Running,
        _ if !started && text.contains(marks.none) && (is_idle || !marks.queues) => Evidence::NeverStarted,
        _ => Evidence::Nothing,
    }
}

/// Whether an answer is the log of a run that did start: the yardstick that the logs are there.
pub fn has_started(client: Client, log: &RemoteReply) -> bool {
    let text = LogChunk::from_reply(log).map(|chunk| chunk.content).unwrap_or_default();
    marks(client).is_some_and(|marks| text.contains(marks.start))
}

fn marks(client: Client) -> Option<Marks> {
    match client {
        Client::Java | Client::JavaTrigger => Some(Marks {
            none: "logFile not exists",
            start: "job execute start",
            end: java_end,
            queues: true,
        }),
        Client::Orrery => {
            Some(Marks { none: "logFile not exists", start: " starts: ", end: orrery_end, queues: true })
        }
        Client::Pyxxl => Some(Marks {
            none: "No such logid logs",
            start: "Start job jobId=",
            end: |text| text.contains("Job finished jobId=").then_some(SUCCESS),
            queues: true,
        }),
        Client::Node => Some(Marks {
            none: "Log not found",
            start: " is running: ",
            end: |text| text.contains(" is finished: ").then_some(SUCCESS),
            queues: false,
        }),
        Client::Go | Client::Rust | Client::TooOld | Client::Other => None,
    }
}

fn java_end(text: &str) -> Option<i32> {
    if text.contains("execute end(error)") {
        return Some(FAILURE);
    }
    let (_, end) = text.split_once("execute end(finish)")?;
    number_after(end, "handleCode=").or_else(|| number_after(end, "code="))
}

fn orrery_end(text: &str) -> Option<i32> {
    number_after(text, "run ends: code ")
}

fn number_after(text: &str, mark: &str) -> Option<i32> {
    let (_, rest) = text.rsplit_once(mark)?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn log(content: &str) -> RemoteReply {
        let payload = json!({"fromLineNum": 1, "toLineNum": 2, "logContent": content, "isEnd": false});
        RemoteReply { code: SUCCESS, text: String::new(), payload: Some(payload) }
    }

    #[test]
    fn a_java_executor_proves_that_a_run_never_started_only_while_it_is_idle() {
        let none = log("readLog fail, logFile not exists");
        assert_eq!(read(Client::Java, true, &none), Evidence::NeverStarted);
        assert_eq!(read(Client::Java, false, &none), Evidence::Nothing);
        let start = log("<br>---- xxl-job job execute start -----<br>");
        assert_eq!(read(Client::Java, false, &start), Evidence::Running);
        // Started and idle: the process was restarted, or the handler ignored its kill.
        assert_eq!(read(Client::Java, true, &start), Evidence::Nothing);
    }

    #[test]
    fn the_end_is_read_with_its_code() {
        let java = |end: &str| read(Client::Java, true, &log(&format!("xxl-job job execute start\n{end}")));
        let finished = "xxl-job job execute end(finish)\nResult: handleCode=502, handleMsg = late";
        assert_eq!(java(finished), Evidence::Ended { code: 502 });
        let old = "xxl-job job execute end(finish)\nReturnT [code=200, msg=null, content=null]";
        assert_eq!(java(old), Evidence::Ended { code: 200 });
        assert_eq!(java("xxl-job job execute end(error)"), Evidence::Ended { code: 500 });
        let python = log("Start job jobId=1 logId=2\nJob finished jobId=1 logId=2");
        assert_eq!(read(Client::Pyxxl, true, &python), Evidence::Ended { code: 200 });
    }

    #[test]
    fn a_client_without_a_queue_or_with_blind_logs_is_read_as_such() {
        let none = RemoteReply { code: 500, text: "Log not found, logId: 5".to_owned(), payload: None };
        assert_eq!(read(Client::Node, false, &none), Evidence::NeverStarted);
        assert_eq!(read(Client::Go, true, &log("anything")), Evidence::Nothing);
        assert!(!can_be_asked(Client::Go) && can_be_asked(Client::Orrery));
    }
}
