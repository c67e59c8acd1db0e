//! Executors as they really are, which no server ever sees whole: what was started, and which results
//! are still to be reported. Requests and answers get lost on the way.

use protocol::{LogChunk, RemoteReply, TriggerRequest};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use std::collections::{BTreeMap, HashMap};
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
    times: HashMap<(i32, i64), i64>,
    over: Arc<AtomicBool>,
}

impl Ground {
    pub fn new(seed: u64, over: Arc<AtomicBool>) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self(Arc::new(Mutex::new(Truth { random, starts: BTreeMap::new(), times: HashMap::new(), over })))
    }

    pub fn dispatcher(&self) -> ScriptedDispatcher {
        let own = self.clone();
        ScriptedDispatcher::new(move |_, call| Some(own.0.lock().unwrap().answer(call)))
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

    /// The promise itself: no run is started twice, and no fire of a job by two runs.
    fn start(&mut self, request: &TriggerRequest) {
        let (job_id, due_at) = (request.job_id, request.log_date_time);
        let reports = (self.random.random_range(0..20) > 0).then_some(200);
        let before = self.starts.insert(request.log_id, reports);
        assert!(before.is_none(), "run {} was started twice", request.log_id);
        let other = self.times.insert((job_id, due_at), request.log_id);
        assert!(
            other.is_none(),
            "job {job_id} was started twice for {due_at}: {other:?}, {}",
            request.log_id
        );
    }

    fn log(&self, run_id: i64) -> RemoteReply {
        let content = match self.starts.contains_key(&run_id) {
            true => {
                "xxl-job job execute start\nxxl-job job execute end(finish)\nResult: handleCode=200, handleMsg = ok"
            }
            false => "readLog fail, logFile not exists",
        };
        let chunk = LogChunk { from_line: 1, to_line: 3, content: content.to_owned(), is_end: false };
        RemoteReply { payload: serde_json::to_value(chunk).ok(), ..reply(200, "") }
    }
}

fn reply(code: i32, text: &str) -> RemoteReply {
    RemoteReply { code, text: text.to_owned(), payload: None }
}
