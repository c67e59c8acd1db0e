//! The life of an executor: start, registration, delivery, orderly stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::folder::{self, FolderLock};
use crate::named::Handlers;
use crate::outbox::Outbox;
use crate::queue::REASON_STOPPING;
use crate::run_listener::RunListeners;
use crate::settings::{Error, ExecutorBuilder, Settings};
use crate::worker::Core;
use crate::{clock, listener, metrics};

/// How often a registered instance says that it is alive.
const REGISTER_EVERY: Duration = Duration::from_secs(10);
/// How soon a failed registration or delivery is repeated at first; doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// How late a failed delivery is repeated at most.
const DELIVER_RETRY_LAST: Duration = Duration::from_secs(15);
/// How many results are sent at once.
const BATCH: usize = 100;
/// How long a stop waits for the last results to be taken; they are on disk.
const LAST_DELIVERY: Duration = Duration::from_secs(5);
/// How often old logs are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// What the program brings.
pub(crate) struct Program {
    pub handlers: Handlers,
    pub listeners: RunListeners,
}

/// An executor, ready to start.
pub struct Executor {
    settings: Settings,
    program: Program,
}

impl Executor {
    /// Begins to describe an executor.
    pub fn builder() -> ExecutorBuilder {
        ExecutorBuilder::default()
    }

    pub(crate) fn new(settings: Settings, program: Program) -> Self {
        Self { settings, program }
    }

    /// Runs until the process is asked to end (SIGTERM or SIGINT), then stops in order, as
    /// [`RunningExecutor::stop`]. Asked a second time it ends at once.
    ///
    /// # Errors
    /// As [`Executor::start`].
    pub async fn run(self) -> Result<(), Error> {
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
        let mut asked = async move || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let running = self.start().await?;
        asked().await;
        tokio::select! {
            () = running.stop() => {}
            () = asked() => tracing::warn!("asked to end again: what runs is given up"),
        }
        Ok(())
    }

    /// Starts to listen, to register and to deliver what an earlier process could not. Returns at once; that
    /// no server answers is no error, it is tried again.
    ///
    /// # Errors
    /// The address is taken, a folder cannot be written or belongs to another executor, or a setting cannot be
    /// sent as a header.
    pub async fn start(self) -> Result<RunningExecutor, Error> {
        // An application that has chosen a provider for itself keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Self { settings, program } = self;
        let lock = folder::take(&settings.data_dir)?;
        let unusable = |path: &std::path::Path| {
            let path = path.to_owned();
            move |source| Error::Folder { path, source }
        };
        std::fs::create_dir_all(&settings.log_dir).map_err(unusable(&settings.log_dir))?;
        let outbox = Outbox::open(&settings.data_dir).map_err(unusable(&settings.data_dir))?;
        let listen = |source| Error::Listen { address: settings.listen, source };
        let socket = TcpListener::bind(settings.listen).await.map_err(listen)?;
        let listening = socket.local_addr().map_err(listen)?;
        let advertised = settings.advertised(listening);
        let core = Arc::new(Core::new(settings, program, outbox));
        let client = Arc::new(Client::new(&core.settings, core.registration(advertised.clone()))?);
        tracing::info!(%listening, %advertised, app = core.settings.app_name, "executor started");

        let leaving = CancellationToken::new();
        let closing = CancellationToken::new();
        let serve = axum::serve(socket, listener::router(core.clone()))
            .with_graceful_shutdown(closing.clone().cancelled_owned());
        let registration = tokio::spawn(keep_registered(client.clone(), leaving.clone()));
        let listener = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the listener ended");
            }
        });
        let background = [
            tokio::spawn(deliver(core.clone(), client.clone())),
            tokio::spawn(metrics::report(core.clone(), client.clone())),
            tokio::spawn(prune_logs(core.clone())),
        ];
        let tasks = Tasks { registration, listener, background };
        Ok(RunningExecutor { core, client, listening, advertised, leaving, closing, tasks, _lock: lock })
    }
}

struct Tasks {
    registration: JoinHandle<()>,
    listener: JoinHandle<()>,
    background: [JoinHandle<()>; 3],
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.registration.abort();
        self.listener.abort();
        self.background.iter().for_each(JoinHandle::abort);
    }
}

