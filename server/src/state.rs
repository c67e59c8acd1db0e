//! What every handler works with.

use crate::config::Settings;
use crate::http::executor_api::Spool;
use crate::http::logs::Streams;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use scheduler::Services;
use scheduler::alerts::Alerts;
use scheduler::engine::EngineHandle;
use scheduler::host_metrics::Collector;
use scheduler::logs::Logs;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Cheap to clone.
#[derive(Clone)]
pub struct ServerState {
    pub settings: Arc<Settings>,
    pub services: Services,
    pub engine: EngineHandle,
    pub logs: Logs,
    pub alerts: Alerts,
    pub streams: Streams,
    pub leptos: LeptosOptions,
    /// Callbacks that the database did not take in time.
    pub spool: Spool,
    /// Reports of executors about their hosts, on their way into the database.
    pub host_metrics: Arc<Collector>,
    /// One permit for each page that may be rendered at the same time.
    pub renders: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl ServerState {
    pub fn new(
        settings: Arc<Settings>,
        services: Services,
        engine: EngineHandle,
        logs: Logs,
        alerts: Alerts,
        leptos: LeptosOptions,
        stopping: CancellationToken,
    ) -> Self {
        let renders = Arc::new(Semaphore::new(settings.http.max_page_renders));
        let spool = Spool::new(&settings.data_dir());
        let host_metrics = Arc::default();
        let streams = Streams::default();
        Self {
            settings,
            services,
            engine,
            logs,
            alerts,
            streams,
            leptos,
            spool,
            host_metrics,
            renders,
            stopping,
        }
    }

    /// Cancelled when the server stops: what streams for long ends then.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Whether this server answers what is open and then ends.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}

impl FromRef<ServerState> for LeptosOptions {
    fn from_ref(state: &ServerState) -> Self {
        state.leptos.clone()
    }
}
