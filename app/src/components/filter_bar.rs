//! Filters as a form that is sent by GET: they live in the address, with and without JavaScript.

use super::field::Choice;
use super::icon::{Icon, IconName};
use crate::components::at_once::Slotted;
use crate::i18n::*;
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

/// The filters above a table. `action` is the list's address; `clear` is shown while a filter is set.
/// Inside: [`SearchFilter`], [`SelectFilter`] and [`TextFilter`].
#[component]
pub fn FilterBar(#[prop(into)] action: String, children: Slotted) -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let clear = action.clone();
    let is_set = move || query.read().clone().into_iter().any(|(_, value)| !value.is_empty());
    view! {
        <Form method="GET" action=action attr:class="filters" attr:role="search">
            {children.show()}
            <button class="btn sm">{tu_string!(i18n, common.filter)}</button>
            {move || {
                is_set().then(|| view! { <a class="act" href=clear.clone()>{tu_string!(i18n, common.clear)}</a> })
            }}
        </Form>
    }
}

/// A text to search for, sent as `name`.
#[component]
pub fn SearchFilter(
    #[prop(default = "q")] name: &'static str,
    /// What it searches, as label and placeholder: “Name, handler, id”.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let value = use_query_map().read_untracked().get(name).unwrap_or_default();
    view! {
        <label class="fl q">
            <Icon name=IconName::Search size=14/>
            <span class="sr">{label.clone()}</span>
            <input type="search" name=name value=value placeholder=label maxlength="200"/>
        </label>
    }
}

/// One of several, or any; sent as `name`. The first option, sent empty, is `any`.
#[component]
pub fn SelectFilter(
    name: &'static str,
    #[prop(into)] label: String,
    /// The word for “no filter”.
    #[prop(into)]
    any: String,
    options: Vec<Choice>,
) -> impl IntoView {
    let chosen = use_query_map().read_untracked().get(name).unwrap_or_default();
    let set = !chosen.is_empty();
    let options = options.into_iter().map(|option| {
        let selected = option.value == chosen;
        view! { <option value=option.value selected=selected>{option.label}</option> }
    });
    // Sends the form at once where scripts run; otherwise its button does.
    let send = move |event: web_sys::Event| {
        use wasm_bindgen::JsCast;
        let select = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok());
        if let Some(form) = select.and_then(|select| select.form()) {
            // A form that may not be sent stays as it is.
            drop(form.request_submit());
        }
    };
    view! {
        <label class="fl" class:set=set>
            <span>{label}</span>
            <select name=name on:change=send>
                <option value="">{any}</option>
                {options.collect_view()}
            </select>
            <Icon name=IconName::ChevronDown size=14/>
        </label>
    }
}

/// A filter that is typed: an id, or a moment on the viewer's clock.
#[component]
pub fn TextFilter(
    name: &'static str,
    label: &'static str,
    value: String,
    /// `text`, or `datetime-local`.
    kind: &'static str,
) -> impl IntoView {
    view! {
        <label class=format!("fl typed {name}") class:set=!value.is_empty()>
            <span>{label}</span>
            <input type=kind name=name value=value.clone() autocomplete="off"/>
        </label>
    }
}
