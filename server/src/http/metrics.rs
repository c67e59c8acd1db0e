//! `/metrics`: the engine's figures in the text format of Prometheus.

use crate::state::ServerState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use scheduler::engine::EngineStatus;
use scheduler::hints::Figures;
use scheduler::logs::retention::KeptLogs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq;

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers whoever has the token; without a configured token there is no such page.
pub async fn scrape(State(state): State<ServerState>, headers: HeaderMap) -> Response {
    let Some(token) = &state.settings.http.metrics_token else {
        return (StatusCode::NOT_FOUND, "set http.metrics_token to read metrics\n").into_response();
    };
    if !is_authorised(&headers, token) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, challenge, "the bearer token is missing or wrong\n")
            .into_response();
    }
    let mut text = String::new();
    let mut registry = registry(state.engine.status());
    add_hints(&mut registry, &state.services.signals.outbox().figures);
    state.logs.kept().into_iter().for_each(|kept| add_kept_logs(&mut registry, kept));
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn is_authorised(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into())
}

/// The figures of this moment. Names end as the format wants it: `_total`, `_info`, `_seconds`.
fn registry(status: EngineStatus) -> Registry {
    let mut registry = Registry::with_prefix("orrery");
    let mut gauge = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    gauge("gate_open", "Whether this server may send runs", u64::from(status.gate_open));
    gauge("buckets", "Buckets of jobs that this server owns", status.buckets as u64);
    gauge("jobs", "Jobs with a schedule that this server watches", status.jobs);
    gauge(
        "jobs_unreadable",
        "Jobs that are due and cannot be planned: their page says why",
        status.unreadable,
    );
    gauge("requests_in_flight", "Requests to executors under way", status.in_flight as u64);
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter("runs_sent", "Requests to executors begun", status.sent);
    counter("violations", "Things that must not happen", status.violations);
    let late = "Requests to executors that may have gone out after the lease was over";
    counter("requests_late", late, status.late_requests);
    let lateness = Duration::from_millis(status.lateness_ms.unsigned_abs()).as_secs_f64();
    let lateness = ConstGauge::new(lateness);
    registry.register_with_unit("lateness", "How late the last request began", Unit::Seconds, lateness);
    registry.register("breaches", "Signs of broken promises found by the last scan", breaches(status));
    registry.register("build", "What runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    registry
}

/// Requests between the servers of a cluster.
fn add_hints(registry: &mut Registry, figures: &Figures) {
    let mut counter = |name: &str, help: &str, value: &AtomicU64| {
        registry.register(name, help, ConstCounter::new(value.load(Ordering::Relaxed)));
    };
    counter("hints_sent", "Times that another server was told what it waits for", &figures.sent);
    counter("hints_failed", "Those of them that it did not take", &figures.failed);
    counter("hints_received", "Times that another server told this one", &figures.received);
    counter("hints_refused", "Requests with hints that no server of this cluster sent", &figures.refused);
}

/// Logs of runs in the database, of the whole cluster; each server looks every ten minutes.
fn add_kept_logs(registry: &mut Registry, kept: KeptLogs) {
    let name = "kept_logs";
    registry.register(name, "Logs of runs in the database", ConstGauge::new(kept.logs));
    let help = "What the logs of runs take in the database";
    registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(kept.bytes));
    if let Some(oldest) = kept.oldest {
        let help = "When the oldest log in the database was kept, since 1970";
        let oldest = ConstGauge::new(oldest as f64 / 1_000.0);
        registry.register_with_unit("kept_logs_oldest_timestamp", help, Unit::Seconds, oldest);
    }
}

type ByPromise = Family<[(&'static str, &'static str); 1], Gauge>;

fn breaches(status: EngineStatus) -> ByPromise {
    let family = ByPromise::default();
    let found = [
        ("every_fire_has_a_row", status.breaches.unplanned),
        ("every_run_ends", status.breaches.unended),
        ("what_follows_follows", status.breaches.unfollowed),
    ];
    for (promise, count) in found {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        family.get_or_create(&[("promise", promise)]).set(count);
    }
    family
}
