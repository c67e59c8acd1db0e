//! Facts: one line under a title, or a list of names and values.

use crate::components::at_once::Slotted;
use leptos::prelude::*;

/// The line under a page's title; inside it, [`Fact`]s.
#[component]
pub fn Facts(children: Slotted) -> impl IntoView {
    view! { <dl class="facts">{children.show()}</dl> }
}

/// One fact: “executor **dw-spark**”. The children are the value.
#[component]
pub fn Fact(
    #[prop(into)] label: String,
    /// Monospace: ids, crons, addresses.
    #[prop(optional)]
    mono: bool,
    children: Slotted,
) -> impl IntoView {
    view! {
        <div>
            <dt>{label}</dt>
            <dd class:mono=mono>{children.show()}</dd>
        </div>
    }
}

/// Names and values under one another; inside it, [`Fact`]s.
#[component]
pub fn FactList(children: Slotted) -> impl IntoView {
    view! { <dl class="kv">{children.show()}</dl> }
}
