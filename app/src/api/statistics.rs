//! How runs ended: by day for the statistics, by hour for the home page.

use super::executors::NamespaceChoice;
use crate::error::AppError;
use entity::run::RunState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What is asked for, as it stands in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatisticsQuery {
    /// `today`, `yesterday`, `7d`, `30d`, `month`, `last-month` or `free`; anything else is `7d`.
    pub range: String,
    /// Of a free range: a date, `2026-03-06`.
    pub from: String,
    pub to: String,
    pub namespace: Option<i32>,
}

/// Runs by how they ended, in the order of [`STATES`].
pub type Counts = [u64; 6];

/// The ways of ending, the good one first.
pub const STATES: [RunState; 6] = [
    RunState::Succeeded,
    RunState::Failed,
    RunState::TimedOut,
    RunState::Lost,
    RunState::Killed,
    RunState::Skipped,
];

/// The statistics of some days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatisticsView {
    pub namespaces: Vec<NamespaceChoice>,
    /// The first and the last day, `2026-03-06`.
    pub first: String,
    pub last: String,
    /// A free range that is asked for cannot be read: the usual one is shown.
    pub is_range_wrong: bool,
    /// The zone's midnight is not on a full hour: its days begin with the next one.
    pub is_off_hour: bool,
    /// Every day, the earliest first.
    pub days: Vec<DayRow>,
    pub total: Counts,
    /// Runs in as many days just before.
    pub before: u64,
    /// Runs under way; none where the days do not reach to the present.
    pub under_way: Option<u64>,
    pub jobs_on: u64,
    pub jobs: u64,
    pub executors_online: u64,
    pub executors: u64,
    pub instances: u64,
    /// None where nothing ran.
    pub charts: Option<StatisticsCharts>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayRow {
    /// `2026-03-06`.
    pub date: String,
    /// It is not over yet.
    pub is_today: bool,
    pub counts: Counts,
}

/// What is drawn of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatisticsCharts {
    pub bars: Drawing,
    /// The option of the ring, as JSON.
    pub ring: String,
    /// Its parts where scripts do not run: state, beginning and length in hundredths.
    pub arcs: Vec<(RunState, f64, f64)>,
}

/// Bars, as ECharts draws them and as they look without scripts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// The option, as JSON.
    pub option: String,
    /// Outlines in a field of 300 × 100, each of a state.
    pub outlines: Vec<(RunState, String)>,
}

/// How today goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TodayView {
    /// Ended since midnight.
    pub today: Counts,
    /// Full hours of today that are over.
    pub hours: u64,
    /// Runs that ended in these hours, and in the same ones a week before.
    pub by_now: u64,
    pub week_before: Counts,
    /// None where nothing ran on either day.
    pub bars: Option<Drawing>,
    /// The same as figures: hour, runs and those that did not succeed, and runs a week before.
    pub rows: Vec<(String, u64, u64, u64)>,
}

/// The statistics that the query asks for.
#[server]
pub async fn statistics(query: StatisticsQuery) -> Result<StatisticsView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let asked = view::Asked::of(&query, &ssr::visit_zone());
    let now = services.clock.now();
    let found = scheduler::statistics::statistics(&services, &caller, &asked.filter, now).await;
    let found = found.map_err(ssr::refuse)?;
    let namespaces = scheduler::namespaces::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(asked.with(found, namespaces, now))
}

/// How today goes, against the same day of the week before.
#[server]
pub async fn today() -> Result<TodayView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let (zone, now) = (view::zone_of(&ssr::visit_zone()), services.clock.now());
    let found = scheduler::statistics::today(&services, &caller, zone, now).await.map_err(ssr::refuse)?;
    Ok(view::today(&found, zone, now))
}

#[cfg(feature = "ssr")]
mod view;
