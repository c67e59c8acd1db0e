//! Bars and rings of states: drawn by ECharts where scripts run, as outlines where they do not.

use super::script_module::ScriptModule;
use super::state::state_class;
use crate::api::statistics::Drawing;
use crate::components::at_once::Slotted;
use entity::run::RunState;
use leptos::prelude::*;

/// Bars; without scripts, outlines in a field of 300 × 100.
#[component]
pub fn StateBars(
    drawing: Drawing,
    /// What it shows, read aloud.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let paths = drawing
        .outlines
        .into_iter()
        .map(|(state, path)| view! { <path class=state_class(state) d=path></path> })
        .collect_view();
    view! {
        <state-chart class="bars" role="img" aria-label=label data-option=drawing.option>
            <svg viewBox="0 0 300 100" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>
        </state-chart>
        <ScriptModule name="state-chart"/>
    }
}

/// A ring; without scripts, arcs, each a state with beginning and length in hundredths.
#[component]
pub fn StateRing(
    option: String,
    arcs: Vec<(RunState, f64, f64)>,
    #[prop(into)] label: String,
    /// What stands in it.
    children: Slotted,
) -> impl IntoView {
    // A circle of this radius is 100 around.
    let arc = |(state, start, length): (RunState, f64, f64)| {
        let (dashes, offset) = (format!("{length} {}", 100.0 - length), format!("{}", 25.0 - start));
        view! {
            <circle
                class=state_class(state)
                cx="21"
                cy="21"
                r="15.9155"
                stroke-dasharray=dashes
                stroke-dashoffset=offset
            ></circle>
        }
    };
    let arcs = arcs.into_iter().filter(|(_, _, length)| *length > 0.0).map(arc).collect_view();
    view! {
        <div class="share-ring">
            <state-chart role="img" aria-label=label data-option=option>
                <svg viewBox="0 0 42 42" aria-hidden="true">{arcs}</svg>
            </state-chart>
            <p>{children.show()}</p>
        </div>
    }
}
