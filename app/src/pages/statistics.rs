//! `/statistics`: how runs ended, by day.

pub(crate) mod cards;
mod days;

use crate::api::executors::NamespaceChoice;
use crate::api::statistics::{StatisticsQuery, StatisticsView, statistics};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::SelectFilter;
use crate::components::page_title::PageTitle;
use crate::components::resource::resource;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use cards::Cards;
pub use cards::{change, grouped, share};
use days::{DayTable, Drawn};
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Statistics() -> impl IntoView {
    let address = use_query_map();
    let query = Memo::new(move |_| {
        let text = |name: &str| address.read().get(name).unwrap_or_default();
        StatisticsQuery {
            range: text("range"),
            from: text("from"),
            to: text("to"),
            namespace: text("namespace").parse().ok(),
        }
    });
    let found = resource(move || query.get(), statistics);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(view) => view! { <Content view query=query.get_untracked()/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: StatisticsView, query: StatisticsQuery) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_visit().zone;
    let days = match view.first == view.last {
        true => view.first.clone(),
        false => format!("{} – {}", view.first, view.last),
    };
    let wrong = view.is_range_wrong.then(|| {
        view! { <p class="warn-t mt-3" role="alert">{tu_string!(i18n, statistics.range_wrong)}</p> }
    });
    let note = match view.is_off_hour {
        true => tu_string!(i18n, statistics.zone_off_hour, zone = zone.clone()),
        false => tu_string!(i18n, statistics.zone, zone = zone.clone()),
    };
    let shown = query.clone();
    let actions = move || view! { <Ranges query=shown.clone()/> };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, statistics.title) actions>
                <span class="muted t13">{days}</span>
            </PageTitle>
            <Filters query namespaces=view.namespaces.clone() first=view.first.clone() last=view.last.clone()/>
            {wrong}
            <Cards view=view.clone()/>
            <Drawn view=view.clone()/>
            <DayTable days=view.days.clone() under_way=view.under_way/>
            <p class="muted t12 mt-3">{note}</p>
        </div>
    }
}

/// The usual ranges, as links that keep the namespace.
#[component]
fn Ranges(query: StatisticsQuery) -> impl IntoView {
    let i18n = use_i18n();
    let namespace = query.namespace.map(|id| id.to_string()).unwrap_or_default();
    let usual = !["today", "yesterday", "30d", "month", "last-month", "free"].contains(&query.range.as_str());
    let present = if usual { "7d".to_owned() } else { query.range };
    let ranges = [
        ("today", tu_string!(i18n, statistics.today)),
        ("yesterday", tu_string!(i18n, statistics.yesterday)),
        ("7d", tu_string!(i18n, statistics.days_7)),
        ("30d", tu_string!(i18n, statistics.days_30)),
        ("month", tu_string!(i18n, statistics.this_month)),
        ("last-month", tu_string!(i18n, statistics.last_month)),
    ];
    let links = ranges.map(|(range, word)| {
        let href = routes::statistics_where(&[("range", range), ("namespace", &namespace)]);
        view! { <a href=href aria-current=(range == present).then_some("true")>{word}</a> }
    });
    view! { <nav class="seg" aria-label=tu_string!(i18n, statistics.range)>{links.into_iter().collect_view()}</nav> }
}

/// The namespace, which keeps the days, and any days, which keep the namespace.
#[component]
fn Filters(
    query: StatisticsQuery,
    namespaces: Vec<NamespaceChoice>,
    first: String,
    last: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let StatisticsQuery { range, from, to, namespace } = query;
    let kept = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| view! { <input type="hidden" name=name value=value/> })
    };
    let day = |name: &'static str, word: &'static str, value: String| {
        view! {
            <label class="fl typed set">
                <span>{word}</span>
                <input type="date" name=name value=value required autocomplete="off"/>
            </label>
        }
    };
    let show = move || view! { <button class="btn sm">{tu_string!(i18n, statistics.show)}</button> };
    let several = (namespaces.len() > 1).then(|| {
        let options = namespaces.into_iter().map(|found| Choice::new(found.id.to_string(), found.title));
        view! {
            <Form method="GET" action=routes::statistics() attr:class="filters">
                {kept("range", range)}
                {kept("from", from)}
                {kept("to", to)}
                <SelectFilter
                    name="namespace"
                    label=tu_string!(i18n, statistics.namespace)
                    any=tu_string!(i18n, statistics.all)
                    options=options.collect()
                />
                {show()}
            </Form>
        }
    });
    view! {
        <div class="side-by-side">
            {several}
            <Form method="GET" action=routes::statistics() attr:class="filters">
                <input type="hidden" name="range" value="free"/>
                {kept("namespace", namespace.map(|id| id.to_string()).unwrap_or_default())}
                {day("from", tu_string!(i18n, statistics.from), first)}
                {day("to", tu_string!(i18n, statistics.to), last)}
                {show()}
            </Form>
        </div>
    }
}
