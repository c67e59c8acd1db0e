//! Carries out the runs of a job, one after the other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::native::{
    Announcement, AskReply, AskRequest, AskedRun, FENCED, MOST_RUNS, RefusedRun, RunsReply, RunsRequest,
    Whereabouts,
};
use protocol::{Callback, CallbackOutcome, RegistryRequest, RunMode, TriggerRequest, words};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::executor::Program;
use crate::fence::TEXT_FENCED;
use crate::handler::{Context, TextResult};
use crate::outbox::Outbox;
use crate::queue::{Admission, Queues, Stop};
use crate::run_listener::{Outcome, RunEnd};
use crate::run_log::{LogStore, RunLog};
use crate::script;
use crate::settings::Settings;

/// How much of a result's text is sent: servers keep no more.
const TEXT_LIMIT: usize = 15_000;
/// Why nothing is taken that was meant for an earlier process.
const TEXT_OTHER_LIFE: &str = "This executor was restarted since.";
/// Text of a run that took too long.
const TEXT_TIMEOUT: &str = "job execute timeout";

/// What all parts of a running executor share.
pub(crate) struct Core {
    pub settings: Settings,
    pub program: Program,
    pub logs: LogStore,
    pub outbox: Outbox,
    /// Signals that a run has ended.
    pub settled: Notify,
    /// Names this process.
    pub life: String,
    queues: Mutex<Queues>,
    /// As many permits as runs may be carried out at once.
    workers: Semaphore,
}

impl Core {
    pub fn new(settings: Settings, program: Program, outbox: Outbox) -> Self {
        let logs = LogStore::new(settings.log_dir.clone());
        let life = format!("{:032x}", rand::random::<u128>());
        let queues = Mutex::new(Queues::of_length(settings.queue_length));
        let workers = match settings.workers {
            0 => Semaphore::MAX_PERMITS,
            count => usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS),
        };
        let workers = Semaphore::new(workers);
        Self { settings, program, logs, outbox, settled: Notify::new(), life, queues, workers }
    }

    /// How this process registers under `address`.
    pub fn registration(&self, address: String) -> RegistryRequest {
        let mut handlers: Vec<String> = self.program.handlers.keys().cloned().collect();
        handlers.sort_unstable();
        let Settings { app_name, labels, version, workers, queue_length, .. } = &self.settings;
        let (version, workers, queue_length) = (version.clone(), *workers, *queue_length);
        RegistryRequest {
            labels: labels.clone(),
            life: self.life.clone(),
            announces: Some(Announcement { version, workers, queue_length, handlers }),
            ..RegistryRequest::executor(app_name.clone(), address)
        }
    }

    /// The lines of runs, locked. Never held across an await.
    pub fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a run on, or says why not.
    pub async fn accept(self: &Arc<Self>, request: TriggerRequest) -> Result<(), String> {
        self.check(&request)?;
        let job_id = request.job_id;
        let admission = self.queues().admit(request);
        self.begin(job_id, admission).await
    }

    /// Takes runs on that are meant for this process; those that it does not, with the reasons.
    pub async fn accept_many(self: &Arc<Self>, request: RunsRequest) -> RunsReply {
        if request.life != self.life {
            return RunsReply::other_life(TEXT_OTHER_LIFE);
        }
        if request.runs.len() > MOST_RUNS {
            return RunsReply::failure(format!("runs: at most {MOST_RUNS} at once"));
        }
        let mut refused = Vec::new();
        for fenced in request.runs {
            let (run_id, job_id) = (fenced.run.log_id, fenced.run.job_id);
            let admission = match self.check(&fenced.run) {
                Ok(()) => self.queues().admit_fenced(fenced),
                Err(text) => Admission::Refused(text),
            };
            let code = if admission == Admission::Fenced { FENCED } else { words::FAILURE };
            let taken = self.begin(job_id, admission).await;
            refused.extend(taken.err().map(|text| RefusedRun { run_id, code, text }));
        }
        RunsReply::refusing(refused)
    }

    /// Says which of these runs there are, and shuts out the others.
    pub fn whereabouts(&self, request: &AskRequest) -> AskReply {
        if request.life != self.life {
            return AskReply::failure(TEXT_OTHER_LIFE);
        }
        let mut queues = self.queues();
        let of = |asked: &AskedRun| {
            queues.standing(*asked).map(|state| Whereabouts { run_id: asked.run_id, state })
        };
        AskReply::of(request.runs.iter().take(MOST_RUNS).filter_map(of).collect())
    }

    async fn begin(self: &Arc<Self>, job_id: i32, admission: Admission) -> Result<(), String> {
        match admission {
            Admission::Refused(text) => Err(text),
            Admission::Fenced => Err(TEXT_FENCED.to_owned()),
            Admission::Accepted { start_worker, dropped } => {
                if start_worker {
                    tokio::spawn(work(self.clone(), job_id));
                }
                self.report_dropped(dropped, crate::queue::REASON_COVERED).await;
                Ok(())
            }
        }
    }

    fn check(&self, request: &TriggerRequest) -> Result<(), String> {
        let handler = &request.executor_handler;
        match request.glue_type {
            RunMode::Bean if self.program.handlers.contains_key(handler) => Ok(()),
            RunMode::Bean => Err(format!("job handler [{handler}] not found.")),
            mode => script::refusal(mode, self.settings.allow_scripts).map_or(Ok(()), Err),
        }
    }

    /// Stops what runs of a job and drops what waits. Whether there was anything.
    pub async fn kill(&self, job_id: i32) -> bool {
        let reason = crate::queue::REASON_KILLED;
        let dropped = self.queues().kill(job_id, reason);
        let was_busy = dropped.is_some();
        self.report_dropped(dropped.unwrap_or_default(), reason).await;
        was_busy
    }

    /// Reports runs that were taken out of the line before they began.
    pub async fn report_dropped(&self, dropped: Vec<TriggerRequest>, reason: &str) {
        for request in dropped {
            let text = format!("{reason} [never started, removed from the queue]");
            self.report(&request, CallbackOutcome { code: words::FAILURE, text }).await;
        }
    }

    async fn report(&self, request: &TriggerRequest, outcome: CallbackOutcome) {
        let (run_id, logged_at) = (request.log_id, request.log_date_time);
        self.outbox.add(Callback { run_id, logged_at, outcome }).await;
    }

    /// The future that carries a run out.
    fn task(&self, request: Arc<TriggerRequest>, ctx: Context) -> BoxFuture<'static, TextResult> {
        if request.glue_type != RunMode::Bean {
            let folder: PathBuf = self.settings.data_dir.join("scripts");
            return async move {
                script::run(folder, &request, &ctx).await.map_err(|error| error.to_string())
            }
            .boxed();
        }
        match self.program.handlers.get(&request.executor_handler) {
            Some(handler) => {
                let handler = handler.clone();
                // The handler's own call happens inside the task too, where its panics are caught.
                async move { handler(ctx).await }.boxed()
            }
            None => std::future::ready(Err("the handler is gone".to_owned())).boxed(),
        }
    }
}

