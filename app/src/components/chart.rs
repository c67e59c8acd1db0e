//! A chart: drawn by ECharts where scripts run, as outlines where they do not.

use super::script_module::ScriptModule;
use leptos::prelude::*;

/// Lines over time with their heading. The option for ECharts is what `charts::option` makes on the server;
/// the outlines stand in a field of 300 × 100.
#[component]
pub fn LineChart(
    #[prop(into)] title: String,
    /// Beside the heading: of what, in which unit.
    #[prop(into)]
    note: String,
    /// What it shows, read aloud.
    #[prop(into)]
    label: String,
    option: String,
    outlines: Vec<String>,
    /// Behind the values that are pointed at.
    #[prop(into)]
    unit: String,
    /// The end of the axis, said where scripts do not run.
    #[prop(into)]
    most: String,
    /// The IANA zone of the times.
    #[prop(into)]
    zone: String,
) -> impl IntoView {
    let paths = outlines.into_iter().map(|path| view! { <path d=path></path> });
    view! {
        <figure class="chart">
            <figcaption class="t13">
                <b class="strong">{title}</b>
                " "
                <span class="muted t12">{note}</span>
            </figcaption>
            <line-chart role="img" aria-label=label data-option=option data-unit=unit data-zone=zone>
                <svg viewBox="0 0 300 100" preserveAspectRatio="none" aria-hidden="true">
                    {paths.collect_view()}
                </svg>
                <span class="muted t12">{most}</span>
            </line-chart>
        </figure>
    }
}

/// Loads what draws charts: once on a page that has some.
#[component]
pub fn ChartScript() -> impl IntoView {
    view! { <ScriptModule name="line-chart"/> }
}
