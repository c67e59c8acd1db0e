//! Instances that tried to register and were refused: which, why, and what helps.

use crate::components::icon::{Icon, IconName};
use crate::components::page_title::Section;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use entity::turned_away::{Cause, Model as TurnedAway};
use leptos::prelude::*;

/// Nothing, while nothing was refused. `is_named` adds the app name to each, with a way to make its executor.
#[component]
pub fn TurnedAwayList(present: Signal<Vec<TurnedAway>>, #[prop(optional)] is_named: bool) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = Memo::new(move |_| present.read().is_empty());
    move || {
        (!is_empty.get()).then(|| {
            view! {
                <Section title=tu_string!(i18n, executors.turned_away)>
                    <ul class="turned-away">
                        {move || present.get().into_iter().map(|one| line(one, is_named)).collect_view()}
                    </ul>
                </Section>
            }
        })
    }
}

fn line(one: TurnedAway, is_named: bool) -> impl IntoView {
    let i18n = use_i18n();
    let (what, help) = words(one.cause);
    let name = is_named.then(|| view! { <span class="strong mono">{one.app_name}</span> " " });
    let make = is_named.then(|| {
        view! { <a class="act" href=routes::executor_new()>{tu_string!(i18n, executors.new)}</a> }
    });
    view! {
        <li>
            <span class="s-fail"><Icon name=IconName::AlertTriangle/></span>
            <div>
                <p>
                    {name} <span class="mono">{one.address}</span> " " <strong>{what}</strong> " "
                    <span class="muted">
                        {tu_string!(i18n, executors.tries, n = one.tries)} " "
                        <Time at=one.last_at style=TimeStyle::Relative/>
                    </span>
                </p>
                <p class="help">{help} " " {make}</p>
            </div>
        </li>
    }
}

/// Why, and what helps.
fn words(cause: Cause) -> (&'static str, &'static str) {
    let i18n = use_i18n();
    match cause {
        Cause::BadAddress => {
            (tu_string!(i18n, executors.away_address), tu_string!(i18n, executors.away_address_help))
        }
        Cause::BadLabels => {
            (tu_string!(i18n, executors.away_labels), tu_string!(i18n, executors.away_labels_help))
        }
        Cause::UnknownAppName => {
            (tu_string!(i18n, executors.away_unknown), tu_string!(i18n, executors.away_unknown_help))
        }
        Cause::WrongToken => {
            (tu_string!(i18n, executors.away_token), tu_string!(i18n, executors.away_token_help))
        }
        Cause::TooMany => (tu_string!(i18n, executors.away_many), tu_string!(i18n, executors.away_many_help)),
        Cause::BadAnnouncement => (
            tu_string!(i18n, executors.away_announcement),
            tu_string!(i18n, executors.away_announcement_help),
        ),
    }
}