/// Carries out the runs of a job until none is left.
async fn work(core: Arc<Core>, job_id: i32) {
    loop {
        // What waits for its turn stays in the queue, where it can be killed or replaced.
        let _turn = core.workers.acquire().await;
        let next = core.queues().next(job_id);
        let Some((request, stop)) = next else { break };
        let request = Arc::new(request);
        let outcome = carry_out(&core, &request, &stop).await;
        core.report(&request, outcome).await;
        core.queues().finish(job_id);
        core.settled.notify_one();
    }
}

async fn carry_out(core: &Core, request: &Arc<TriggerRequest>, stop: &Stop) -> CallbackOutcome {
    let log = core.logs.open(request.log_id, request.log_date_time).unwrap_or_else(|error| {
        tracing::error!(%error, run = request.log_id, "cannot open the run's log");
        RunLog::nowhere()
    });
    log.remark(&opening(request));
    let began = Instant::now();
    let limit = u64::try_from(request.executor_timeout).ok().filter(|seconds| *seconds > 0);
    let deadline = limit.map(|seconds| began + Duration::from_secs(seconds));
    let cancellation = CancellationToken::new();
    let ctx = Context::new(request.clone(), log.clone(), cancellation.clone(), deadline);
    core.program.listeners.before(&ctx);
    let mut task = AbortOnDrop(tokio::spawn(core.task(request.clone(), ctx.clone())));
    let (outcome, mut text) = tokio::select! {
        result = &mut task.0 => ended(result),
        reason = stop.requested() => {
            cancel(&cancellation, task, core.settings.kill_grace, &log).await;
            (Outcome::Stopped, format!("{reason} [running, stopped]"))
        }
        () = until(deadline) => {
            cancel(&cancellation, task, core.settings.kill_grace, &log).await;
            (Outcome::TimedOut, TEXT_TIMEOUT.to_owned())
        }
    };
    if let Some((end, _)) = text.char_indices().nth(TEXT_LIMIT) {
        text.truncate(end);
    }
    let end = RunEnd { outcome, text, took: began.elapsed() };
    core.program.listeners.ended(&ctx, &end);
    log.remark(&format!("run ends: code {} {}", outcome.code(), end.text));
    CallbackOutcome { code: outcome.code(), text: end.text }
}

fn opening(request: &TriggerRequest) -> String {
    let what = match request.glue_type {
        RunMode::Bean => request.executor_handler.as_str(),
        script => script.as_wire(),
    };
    format!(
        "run {} of job {} starts: {what}, shard {} of {}",
        request.log_id, request.job_id, request.broadcast_index, request.broadcast_total
    )
}

/// Asks a task to end, and aborts it if it has not after the grace.
async fn cancel(cancellation: &CancellationToken, mut task: AbortOnDrop, grace: Duration, log: &RunLog) {
    cancellation.cancel();
    if tokio::time::timeout(grace, &mut task.0).await.is_err() {
        log.remark(&format!("the run goes on {grace:?} after it was cancelled and is aborted"));
        task.0.abort();
        // Aborted tasks end at their next await; a run that blocks its thread is not waited for.
        let _ended = tokio::time::timeout(Duration::from_secs(1), &mut task.0).await;
    }
}

fn ended(result: Result<TextResult, JoinError>) -> (Outcome, String) {
    match result {
        Ok(Ok(text)) => (Outcome::Success, text),
        Ok(Err(text)) => (Outcome::Failed, text),
        Err(error) => (
            Outcome::Failed,
            match error.try_into_panic() {
                Ok(panic) => format!("the handler panicked: {}", panic_text(panic.as_ref())),
                Err(error) => error.to_string(),
            },
        ),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// A task that does not outlive whoever waits for it.
struct AbortOnDrop(JoinHandle<TextResult>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
