//! What differs between two versions.

use crate::api::jobs::CodeDifference;
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::components::source_diff::SourceDiff;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

#[component]
pub fn Difference(id: i32, difference: CodeDifference) -> impl IntoView {
    let i18n = use_i18n();
    let CodeDifference { from, to, hunks, added, removed, is_cut } = difference;
    let title = tu_string!(i18n, code.shown_difference, from = from, to = to);
    let close = move || view! { <a class="act" href=routes::job_code(id)>{tu_string!(i18n, code.close)}</a> };
    let body = match hunks.is_empty() {
        true => view! { <p class="muted t13">{tu_string!(i18n, code.equal)}</p> }.at_once(),
        false => view! { <SourceDiff label=title.clone() hunks/> }.at_once(),
    };
    view! {
        <Section title note=tu_string!(i18n, code.counts, added = added, removed = removed) actions=close>
            {body}
            {is_cut.then(|| view! { <p class="muted t13 mt-2">{tu_string!(i18n, code.is_cut)}</p> })}
        </Section>
    }
}
