//! What would be changed, field by field.

use crate::api::audit::DifferenceLine;
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::i18n::*;
use crate::pages::audit::{come, gone};
use leptos::prelude::*;

#[component]
pub fn Fields(differences: Vec<DifferenceLine>) -> impl IntoView {
    let i18n = use_i18n();
    let note = tu_string!(i18n, approvals.fields_change, n = differences.len());
    let body = match differences.is_empty() {
        true => view! { <p class="muted t13">{tu_string!(i18n, approvals.no_fields)}</p> }.at_once(),
        false => view! { <Table differences/> }.at_once(),
    };
    view! {
        <Section title=tu_string!(i18n, approvals.fields) note>
            {body}
        </Section>
    }
}

#[component]
fn Table(differences: Vec<DifferenceLine>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <table class="fields" aria-label=tu_string!(i18n, approvals.fields)>
            <thead>
                <tr>
                    <th scope="col">{tu_string!(i18n, approvals.field)}</th>
                    <th scope="col">{tu_string!(i18n, approvals.before)}</th>
                    <th scope="col">{tu_string!(i18n, approvals.after)}</th>
                </tr>
            </thead>
            <tbody>{differences.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

fn row(DifferenceLine { field, before, after }: DifferenceLine) -> impl IntoView {
    view! {
        <tr>
            <th scope="row" class="mono">{field}</th>
            <td>{before.map(gone)}</td>
            <td>{after.map(come)}</td>
        </tr>
    }
}
