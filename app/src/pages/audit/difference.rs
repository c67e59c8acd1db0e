//! What was changed, field by field.

use crate::api::audit::DifferenceLine;
use crate::i18n::*;
use leptos::prelude::*;

/// Folded, with the number of fields as its title; nothing where nothing is to be shown.
#[component]
pub fn Differences(differences: Vec<DifferenceLine>) -> impl IntoView {
    let i18n = use_i18n();
    let count = differences.len();
    (count > 0).then(|| {
        view! {
            <details class="differences">
                <summary>{tu_string!(i18n, audit.fields, count = count)}</summary>
                <dl>{differences.into_iter().map(field).collect_view()}</dl>
            </details>
        }
    })
}

fn field(line: DifferenceLine) -> impl IntoView {
    let DifferenceLine { field, before, after } = line;
    view! {
        <dt class="mono">{field}</dt>
        <dd>
            {before.map(|text| view! { {gone(text)} " " })}
            {after.map(come)}
        </dd>
    }
}

/// A value as it was.
pub fn gone(text: String) -> impl IntoView {
    view! { <del class="mono">{shown(text)}</del> }
}

/// A value as it is, or would be.
pub fn come(text: String) -> impl IntoView {
    view! { <ins class="mono">{shown(text)}</ins> }
}

/// An empty text as something that is seen.
fn shown(text: String) -> String {
    if text.is_empty() { "“”".to_owned() } else { text }
}
