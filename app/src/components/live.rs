//! Data that is asked for again every few seconds while its page is looked at, until somebody stops it.

use super::icon::{Icon, IconName};
use super::pulse::{use_scripts, while_visible};
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::time::Duration;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(5);

/// Whether the page asks. Off where scripts do not run.
#[derive(Clone, Copy)]
pub struct Live(RwSignal<bool>);

/// `initial`, replaced by what `fetch` answers every five seconds while the tab is visible.
///
/// A failed question changes nothing; the end of the session ends the asking.
pub fn use_polled<T, A>(initial: T, fetch: impl Fn() -> A + Copy + 'static) -> (ReadSignal<T>, Live)
where
    T: Send + Sync + 'static,
    A: Future<Output = Result<T, AppError>> + 'static,
{
    let (value, set_value) = signal(initial);
    let on = RwSignal::new(true);
    let asking = StoredValue::new(false);
    while_visible(EVERY, move || {
        let is_wanted = on.try_get_untracked().unwrap_or(false);
        if !is_wanted || asking.try_get_value().unwrap_or(true) {
            return;
        }
        asking.set_value(true);
        let answer = fetch();
        leptos::task::spawn_local(async move {
            // The page may have been left meanwhile: then there is nothing to set.
            match answer.await {
                Ok(new) => {
                    set_value.try_set(new);
                }
                Err(error) if error.kind == ErrorKind::Unauthenticated => {
                    on.try_set(false);
                }
                Err(_) => {}
            }
            asking.try_set_value(false);
        });
    });
    (value, Live(on))
}

/// Stops and resumes the asking; without scripts, a link that loads the page again.
#[component]
pub fn LiveSwitch(live: Live) -> impl IntoView {
    let i18n = use_i18n();
    let Live(on) = live;
    let scripts = use_scripts();
    let location = use_location();
    let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
    let here = if query.is_empty() { path } else { format!("{path}?{query}") };
    let words = move || match on.get() {
        true => tu_string!(i18n, common.live, s = EVERY.as_secs()),
        false => tu_string!(i18n, common.paused).to_owned(),
    };
    view! {
        <a class="act" href=here rel="external" hidden=move || scripts.get()>
            {tu_string!(i18n, common.reload)}
        </a>
        <button
            type="button"
            class="live-switch"
            title=tu_string!(i18n, common.live_title)
            aria-pressed=move || on.get().to_string()
            hidden=move || !scripts.get()
            on:click=move |_| on.update(|on| *on = !*on)
        >
            {move || {
                let name = if on.get() { IconName::Pause } else { IconName::Play };
                view! { <Icon name size=14/> }
            }}
            {words}
        </button>
    }
}
