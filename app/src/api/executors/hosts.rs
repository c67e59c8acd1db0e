//! How the hosts of an executor's instances are doing, and were.

use crate::error::AppError;
use entity::host_state::HostSample;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What an instance reported of its host last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostLine {
    /// When it came.
    pub at: i64,
    pub sample: HostSample,
}

/// Which three hours of which instance, as they stand in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryQuery {
    /// An id; empty = the first that reported.
    pub instance: String,
    /// Their end: `2026-03-06T14:32` on the viewer's clock, or with a `Z` behind it in UTC; empty = now.
    pub until: String,
}

/// Three hours of an instance's host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// Those that have ever reported.
    pub choices: Vec<HostChoice>,
    /// None where there is none.
    pub chosen: Option<i32>,
    pub from: i64,
    pub until: i64,
    /// Whether the end is the present, which moves on.
    pub is_now: bool,
    /// Whether the end that was asked for could be read; if not, it is now.
    pub is_until_wrong: bool,
    /// None where nothing was reported in these hours.
    pub charts: Vec<ChartView>,
    /// The same as figures, by five minutes.
    pub rows: Vec<HistoryRow>,
}

/// An instance of which there are charts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostChoice {
    pub id: i32,
    pub address: String,
}

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChartKind {
    Cpu,
    ProcessMemory,
    HostMemory,
}

/// A chart, as ECharts draws it and as it looks without scripts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartView {
    pub kind: ChartKind,
    /// Of what the values are parts: processors, or bytes.
    pub whole: f64,
    /// What the values are told in: `%`, `MiB`.
    pub unit: String,
    /// The option for ECharts, as JSON.
    pub option: String,
    /// The largest value of the axis, in the unit.
    pub most: f64,
    /// Outlines in a field of 300 × 100, the first line first.
    pub outlines: Vec<String>,
}

/// Five minutes; what was not reported is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// Their beginning.
    pub at: i64,
    pub cpu: Option<f64>,
    pub cpu_user: Option<f64>,
    pub cpu_system: Option<f64>,
    pub process_memory: Option<f64>,
    pub memory: Option<f64>,
}

/// How the host of an instance was doing in the three hours that the query asks for.
#[server]
pub async fn host_history(executor_id: i32, query: HistoryQuery) -> Result<HistoryView, AppError> {
    use crate::ssr;
    use scheduler::{executors, host_metrics};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = executors::get(&services, &caller, executor_id).await.map_err(ssr::refuse)?;
    let ids = detail.instances.iter().map(|instance| instance.id).collect();
    let hosts = host_metrics::current(&services, &caller, executor_id, ids).await.map_err(ssr::refuse)?;
    let asked = view::Asked::of(&query, &ssr::visit_zone(), services.clock.now());
    let choices = view::choices(detail.instances, &hosts);
    let Some(chosen) = view::chosen(&query, &choices) else {
        return Ok(asked.without_instance());
    };
    let until = asked.until;
    let history = host_metrics::history(&services, &caller, executor_id, chosen, until);
    let history = history.await.map_err(ssr::refuse)?;
    let last = hosts.into_iter().find(|host| host.instance_id == chosen);
    Ok(asked.with(choices, chosen, &history, last.map(|host| host.sample)))
}

/// The lines of an executor's instances, each with what it reported last.
#[cfg(feature = "ssr")]
pub(super) async fn add_hosts(
    services: &scheduler::Services,
    caller: &scheduler::authority::Caller,
    executor_id: i32,
    lines: &mut [super::InstanceLine],
) -> Result<(), AppError> {
    let ids = lines.iter().map(|line| line.id).collect();
    let hosts = scheduler::host_metrics::current(services, caller, executor_id, ids).await;
    for host in hosts.map_err(crate::ssr::refuse)? {
        if let Some(line) = lines.iter_mut().find(|line| line.id == host.instance_id) {
            line.host = Some(Box::new(HostLine { at: host.at, sample: host.sample }));
        }
    }
    Ok(())
}

#[cfg(feature = "ssr")]
mod view;
