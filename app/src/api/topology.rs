//! The map of what there is.

use super::executors::NamespaceChoice;
use crate::error::AppError;
use entity::job::JobState;
use entity::run::RunState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What of it is asked for, as it stands in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopologyQuery {
    pub namespace: Option<i32>,
    /// Part of a name or address; empty = nothing is looked for.
    pub q: String,
}

/// The map, and the same as lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopologyView {
    /// Those to choose from.
    pub namespaces: Vec<NamespaceChoice>,
    /// By namespace and app name.
    pub executors: Vec<ExecutorSpot>,
    /// There are executors that are not shown.
    pub more_executors: bool,
    /// Between jobs that are shown: parent and child.
    pub links: Vec<(i32, i32)>,
    /// Ids of what was looked for; none where nothing was.
    pub found: Option<Vec<String>>,
    pub map: MapView,
}

/// An executor with what it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorSpot {
    pub id: i32,
    pub app_name: String,
    pub title: String,
    pub namespace_id: i32,
    pub namespace: String,
    /// Some of them.
    pub instances: Vec<InstanceSpot>,
    pub online: u64,
    /// How many fell silent within a day.
    pub silent: u64,
    pub jobs: Vec<JobSpot>,
    pub jobs_in_all: u64,
    /// Runs that ended today, and those of them that did not succeed.
    pub runs: u64,
    pub not_succeeded: u64,
    pub under_way: u64,
    /// Jobs with a run that somebody should look at.
    pub wrong: u64,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceSpot {
    pub id: i32,
    pub address: String,
    pub is_online: bool,
    /// Its last heartbeat.
    pub seen_at: i64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSpot {
    pub id: i32,
    pub name: String,
    pub state: JobState,
    /// Of its last run.
    pub last: Option<RunState>,
    /// Somebody should look at a run of it.
    pub is_wrong: bool,
}

/// The map as ECharts draws it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapView {
    /// The option, as JSON.
    pub option: String,
    /// Pixels of the whole.
    pub width: u32,
    pub height: u32,
}

/// What the viewer may see of the map of namespaces, executors, instances and jobs.
#[server]
pub async fn topology(query: TopologyQuery) -> Result<TopologyView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let (zone, now) = (ssr::visit_zone().parse().unwrap_or(chrono_tz::UTC), services.clock.now());
    let found = scheduler::topology::topology(&services, &caller, query.namespace, zone, now).await;
    let found = found.map_err(ssr::refuse)?;
    let namespaces = scheduler::namespaces::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(view::view(&query, found, namespaces))
}

#[cfg(feature = "ssr")]
mod view;
