//! `/executors`

use crate::api::executors::{
    ExecutorLine, ExecutorLines, ExecutorQuery, NamespaceChoice, list_executors, registration_code,
    registration_of,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SearchFilter, SelectFilter};
use crate::components::icon::IconName;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::PageTitle;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::pages::executors::registration_word;
use crate::pages::executors::turned_away::TurnedAwayList;
use crate::pages::runs::words::host;
use crate::routes;
use crate::visit::use_may;
use entity::executor::Registration;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn ExecutorList() -> impl IntoView {
    let address = use_query_map();
    let query = Memo::new(move |_| {
        let address = address.read();
        ExecutorQuery {
            q: address.get("q").unwrap_or_default(),
            namespace: address.get("namespace").and_then(|id| id.parse().ok()),
            registration: address.get("registration").and_then(|code| registration_of(&code)),
        }
    });
    let lines = resource(move || query.get(), list_executors);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match lines.await {
                    Ok(lines) => view! { <Content lines query=query.get_untracked()/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(lines: ExecutorLines, query: ExecutorQuery) -> impl IntoView {
    let i18n = use_i18n();
    let is_filtered = query != ExecutorQuery::default();
    let namespaces = lines.namespaces.clone();
    let asked = StoredValue::new(query);
    let (present, live) = use_polled(lines, move || list_executors(asked.get_value()));
    let count = move || tu_string!(i18n, executors.count, n = present.read().lines.len());
    let strangers = Signal::derive(move || present.read().strangers.clone());
    let may_edit = use_may().edit;
    let is_empty = Memo::new(move |_| present.read().lines.is_empty());
    let actions = move || {
        view! {
            <LiveSwitch live/>
            {may_edit.then(|| view! {
                <LinkButton href=routes::executor_new() weight=Weight::Primary icon=IconName::Plus>
                    {tu_string!(i18n, executors.new)}
                </LinkButton>
            })}
        }
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, executors.title) actions>
                <span class="muted t13">{count}</span>
            </PageTitle>
            {(is_filtered || !is_empty.get_untracked()).then(|| view! { <Filters namespaces/> })}
            {move || match (is_empty.get(), is_filtered) {
                (true, true) => {
                    let (title, text) =
                        (tu_string!(i18n, executors.none_found), tu_string!(i18n, executors.none_found_text));
                    view! { <Empty title text/> }.at_once()
                }
                (true, false) => view! { <NoExecutor/> }.at_once(),
                (false, _) => view! { <Lines present/> }.at_once(),
            }}
            <TurnedAwayList present=strangers is_named=true/>
        </div>
    }
}

#[component]
fn Filters(namespaces: Vec<NamespaceChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let ways = [Registration::Automatic, Registration::Manual]
        .map(|way| Choice::new(registration_code(way), registration_word(way)));
    let several = (namespaces.len() > 1).then(|| {
        let options = namespaces.into_iter().map(|found| Choice::new(found.id.to_string(), found.title));
        view! {
            <SelectFilter
                name="namespace"
                label=tu_string!(i18n, executors.namespace)
                any=tu_string!(i18n, executors.any)
                options=options.collect()
            />
        }
    });
    view! {
        <FilterBar action=routes::executors()>
            <SearchFilter label=tu_string!(i18n, executors.search)/>
            {several}
            <SelectFilter
                name="registration"
                label=tu_string!(i18n, executors.registration)
                any=tu_string!(i18n, executors.any)
                options=ways.into()
            />
        </FilterBar>
    }
}

#[component]
fn NoExecutor() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Empty title=tu_string!(i18n, executors.none) text=tu_string!(i18n, executors.none_text)>
            {use_may().edit.then(|| view! {
                <LinkButton href=routes::executor_new() icon=IconName::Plus>
                    {tu_string!(i18n, executors.new)}
                </LinkButton>
            })}
        </Empty>
    }
}

#[component]
fn Lines(present: ReadSignal<ExecutorLines>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, executors.executor)),
        Column::new(tu_string!(i18n, executors.namespace)).class("cw-5"),
        Column::new(tu_string!(i18n, executors.registration)).class("cw-4"),
        Column::new(tu_string!(i18n, executors.online)).class("cw-2").number(),
        Column::new(tu_string!(i18n, executors.addresses)),
        Column::new(tu_string!(i18n, executors.jobs)).class("cw-2").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, executors.title) columns>
            {move || present.read().lines.iter().cloned().map(row).collect_view()}
        </DataTable>
    }
}

fn row(line: ExecutorLine) -> impl IntoView {
    let i18n = use_i18n();
    let rest = line.online.saturating_sub(line.addresses.len() as u64);
    let more = (rest > 0).then(|| view! { <span class="chip">{format!("+{rest}")}</span> });
    let chips = line.addresses.into_iter().map(|address| {
        let shown = host(&address).to_owned();
        view! { <span class="chip mono" title=address>{shown}</span> }
    });
    let href = routes::jobs_where(&[("executor", &line.id.to_string())]);
    let online = tu_string!(i18n, executors.online_n, n = line.online);
    view! {
        <tr>
            <td>
                <a class="name" href=routes::executor(line.id)>{line.app_name}</a>
                <span class="sub">{line.title}</span>
            </td>
            <td class="p2 muted">{line.namespace}</td>
            <td class="muted">{registration_word(line.registration)}</td>
            <td class="p1 num" class:faint=line.online == 0 title=online>
                {line.online} {phone_word(tu_string!(i18n, executors.online_word))}
            </td>
            <td>
                <span class="addresses">{chips.collect_view()} {more}</span>
            </td>
            <td class="p2 num">
                <a href=href>{line.jobs} {phone_word(tu_string!(i18n, executors.jobs_word))}</a>
            </td>
        </tr>
    }
}

/// The word after a number where the column has no head.
fn phone_word(word: &'static str) -> impl IntoView {
    view! { <span class="wide:hidden">" " {word}</span> }
}
