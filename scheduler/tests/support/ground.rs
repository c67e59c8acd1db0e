//! Executors as they really are, which no server ever sees whole: what was started, and which results
//! are still to be reported. Requests and answers get lost on the way.

use protocol::{LogChunk, RemoteReply, TriggerRequest};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scheduler::engine::directory::Target;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What a run that was started reports, again and again until somebody records it; none = its
/// reports get lost.
pub type Report = Option<i32>;

#[derive(Clone)]
pub struct Ground(Arc<Mutex<Truth>>);

struct Truth {
    random: StdRng,
    starts: BTreeMap<i64, Report>,
    over: Arc<AtomicBool>,
}

impl Ground {
    pub fn new(seed: u64, over: Arc<AtomicBool>) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self(Arc::new(Mutex::new(Truth { random, starts: BTreeMap::new(), over })))
    }

    /// `look` is shown every request for a run as it arrives.
    pub fn dispatcher(
        &self,
        look: impl Fn(&Target, &TriggerRequest) + Send + Sync + 'static,
    ) -> ScriptedDispatcher {
        let own = self.clone();
        ScriptedDispatcher::new(move |target, call| {
            if let Call::Run(request) = call {
                look(target, request);
            }
            Some(own.0.lock().unwrap().answer(call))
        })
    }

    /// Each run that was started, by its id.
    pub fn starts(&self) -> BTreeMap<i64, Report> {
        self.0.lock().unwrap().starts.clone()
    }
}

impl Truth {
    fn answer(&mut self, call: &Call) -> Result<RemoteReply, CallFailure> {
        let luck = if self.over.load(Ordering::SeqCst) { 99 } else { self.random.random_range(0..100) };
        let broken = || CallFailure::NoAnswer("the connection broke".to_owned());
        match call {
            Call::Run(request) => match luck {
                0..3 => Err(CallFailure::NeverArrived("connection refused".to_owned())),
                3..6 => Err(broken()),
                6..9 => {
                    self.start(request);
                    Err(broken())
                }
                _ => {
                    self.start(request);
                    Ok(reply(200, ""))
                }
            },
            _ if luck < 5 => Err(broken()),
            Call::Log(request) => Ok(self.log(request.run_id)),
            _ => Ok(reply(200, "")),
        }
    }

    /// The promise itself: no run is started twice. That no fire is started by two runs follows, since
    /// each fire has one row and nothing starts without its row.
    fn start(&mut self, request: &TriggerRequest) {
        let report = match self.random.random_range(0..20) {
            0 => None,
            1 => Some(500),
            _ => Some(200),
        };
        let before = self.starts.insert(request.log_id, report);
        assert!(before.is_none(), "run {} was started twice", request.log_id);
    }

    fn log(&self, run_id: i64) -> RemoteReply {
        let content = match self.starts.get(&run_id) {
            Some(report) => {
                let code = report.unwrap_or(200);
                let end = "xxl-job job execute start\nxxl-job job execute end(finish)\nResult:";
                format!("{end} handleCode={code}, handleMsg = done")
            }
            None => "readLog fail, logFile not exists".to_owned(),
        };
        let chunk = LogChunk { from_line: 1, to_line: 3, content, is_end: false };
        RemoteReply { payload: serde_json::to_value(chunk).ok(), ..reply(200, "") }
    }
}

fn reply(code: i32, text: &str) -> RemoteReply {
    RemoteReply { code, text: text.to_owned(), payload: None }
}