/// An executor at work. Dropping it ends listening, registration and delivery at once, as a crash would; end
/// it with [`RunningExecutor::stop`].
pub struct RunningExecutor {
    core: Arc<Core>,
    client: Arc<Client>,
    listening: SocketAddr,
    advertised: String,
    leaving: CancellationToken,
    closing: CancellationToken,
    tasks: Tasks,
    _lock: FolderLock,
}

impl RunningExecutor {
    /// Where it listens.
    pub fn listening(&self) -> SocketAddr {
        self.listening
    }

    /// The base address it registers.
    pub fn advertised(&self) -> &str {
        &self.advertised
    }

    /// Stops in order: leaves the server's list, reports what waits as failed, waits for what runs up to the
    /// stop grace and cancels the rest, delivers the last results, then stops listening. What cannot be
    /// delivered stays on disk for the next start.
    pub async fn stop(mut self) {
        tracing::info!("stopping: no new runs are accepted");
        let waiting = self.core.queues().close();
        self.leaving.cancel();
        // A registration under way must not arrive after the removal.
        let _ended = (&mut self.tasks.registration).await;
        if let Err(problem) = self.client.unregister().await {
            tracing::warn!(%problem, "the removal of this instance was not taken");
        }
        self.core.report_dropped(waiting, REASON_STOPPING).await;
        if !self.settled_within(self.core.settings.stop_grace).await {
            tracing::warn!("runs are still going on and are cancelled");
            self.core.queues().stop_running(REASON_STOPPING);
            self.settled_within(self.core.settings.kill_grace + Duration::from_secs(2)).await;
        }
        if !self.delivered_within(LAST_DELIVERY).await {
            tracing::warn!("some results could not be delivered; they are kept for the next start");
        }
        self.closing.cancel();
        // Whoever is being answered gets the rest of the answer; an idle connection is not waited for.
        let _ended = tokio::time::timeout(Duration::from_secs(1), &mut self.tasks.listener).await;
        tracing::info!("stopped");
    }

    /// Waits until nothing runs any more. Whether that was so in time.
    async fn settled_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.core.queues().all_idle() {
            if tokio::time::timeout_at(deadline, self.core.settled.notified()).await.is_err() {
                return self.core.queues().all_idle();
            }
        }
        true
    }

    async fn delivered_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.core.outbox.is_empty() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

/// Registers at once, soon again while that fails, then every ten seconds.
async fn keep_registered(client: Arc<Client>, leaving: CancellationToken) {
    let mut registered = None;
    let mut retry = RETRY_FIRST;
    loop {
        let result = client.register().await;
        let pause = match &result {
            Ok(()) => {
                retry = RETRY_FIRST;
                REGISTER_EVERY
            }
            Err(_) => doubled(&mut retry, REGISTER_EVERY),
        };
        // Only a change is worth a line.
        match &result {
            Ok(()) if registered != Some(true) => tracing::info!("registered"),
            Err(problem) if registered != Some(false) => {
                tracing::warn!(%problem, "not registered, trying on")
            }
            _ => {}
        }
        registered = Some(result.is_ok());
        tokio::select! {
            () = leaving.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Delivers results for ever, oldest first.
async fn deliver(core: Arc<Core>, client: Arc<Client>) {
    let mut retry = RETRY_FIRST;
    let mut failing = false;
    loop {
        let batch = core.outbox.oldest(BATCH).await;
        match client.callback(&batch).await {
            Ok(()) => {
                core.outbox.acknowledge(batch.len());
                if failing {
                    tracing::info!("results are taken again");
                }
                (failing, retry) = (false, RETRY_FIRST);
            }
            Err(problem) => {
                if !failing {
                    tracing::warn!(%problem, "results are not taken, trying on");
                }
                failing = true;
                tokio::time::sleep(doubled(&mut retry, DELIVER_RETRY_LAST)).await;
            }
        }
    }
}

/// The present pause; the next one is twice as long, up to `last`.
fn doubled(pause: &mut Duration, last: Duration) -> Duration {
    let present = *pause;
    *pause = (present * 2).min(last);
    present
}

async fn prune_logs(core: Arc<Core>) {
    let days = core.settings.log_days;
    if days == 0 {
        return;
    }
    loop {
        let logs = core.logs.clone();
        let pruned = tokio::task::spawn_blocking(move || logs.prune(days, clock::now_ms())).await;
        if let Ok(Err(error)) = pruned {
            tracing::warn!(%error, "cannot remove old logs");
        }
        tokio::time::sleep(PRUNE_EVERY).await;
    }
}
