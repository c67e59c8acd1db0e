//! What every handler works with.

use crate::config::Settings;
use crate::http::executor_api::Spool;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use scheduler::Services;
use scheduler::engine::EngineHandle;
use scheduler::host_metrics::Collector;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Cheap to clone.
#[derive(Clone)]
pub struct ServerState {
    pub settings: Arc<Settings>,
    pub services: Services,
    pub engine: EngineHandle,
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
        leptos: LeptosOptions,
        stopping: CancellationToken,
    ) -> Self {
        let renders = Arc::new(Semaphore::new(settings.http.max_page_renders));
        let spool = Spool::new(&settings.data_dir());
        let host_metrics = Arc::default();
        Self { settings, services, engine, leptos, spool, host_metrics, renders, stopping }
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
