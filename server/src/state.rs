//! What every handler works with.

use crate::config::Settings;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use scheduler::Services;
use scheduler::engine::EngineHandle;
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
        Self { settings, services, engine, leptos, renders, stopping }
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
