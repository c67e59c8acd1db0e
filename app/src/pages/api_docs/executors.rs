//! What executors and servers say to one another: listed, not called.

use super::with_code;
use crate::api::api_docs::ExecutorCall;
use crate::components::page_title::Section;
use crate::i18n::*;
use leptos::prelude::*;

#[component]
pub fn ExecutorCalls(calls: Vec<ExecutorCall>) -> impl IntoView {
    let i18n = use_i18n();
    let (to_server, to_executors): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| call.to_server);
    view! {
        <Section title=tu_string!(i18n, api.to_server)>
            <p class="max-w-140 text-muted t13">{with_code(tu_string!(i18n, api.to_server_text))}</p>
            <ul class="endpoints">{to_server.into_iter().map(row).collect_view()}</ul>
        </Section>
        <Section title=tu_string!(i18n, api.to_executors)>
            <p class="max-w-140 text-muted t13">{tu_string!(i18n, api.to_executors_text)}</p>
            <ul class="endpoints">{to_executors.into_iter().map(row).collect_view()}</ul>
        </Section>
    }
}

fn row(call: ExecutorCall) -> impl IntoView {
    let i18n = use_i18n();
    let paths = call.paths.into_iter().map(|path| view! { <span class="mono">{path}</span> });
    view! {
        <li>
            <p>
                <span class="method">"POST"</span>
                {paths.collect_view()}
                {call.ours.then(|| view! { <span class="chip">{tu_string!(i18n, api.ours)}</span> })}
            </p>
            <p class="muted">{call.text}</p>
        </li>
    }
}
