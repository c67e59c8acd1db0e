//! The life of a server: open everything, serve, and stop in the right order.

pub(crate) mod alerts;
mod connections;
mod host_metrics;

use crate::alone::Alone;
use crate::audit_key;
use crate::cluster_url;
use crate::config::Settings;
use crate::http::{self, assets, executor_api};
use crate::state::ServerState;
use anyhow::{Context, Result};
use leptos::config::{Env, LeptosOptions};
use scheduler::cleanings::work::Cleaner;
use scheduler::clock::SystemClock;
use scheduler::engine::{Engine, EngineHandle, EngineSettings, STOPS_WITHIN, host_name};
use scheduler::hints::{Key, Teller};
use scheduler::logs::Logs;
use scheduler::logs::keep::Keeper;
use scheduler::signals::Signals;
use scheduler::store::ids::RunIds;
use scheduler::store::{Databases, schema};
use scheduler::users::FirstStart;
use scheduler::{Services, approvals, audit, namespaces, sessions, users};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long open requests may take once the server stops. The engine is waited for as long as it may take to
/// hand its jobs over and to write down what it knows, which is 9 s. Supervisors lose their patience after 10 s.
const ANSWER: Duration = Duration::from_secs(8);
/// Ended sessions are removed this often.
const SWEEP: Duration = Duration::from_secs(60);

/// A running server.
pub struct Server {
    address: SocketAddr,
    alone: Option<Alone>,
    first_start: FirstStart,
    databases: Databases,
    engine: Engine,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    replaying: JoinHandle<()>,
    last_words: CancellationToken,
    telling: JoinHandle<()>,
    host_metrics: [JoinHandle<()>; 2],
    keeping_logs: [JoinHandle<()>; 2],
    alerting: [JoinHandle<()>; 3],
    cleaning: JoinHandle<()>,
}

impl Server {
    /// Opens the port and the database, brings the database to this program's schema, sees to the
    /// first namespace and administrator, and starts to fire and to answer.
    ///
    /// # Errors
    /// One line that says what cannot be used and why.
    pub async fn start(settings: Settings) -> Result<Self> {
        let settings = Arc::new(settings);
        install_crypto();
        let data_dir = settings.data_dir();
        std::fs::create_dir_all(&data_dir).with_context(|| cannot_use(&data_dir))?;
        let leptos = leptos_options(&data_dir)?;
        let listener = TcpListener::bind(&settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        let alone = settings.sqlite_file().map(|file| Alone::on(&file)).transpose()?;
        let (databases, services) = open(&settings).await?;
        let first_start = prepare(&services, settings.admin_password.clone()).await?;
        let name = named(address);
        audit_key::check(&services, &name).await?;
        let reached_at = cluster_url::of(&settings, address).await.unwrap_or_default();
        let engine = start_engine(&settings, (name, reached_at), &databases, &services).await?;
        let services =
            Services { run_ids: engine.handle().run_ids(), clock: engine.handle().clock(), ..services };
        let stop = CancellationToken::new();
        let handle = engine.handle();
        let logs =
            Logs::new(services.clone(), Arc::new(handle.clone()), handle.ended(), settings.logs.in_force());
        let keeping_logs = [
            tokio::spawn(Keeper::new(logs.clone()).run(stop.clone())),
            tokio::spawn(logs.clone().run_retention(stop.clone())),
        ];
        let cleaning = tokio::spawn(cleaner(&services, &handle).run(stop.clone()));
        let alerts = alerts::open(&settings, &services)?;
        let alerting = alerts::start(&alerts, &handle, &stop);
        let state = ServerState::new(
            Arc::clone(&settings),
            services.clone(),
            handle,
            logs,
            alerts,
            leptos,
            stop.clone(),
        );
        let replaying = tokio::spawn(executor_api::replay(state.clone(), stop.clone()));
        let host_metrics = [
            tokio::spawn(host_metrics::keep(state.clone(), stop.clone())),
            tokio::spawn(host_metrics::prune(state.clone(), stop.clone())),
        ];
        let last_words = CancellationToken::new();
        let telling = tokio::spawn(teller(&services)?.run(last_words.clone()));
        let router = http::router(state);
        let serving = tokio::spawn(connections::serve(listener, router, settings.http.clone(), stop.clone()));
        let sweeping = tokio::spawn(sweep(services, stop.clone()));
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
        Ok(Self {
            address,
            alone,
            first_start,
            databases,
            engine,
            stop,
            serving,
            sweeping,
            replaying,
            last_words,
            telling,
            host_metrics,
            keeping_logs,
            alerting,
            cleaning,
        })
    }

    /// Where it listens; the port is known even if the settings left it to the system.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether this start created the first administrator.
    pub fn first_start(&self) -> &FirstStart {
        &self.first_start
    }

    /// Stops firing, answers what is open, writes down what is known, closes the database.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.stop.cancel();
        // Side by side: results that still come in are recorded as long as the engine works.
        let (answered, ()) = tokio::join!(timeout(ANSWER, self.serving), self.engine.shutdown(STOPS_WITHIN));
        if answered.is_err() {
            tracing::warn!("requests were still open and have been cut off");
        }
        self.sweeping.abort();
        self.replaying.abort();
        // What the engine did last is told, too.
        self.last_words.cancel();
        drop(self.telling.await);
        for task in self.host_metrics.into_iter().chain(self.alerting).chain([self.cleaning]) {
            drop(timeout(Duration::from_millis(500), task).await);
        }
        self.keeping_logs.iter().for_each(JoinHandle::abort);
        match timeout(Duration::from_millis(500), self.databases.close()).await {
            Ok(Ok(())) => tracing::info!("stopped"),
            Ok(Err(error)) => tracing::warn!(%error, "the database could not be closed"),
            Err(_) => tracing::warn!("the database did not close in time"),
        }
        drop(self.alone);
    }
}

