//! The handlers of an executor.

use crate::api::executors::{HandlerLine, HandlersView};
use crate::components::page_title::Section;
use crate::i18n::*;
use leptos::prelude::*;

/// Announced ones, with the number of instances where it is not all of them; else those that jobs name.
#[component]
pub fn Handlers(known: HandlersView) -> impl IntoView {
    let i18n = use_i18n();
    let announcing = known.announcing;
    let text = match (announcing, known.complete, known.handlers.is_empty()) {
        (0, _, true) => Some(tu_string!(i18n, executors.no_handlers)),
        (0, _, false) => Some(tu_string!(i18n, executors.handlers_of_jobs)),
        (_, true, true) => Some(tu_string!(i18n, executors.announces_no_handlers)),
        (_, false, _) => Some(tu_string!(i18n, executors.handlers_in_part)),
        (_, true, false) => None,
    };
    let count = known.handlers.len().to_string();
    view! {
        <Section title=tu_string!(i18n, executors.handlers) note=count>
            {text.map(|text| view! { <p class="muted t13 py-2">{text}</p> })}
            {(!known.handlers.is_empty()).then(|| view! {
                <ul class="flex flex-wrap gap-2 py-2" aria-label=tu_string!(i18n, executors.handlers)>
                    {known.handlers.into_iter().map(|line| chip(line, announcing)).collect_view()}
                </ul>
            })}
        </Section>
    }
}

fn chip(HandlerLine { name, instances }: HandlerLine, announcing: u64) -> impl IntoView {
    let i18n = use_i18n();
    let part = (0 < instances && instances < announcing)
        .then(|| tu_string!(i18n, executors.instances_of, n = instances, all = announcing));
    view! {
        <li>
            <span class="tag mono whitespace-normal break-all">{name}</span>
            {part.map(|part| view! { " " <span class="faint t12">{part}</span> })}
        </li>
    }
}
