//! `/namespaces`

use super::role_word;
use crate::api::namespaces::{NamespaceLine, NamespaceQuery, list_namespaces};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::filter_bar::{FilterBar, SearchFilter};
use crate::components::icon::IconName;
use crate::components::page_title::PageTitle;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn NamespaceList() -> impl IntoView {
    let address = use_query_map();
    let query = Memo::new(move |_| {
        let address = address.read();
        let value = |name: &str| address.get(name).unwrap_or_default();
        NamespaceQuery { business: value("business"), service: value("service") }
    });
    let lines = resource(move || query.get(), list_namespaces);
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
fn Content(lines: Vec<NamespaceLine>, query: NamespaceQuery) -> impl IntoView {
    let i18n = use_i18n();
    let may = use_may();
    let actions = move || {
        may.administer.then(|| {
            view! {
                <LinkButton href=routes::namespace_new() weight=Weight::Primary icon=IconName::Plus>
                    {tu_string!(i18n, namespaces.new)}
                </LinkButton>
            }
        })
    };
    let count = tu_string!(i18n, namespaces.count, n = lines.len());
    let (title, text) = match query == NamespaceQuery::default() {
        true => (tu_string!(i18n, namespaces.none), tu_string!(i18n, namespaces.none_text)),
        false => (tu_string!(i18n, namespaces.none_found), tu_string!(i18n, namespaces.none_found_text)),
    };
    let body = match lines.is_empty() {
        true => view! { <Empty title text/> }.at_once(),
        false => view! { <Lines lines/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, namespaces.title) actions>
                <span class="muted t13">{count}</span>
            </PageTitle>
            <FilterBar action=routes::namespaces()>
                <SearchFilter name="business" label=tu_string!(i18n, namespaces.business)/>
                <SearchFilter name="service" label=tu_string!(i18n, namespaces.service)/>
            </FilterBar>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<NamespaceLine>) -> impl IntoView {
    let i18n = use_i18n();
    let may_open = use_may().administer;
    let mut columns = vec![
        Column::new(tu_string!(i18n, namespaces.namespace)),
        Column::new(tu_string!(i18n, namespaces.executors)).class("cw-3").number(),
        Column::new(tu_string!(i18n, namespaces.jobs)).class("cw-3").number(),
    ];
    if !may_open {
        columns.push(Column::new(tu_string!(i18n, namespaces.your_role)).class("cw-4"));
    }
    view! {
        <DataTable label=tu_string!(i18n, namespaces.title) columns>
            {lines.into_iter().map(|line| row(line, may_open)).collect_view()}
        </DataTable>
    }
}

fn row(line: NamespaceLine, may_open: bool) -> impl IntoView {
    let i18n = use_i18n();
    let namespace = line.id.to_string();
    let filter = [("namespace", namespace.as_str())];
    let name = match may_open {
        true => view! { <a class="name" href=routes::namespace(line.id)>{line.title}</a> }.at_once(),
        false => view! { <span class="name">{line.title}</span> }.at_once(),
    };
    let role = (!may_open).then(|| view! { <td class="muted">{line.role.map(role_word)}</td> });
    view! {
        <tr>
            <td>
                {name}
                <span class="sub">{line.remark}</span>
            </td>
            <td class="p2 num">
                <span class="wide:hidden">{tu_string!(i18n, namespaces.executors)} ": "</span>
                <a href=routes::executors_where(&filter)>{line.executors}</a>
            </td>
            <td class="p2 num">
                <span class="wide:hidden">{tu_string!(i18n, namespaces.jobs)} ": "</span>
                <a href=routes::jobs_where(&filter)>{line.jobs}</a>
            </td>
            {role}
        </tr>
    }
}