/// What people read of this server among others: where it listens, by its host's name where the address is none of
/// its own. Behind a balancer the public address is the same for all.
fn named(address: SocketAddr) -> String {
    match address.ip().is_unspecified() || address.ip().is_loopback() {
        true => format!("{}:{}", host_name(), address.port()),
        false => address.to_string(),
    }
}

/// What tells the other servers what they wait for.
fn teller(services: &Services) -> Result<Teller> {
    Ok(Teller::new(&services.signals, Key::of(&services.audit), services.clock.clone())?)
}

/// What deletes old runs that somebody wants to be gone.
fn cleaner(services: &Services, engine: &EngineHandle) -> Cleaner {
    let engine = engine.clone();
    Cleaner::new(services.clone(), Arc::new(move || engine.has_duties()))
}

/// Connects to the database.
pub async fn open(settings: &Settings) -> Result<(Databases, Services)> {
    let databases = Databases::connect(&settings.database_url).await?;
    let services = Services {
        db: databases.web.clone(),
        clock: Arc::new(SystemClock),
        signals: Signals::default(),
        audit: Arc::new(audit_key::of(settings)?),
        run_ids: Arc::new(RunIds::new(databases.engine.clone())),
    };
    Ok((databases, services))
}

/// Migrates, and sees to the default namespace and the first administrator.
pub async fn prepare(services: &Services, admin_password: Option<String>) -> Result<FirstStart> {
    schema::up(&services.db).await?;
    namespaces::ensure(services, "default", "default").await?;
    Ok(users::ensure_administrator(services, admin_password).await?)
}

/// Begins to fire, on threads and connections of the engine's own. Others read of it by its `address` and reach it at
/// its `cluster_url`.
async fn start_engine(
    settings: &Settings,
    (address, cluster_url): (String, String),
    databases: &Databases,
    services: &Services,
) -> Result<Engine> {
    let typed = &settings.engine;
    let ttl = Duration::from_millis(typed.lease_ttl_ms.into());
    let chosen = EngineSettings {
        data_folder: Some(settings.data_dir()),
        address,
        cluster_url,
        networks: settings.executor_api.allowed_networks.clone().into(),
        lease_grace: Duration::from_millis(typed.lease_grace_ms.into()),
        poll_ms: typed.poll_ms.into(),
        lead_ms: typed.lead_ms.into(),
        ask_again_ms: typed.ask_again_ms.into(),
        result_wait_ms: typed.result_wait_ms.into(),
        unknown_for_ms: typed.unknown_for_ms.into(),
        check_running_ms: typed.check_running_ms.into(),
        deadline_grace_ms: typed.deadline_grace_ms.into(),
        ..EngineSettings::default().with_lease(ttl)
    };
    let (clock, signals) = (services.clock.clone(), services.signals.clone());
    Ok(Engine::start(databases.clone(), clock, signals, chosen).await?)
}

/// The provider of cryptography, once per process; a second call finds the first one's.
pub fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn cannot_use(folder: &Path) -> String {
    format!("cannot use the data folder {}", folder.display())
}

/// How the pages refer to the files of the site.
fn leptos_options(data_dir: &Path) -> Result<LeptosOptions> {
    let hashes = assets::write_hashes(data_dir).with_context(|| cannot_use(data_dir))?;
    if hashes.is_none() {
        tracing::warn!("this program was built without its site: pages have no styles and no scripts");
    }
    Ok(LeptosOptions::builder()
        .output_name("orrery")
        .site_pkg_dir("pkg")
        .env(if cfg!(debug_assertions) { Env::DEV } else { Env::PROD })
        .reload_port(8902)
        .hash_files(hashes.is_some())
        .hash_file(hashes.unwrap_or_default().into())
        .build())
}

/// Removes ended sessions, seals who came and went, and removes what of that is too old.
async fn sweep(services: Services, stop: CancellationToken) {
    let mut period = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = period.tick() => {}
        }
        if let Err(error) = sessions::delete_expired(&services).await {
            tracing::warn!(%error, "ended sessions could not be removed");
        }
        if let Err(error) = approvals::expire(&services).await {
            tracing::warn!(%error, "approvals could not be ended that nobody decided");
        }
        if let Err(error) = audit::seal_accesses(&services).await {
            tracing::warn!(%error, "accesses could not be sealed in the audit");
        }
        if let Err(error) = audit::prune_accesses(&services).await {
            tracing::warn!(%error, "old accesses could not be deleted");
        }
    }
}
