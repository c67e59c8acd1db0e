//! One sentence after something was done: on the next page, or at once where the page stays.

use super::form::sentence_of;
use super::icon::{Icon, IconName};
use crate::error::{AppError, Message};
use crate::i18n::*;
use crate::visit::{Flash, Tone, use_visit};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The sentence on show.
#[derive(Clone, Copy)]
struct Shown(RwSignal<Option<Flash>>);

/// Makes [`show`] and [`show_errors`] work. Called by the route table, once.
pub fn provide_toasts() {
    provide_context(Shown(RwSignal::new(use_visit().flash)));
}

/// Where sentences appear: announced politely, dismissed by a button or by leaving the page.
#[component]
pub fn Toasts() -> impl IntoView {
    let i18n = use_i18n();
    let shown = use_context::<Shown>().map(|shown| shown.0).unwrap_or_default();
    let location = use_location();
    Effect::new(move |first: Option<()>| {
        location.pathname.track();
        // A server function that led here by a redirect left its sentence in the cookie.
        let left = take_flash_cookie();
        if first.is_some() || left.is_some() {
            shown.set(left);
        }
    });
    let dismiss = tu_string!(i18n, common.dismiss);
    view! {
        <div class="toasts" role="status">
            {move || {
                shown.get().map(|flash| {
                    let (class, icon) = match flash.tone {
                        Tone::Good => ("toast s-ok", IconName::Check),
                        Tone::Bad => ("toast s-fail", IconName::CircleAlert),
                    };
                    view! {
                        <div class=class>
                            <Icon name=icon/>
                            <p>{sentence_of(&flash.message)}</p>
                            <button
                                type="button"
                                class="ib"
                                aria-label=dismiss
                                title=dismiss
                                on:click=move |_| shown.set(None)
                            >
                                <Icon name=IconName::Close/>
                            </button>
                        </div>
                    }
                })
            }}
        </div>
    }
}

/// Shows a sentence at once; for what happened in the browser.
pub fn show(tone: Tone, message: Message) {
    if let Some(Shown(shown)) = use_context::<Shown>() {
        shown.set(Some(Flash { tone, message }));
    }
}

/// Shows the errors of an action that has no form to show them in, and the notice it left on success.
pub fn show_errors<S>(action: ServerAction<S>)
where
    S: leptos::server_fn::ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    show_notices(action);
    let Some(Shown(shown)) = use_context::<Shown>() else { return };
    Effect::new(move || {
        if let Some(Err(error)) = action.value().get() {
            shown.set(Some(Flash { tone: Tone::Bad, message: error.sentence() }));
        }
    });
}

/// Shows the notice that an action left on success, where the page stays.
pub fn show_notices<S>(action: ServerAction<S>)
where
    S: leptos::server_fn::ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let Some(Shown(shown)) = use_context::<Shown>() else { return };
    Effect::new(move || {
        let is_done = matches!(action.value().get(), Some(Ok(_)));
        if let Some(left) = is_done.then(take_flash_cookie).flatten() {
            shown.set(Some(left));
        }
    });
}

/// Reads and removes the flash cookie in the browser.
fn take_flash_cookie() -> Option<Flash> {
    let cookies = document_with_cookies()?.cookie().ok()?;
    let value = cookies.split(';').find_map(|pair| pair.trim().strip_prefix("flash="))?.to_owned();
    write_cookie("flash=; Path=/; Max-Age=0; SameSite=Lax");
    serde_json::from_str(&crate::routes::percent_decode(&value)?).ok()
}

/// Writes one cookie in the browser.
pub(crate) fn write_cookie(line: &str) {
    if let Some(document) = document_with_cookies() {
        // A browser that refuses cookies shows no sentence and no local times; nothing else breaks.
        drop(document.set_cookie(line));
    }
}

fn document_with_cookies() -> Option<web_sys::HtmlDocument> {
    use wasm_bindgen::JsCast;
    document().dyn_into::<web_sys::HtmlDocument>().ok()
}
