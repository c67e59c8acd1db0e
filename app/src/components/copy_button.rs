//! Copies a text. Where scripts do not run, the text beside it can be selected.

use super::icon::{Icon, IconName};
use crate::i18n::*;
use leptos::prelude::*;
use std::time::Duration;

/// How long the tick stays.
const SHOWN: Duration = Duration::from_millis(1500);

/// A button that copies `text` and says so.
#[component]
pub fn CopyButton(#[prop(into)] text: String) -> impl IntoView {
    let i18n = use_i18n();
    let copied = RwSignal::new(false);
    let live = RwSignal::new(false);
    Effect::new(move || live.set(true));
    let (copy, done) = (tu_string!(i18n, common.copy), tu_string!(i18n, common.copied));
    let label = move || if copied.get() { done } else { copy };
    let on_click = move |_| {
        // The promise is not awaited: a refusal leaves the text to be selected by hand.
        drop(window().navigator().clipboard().write_text(&text));
        copied.set(true);
        set_timeout(move || copied.set(false), SHOWN);
    };
    view! {
        <button type="button" class="ib copy" title=label aria-label=label hidden=move || !live.get() on:click=on_click>
            {move || {
                let name = if copied.get() { IconName::Check } else { IconName::Copy };
                view! { <Icon name/> }
            }}
        </button>
    }
}

/// A command or another text to take along, in monospace with its copy button.
#[component]
pub fn CopyBlock(#[prop(into)] text: String) -> impl IntoView {
    view! {
        <div class="code">
            <pre tabindex="0">{text.clone()}</pre>
            <CopyButton text/>
        </div>
    }
}
